# SPDX-License-Identifier: GPL-2.0
#
# Sphinx: "make docs" builds these documents, in a copy of the tree, where it
# puts the reference of the C interfaces into api/*.inc, and the manual pages
# into man/.

import pathlib
import re
import sys

here = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(here / "site"))

project = "mmapshare"
header = here / "../uapi/linux/mmapshare.h"
release = ".".join(re.findall(
    r"define MMAPSHARE_VERSION_(?:MAJOR|MINOR|PATCH)\s+(\d+)",
    header.read_text(encoding="utf-8")))
version = release

extensions = ["inline_svg"]
exclude_patterns = ["site"]
templates_path = ["site/templates"]

html_theme = "alabaster"
html_static_path = ["site/static"]
html_css_files = ["mmapshare.css"]
html_sidebars = {"**": ["about.html", "searchbox.html", "localtoc.html", "navigation.html"]}
html_show_copyright = False
html_copy_source = False
html_show_sourcelink = False
# The summaries of search results are fetched, which browsers refuse for pages
# that are opened from a file.
html_show_search_summary = False
# mmapshare.css gives each of these variables a value for light and for dark.
html_theme_options = {
    "description": "Memory shared by programs and the Linux kernel",
    "page_width": "70em",
    "sidebar_width": "15em",
    "show_powered_by": False,
    "font_family": "system-ui, sans-serif",
    "code_font_family": "ui-monospace, 'DejaVu Sans Mono', monospace",
    "font_size": "1rem",
    **{option: f"var(--{variable})" for variable, options in {
        "text": "base_text body_text gray_1 code_text sidebar_text sidebar_list"
                " narrow_sidebar_fg",
        "faint": "footer_text anchor gray_3",
        "back": "base_bg body_bg xref_bg xref_border",
        "shade": "gray_2 pre_bg code_bg code_hover code_highlight_bg narrow_sidebar_bg"
                 " anchor_hover_bg footnote_bg pink_1",
        "mark": "highlight_bg code_highlight viewcode_target_bg",
        "line": "hr_border table_border admonition_border note_border seealso_border pink_2"
                " sidebar_link_underscore sidebar_search_button",
        "link": "link link_hover sidebar_link narrow_sidebar_link",
    }.items() for option in options.split()},
}
# Black and white: mmapshare.css adds the few colours, for light and for dark.
pygments_style = "bw"

# Examples are C, shell and Python, and output of programs.
highlight_language = "none"
# Quotes and dashes mean what they are: most are in code, or options.
smartquotes = False
