/* SPDX-License-Identifier: GPL-2.0 */
/* Offset and size of the members of a structure of the ABI. */
#ifndef LAYOUT_TEST_H
#define LAYOUT_TEST_H

#include "mmapshare_test.h"
#include <stddef.h>

#define FIELD(type, field, offset, length)				\
	do {								\
		struct type s;						\
									\
		EXPECT_EQ(offset, (int)offsetof(struct type, field));	\
		EXPECT_EQ(length, (int)sizeof(s.field));		\
	} while (0)

#endif /* LAYOUT_TEST_H */
