#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The Python package as it is installed: its own tests.

# shellcheck source=python_lib.sh
. "$(dirname "$0")/python_lib.sh"

need_package
python3 -c 'import unittest' 2>/dev/null || skip_all "Python has no unittest"
exec python3 "$PYTHON/tests/tap.py"
