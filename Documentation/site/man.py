# SPDX-License-Identifier: GPL-2.0
"""
man.py PAGE... DIR: write the manual pages as documents for Sphinx into DIR, with an index.

mandoc makes HTML of each page. A section becomes a section of the document, so that Sphinx
lists and indexes it. A reference to another page becomes a link, to Debian's manual if this
tree does not have the page.
"""

import pathlib
import re
import subprocess
import sys

DEBIAN = "https://manpages.debian.org/"
SECTION = re.compile(r'<section class="Sh">\s*<h1 class="Sh" id="([^"]*)"><a[^>]*>(.*?)</a></h1>\n'
                     r'(.*?)\n?</section>(?=\n<section class="Sh">|\n</div>)', re.DOTALL)
INDEX = """\
.. SPDX-License-Identifier: GPL-2.0

============
Manual pages
============

What ``man`` shows where mmapshare is installed. :doc:`mmapshare.1` describes the
command, :doc:`mmapshare.4` the device, and :doc:`libmmapshare.3` lists the
functions of the library.

.. toctree::
   :maxdepth: 1

"""


def names(page):
    """Return what the page describes: the names before .Nd, and its own."""
    head = page.read_text(encoding="utf-8").split("\n.Nd", 1)[0]
    return {page.stem, *re.findall(r"^\.Nm (\S+)", head, re.MULTILINE)}


def render(page, places):
    """Return the page as reStructuredText with HTML in it."""
    def target(match):
        name, section = match[1].rsplit(".", 1)
        place = places.get((name, section))
        return f'href="{place}.html"' if place else f'href="{DEBIAN}{name}.{section}"'

    out = subprocess.run(["mandoc", "-T", "html", "-O", "fragment,man=man:%N.%S", str(page)],
                         check=True, capture_output=True, encoding="utf-8").stdout
    out = re.sub(r'href="man:([^"]*)"', target, out)
    # the sections of the document are h2
    out = re.sub(r'(</?)h2\b', r"\1h3", out)
    title = f"{page.stem}({page.suffix[1:]})"
    lines = ["=" * len(title), title, "=" * len(title), ""]
    for anchor, heading, body in SECTION.findall(out):
        heading = re.sub(r"\s+", " ", heading)
        lines += [heading, "=" * len(heading), "", ".. raw:: html", ""]
        lines += [f'\t<div class="manual" id="{anchor}">']
        lines += ["\t" + line for line in body.splitlines()]
        lines += ["\t</div>", ""]
    return "\n".join(lines) + "\n"


def main():
    *pages, directory = map(pathlib.Path, sys.argv[1:])
    places = {(name, page.suffix[1:]): page.name for page in pages for name in names(page)}
    directory.mkdir(exist_ok=True)
    for page in pages:
        (directory / f"{page.name}.rst").write_text(render(page, places), encoding="utf-8")
    index = INDEX + "".join(
        f"   {page.name}\n" for page in sorted(pages, key=lambda p: (p.suffix, p.name)))
    (directory / "index.rst").write_text(index, encoding="utf-8")


main()
