# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What the VM scripts share: where things are kept, how they complain, locks,
# and a private apt root.  To be sourced, not run.

set -eu -o pipefail

VM=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
TOP=${MMAPSHARE_TREE:-$(cd "$VM/../.." && pwd)}
CACHE=${MMAPSHARE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/mmapshare}
mkdir -p "$CACHE"
CACHE=$(cd "$CACHE" && pwd)
# shellcheck source=machine.sh
. "$VM/machine.sh"

# Whatever belongs to this checkout and not to the world goes here, so that two
# checkouts, and one for two architectures, can share one cache.
WORK=$CACHE/work/$(basename "$TOP")-$(printf %s "$TOP" | cksum | cut -d ' ' -f 1)
[ "$ARCH" = "$host_arch" ] || WORK+=-$ARCH

# What was given to our make is not meant for those that we call: to kbuild,
# ARCH is another name.
unset MAKEFLAGS MFLAGS MAKEOVERRIDES
export ARCH

say()
{
	echo "${0##*/}: $*" >&2
}

die()
{
	say "$@"
	exit 1
}

# try COMMAND...: run it with set -e in force and leave its status in $rc.  In
# "if f" or "f || ..." the shell would ignore set -e all through f.
try()
{
	set +e
	(set -e && "$@")
	# shellcheck disable=SC2034
	rc=$?
	set -e
}

# lock NAME: hold a lock for the rest of this (sub)shell.
lock()
{
	mkdir -p "$CACHE/locks"
	exec {lock_fd}>"$CACHE/locks/$1"
	flock "$lock_fd"
}

# fresh FILE: FILE (itself, not what it points to) is less than a day old.
fresh()
{
	[ -n "$(find "$1" -maxdepth 0 -mmin -1440 2>/dev/null)" ]
}

# The Debian release of this host: the guest's user space is taken from it, so
# that programs built here run there.
host_release()
{
	# shellcheck disable=SC1091
	(. /etc/os-release && echo "${VERSION_CODENAME:-trixie}")
}

# mirror SUITE: the URI from which this host's apt gets such a suite, or
# Debian's own.
mirror()
{
	local archive=debian kind='!/-security$/' uri

	case $1 in *-security) archive=debian-security kind='/-security$/' ;; esac
	# shellcheck disable=SC2016
	uri=$(APT_CONFIG='' apt-get indextargets 'Created-By: Packages' \
		--format '$(ORIGIN) $(REPO_URI) $(RELEASE)' 2>/dev/null |
		awk "\$1 == \"Debian\" && $kind { print \$2; exit }") || true
	echo "${uri:-http://deb.debian.org/$archive}"
}

apt_conf()
{
	local root=$1 release=$2 arch=$3 valid=true suites s

	suites="$release $release-security $release-backports"
	# It is replaced within days, and mirrors may be older.
	[ "$release" != sid ] || suites=sid valid=false

	mkdir -p "$root"/{lists/partial,cache/archives/partial,dpkg} \
		"$root"/etc/{preferences.d,apt.conf.d}
	: >"$root/dpkg/status"
	for s in $suites; do
		echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]" \
			"$(mirror "$s") $s main"
	done >"$root/sources.list"
	cat >"$root/apt.conf" <<-END
		Dir::State "$root";
		Dir::State::lists "$root/lists";
		Dir::State::status "$root/dpkg/status";
		Dir::Cache "$root/cache";
		Dir::Etc "$root/etc";
		Dir::Etc::sourcelist "$root/sources.list";
		Dir::Etc::sourceparts "-";
		APT::Architecture "$arch";
		APT::Architectures { "$arch"; "$host_arch"; };
		APT::Sandbox::User "";
		APT::Update::Error-Mode "any";
		Acquire::Check-Valid-Until "$valid";
		Acquire::Languages "none";
	END
}

# has_list ROOT RELEASE ARCH: is there what the release itself has?
has_list()
{
	[ -n "$(find "$1/lists" -name "*_dists_$2_main_binary-$3_Packages*")" ]
}

# apt_use RELEASE [ARCH] [refresh]: make apt work on a private root that knows
# all suites of RELEASE.  Needs no root, installs nothing, and leaves the
# host's own configuration alone.  Lists serve for a day; when they cannot be
# renewed, old ones are used.
apt_use()
{
	local root=$CACHE/apt/$1-${2:-$ARCH}

	export APT_CONFIG=$root/apt.conf
	(
		lock "apt-$1-${2:-$ARCH}"
		if [ -z "${3:-}" ] && fresh "$root/updated"; then
			exit 0
		fi
		apt_conf "$root" "$1" "${2:-$ARCH}"
		if apt-get -qq update >"$root/update.log" 2>&1; then
			touch "$root/updated"
		elif [ -e "$root/updated" ]; then
			say "cannot renew the package lists of $1, using old ones"
			touch -d '-23 hours' "$root/updated"
		elif has_list "$root" "$1" "${2:-$ARCH}"; then
			# mirrors are out of step with themselves at times
			say "cannot get all package lists of $1, going on with some"
			touch -d '-23 hours' "$root/updated"
		else
			cat "$root/update.log" >&2
			die "cannot get the package lists of $1"
		fi
	)
}

# unpack DIR PACKAGE...: download and unpack, nothing is installed.
unpack()
{
	local dir=$1 deb

	shift
	mkdir -p "$dir/debs"
	(cd "$dir/debs" && apt-get -qq download "$@")
	for deb in "$dir"/debs/*.deb; do
		dpkg-deb -x "$deb" "$dir"
	done
	rm -r "$dir/debs"
}

# The files of the tree, tracked or new, but nothing that git ignores.
tree_files()
{
	if git -C "$TOP" rev-parse --git-dir >/dev/null 2>&1; then
		git -C "$TOP" ls-files -z -co --exclude-standard -- "$@"
	else
		(cd "$TOP" && find "${@:-.}" -type f -print0)
	fi | while IFS= read -rd '' f; do
		[ ! -e "$TOP/$f" ] || printf '%s\0' "$f"
	done | sort -zu
}

# sync_tree DIR PATH...: make those files of the tree appear in DIR, and files
# that have left the tree disappear.  Time stamps are kept, so make rebuilds
# only what changed.
sync_tree()
{
	local dir=$1

	shift
	mkdir -p "$dir"
	tree_files "$@" >"$dir/.files.new"
	if [ -e "$dir/.files" ]; then
		comm -z -23 "$dir/.files" "$dir/.files.new" |
			(cd "$dir" && xargs -0r rm -f --)
	fi
	(cd "$TOP" && cpio -0pdmu --quiet "$dir") <"$dir/.files.new"
	mv "$dir/.files.new" "$dir/.files"
}

# planted_tree DIR: the driver's sources, with the bugs in debug/planted.c.
planted_tree()
{
	rm -rf "$1"
	sync_tree "$1" Kbuild driver uapi
	cp "$VM/debug/planted.c" "$1/driver"
	echo 'mmapshare-y += driver/planted.o' >>"$1/Kbuild"
}
