# SPDX-License-Identifier: MIT
"""Copy the version from the ABI's header to _version.py, where pyproject.toml reads it.

A source distribution contains _version.py, but not the header.
"""
import pathlib
import re

import setuptools

here = pathlib.Path(__file__).resolve().parent
header = here / "../../uapi/linux/mmapshare.h"
if header.exists():
    numbers = re.findall(r"define MMAPSHARE_VERSION_(?:MAJOR|MINOR|PATCH)\s+(\d+)",
                         header.read_text(encoding="utf-8"))
    (here / "mmapshare/_version.py").write_text(
        f'__version__ = "{".".join(numbers)}"\n', encoding="utf-8")
setuptools.setup()
