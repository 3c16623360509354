# SPDX-License-Identifier: GPL-2.0
"""
coverage.py TREE REASONS <GCOV-JSON: print the line coverage of each file of the
driver, and the lines that did not run, each with its reason. REASONS has lines

	FILE FUNCTION: TEXT OF THE LINE

below a comment that says why these lines do not run. A * matches any text. A ?
before FILE marks lines that run in some test runs only. A file fails if a line
did not run and has no reason. A reason fails if its lines have run or do not
exist. The last line of the output is "N passed, N failed".
"""

import collections
import fnmatch
import json
import os
import sys


def read_reasons(path):
    """Return the reason of each (file, function, text), and which are marked ?."""
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
    """Return how often each line of each file ran, and the function it is in.

    The input has a document for each object. A header occurs in many documents,
    and an inlined function several times in one document.
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
    """Return the pattern in reasons that matches a line, or None."""
    for pattern in reasons:
        if all(fnmatch.fnmatchcase(field, glob.replace("[", "[[]"))
               for field, glob in zip(key, pattern)):
            return pattern
    return None


def is_there(pattern, functions, texts):
    """Tell whether a pattern of a reason matches any line."""
    return any(find([pattern], (name, function, texts[name][number - 1].strip()))
               for (name, number), function in functions.items())


def report(name, counts, functions, text, reasons, used):
    """Print a file's coverage; true if each line has run or has a reason."""
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
            print(f"marked ?, and ran this time: {file} {function}: {line}")
        else:
            print(f"FAIL  this line has run or does not exist, remove its reason:"
                  f" {file} {function}: {line}")
            failed += 1
    if lines:
        print(f"{'all':20} {100 * ran / lines:5.1f} % of {lines} lines")
    print(f"{passed} passed, {failed} failed")
    return failed > 0 or passed == 0


sys.exit(main())
