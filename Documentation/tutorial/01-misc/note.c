// SPDX-License-Identifier: GPL-2.0
/*
 * Chapter 1: a character device that stores 4096 bytes.
 */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/uaccess.h>

#define NOTE_SIZE	4096

static char note[NOTE_SIZE];
/* Programs may read and write at the same time. */
static DEFINE_MUTEX(note_lock);

static ssize_t note_read(struct file *file, char __user *buf, size_t count,
			 loff_t *pos)
{
	ssize_t ret;

	mutex_lock(&note_lock);
	ret = simple_read_from_buffer(buf, count, pos, note, NOTE_SIZE);
	mutex_unlock(&note_lock);
	return ret;
}

static ssize_t note_write(struct file *file, const char __user *buf,
			  size_t count, loff_t *pos)
{
	ssize_t ret;

	if (count && *pos >= NOTE_SIZE)
		return -ENOSPC;
	mutex_lock(&note_lock);
	ret = simple_write_to_buffer(note, NOTE_SIZE, pos, buf, count);
	mutex_unlock(&note_lock);
	return ret;
}

static loff_t note_llseek(struct file *file, loff_t offset, int whence)
{
	return fixed_size_llseek(file, offset, whence, NOTE_SIZE);
}

static const struct file_operations note_fops = {
	.owner = THIS_MODULE,
	.read = note_read,
	.write = note_write,
	.llseek = note_llseek,
};

static struct miscdevice note_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "tutorial-note",
	.fops = &note_fops,
};

module_misc_device(note_device);
MODULE_DESCRIPTION("Tutorial, chapter 1: a character device");
MODULE_LICENSE("GPL");
