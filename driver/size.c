// SPDX-License-Identifier: GPL-2.0
/*
 * Sizes in module parameters, such as "64K".
 */
#include <linux/ctype.h>
#include <linux/errno.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/string.h>
#include "memory.h"

/**
 * mms_parse_size - read a size such as "64K"
 * @text: a number as kstrtou64() reads it, then K, M, G or T or nothing
 * @size: out: bytes, rounded up to whole pages
 *
 * memparse() would accept overflow and trailing garbage.
 *
 * Context: any.
 * Return: 0; -EINVAL for what is not a size, and for 0; -ERANGE for one that no
 * file can have.
 */
int mms_parse_size(const char *text, u64 *size)
{
	static const char suffixes[] = "KMGT";
	unsigned int shift = 0;
	const char *suffix;
	char digits[24];
	size_t len;
	int ret;

	if (strscpy(digits, text, sizeof(digits)) < 0)
		return -EINVAL;
	len = strlen(digits);
	suffix = len ? strchr(suffixes, toupper(digits[len - 1])) : NULL;
	if (suffix) {
		shift = 10 * (suffix - suffixes + 1);
		digits[len - 1] = '\0';
	}
	ret = kstrtou64(digits, 0, size);
	if (ret)
		return ret;
	if (!*size)
		return -EINVAL;
	/* offsets are loff_t; leave space for rounding up to a page */
	if (check_shl_overflow(*size, shift, size) ||
	    *size > MAX_LFS_FILESIZE - PAGE_SIZE)
		return -ERANGE;
	*size = ALIGN(*size, (u64)PAGE_SIZE);
	return 0;
}

#if IS_ENABLED(CONFIG_MMAPSHARE_KUNIT_TEST)
#include "tests/size_test.c"
#endif
