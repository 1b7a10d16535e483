// SPDX-License-Identifier: GPL-2.0
/*
 * nc2-hostile: events on every channel of the interface, without pause, as long as the
 * module is loaded.  It does not care what becomes of the interface: a port that was
 * closed is knocked at all the same, and so is who has its number next, which is mostly
 * the interface's next connection.
 */
#include "hostile.h"

#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/netdevice.h>
#include <linux/sched.h>

#include <xen/events.h>

#include "ctrl.h"
#include "direct.h"
#include "netdev.h"
#include "queue.h"

/* Two of each queue, that of the control ring, that of the direct path. */
static evtchn_port_t ports[2 * NC2F_MAX_QUEUES + 2];
static unsigned int nr_ports;
static struct task_struct *task;

static int storm(void *unused)
{
	unsigned int i;

	while (!kthread_should_stop()) {
		for (i = 0; i < nr_ports; i++)
			notify_remote_via_evtchn(ports[i]);
		cond_resched();
	}
	return 0;
}

static void add_port(const struct nc2f_irq *irq)
{
	/* A queue may have one channel for both directions. */
	if (irq->evtchn && nr_ports < ARRAY_SIZE(ports))
		ports[nr_ports++] = irq->evtchn;
}

static void add_ports(const struct nc2f_dev *nf)
{
	u32 i;

	for (i = 0; i < nf->nr_queues; i++) {
		add_port(&nf->queues[i].tx_irq);
		add_port(&nf->queues[i].rx_irq);
	}
	if (nf->ctrl)
		add_port(&nf->ctrl->irq);
	if (nf->direct)
		add_port(&nf->direct->irq);
}

/**
 * nc2h_storm_start - begin to send events on all channels that eth0 has now
 *
 * Return: 0; -ENODEV without the interface; -ENOTCONN without a connection.
 */
int nc2h_storm_start(void)
{
	struct net_device *dev = dev_get_by_name(&init_net, "eth0");
	struct task_struct *t;
	struct nc2f_dev *nf;

	if (!dev)
		return -ENODEV;
	nf = netdev_priv(dev);
	mutex_lock(&nf->lock);
	if (nf->dev == dev && nf->phase == NC2F_UP)
		add_ports(nf);
	mutex_unlock(&nf->lock);
	dev_put(dev);
	if (!nr_ports)
		return -ENOTCONN;
	t = kthread_run(storm, NULL, "nc2-storm");
	if (IS_ERR(t))
		return PTR_ERR(t);
	task = t;
	return 0;
}

/**
 * nc2h_storm_stop - undo nc2h_storm_start(), if it was called
 */
void nc2h_storm_stop(void)
{
	if (task)
		kthread_stop(task);
	task = NULL;
}
