# SPDX-License-Identifier: GPL-2.0
"""native.py NAME=RESULTS...: print one table of ratios, measured natively.

RESULTS is the output of mmapshare-bench --json, NAME says where it ran.  Each
row divides the median of one contender by that of another, both from the same
run of the program.  The last column is the bar of the row, if it has one.
"""

import json
import sys
from typing import NamedTuple, Optional


class Key(NamedTuple):
    """One result: experiment, what, size, contender."""

    experiment: str
    what: str
    size: int
    how: str


class Row(NamedTuple):
    """@this divided by @other; @bar is what it should be."""

    this: Key
    other: Key
    bar: str = ""


GIB = 1 << 30


def rows_of_memory():
    """Stores and loads: pages of a region against anonymous ones."""
    for how in "map-fault", "map-vmalloc", "map-pfn", "memfd":
        yield Row(Key("log", "record", 512, how), Key("log", "record", 512, "memory"),
                  "<= 1.02" if how == "map-fault" else "")
    for what in "load", "store":
        for size in 1 << 20, 16 << 20, 256 << 20, GIB:
            for how in "fault", "memfd":
                yield Row(Key("random", what, size, how),
                          Key("random", what, size, "memory"),
                          "<= 1.02" if (what, size, how) == ("load", GIB, "fault") else "")


def rows_of_records():
    """Rings against queues that publish and wake alike, and against calls."""
    for size in 8, 64, 512, 4096:
        for this, other, bar in (
                ("ring", "queue", ""),
                ("ring-by-1", "queue", "<= 1.3"),
                ("ring-by-16", "queue-by-16", "<= 1.0"),
                ("ring-eager", "queue-futex", ""),
                ("ring-eager", "queue-eventfd", ""),
                ("pipe", "ring-by-1", ">= 12"),
                ("pipe", "ring-eager", ">= 3"),
                ("seqpacket", "ring-by-1", "")):
            yield Row(Key("records", "record", size, this),
                      Key("records", "record", size, other), bar if size == 64 else "")


def rows_of_readers():
    """What further readers cost the producer."""
    for size in 2, 4:
        for how in "ring", "ring-by-16":
            yield Row(Key("readers", "record", size, how), Key("readers", "record", 1, how),
                      "<= 1.15" if size == 2 else "")


def rows_of_wakeups():
    """A ring that sleeps by a futex against the futex alone."""
    for size in 1, 2:
        yield Row(Key("pingpong", "round-trip", size, "ring"),
                  Key("pingpong", "round-trip", size, "futex"), "<= 1.05")


def load(path):
    """Return the report of the machine, and the median of each result."""
    with open(path, encoding="utf-8") as file:
        data = json.load(file)
    return data, {Key(r["experiment"], r["what"], r["size"], r["how"]): r["median"]
                  for r in data["results"] if r["metric"] == "time"}


def judge(ratio: float, bar: str) -> Optional[bool]:
    """Is the ratio as the bar says?  None without one."""
    if not bar:
        return None
    relation, limit = bar.split()
    return ratio <= float(limit) if relation == "<=" else ratio >= float(limit)


def size_text(size):
    """Write a size with its unit."""
    for shift, unit in (30, "GiB"), (20, "MiB"), (10, "KiB"):
        if size >> shift and not size % (1 << shift):
            return f"{size >> shift} {unit}"
    return str(size)


def name(key, other=None):
    """Write a key, or what distinguishes it from @other."""
    if other and key[:3] == other[:3]:
        return key.how
    if other:
        return f"{key.how}, {key.size}"
    return f"{key.experiment} {key.what} {size_text(key.size)} {key.how}"


def print_rows(place, medians):
    """Print the rows whose two results both exist."""
    for rows in rows_of_memory, rows_of_records, rows_of_readers, rows_of_wakeups:
        for row in rows():
            this, other = medians.get(row.this), medians.get(row.other)
            if not this or not other:
                continue
            ratio = this / other
            met = {None: "", True: "met", False: "missed"}[judge(ratio, row.bar)]
            print(f"{place:6}  {name(row.this):36} {this:10.1f}  "
                  f"{name(row.other, row.this):16} {other:10.1f} {ratio:9.3f}"
                  f"  {row.bar:8} {met}".rstrip())


def main():
    """Print the reports, then the table."""
    places = []
    for argument in sys.argv[1:]:
        place, path = argument.split("=", 1)
        data, medians = load(path)
        places.append((place, medians))
        for line in "kernel", "processors", "rings", "idle test", "other tasks", "noise":
            print(f"{place:6}  {line}: {data['report'].get(line, 'unknown')}")
        print(f"{place:6}  medians of {data['runs']} measurements, in {data['unit']}\n")
    print(f"{'where':6}  {'what':36} {'median':>10}  {'against':16} {'median':>10} "
          f"{'ratio':>9}  bar")
    for place, medians in places:
        print_rows(place, medians)


if __name__ == "__main__":
    main()
