#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Scripts of dkms.conf. DKMS runs them in its build directory, or in the sources.
#
#	build DIR		keep the symbols, before the build directory is removed
#	install KERNEL DIR	install them, and the headers for other modules
#	remove KERNEL		undo that

set -eu

files()
{
	echo "/lib/modules/$1/mmapshare"
}

case $1 in
build)
	cp Module.symvers "$2"
	;;
install)
	install -D -m 644 -t "$(files "$2")" driver/include/mmapshare_ring.h \
		"$3/Module.symvers"
	install -D -m 644 -t "$(files "$2")/linux" uapi/linux/mmapshare.h
	;;
remove)
	dir=$(files "$2")
	rm -f "$dir/mmapshare_ring.h" "$dir/linux/mmapshare.h" "$dir/Module.symvers"
	[ ! -d "$dir/linux" ] || rmdir --ignore-fail-on-non-empty "$dir/linux"
	[ ! -d "$dir" ] || rmdir --ignore-fail-on-non-empty "$dir"
	;;
esac
