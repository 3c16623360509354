# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Common parts of the tests in this folder; to be sourced. The tests use the installed
# package, and examples and tests from userspace/python: that of the tree in which
# the module was built, or else that of the tree which contains this script.

# shellcheck source=../cli_lib.sh
. "$(dirname "$0")/../cli_lib.sh"

PYTHON=${MMAPSHARE_KO:+${MMAPSHARE_KO%/*}/userspace/python}
[ -d "$PYTHON" ] || PYTHON=$(dirname "$0")/../../userspace/python

# need_package: skip the whole test if a prerequisite is missing
need_package()
{
	[ -c "$NODE" ] || skip_all "no $NODE: load the module"
	[ -d "$PYTHON" ] || skip_all "no userspace/python"
	command -v python3 >/dev/null || skip_all "python3 is not installed"
	python3 -c 'import mmapshare' 2>/dev/null ||
		skip_all "python3 fails to import mmapshare"
}
