#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Run the unit tests of the Python package against the installed package.

# shellcheck source=python_lib.sh
. "$(dirname "$0")/python_lib.sh"

need_package
python3 -c 'import unittest' 2>/dev/null || skip_all "the Python module unittest is not installed"
exec python3 "$PYTHON/tests/tap.py"
