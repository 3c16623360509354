# SPDX-License-Identifier: GPL-2.0
"""ratios.py [--update] RESULTS RATIOS: compare ratios of instruction counts.

RESULTS is the output of mmapshare-bench --instructions --json.  Each line of
RATIOS names two counts in it, their recorded ratio, and the largest ratio
allowed.  A line fails if the measured ratio is more than 5 % above the recorded
one, or above the largest allowed.  With --update the measured ratios are stored
in RATIOS.  The last line of the output is "N passed, N failed".
"""

import json
import sys

TOLERANCE = 1.05
COLUMNS = ("experiment", "what", "size", "contender", "against", "metric",
           "ratio", "max")


def load(path):
    """Return the smallest count of each metric: interrupts only ever add."""
    with open(path, encoding="ascii") as file:
        data = json.load(file)
    if data["unit"] != "instructions":
        sys.exit(f"{path} counts {data['unit']}, not instructions;"
                 " run mmapshare-bench with --instructions")
    return {
        (r["experiment"], r["what"], str(r["size"]), r["how"], r["metric"]): r["least"]
        for r in data["results"]
    }


def ratio(counts, row):
    """Return the measured ratio of a row, or None if it was not measured."""
    key = (row["experiment"], row["what"], row["size"])
    this = counts.get(key + (row["contender"], row["metric"]))
    other = counts.get(key + (row["against"], row["metric"]))
    if this is None or not other:
        return None
    return this / other


def verdict(now, row):
    """Return why a row fails, or an empty string."""
    if now is None:
        return "not measured"
    if row["max"] != "-" and now > float(row["max"]):
        return f"more than {row['max']}"
    if now > float(row["ratio"]) * TOLERANCE:
        return f"{(now / float(row['ratio']) - 1) * 100:.1f} % worse"
    return ""


def parse(line):
    """Return the columns of a line, or None for a comment."""
    words = line.split()
    if not words or words[0].startswith("#"):
        return None
    if len(words) != len(COLUMNS):
        sys.exit(f"expected {len(COLUMNS)} columns: {line.rstrip()}")
    return dict(zip(COLUMNS, words))


def write(row):
    """Format a row as a line of the file."""
    return (f"{row['experiment']:<9}{row['what']:<10}{row['size']:>10}  {row['contender']:<15}"
            f"{row['against']:<15}{row['metric']:<10}{row['ratio']:>8}{row['max']:>7}\n")


def main():
    """Return the exit status: 1 if a row fails."""
    update = sys.argv[1:2] == ["--update"]
    if len(sys.argv) != 3 + update:
        sys.exit(__doc__)
    counts = load(sys.argv[-2])
    with open(sys.argv[-1], encoding="ascii") as file:
        lines = file.readlines()
    failed = passed = 0
    for i, line in enumerate(lines):
        row = parse(line)
        if not row:
            continue
        now = ratio(counts, row)
        if update and now is not None:
            row["ratio"] = f"{now:.4f}"
            lines[i] = write(row)
        problem = verdict(now, row)
        failed += bool(problem)
        passed += not problem
        shown = "-" if now is None else f"{now:.4f}"
        print(f"{'FAIL' if problem else 'ok':<5}{row['experiment']:<9}{row['what']:<10}"
              f"{row['size']:>10}  {row['contender'] + ' / ' + row['against']:<32}"
              f"{row['metric']:<10}{shown:>8}{row['ratio']:>9}  {problem}".rstrip())
    if update:
        with open(sys.argv[-1], "w", encoding="ascii") as file:
            file.writelines(lines)
    print(f"{passed} passed, {failed} failed")
    return bool(failed or not passed)


sys.exit(main())
