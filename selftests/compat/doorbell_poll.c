// SPDX-License-Identifier: GPL-2.0
/* doorbell/poll.c as a 32-bit program. */
#include "../doorbell/poll.c"
