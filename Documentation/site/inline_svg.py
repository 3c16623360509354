# SPDX-License-Identifier: GPL-2.0
"""
A Sphinx extension: puts the drawings of diagrams/ into the pages that show them.

An SVG file in an <img> cannot use the colours of the page. An inline SVG inherits them,
also when the reader switches between light and dark. A page includes a drawing by
".. image:: diagrams/NAME.svg"; the option "alt" is required.
"""

import html
import pathlib

from docutils import nodes
from sphinx.util import logging

logger = logging.getLogger(__name__)


def inline(app, doctree, _docname):
    """Replace each image from diagrams/ by the drawing itself."""
    for image in list(doctree.findall(nodes.image)):
        if not image["uri"].startswith("diagrams/"):
            continue
        if not image.get("alt"):
            logger.warning("%s has no text alternative", image["uri"], location=image)
            continue
        drawing = (pathlib.Path(app.srcdir) / image["uri"]).read_text(encoding="utf-8")
        label = html.escape(image["alt"], quote=True)
        drawing = drawing[drawing.index("<svg"):].replace(
            "<svg", f'<svg role="img" aria-label="{label}"', 1)
        image.replace_self(nodes.raw(
            "", f'<div class="diagram">{drawing}</div>', format="html"))


def setup(app):
    app.connect("doctree-resolved", inline)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
