# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Functions shared by the VM scripts: directories, messages, locks, a private
# apt root, copies of the tree.  To be sourced, not run.

set -eu -o pipefail

VM=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
TOP=${MMAPSHARE_TREE:-$(cd "$VM/../.." && pwd)}
CACHE=${MMAPSHARE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/mmapshare}
mkdir -p "$CACHE"
CACHE=$(cd "$CACHE" && pwd)
# shellcheck source=machine.sh
. "$VM/machine.sh"

# $WORK has the files of this checkout and architecture, so that several
# checkouts can share one cache.
WORK=$CACHE/work/$(basename "$TOP")-$(printf %s "$TOP" | cksum | cut -d ' ' -f 1)
[ "$ARCH" = "$host_arch" ] || WORK+=-$ARCH

# What was compiled before is taken from a cache, also for another checkout. Debian's
# ccache has a link for each compiler there.
export PATH=/usr/lib/ccache:$PATH CCACHE_DIR=$CACHE/ccache CCACHE_NOHASHDIR=1 CCACHE_DEPEND=1

# Do not pass variables of the calling make to the ones started here: for
# kbuild, ARCH has other values.
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

# try COMMAND...: run it with set -e in effect and store its status in $rc.  In
# "if f" or "f || ..." the shell ignores set -e in all of f.
try()
{
	set +e
	(set -e && "$@")
	# shellcheck disable=SC2034
	rc=$?
	set -e
}

# busy TEXT: after two seconds say TEXT, and on a terminal count the seconds from then
# on.  Pauses without sleep(1), which would outlive a killed subshell.
busy()
{
	local never start=$SECONDS

	exec {never}<> <(:)
	read -r -t 2 -u "$never" || true
	if [ ! -t 2 ]; then
		say "$1"
		return
	fi
	while :; do
		printf '\r%s: %s, %d s' "${0##*/}" "$1" $((SECONDS - start)) >&2
		read -r -t 1 -u "$never" || true
	done
}

# slowly TEXT COMMAND...: try the command; see busy for TEXT.
slowly()
{
	local notice

	busy "$1" >&2 &
	notice=$!
	shift
	try "$@"
	kill "$notice" 2>/dev/null || true
	wait "$notice" 2>/dev/null || true
	[ ! -t 2 ] || printf '\r\033[K' >&2
}

# lock NAME: hold a lock for the rest of this (sub)shell.
lock()
{
	mkdir -p "$CACHE/locks"
	exec {lock_fd}>"$CACHE/locks/$1"
	flock "$lock_fd"
}

# fresh FILE: FILE (itself, if it is a symbolic link) is less than a day old.
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

# mirror SUITE: print the URI from which this host's apt gets suites of this
# kind, or else that of deb.debian.org.
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
	# sid's Release file expires within days, and a mirror may be behind.
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

# has_list ROOT RELEASE ARCH: ROOT has the package list of RELEASE's main suite.
has_list()
{
	[ -n "$(find "$1/lists" -name "*_dists_$2_main_binary-$3_Packages*")" ]
}

# apt_use RELEASE [ARCH] [refresh]: make apt use a private root with all suites
# of RELEASE.  Works without root privileges, installs nothing, and does not
# change the host's configuration.  Package lists are updated once a day, or if
# "refresh" is given; if the update fails, old lists are used.
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
			say "cannot update the package lists of $1, using old ones;" \
				"see $root/update.log"
			touch -d '-23 hours' "$root/updated"
		elif has_list "$root" "$1" "${2:-$ARCH}"; then
			# a mirror may be inconsistent while it is updated
			say "cannot get all package lists of $1, using some;" \
				"see $root/update.log"
			touch -d '-23 hours' "$root/updated"
		else
			cat "$root/update.log" >&2
			die "cannot get the package lists of $1"
		fi
	)
}

# unpack DIR PACKAGE...: download packages and unpack them into DIR.
unpack()
{
	local dir=$1 deb

	shift
	mkdir -p "$dir/debs"
	# on a terminal apt shows how far it is
	(cd "$dir/debs" && apt-get "$([ -t 2 ] && echo -q=0 || echo -qq)" download "$@" >&2)
	for deb in "$dir"/debs/*.deb; do
		dpkg-deb -x "$deb" "$dir"
	done
	rm -r "$dir/debs"
}

# tree_files [PATH...]: list the files of the tree, tracked or not, without
# those that git ignores, each terminated by NUL.
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

# sync_tree DIR PATH...: copy these files of the tree to DIR, and remove files
# there that are no longer in the tree.  Time stamps are kept, so that make
# rebuilds only what changed.
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

# planted_tree DIR: copy the driver's sources to DIR, and add debug/planted.c.
planted_tree()
{
	rm -rf "$1"
	sync_tree "$1" Kbuild driver uapi
	cp "$VM/debug/planted.c" "$1/driver"
	echo 'mmapshare-y += driver/planted.o' >>"$1/Kbuild"
}
