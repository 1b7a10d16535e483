// SPDX-License-Identifier: GPL-2.0
/*
 * nc2-slow: a function that takes its time, for the lab tests.
 *
 *	insmod nc2-slow.ko function=[MODULE:]NAME ms=N
 *
 * What happens when somebody is in the middle of it is as rare as that is short.  Here
 * the next one who calls it waits for N milliseconds first, as on a host that has other
 * things to do, or until N is changed; others are not held up meanwhile.  The log says
 * when that begins, and /sys/module/nc2_slow/parameters/busy whether anybody is in there.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/sched.h>

static char *function = "";
module_param(function, charp, 0444);
MODULE_PARM_DESC(function, "One that may sleep, with six arguments at most");

static unsigned int ms = 1000;
module_param(ms, uint, 0644);
MODULE_PARM_DESC(ms, "How long it waits before it does anything; less if it is changed meanwhile");

static bool busy;
module_param(busy, bool, 0444);
MODULE_PARM_DESC(busy, "Whether somebody waits or is in the function after that");

static struct kprobe probe;

/* Who waits, or is in the function after that. */
static struct task_struct *inside;

typedef unsigned long (*any_function)(unsigned long a, unsigned long b, unsigned long c,
				      unsigned long d, unsigned long e, unsigned long f);

/* In the function's place, with its arguments; calls it, which the probe lets pass. */
static unsigned long slow(unsigned long a, unsigned long b, unsigned long c,
			  unsigned long d, unsigned long e, unsigned long f)
{
	unsigned long began = jiffies, ret;

	pr_info("%s begins\n", function);
	while (time_before(jiffies, began + msecs_to_jiffies(READ_ONCE(ms))))
		msleep(20);
	ret = ((any_function)probe.addr)(a, b, c, d, e, f);
	WRITE_ONCE(busy, false);
	WRITE_ONCE(inside, NULL);
	return ret;
}

static int entered(struct kprobe *p, struct pt_regs *regs)
{
	if (cmpxchg(&inside, NULL, current))
		return 0;
	WRITE_ONCE(busy, true);
	regs->ip = (unsigned long)slow;
	return 1;
}

/* Only a probe with this handler may change where the function goes. */
static void after(struct kprobe *p, struct pt_regs *regs, unsigned long flags)
{
}

static int __init slow_init(void)
{
	probe.symbol_name = function;
	probe.pre_handler = entered;
	probe.post_handler = after;
	return register_kprobe(&probe);
}
module_init(slow_init);

static void __exit slow_exit(void)
{
	unregister_kprobe(&probe);
	while (READ_ONCE(inside))
		msleep(20);
	/* The rest of the way out of slow(). */
	msleep(100);
}
module_exit(slow_exit);

MODULE_DESCRIPTION("A function that takes its time, for tests");
MODULE_LICENSE("GPL");
