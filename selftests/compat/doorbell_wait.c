// SPDX-License-Identifier: GPL-2.0
/* doorbell/wait.c as a 32-bit program. */
#include "../doorbell/wait.c"
