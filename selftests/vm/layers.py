# SPDX-License-Identifier: GPL-2.0
"""
layers.py ORDER <NM-OUTPUT: check which files of the driver use each other. NM-OUTPUT
lists the global symbols of their objects, as "nm -A -P" does. Prints each circle with
the edges in it, and each edge from a lower to a higher layer of ORDER. Each edge has
one symbol as an example. Fails if anything was printed.
"""

import collections
import re
import sys

# The file with CREATE_TRACE_POINTS defines all tracepoints. A tracepoint calls the
# probes that are attached to it, and nothing in that file.
IGNORED = re.compile(r"__(UNIQUE_ID_|tracepoint_|traceiter_|probestub_|bpf_trace_|"
                     r"SC[KT]__tp_func_)")


def read_symbols(stream):
    """Return which file defines each global symbol, and the symbols each file needs."""
    owner, needs = {}, collections.defaultdict(set)
    for line in stream:
        path, symbol, kind, *_ = line.split()
        file = path.rstrip(":").removeprefix("driver/").removesuffix(".o")
        needed = needs[file]
        if IGNORED.match(symbol):
            continue
        if kind in "Uvw":
            needed.add(symbol)
        elif kind.isupper():
            owner[symbol] = file
    return owner, needs


def read_order(path):
    """Return the layers, bottom to top, as pairs of a name and a list of files."""
    with open(path, encoding="utf-8") as lines:
        rows = [line.split("#")[0].strip() for line in lines]
    return [(name.strip(), files.split())
            for name, files in (row.split(":") for row in rows if row)]


def circles(edges):
    """Return the strongly connected components of more than one file (Tarjan)."""
    index, low, stack, found = {}, {}, [], []

    def visit(file):
        index[file] = low[file] = len(index)
        stack.append(file)
        for other in sorted(edges[file]):
            if other not in index:
                visit(other)
            if other in stack:
                low[file] = min(low[file], low[other])
        if low[file] == index[file]:
            at = stack.index(file)
            found.append(sorted(stack[at:]))
            del stack[at:]

    for file in sorted(edges):
        if file not in index:
            visit(file)
    return [circle for circle in found if len(circle) > 1]


def check_order(layers, edges):
    """Yield errors in the layers, and the edges from a lower to a higher layer."""
    layer = {}
    for number, (name, files) in enumerate(layers):
        for file in files:
            if file in layer:
                yield f"{file} is in two layers, {layers[layer[file]][0]} and {name}"
            elif file not in edges:
                yield f"{file}, in {name}, is no file of the module"
            layer[file] = number
    for file in sorted(edges):
        if file not in layer:
            yield f"{file} is in no layer"
        for other, symbol in sorted(edges[file].items()):
            if layer.get(file, len(layers)) < layer.get(other, 0):
                yield (f"{file} ({layers[layer[file]][0]}) -> "
                       f"{other} ({layers[layer[other]][0]}), above it: {symbol}")


def main():
    owner, needs = read_symbols(sys.stdin)
    edges = {file: {} for file in needs}
    for file, symbols in needs.items():
        for symbol in sorted(symbols & owner.keys()):
            if owner[symbol] != file:
                edges[file].setdefault(owner[symbol], symbol)
    errors = [] if edges else ["no objects"]
    for circle in circles(edges):
        errors.append(f"a circle of {len(circle)}: {' '.join(circle)}")
        errors += [f"\t{file} -> {other}: {symbol}" for file in circle
                   for other, symbol in sorted(edges[file].items()) if other in circle]
    errors += check_order(read_order(sys.argv[1]), edges)
    print(*errors, sep="\n", end="\n" if errors else "")
    return bool(errors)


if __name__ == "__main__":
    sys.exit(main())
