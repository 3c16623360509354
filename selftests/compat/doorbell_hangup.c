// SPDX-License-Identifier: GPL-2.0
/* doorbell/hangup.c as a 32-bit program. */
#include "../doorbell/hangup.c"
