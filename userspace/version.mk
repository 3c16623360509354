# SPDX-License-Identifier: MIT
#
# The version of everything is in the ABI's header.

VERSION := $(shell awk '/define MMAPSHARE_VERSION_(MAJOR|MINOR|PATCH)/ \
	{ printf "%s%s", dot, $$3; dot = "." }' ../../uapi/linux/mmapshare.h)
