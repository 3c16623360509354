// SPDX-License-Identifier: GPL-2.0
/* file_read.c as a 32-bit program. */
#include "file_read.c"
