// SPDX-License-Identifier: GPL-2.0
/*
 * For tests: makes a kernel function fail. If a task with the given name calls
 * the function, the function does nothing and returns the given result. Needs
 * ftrace, but no fault injection. Built with CONFIG_MMAPSHARE_DELAY=m.
 */
#include <linux/errno.h>
#include <linux/ftrace.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/string.h>
#include "compat.h"

static char *function = "vm_area_alloc";
module_param(function, charp, 0444);
MODULE_PARM_DESC(function, "The function that fails (default vm_area_alloc)");

static long result;
module_param(result, long, 0444);
MODULE_PARM_DESC(result, "What the function returns (default 0, or NULL)");

static unsigned int skip;
module_param(skip, uint, 0444);
MODULE_PARM_DESC(skip, "How many calls succeed first (default 0)");

static char *task = "failing";
module_param(task, charp, 0444);
MODULE_PARM_DESC(task, "Name of the task (default failing)");

static unsigned int calls;
module_param(calls, uint, 0444);
MODULE_PARM_DESC(calls, "How many calls the task has made, including those that succeed");

#ifdef CONFIG_DYNAMIC_FTRACE_WITH_ARGS

/* Runs in place of the function, and ignores its arguments. */
static long fail(void)
{
	return result;
}

static void replace(unsigned long ip, unsigned long parent_ip, struct ftrace_ops *ops,
		    struct ftrace_regs *regs)
{
	if (strcmp(current->comm, task))
		return;
	if (calls++ >= skip)
		mms_ftrace_set_ip(regs, (unsigned long)fail);
}

static struct ftrace_ops ops = {
	.func = replace,
	.flags = FTRACE_OPS_FL_IPMODIFY,
};

static int __init fail_init(void)
{
	int ret = ftrace_set_filter(&ops, function, strlen(function), 1);

	return ret ?: register_ftrace_function(&ops);
}

static void __exit fail_exit(void)
{
	unregister_ftrace_function(&ops);
	ftrace_free_filter(&ops);
}

#else

static int __init fail_init(void)
{
	return -EOPNOTSUPP;
}

static void __exit fail_exit(void)
{
}

#endif

module_init(fail_init);
module_exit(fail_exit);

MODULE_DESCRIPTION("Makes a function of the kernel fail, for tests of mmapshare");
MODULE_AUTHOR("The mmapshare authors");
MODULE_LICENSE("GPL");
