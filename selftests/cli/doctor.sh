#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# mmapshare doctor prints the problem and its remedy in each case that it checks.

# shellcheck source=../cli_lib.sh
. "$(dirname "$0")/../cli_lib.sh"

for f in max_regions max_bytes max_user_bytes; do
	eval "$f=$(cat $PARAMETERS/$f)"
done
owner=$(stat -c %u:%g $NODE)

# shellcheck disable=SC2154	# by eval
cleanup()
{
	echo "$max_regions" >$PARAMETERS/max_regions
	echo "$max_bytes" >$PARAMETERS/max_bytes
	echo "$max_user_bytes" >$PARAMETERS/max_user_bytes
	chmod 660 $NODE
	chown "$owner" $NODE
}

# says STATUS TEXT COMMAND...: doctor exits with STATUS, and its last two lines
# have TEXT
says()
{
	want=$1 text=$2
	shift 2
	"$@" >"$TMP/out" 2>"$TMP/err"
	got=$?
	[ ! -s "$TMP/err" ] || got="$got: $(cat "$TMP/err")"
	case $(tail -n 2 "$TMP/out" | tr '\n' ' ') in
	*"$text"*)	;;
	*)		got="$got: $(tail -n 2 "$TMP/out")" ;;
	esac
	expect "$text" "$want" "$got"
}

nobody()
{
	setpriv --reuid 65534 --regid 65534 --clear-groups mmapshare "$@"
}

# elsewhere COMMAND: run COMMAND, then doctor, in a new mount namespace
elsewhere()
{
	unshare -m sh -c "$1 && exec mmapshare doctor"
}

[ "$(id -u)" = 0 ] || skip_all "needs root"
if ! command -v setpriv >/dev/null || ! unshare -m true 2>/dev/null; then
	skip_all "needs setpriv and unshare"
fi
plan 14
says 0 "ok       regions can be created and mapped" mmapshare doctor
expect "all checks pass" 5 "$(mmapshare doctor | grep -c '^ok ')"
says 1 "/dev/mmapshare: mode 660, group root remedy   as root: chgrp mmapshare" nobody doctor
chgrp 100 $NODE
says 1 "remedy   as root: adduser USER mmapshare; then log in again" nobody doctor
echo 0 >$PARAMETERS/max_regions
says 1 "max_regions (0) or max_bytes is reached" mmapshare doctor
echo "$max_regions" >$PARAMETERS/max_regions
echo 1 >$PARAMETERS/max_user_bytes
chmod 666 $NODE
nobody create doctor.$$ 1
says 1 "max_user_regions or max_user_bytes ($PAGE) is reached" nobody doctor
mmapshare destroy doctor.$$
says 1 "the module is not loaded, and not installed for Linux $(uname -r)" \
	elsewhere "mount -t tmpfs none /sys/module"
says 1 "remedy   mount devtmpfs on /dev" elsewhere "mount -t tmpfs none /dev"
says 1 "/dev/mmapshare is not a device" \
	elsewhere "mount -t tmpfs none /dev && : >/dev/mmapshare"
says 1 "/dev/mmapshare belongs to another driver" \
	elsewhere "mount --bind /dev/null /dev/mmapshare"

# the module is installed, but not loaded: without another reason, or because
# one of three settings requires a signature
modules=/lib/modules/$(uname -r)
installed="mount -t tmpfs none /sys/module"
if [ ! -e "$modules/extra" ]; then
	mkdir -p "$modules/extra"
	: >"$modules/extra/mmapshare.ko.xz"
	says 1 "remedy   as root: modprobe mmapshare" elsewhere "$installed"
	mkdir "$TMP/module"
	echo Y >"$TMP/module/sig_enforce"
	says 1 "module.sig_enforce requires a signature remedy   sign it" elsewhere "$installed &&
		mkdir -p /sys/module/module/parameters &&
		mount --bind $TMP/module /sys/module/module/parameters"
	echo "none [integrity] confidentiality" >"$TMP/module/lockdown"
	# create the mount point, which a kernel without securityfs lacks
	lockdown="$installed && {
		[ -d /sys/kernel/security ] ||
			{ mount -t tmpfs none /sys/kernel && mkdir /sys/kernel/security; }
	} && mount --bind $TMP/module /sys/kernel/security"
	says 1 "lockdown requires a signature remedy   sign it" elsewhere "$lockdown"
	mkdir -p "$TMP/efi/efivars"
	printf '\006\000\000\000\001' \
		>"$TMP/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"
	says 1 "Secure Boot requires a signature remedy   sign it" elsewhere "$lockdown &&
		mount -t tmpfs none /sys/firmware &&
		mkdir -p /sys/firmware/efi &&
		mount --bind $TMP/efi /sys/firmware/efi"
	rm -r "$modules/extra"
	rmdir -p "$modules" 2>/dev/null
else
	for _ in 1 2 3 4; do
		skip "$modules/extra exists"
	done
fi
