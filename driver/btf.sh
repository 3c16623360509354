#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# btf.sh KDIR VMLINUX MODULE: add BTF to a module, without which BPF programs
# cannot call it, for headers that lack vmlinux as Debian's do.  KDIR is the
# directory of the headers, VMLINUX has the BTF of the kernel:
# /sys/kernel/btf/vmlinux of the running one, or its vmlinux.  A module that has
# BTF already is left as it is.
set -eu

kdir=$1 vmlinux=$2 module=$3
objcopy=${CROSS_COMPILE:-}objcopy
resolve=$kdir/tools/bpf/resolve_btfids/resolve_btfids

fail()
{
	echo "mmapshare: no BTF for $module: $*" >&2
	exit 1
}

! readelf -SW "$module" | grep -q ' \.BTF ' || exit 0
[ -r "$vmlinux" ] || fail "there is no $vmlinux"
[ -x "$resolve" ] || fail "there is no $resolve"
command -v pahole >/dev/null || fail "there is no pahole; install the package pahole or dwarves"

part=$module.part
rm -f "$part" "$part".*
trap 'rm -f "$part" "$part".*' EXIT
cp "$module" "$part"
# encode ARGUMENT...: pahole 1.24 and later know these arguments
encode()
{
	pahole -J --btf_gen_floats --lang_exclude=rust --btf_base "$vmlinux" "$@" "$part"
}

if [ ! -e "$kdir/scripts/gen-btf.sh" ]; then
	encode
	"$resolve" -b "$vmlinux" "$part"
else
	# from 6.19 on, resolve_btfids does a part of what pahole did
	encode --btf_encode_detached="$part.BTF.1"
	"$resolve" --distill_base --btf_base "$vmlinux" --btf "$part.BTF.1" "$part"
	"$objcopy" --add-section .BTF="$part.BTF" "$part"
	if [ -e "$part.BTF.base" ]; then
		"$objcopy" --add-section .BTF.base="$part.BTF.base" "$part"
	fi
	"$resolve" --patch_btfids "$part.BTF_ids" "$part"
fi
mv "$part" "$module"
