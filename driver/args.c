// SPDX-License-Identifier: GPL-2.0
/*
 * The arguments of ioctls: structures whose first member is their size, so that
 * newer and older programs and kernels work together.
 */
#include <linux/mm.h>
#include <linux/uaccess.h>
#include "memory.h"

/*
 * The general case of mms_copy_in(). The size is read again here: what was
 * copied to @dst before does not count, nor what copy_struct_from_user() copies
 * of the size, because userspace may change it in between.
 */
int mms_copy_in_any(void *dst, size_t ksize, size_t min_size, const void __user *arg,
		    u32 *usize)
{
	if (get_user(*usize, (const u32 __user *)arg))
		return -EFAULT;
	if (*usize < min_size)
		return -EINVAL;
	if (*usize > PAGE_SIZE)
		return -E2BIG;
	return copy_struct_from_user(dst, ksize, arg, *usize);
}

/*
 * Copy the structure back, up to @usize bytes. Bytes that only the caller knows
 * become 0. Return: 0 or -EFAULT.
 */
int mms_copy_out(void __user *arg, const void *src, size_t ksize, u32 usize)
{
	if (copy_to_user(arg, src, min_t(size_t, ksize, usize)))
		return -EFAULT;
	if (usize > ksize && clear_user(arg + ksize, usize - ksize))
		return -EFAULT;
	return 0;
}
