// SPDX-License-Identifier: GPL-2.0
/* file_write.c as a 32-bit program. */
#include "file_write.c"
