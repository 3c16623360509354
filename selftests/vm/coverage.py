# SPDX-License-Identifier: GPL-2.0
"""
coverage.py TREE REASONS <GCOV-JSON: how many lines of each of the driver's files
have run, and which have not, each with its reason. REASONS has lines

	FILE FUNCTION: TEXT OF THE LINE

and before one or more of them, in a comment, why they do not run; a * stands for any text,
and a ? before FILE is for lines that run at times. A line that has not run and has no
reason is a failure of its file, and so is a reason for no line. Ends in
"N passed, N failed".
"""

import collections
import fnmatch
import json
import os
import sys


def read_reasons(path):
    """The reason for each (file, function, text), and those that run at times."""
    reasons, rare, comment, fresh = {}, set(), [], True
    with open(path, encoding="utf-8") as lines:
        for line in map(str.strip, lines):
            if line.startswith("#"):
                comment = comment if fresh else []
                comment.append(line[1:].strip())
                fresh = True
            elif line:
                place, text = line.split(":", 1)
                *mark, file, function = place.split()
                reasons[file, function, text.strip()] = " ".join(comment)
                if mark == ["?"]:
                    rare.add((file, function, text.strip()))
                fresh = False
            else:
                comment = []
    return reasons, rare


def read_counts(stream):
    """How often each line of each file ran, and in which function it is.

    There is a document for each object; headers are in many, and a function
    that was inlined is in several places of one.
    """
    counts = collections.defaultdict(collections.Counter)
    functions = {}
    for document in filter(str.strip, stream):
        for file in json.loads(document)["files"]:
            _, found, name = file["file"].rpartition("driver/")
            if not found or "/" in name:
                continue
            name = "driver/" + name
            for line in file["lines"]:
                number = line["line_number"]
                counts[name][number] += line["count"]
                functions[name, number] = line.get("function_name", "-")
    return counts, functions


def find(reasons, key):
    """The pattern in reasons that a line's place and text match, or None."""
    for pattern in reasons:
        if all(fnmatch.fnmatchcase(part, pattern_part.replace("[", "[[]"))
               for part, pattern_part in zip(key, pattern)):
            return pattern
    return None


def is_there(pattern, functions, texts):
    """Is there any line that a reason's pattern matches?"""
    return any(find([pattern], (name, function, texts[name][number - 1].strip()))
               for (name, number), function in functions.items())


def report(name, counts, functions, text, reasons, used):
    """Print one file's coverage; true if every line has run or a reason."""
    missing = sorted(n for n, count in counts.items() if not count)
    total = len(counts)
    print(f"{name:20} {100 * (total - len(missing)) / total:5.1f} %"
          f" of {total} lines")
    good = True
    for number in missing:
        line = text[number - 1].strip()
        reason = find(reasons, (name, functions[name, number], line))
        used.add(reason)
        good = good and reason is not None
        print(f"    {number}: {functions[name, number]}: {line}")
        print(f"        {reasons.get(reason, 'NO REASON')}")
    return good


def main():
    tree, path = sys.argv[1:]
    (reasons, rare), used = read_reasons(path), set()
    counts, functions = read_counts(sys.stdin)
    passed = failed = lines = ran = 0
    texts = {}
    for name in sorted(counts):
        with open(os.path.join(tree, name), encoding="utf-8") as source:
            text = texts[name] = source.readlines()
        if report(name, counts[name], functions, text, reasons, used):
            passed += 1
        else:
            failed += 1
        lines += len(counts[name])
        ran += sum(1 for count in counts[name].values() if count)
    for pattern in sorted(reasons.keys() - used):
        file, function, line = pattern
        if pattern in rare and is_there(pattern, functions, texts):
            print(f"ran for once: {file} {function}: {line}")
        else:
            print(f"FAIL  a reason for a line that runs or is not there:"
                  f" {file} {function}: {line}")
            failed += 1
    if lines:
        print(f"{'all':20} {100 * ran / lines:5.1f} % of {lines} lines")
    print(f"{passed} passed, {failed} failed")
    return failed > 0 or passed == 0


sys.exit(main())
