# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# What the scripts here have in common; to be sourced. They use the package that is
# installed, and what is in userspace/python, which they look for where the module
# is, then in the tree that they are in.

# shellcheck source=../cli_lib.sh
. "$(dirname "$0")/../cli_lib.sh"

PYTHON=${MMAPSHARE_KO:+${MMAPSHARE_KO%/*}/userspace/python}
[ -d "$PYTHON" ] || PYTHON=$(dirname "$0")/../../userspace/python

# Skip the test where something is missing.
need_package()
{
	[ -c "$NODE" ] || skip_all "no $NODE: load the module"
	[ -d "$PYTHON" ] || skip_all "there is no userspace/python"
	command -v python3 >/dev/null || skip_all "needs python3"
	python3 -c 'import mmapshare' 2>/dev/null ||
		skip_all "the package mmapshare is not installed"
}
