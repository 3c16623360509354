// SPDX-License-Identifier: GPL-2.0
/* The tests of ring_records.c, with the functions of <mmapshare_inline.h>. */
#include <mmapshare_inline.h>
#include "ring_records.c"
