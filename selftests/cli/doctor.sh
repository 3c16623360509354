#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# mmapshare doctor prints the problem and its remedy in each case that it checks.

# shellcheck source=../cli_lib.sh
. "$(dirname "$0")/../cli_lib.sh"

for f in max_regions max_bytes max_user_bytes; do
	eval "$f=$(cat $PARAMETERS/$f)"
done
name=cli.$$
owner=$(stat -c %u:%g $NODE)

# shellcheck disable=SC2154	# by eval
cleanup()
{
	echo "$max_regions" >$PARAMETERS/max_regions
	echo "$max_bytes" >$PARAMETERS/max_bytes
	echo "$max_user_bytes" >$PARAMETERS/max_user_bytes
	mmapshare destroy $name 2>/dev/null
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

# elsewhere COMMAND [REGION]: run COMMAND, then doctor, in a new mount namespace
elsewhere()
{
	unshare -m sh -c "$1 && exec mmapshare doctor $2"
}

# mokutil ANSWER: make a command of that name that prints this
mokutil()
{
	printf '#!/bin/sh\necho "%s"\n' "$1" >"$TMP/module/mokutil"
	chmod +x "$TMP/module/mokutil"
}

[ "$(id -u)" = 0 ] || skip_all "needs root"
if ! command -v setpriv >/dev/null || ! unshare -m true 2>/dev/null; then
	skip_all "needs setpriv and unshare"
fi
plan 34
says 0 "ok       regions can be created and mapped" mmapshare doctor
expect "all checks pass" 5 "$(mmapshare doctor | grep -c '^ok ')"
says 1 "/dev/mmapshare: mode 660, group root remedy   as root: chgrp mmapshare" nobody doctor
sed '/^mmapshare:/d' /etc/group >"$TMP/group"
says 1 "remedy   as root: groupadd --system mmapshare && chgrp mmapshare" \
	unshare -m sh -c "mount --bind $TMP/group /etc/group && exec setpriv --reuid 65534 \
		--regid 65534 --clear-groups mmapshare doctor"
chgrp 100 $NODE
says 1 "remedy   as root: usermod -aG mmapshare $(id -un 65534 2>/dev/null || echo 65534)" \
	nobody doctor
sed "s/^mmapshare:.*/&$(id -un 1000)/" /etc/group >"$TMP/group"
says 1 "remedy   log in again: $(id -un 1000) is in the group mmapshare, this session is not" \
	unshare -m sh -c "mount --bind $TMP/group /etc/group && exec setpriv --reuid 1000 \
		--regid 65534 --clear-groups mmapshare doctor"
echo 0 >$PARAMETERS/max_regions
says 1 "max_regions (0) or max_bytes is reached" mmapshare doctor
echo "$max_regions" >$PARAMETERS/max_regions
echo 1 >$PARAMETERS/max_user_bytes
chmod 666 $NODE
nobody create $name 1
says 0 "ok       it can be opened and mapped" mmapshare doctor $name
says 0 "ok       it can be opened and mapped" mmapshare doctor $NODE-$name
expect "doctor of a region: all checks pass" 9 "$(mmapshare doctor $name | grep -c '^ok ')"
says 1 "max_user_regions or max_user_bytes ($PAGE) is reached" nobody doctor
mmapshare destroy $name
echo "$max_user_bytes" >$PARAMETERS/max_user_bytes
says 1 "'$name': no such region remedy   \
see mmapshare list, or: mmapshare create $name SIZE" mmapshare doctor $name
says 1 "'/dev/null' is not a region" mmapshare doctor /dev/null
mmapshare create -m 640 $name 1
chgrp 100 $NODE-$name
expect "write names doctor and the region" "permission denied (owner root, group mmapshare, \
mode 0640); run mmapshare doctor $name" \
	"$(nobody write $name 2>&1 </dev/null | sed "s/.*': //")"
says 1 "no permission to read or write it: owner root, group mmapshare, mode 0640 remedy   \
as root: chgrp GROUP $NODE-$name && chmod g+rw" nobody doctor $name
chmod 644 $NODE-$name
expect "permission to read only" \
	"note     permission to read it only: owner root, group mmapshare, mode 0644" \
	"$(nobody doctor $name | grep '^note')"
mmapshare seal $name future
expect "doctor of a sealed region" "note     it is sealed against writes" \
	"$(mmapshare doctor $name | grep '^note')"
mmapshare destroy $name
mmapshare ring create $name 1
expect "doctor of a ring" "remedy   write records with mmapshare ring write" \
	"$(mmapshare doctor $name | grep '^remedy')"
says 1 "remedy   mount devtmpfs on /dev; in a container, pass the node in" elsewhere \
	"mkdir $TMP/dev && cp -a /dev/mmapshare $TMP/dev && mount --bind $TMP/dev /dev" \
	$name
mmapshare destroy $name
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
if [ ! -e "$modules/extra" ] && [ ! -e "$modules/updates" ]; then
	mkdir -p "$modules/extra"
	ko=$modules/extra/mmapshare.ko
	: >"$ko.xz"
	says 1 "remedy   as root: modprobe mmapshare" elsewhere "$installed"
	mkdir "$TMP/module"
	echo Y >"$TMP/module/sig_enforce"
	enforced="$installed && mkdir -p /sys/module/module/parameters &&
		mount --bind $TMP/module /sys/module/module/parameters"
	says 1 "module.sig_enforce requires a signature by a key that this kernel trusts \
remedy   as root: modprobe mmapshare; if that fails: mokutil --import CERTIFICATE" \
		elsewhere "$enforced"
	printf '#!/bin/sh\n' >"$TMP/module/modinfo"
	chmod +x "$TMP/module/modinfo"
	says 1 "requires a signature, and $ko.xz has none remedy   as root: sign mmapshare.ko" \
		elsewhere "$enforced && PATH=$TMP/module:$PATH"
	rm "$ko.xz"
	head -c 100 /dev/zero >"$ko"
	says 1 "module.sig_enforce requires a signature, and $ko has none remedy   \
as root: $modules/build/scripts/sign-file sha256 KEY CERTIFICATE $ko; mokutil --import" \
		elsewhere "$enforced"
	printf '~Module signature appended~\n' >>"$ko"
	says 1 "requires a signature by a key that this kernel trusts remedy   as root: modprobe" \
		elsewhere "$enforced"
	mkdir -p "$modules/updates/dkms"
	mv "$ko" "$modules/updates/dkms"
	says 1 "if that fails: mokutil --import /var/lib/dkms/mok.pub" elsewhere "$enforced"
	key=/var/lib/dkms/mok.pub
	mokutil "$key is not enrolled"
	says 1 "the key $key is not enrolled remedy   as root: mokutil --import $key; reboot" \
		elsewhere "$enforced && PATH=$TMP/module:$PATH"
	mokutil "$key is already in the enrollment request"
	says 1 "the key $key is not enrolled until a reboot remedy   reboot at" \
		elsewhere "$enforced && PATH=$TMP/module:$PATH"
	mokutil "$key is already enrolled"
	says 1 "the key $key is enrolled remedy   as root: modprobe mmapshare" \
		elsewhere "$enforced && PATH=$TMP/module:$PATH"
	rm "$TMP/module/mokutil"
	echo "none [integrity] confidentiality" >"$TMP/module/lockdown"
	# create the mount point, which a kernel without securityfs lacks
	lockdown="$installed && {
		[ -d /sys/kernel/security ] ||
			{ mount -t tmpfs none /sys/kernel && mkdir /sys/kernel/security; }
	} && mount --bind $TMP/module /sys/kernel/security"
	says 1 "lockdown requires a signature by" elsewhere "$lockdown"
	mkdir -p "$TMP/efi/efivars"
	printf '\006\000\000\000\001' \
		>"$TMP/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"
	says 1 "Secure Boot requires a signature by" elsewhere "$lockdown &&
		mount -t tmpfs none /sys/firmware &&
		mkdir -p /sys/firmware/efi &&
		mount --bind $TMP/efi /sys/firmware/efi"
	rm -r "$modules/extra" "$modules/updates"
	rmdir -p "$modules" 2>/dev/null
else
	for _ in 1 2 3 4 5 6 7 8 9 10 11; do
		skip "$modules/extra or updates exists"
	done
fi
