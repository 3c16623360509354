// SPDX-License-Identifier: GPL-2.0
/* Rings in libmmapshare: with <mmapshare_inline.h>, too, no wake-up is lost. */
#include <mmapshare_inline.h>
#include "ring_wait.c"
