// SPDX-License-Identifier: GPL-2.0
/*
 * Copies the arguments of ioctls. The first member of each structure is its
 * size, so that programs and kernels of different versions work together.
 */
#include <linux/mm.h>
#include <linux/uaccess.h>
#include "memory.h"

/*
 * The general case of mms_copy_in(). Userspace may change the size in between,
 * so it is read again. Only this value counts: not the one that mms_copy_in()
 * has copied to @dst, nor the one that copy_struct_from_user() copies there.
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
 * Copy the structure back, up to @usize bytes. Bytes after the members known
 * here become 0. Return: 0 or -EFAULT.
 */
int mms_copy_out(void __user *arg, const void *src, size_t ksize, u32 usize)
{
	if (copy_to_user(arg, src, min_t(size_t, ksize, usize)))
		return -EFAULT;
	if (usize > ksize && clear_user(arg + ksize, usize - ksize))
		return -EFAULT;
	return 0;
}
