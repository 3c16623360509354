// SPDX-License-Identifier: GPL-2.0
/* Rings in libmmapshare: what <mmapshare_inline.h> does is what the library does. */
#include <mmapshare_inline.h>
#include "ring_records.c"
