# SPDX-License-Identifier: GPL-2.0
#
# Sphinx: "make docs" builds these documents, in a copy of the tree, where it
# puts the reference of the C interfaces into api/*.inc.

import pathlib
import re

project = "mmapshare"
header = pathlib.Path(__file__).resolve().parent / "../uapi/linux/mmapshare.h"
release = ".".join(re.findall(
    r"define MMAPSHARE_VERSION_(?:MAJOR|MINOR|PATCH)\s+(\d+)",
    header.read_text(encoding="utf-8")))
version = release

html_theme = "alabaster"
html_show_copyright = False
html_theme_options = {
    "description": "Memory shared by programs and the Linux kernel",
    "fixed_sidebar": True,
    "page_width": "65em",
}

# Examples are C, shell and Python, and output of programs.
highlight_language = "none"
# Quotes and dashes mean what they are: most are in code, or options.
smartquotes = False
