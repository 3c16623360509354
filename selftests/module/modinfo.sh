#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The module's modinfo: licence, version, descriptions of the module and of each
# parameter, and no dependency on another module.

# shellcheck source=module_lib.sh
. "$(dirname "$0")/module_lib.sh"

# modinfo FIELD: like modinfo -F, which is not installed everywhere
modinfo()
{
	echo "$strings" | sed -n "s/^$1=//p"
}

plan 8
strings=$(LC_ALL=C grep -azE '^[a-z]+=' "$MMAPSHARE_KO" | tr '\0' '\n')
expect "licence" GPL "$(modinfo license)"
expect "name" mmapshare "$(modinfo name)"
expect "version" 1 "$(modinfo version | grep -cxE '[0-9]+\.[0-9]+\.[0-9]+')"
expect "depends on nothing" "" "$(modinfo depends)"
expect "has a description" 1 "$(modinfo description | grep -c ...)"
expect "has an author" 1 "$(modinfo author | grep -c ...)"
types="exec:bool max_bytes:charp max_regions:uint max_user_bytes:charp max_user_regions:uint"
expect "parameters and their types" "$types ranges:charp reserved:charp size:charp strategy:charp" \
	"$(modinfo parmtype | sort | tr '\n' ' ' | sed 's/ $//')"
expect "each parameter has a description" \
	"exec max_bytes max_regions max_user_bytes max_user_regions ranges reserved size strategy" \
	"$(modinfo parm | grep ':.' | sed 's/:.*//' | sort | tr '\n' ' ' |
	   sed 's/ $//')"
