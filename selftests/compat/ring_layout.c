// SPDX-License-Identifier: GPL-2.0
/* ring/layout.c as a 32-bit program. */
#include "../ring/layout.c"

_Static_assert(sizeof(long) == 4, "this is not a 32-bit program");
