// SPDX-License-Identifier: GPL-2.0
/*
 * For tests: stops the task named "stopped" at its next call of a function of the
 * kernel, until the parameter "go" is set. Built with CONFIG_MMAPSHARE_DELAY=m.
 */
#include <linux/atomic.h>
#include <linux/delay.h>
#include <linux/ftrace.h>
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/sysfs.h>

static char *function = "dput";
module_param(function, charp, 0444);
MODULE_PARM_DESC(function, "The function at which the task stops (default dput)");

static bool go;
module_param(go, bool, 0644);
MODULE_PARM_DESC(go, "Let the task continue, and do not stop it again");

static bool reached;
module_param(reached, bool, 0444);
MODULE_PARM_DESC(reached, "Whether the task has stopped");

static atomic_t calls = ATOMIC_INIT(0);

static int get_calls(char *buffer, const struct kernel_param *kp)
{
	return sysfs_emit(buffer, "%d\n", atomic_read(&calls));
}

static const struct kernel_param_ops calls_ops = { .get = get_calls };
module_param_cb(calls, &calls_ops, NULL, 0444);
MODULE_PARM_DESC(calls, "Calls of the function so far, by any task");

/* In case the test ends without setting "go": the machine must not hang. */
#define LIMIT	(600 * HZ)

#ifdef CONFIG_DYNAMIC_FTRACE

/*
 * ftrace calls this function directly, because no flag in @ops asks for
 * protection from recursion or by RCU. So preemption is as the traced
 * function's caller has it: this function may sleep where that one may.
 */
static void stop(unsigned long ip, unsigned long parent_ip, struct ftrace_ops *ops,
		 struct ftrace_regs *regs)
{
	const unsigned long end = jiffies + LIMIT;

	atomic_inc(&calls);
	if (strcmp(current->comm, "stopped") || READ_ONCE(go))
		return;
	WRITE_ONCE(reached, true);
	while (!READ_ONCE(go) && time_before(jiffies, end))
		msleep(20);
}

static struct ftrace_ops ops = { .func = stop };

static int __init delay_init(void)
{
	int ret = ftrace_set_filter(&ops, function, strlen(function), 1);

	return ret ?: register_ftrace_function(&ops);
}

/*
 * The test has waited until the stopped task continued: no task is in stop()
 * any more.
 */
static void __exit delay_exit(void)
{
	unregister_ftrace_function(&ops);
	ftrace_free_filter(&ops);
}

#else

static int __init delay_init(void)
{
	return -EOPNOTSUPP;
}

static void __exit delay_exit(void)
{
}

#endif

module_init(delay_init);
module_exit(delay_exit);

MODULE_DESCRIPTION("Stops a task inside the kernel, for tests of mmapshare");
MODULE_AUTHOR("The mmapshare authors");
MODULE_LICENSE("GPL");
