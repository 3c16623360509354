// SPDX-License-Identifier: GPL-2.0
/*
 * For tests: a ring whose driver watches its consumers, and counts what it is
 * told. Built with CONFIG_MMAPSHARE_DELAY=m.
 *
 *	blocked		while this is set, the callback does not return
 *	entered		calls that have begun
 *	attached, detached
 *			calls that have returned, by what they said
 *	wrong		calls that were made while another one was in progress, or
 *			after mmapshare_source_put(), or that said the same as the
 *			call before
 *	put		write anything to have mmapshare_source_put() called by a
 *			workqueue, as the writer holds the lock of all parameters
 *	gone		mmapshare_source_put() has returned
 */
#include <linux/atomic.h>
#include <linux/bits.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/mmapshare.h>
#include <linux/module.h>
#include <linux/sysfs.h>
#include <linux/types.h>
#include <linux/workqueue.h>
#include <mmapshare_ring.h>

static bool overwrite;
module_param(overwrite, bool, 0444);
MODULE_PARM_DESC(overwrite, "Create an overwrite ring (default: a lossless one)");

static bool blocked;
module_param(blocked, bool, 0644);
MODULE_PARM_DESC(blocked, "The callback does not return while this is set");

static unsigned int entered;
module_param(entered, uint, 0444);
MODULE_PARM_DESC(entered, "Calls of the callback that have begun");

static unsigned int attached;
module_param(attached, uint, 0444);
MODULE_PARM_DESC(attached, "Calls that have said that there are consumers");

static unsigned int detached;
module_param(detached, uint, 0444);
MODULE_PARM_DESC(detached, "Calls that have said that there are none");

static unsigned int wrong;
module_param(wrong, uint, 0444);
MODULE_PARM_DESC(wrong, "Calls at the same time, out of order, or after the ring was put");

static bool gone;
module_param(gone, bool, 0444);
MODULE_PARM_DESC(gone, "The ring was put");

static struct mmapshare_source *source;
static atomic_t running;
static bool last;

static void watch_wanted(void *context, bool wanted)
{
	if (atomic_inc_return(&running) != 1 || context != &running || wanted == last ||
	    READ_ONCE(gone))
		wrong++;
	last = wanted;
	WRITE_ONCE(entered, entered + 1);
	while (READ_ONCE(blocked))
		usleep_range(1000, 2000);
	if (wanted)
		WRITE_ONCE(attached, attached + 1);
	else
		WRITE_ONCE(detached, detached + 1);
	atomic_dec(&running);
}

static void put_source(struct work_struct *work)
{
	if (gone)
		return;
	mmapshare_source_put(source);
	WRITE_ONCE(gone, true);
}

static DECLARE_WORK(put_work, put_source);

static int set_put(const char *text, const struct kernel_param *kp)
{
	schedule_work(&put_work);
	return 0;
}

static const struct kernel_param_ops put_ops = { .set = set_put };
module_param_cb(put, &put_ops, NULL, 0200);
MODULE_PARM_DESC(put, "Put the ring");

/* The types that mmapshare_source_wanted_type() says are wanted, as a mask. */
static int get_types(char *text, const struct kernel_param *kp)
{
	u64 types = 0;
	unsigned int i;

	for (i = 0; i < 64 && !gone; i++)
		/* the same as i, as types count modulo 64 */
		if (mmapshare_source_wanted_type(source, 65536 - 64 + i))
			types |= BIT_ULL(i);
	return sysfs_emit(text, "%#llx\n", types);
}

static const struct kernel_param_ops types_ops = { .get = get_types };
module_param_cb(types, &types_ops, NULL, 0444);
MODULE_PARM_DESC(types, "The types of records that consumers want");

static int __init watch_init(void)
{
	const struct mmapshare_params params = {
		.name = "watch",
		.mode = 0666,
		.size = 4096,
		.consumers = 4,
		.features = MMAPSHARE_RING_FEAT_TYPE,
		.flags = overwrite ? MMAPSHARE_OVERWRITE : 0,
	};
	int ret;

	source = mmapshare_source_create(&params);
	if (IS_ERR(source))
		return PTR_ERR(source);
	ret = mmapshare_source_watch(source, watch_wanted, &running);
	if (!ret && mmapshare_source_watch(source, watch_wanted, &running) != -EBUSY)
		ret = -EINVAL;
	if (ret)
		mmapshare_source_put(source);
	return ret;
}

static void __exit watch_exit(void)
{
	schedule_work(&put_work);
	flush_work(&put_work);
}

module_init(watch_init);
module_exit(watch_exit);

MODULE_DESCRIPTION("mmapshare: a driver that watches the consumers of its ring");
MODULE_AUTHOR("The mmapshare authors");
MODULE_LICENSE("GPL");
MMAPSHARE_IMPORT();
