# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034
#
# Settings of each architecture; sourced by other scripts.  ARCH may be Debian's
# or the kernel's name for it, by default the host's; afterwards it is Debian's.

host_arch=$(dpkg --print-architecture)

# $ports: serial ports for QEMU's character devices log, io and report, which
# are the kernel's console, the command's terminal, the report.  Their drivers
# must be built into every kernel; only virtio_console may be a module.
smp=2
case ${ARCH:-$host_arch} in
amd64 | x86 | x86_64)
	ARCH=amd64
	kbuild_arch=x86
	triplet=x86_64-linux-gnu
	flavour=cloud-amd64 flavour_rt=rt-amd64 flavour_full=amd64
	# without ACPI a kernel finds only the first processor of each socket;
	# with ERMS it copies memory by "rep movsb", which is slow to emulate;
	# QEMU before 8.0 leaves wrong flags behind CMPXCHG16B, which matters if
	# an interrupt follows: the guest crashes once in a few hundred minutes
	qemu="qemu-system-x86_64 -vga none" cpu=max,erms=off,fsrm=off,cx16=off
	smp=2,sockets=2
	ports="-serial chardev:log -serial chardev:io -serial chardev:report"
	console="ttyS0 tsc=reliable no_timer_check" terminal=ttyS1 report=ttyS2
	# The guest uses the host's TSC.  If the host is busy, the guest fails
	# to calibrate it and falls back to jiffies: timers are late then, and
	# short intervals measure as 0.  Pass the frequency instead.
	if [ "$host_arch" = amd64 ]; then
		console+=" tsc_early_khz=$(awk '/^bogomips/ { print int($3 * 500); exit }' \
			/proc/cpuinfo)"
	fi
	compat=i686-linux-gnu
	packages="gcc-i686-linux-gnu libc6-dev-i386-cross qemu-system-x86"
	cross_packages="gcc-x86-64-linux-gnu libc6-dev-amd64-cross"
	;;
arm64 | aarch64)
	ARCH=arm64
	kbuild_arch=arm64
	triplet=aarch64-linux-gnu
	flavour=cloud-arm64 flavour_16k=arm64-16k flavour_rt=rt-arm64
	flavour_full=arm64
	# pauth-impdef: the architected algorithm for signing pointers is slow
	# to emulate
	qemu="qemu-system-aarch64 -M virt,gic-version=max" cpu=max,pauth-impdef=on
	ports="-serial chardev:log -device pci-serial,chardev=io"
	ports+=" -device pci-serial,chardev=report"
	console=ttyAMA0 terminal=ttyS0 report=ttyS1
	compat=arm-linux-gnueabihf
	packages="gcc-arm-linux-gnueabihf libc6-dev-armhf-cross qemu-system-arm"
	cross_packages="gcc-aarch64-linux-gnu libc6-dev-arm64-cross"
	;;
s390x | s390)
	# big-endian; a PMD entry maps 1 MiB
	ARCH=s390x
	kbuild_arch=s390
	triplet=s390x-linux-gnu
	flavour=s390x
	qemu="qemu-system-s390x -M s390-ccw-virtio" cpu=max
	ports="-device sclpconsole,chardev=log -device virtio-serial-ccw"
	ports+=" -device virtconsole,chardev=io -device virtconsole,chardev=report"
	console=ttysclp0 terminal=hvc0 report=hvc1
	compat=
	packages="qemu-system-s390x"
	if grep -qs '^VERSION_ID="12"' /etc/os-release; then
		packages="qemu-system-misc"
	fi
	cross_packages="gcc-s390x-linux-gnu libc6-dev-s390x-cross"
	;;
ppc64el | ppc64le | powerpc)
	# pages of 64 KiB
	ARCH=ppc64el
	kbuild_arch=powerpc
	triplet=powerpc64le-linux-gnu
	flavour=powerpc64le
	qemu="qemu-system-ppc64 -M pseries" cpu=power9
	ports="-serial chardev:log -serial chardev:io -serial chardev:report"
	console=hvc0 terminal=hvc1 report=hvc2
	compat=
	packages="qemu-system-ppc"
	cross_packages="gcc-powerpc64le-linux-gnu libc6-dev-ppc64el-cross"
	;;
*)
	echo "${0##*/}: ARCH=${ARCH:-$host_arch} is not supported;" \
		"use amd64, arm64, s390x or ppc64el" >&2
	exit 1
	;;
esac

# Prefix of the compiler and binutils: empty unless they are cross tools.
cross=
if [ "$ARCH" = "$host_arch" ]; then
	packages+=" libbpf-dev liburing-dev"
else
	cross=$triplet-
	packages+=" $cross_packages"
fi
