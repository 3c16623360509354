// SPDX-License-Identifier: GPL-2.0
/* doorbell/notify.c as a 32-bit program. */
#include "../doorbell/notify.c"
