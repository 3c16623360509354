# SPDX-License-Identifier: GPL-2.0
"""ratios.py [--update] RESULTS RATIOS: compare instruction counts with what they were.

RESULTS is what mmapshare-bench --instructions --json has written.  Each line of RATIOS,
see there, is a ratio of two numbers in it; it fails if it is 5 % more than it was, or
more than it may ever be.  With --update the file gets the new ratios.  The last line is
"N passed, N failed".
"""

import json
import sys

WORSE = 1.05
COLUMNS = ("experiment", "what", "size", "how", "against", "metric", "ratio", "most")


def load(path):
    """The least of each: what others have more are interrupts."""
    with open(path, encoding="ascii") as file:
        data = json.load(file)
    if data["unit"] != "instructions":
        sys.exit(f"{path}: no instructions")
    return {
        (r["experiment"], r["what"], str(r["size"]), r["how"], r["metric"]): r["least"]
        for r in data["results"]
    }


def ratio(counts, row):
    """Of one row, or None if it was not measured."""
    key = (row["experiment"], row["what"], row["size"])
    this = counts.get(key + (row["how"], row["metric"]))
    other = counts.get(key + (row["against"], row["metric"]))
    if this is None or not other:
        return None
    return this / other


def verdict(now, row):
    """What is wrong, or nothing."""
    if now is None:
        return "not measured"
    if row["most"] != "-" and now > float(row["most"]):
        return f"more than {row['most']}"
    if now > float(row["ratio"]) * WORSE:
        return f"{(now / float(row['ratio']) - 1) * 100:.1f} % worse"
    return ""


def parse(line):
    """A line's columns, or nothing for a comment."""
    words = line.split()
    if not words or words[0].startswith("#"):
        return None
    if len(words) != len(COLUMNS):
        sys.exit(f"not {len(COLUMNS)} columns: {line.rstrip()}")
    return dict(zip(COLUMNS, words))


def write(row):
    """The line of a row."""
    return (f"{row['experiment']:<9}{row['what']:<10}{row['size']:>10}  {row['how']:<15}"
            f"{row['against']:<15}{row['metric']:<10}{row['ratio']:>8}{row['most']:>7}\n")


def main():
    """Returns the status."""
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
        wrong = verdict(now, row)
        failed += bool(wrong)
        passed += not wrong
        shown = "-" if now is None else f"{now:.4f}"
        print(f"{'FAIL' if wrong else 'ok':<5}{row['experiment']:<9}{row['what']:<10}"
              f"{row['size']:>10}  {row['how'] + ' / ' + row['against']:<32}"
              f"{row['metric']:<10}{shown:>8}{row['ratio']:>9}  {wrong}".rstrip())
    if update:
        with open(sys.argv[-1], "w", encoding="ascii") as file:
            file.writelines(lines)
    print(f"{passed} passed, {failed} failed")
    return bool(failed or not passed)


sys.exit(main())
