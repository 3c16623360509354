// SPDX-License-Identifier: GPL-2.0
/*
 * The arguments of ioctls: structures whose first member is their size, so that
 * newer and older programs and kernels work together.
 */
#include <linux/mm.h>
#include <linux/uaccess.h>
#include "memory.h"

/*
 * Read a structure that starts with its size. What was read of it before does not
 * count, nor what @dst says of the size later: it is read here.
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

/* Write it back as far as the caller knows it; what only he knows is 0. */
int mms_copy_out(void __user *arg, const void *src, size_t ksize, u32 usize)
{
	if (copy_to_user(arg, src, min_t(size_t, ksize, usize)))
		return -EFAULT;
	if (usize > ksize && clear_user(arg + ksize, usize - ksize))
		return -EFAULT;
	return 0;
}
