# SPDX-License-Identifier: GPL-2.0
"""
width.py FILE...: print which lines are too wide, as FILE:LINE:COLUMNS; fails if there
are any.

Code may have 100 columns, with tabs of 8, and prose 80. Prose is reStructuredText,
Markdown, and what is not a macro in manual pages. Examples in prose are code. Tables
and other files, which are data, have no limit. URLs do not count, nor do strings in
C, because they must not be split.
"""

import os
import re
import sys

CODE, PROSE = 100, 80

URL = re.compile(r"\S*://\S*")
STRING = re.compile(r'"(\\.|[^"\\])*"')
RST_BORDER = re.compile(r"\s*=+( +=+)+$")
RST_EXAMPLE = re.compile(r"\s*\.\. (code|code-block|parsed-literal)::|(?!\s*\.\. ).*::$")
RST_TABLE = re.compile(r"\s*(\+[-=]|\|)")


def indentation(line):
    return len(line) - len(line.lstrip())


def rst(lines):
    """Yield the limit of each line: None in a table."""
    example, border = None, 0
    for number, line in enumerate(lines):
        if example is not None and line and indentation(line) <= example:
            example = None
        if example is not None:
            yield CODE
        elif RST_BORDER.match(line):
            # the last border of a simple table is before an empty line
            following = lines[number + 1:number + 2]
            border = 0 if border and following in ([], [""]) else border + 1
            yield None
        elif border or RST_TABLE.match(line):
            yield None
        else:
            if RST_EXAMPLE.match(line):
                example = indentation(line)
            yield PROSE


def markdown(lines):
    """Yield the limit of each line: None in a table."""
    fence = False
    for line in lines:
        if line.lstrip().startswith("```"):
            fence = not fence
        if line.startswith("|"):
            yield None
        else:
            yield CODE if fence or line.startswith("    ") else PROSE


def manual(lines):
    """Yield the limit of each line: None for a macro."""
    example = False
    for line in lines:
        if line.startswith(".Bd -literal"):
            example = True
        elif line.startswith(".Ed"):
            example = False
        if line.startswith((".", "'")):
            yield None
        else:
            yield CODE if example else PROSE


def code(lines):
    return [CODE] * len(lines)


def rules(path):
    """Return the function that yields the limits for a file, or None for data."""
    name = os.path.basename(path)
    extension = os.path.splitext(name)[1]
    if extension == ".rst":
        return rst
    if extension == ".md" or name == "CHANGELOG":
        return markdown
    if re.fullmatch(r"\.[1-8]", extension):
        return manual
    if (extension in (".awk", ".bash", ".c", ".h", ".py", ".S", ".sh") or
            name in ("Kbuild", "Makefile")):
        return code
    with open(path, "rb") as file:
        return code if file.read(2) == b"#!" else None


def counted(path, line):
    """Return the line without what may be too wide: URLs, and strings in C."""
    if path.endswith((".c", ".h")):
        line = STRING.sub('""', line)
    return URL.sub("", line)


def main():
    failed = False
    for path in sys.argv[1:]:
        rule = rules(path)
        if not rule:
            continue
        with open(path, encoding="utf-8") as file:
            lines = [line.expandtabs().rstrip() for line in file]
        for number, (line, limit) in enumerate(zip(lines, rule(lines)), 1):
            if limit and len(counted(path, line)) > limit:
                print(f"{path}:{number}:{len(line)}")
                failed = True
    return failed


if __name__ == "__main__":
    sys.exit(main())
