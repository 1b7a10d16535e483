/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A provider of NIC queues, and all that stands around the path of an interface:
 * guests, the NIC's physical function, the bridge, NAPI.  Played for KUnit, whose
 * kernel has neither Xen nor a network; each notes what it is asked for.
 *
 * Nothing runs by itself: what is queued to be done at once is done by
 * fake_run(), in the order queued, and what is queued for later never.
 */
#ifndef PATH_FAKE_H
#define PATH_FAKE_H

/* In place of Xen's headers, which want an architecture that has Xen. */
#define __XEN_PUBLIC_XEN_H__
#define __XEN_PUBLIC_GRANT_TABLE_H__
#define _XEN_EVENTS_H

#include <linux/types.h>

typedef u16 domid_t;
typedef u32 grant_ref_t;
typedef u32 grant_handle_t;
struct gnttab_copy;

#define GNTST_no_device_space	(-7)
#define GNTST_no_space		(-13)

#include <kunit/device.h>
#include <kunit/test.h>
#include <linux/device.h>
#include <linux/rtnetlink.h>
#include <linux/string.h>
#include <linux/workqueue.h>

#include "netback/bridge.h"
#include "netback/compat.h"
#include "netback/direct.h"
#include "netback/pf.h"
#include "netback/vif.h"

#define GUESTS	3
#define QUEUES	2
#define PAGES	4

/**
 * struct guest - one interface
 * @vif: the interface
 * @dev: its netdev
 * @shared: the shared page
 * @d: its direct path
 * @deaf: the front answers nothing
 * @mean: it gives no buffers
 * @due: its work is to run: how many were queued before; 0: it is not
 */
struct guest {
	struct nc2b_vif vif;
	struct net_device dev;
	struct xen_nc2_shared shared;
	struct nc2b_direct d;
	bool deaf;
	bool mean;
	unsigned int due;
};

/**
 * struct fake - all of it
 * @test: whose
 * @nic: parent of the physical function
 * @q: the provider's queues
 * @g: the interfaces
 * @log: what was asked for, words with a blank before each
 * @fail: the word that fails ...
 * @err: ... with this
 * @stop_err: what stop says
 * @trouble: what check says
 * @looks: what the physical function says of the guest's filter
 * @rtnl: RTNL is held
 * @warned: lines in the kernel log
 * @queued: works queued so far
 */
struct fake {
	struct kunit *test;
	struct device *nic;
	struct nc2q q[QUEUES];
	struct guest g[GUESTS];
	char log[512];
	const char *fail;
	int err;
	int stop_err;
	int trouble;
	int looks;
	bool rtnl;
	unsigned int warned;
	unsigned int queued;
};

static struct fake *fake;

/* Note a step; whether it fails. */
static int step(const char *what)
{
	strlcat(fake->log, " ", sizeof(fake->log));
	strlcat(fake->log, what, sizeof(fake->log));
	return fake->fail && !strcmp(fake->fail, what) ? fake->err : 0;
}

/* RTNL: what must come together is between two brackets. */

void rtnl_lock(void)
{
	KUNIT_EXPECT_FALSE(fake->test, fake->rtnl);
	fake->rtnl = true;
	step("(");
}

void rtnl_unlock(void)
{
	KUNIT_EXPECT_TRUE(fake->test, fake->rtnl);
	fake->rtnl = false;
	step(")");
}

/* The provider. */

static int fake_start(struct nc2q *q, const struct nc2q_start *params)
{
	return step("start");
}

static int fake_stop(struct nc2q *q)
{
	step("stop");
	return fake->stop_err;
}

static int fake_set_filter(struct nc2q *q, const struct nc2q_filter *filter)
{
	return step("mc");
}

static int fake_set_mtu(struct nc2q *q, u32 mtu)
{
	return step("mtu");
}

static int fake_check(struct nc2q *q)
{
	return fake->trouble;
}

static const struct nc2q_ops fake_ops = {
	.start = fake_start,
	.stop = fake_stop,
	.set_filter = fake_set_filter,
	.set_mtu = fake_set_mtu,
	.check = fake_check,
};

/* The physical function. */

struct device *nc2b_pf_get(const char *name, const char **why)
{
	return get_device(fake->nic);
}

int nc2b_pf_confine(struct device *nic, unsigned int vf, u16 vlan)
{
	return step("vlan+");
}

void nc2b_pf_unconfine(struct device *nic, unsigned int vf)
{
	step("vlan-");
}

int nc2b_pf_set_rate(struct device *nic, unsigned int vf, u32 mbit)
{
	return step("rate");
}

int nc2b_pf_let_in(struct device *nic, unsigned int vf, const u8 *mac)
{
	return step("in");
}

void nc2b_pf_shut_out(struct device *nic, unsigned int vf)
{
	step("out");
}

int nc2b_pf_look(struct device *nic, unsigned int vf, const u8 *mac, u16 vlan, u32 mbit)
{
	return fake->looks;
}

int nc2b_pf_add_address(const char *name, const u8 *mac)
{
	return step("addr+");
}

void nc2b_pf_del_address(const char *name, const u8 *mac)
{
	step("addr-");
}

/* The bridge, and the netdev. */

int nc2b_bridge_add(struct net_device *vif, const u8 *mac)
{
	return step("fdb+");
}

void nc2b_bridge_del(struct net_device *vif, const u8 *mac)
{
	step("fdb-");
}

void netif_carrier_on(struct net_device *dev)
{
	step("carrier+");
}

void netif_carrier_off(struct net_device *dev)
{
	step("carrier-");
}

void netdev_warn(const struct net_device *dev, const char *format, ...)
{
	fake->warned++;
}

/* NAPI, whose poll gives the NIC every buffer that there is, and does no more. */

void napi_enable(struct napi_struct *napi)
{
	step("napi+");
}

void napi_disable(struct napi_struct *napi)
{
	step("napi-");
}

void synchronize_net(void)
{
}

void __napi_schedule(struct napi_struct *napi)
{
}

bool napi_schedule_prep(struct napi_struct *napi)
{
	struct nc2b_direct *d = container_of(napi, struct nc2b_direct, napi);
	struct guest *g = container_of(d, struct guest, d);
	struct xen_nc2_fill fill = {};
	bool posted = false;

	if (!d->running)
		return false;
	for (; fill.page < PAGES && !g->mean; fill.page++)
		nc2b_pool_take(&d->pool, &fill);
	while (nc2b_pool_post(&d->pool) >= 0)
		posted = true;
	if (posted)
		step("post");
	return false;
}

int nc2b_direct_poll(struct napi_struct *napi, int budget)
{
	return 0;
}

void nc2b_direct_last_rx(struct nc2b_direct *d)
{
	step("last");
}

void nc2b_direct_forget_tx(struct nc2b_direct *d)
{
	step("forget");
}

/* The guest. */

static void notify_remote_via_irq(int irq)
{
	struct guest *g = &fake->g[irq];

	step(g->shared.back.path == XEN_NC2_PATH_DIRECT ? "front:direct" : "front:bridge");
	if (!g->deaf)
		g->shared.front.path = g->shared.back.path;
}

int nc2b_block_dma_map(struct nc2b_block *b, struct device *dev)
{
	return step("map");
}

void nc2b_block_dma_unmap(struct nc2b_block *b)
{
	step("unmap");
}

/* What else direct.c and coalesce.c have. */

u32 nc2b_coalesce_start(struct nc2b_coalesce *c)
{
	return 0;
}

void nc2b_coalesce_stop(struct nc2b_coalesce *c)
{
}

void nc2b_direct_count(struct nc2b_direct *d, enum nc2b_dstat which, u64 n)
{
}

bool nc2b_direct_wants_revoke(const struct nc2b_direct *d)
{
	return false;
}

void nc2b_direct_revoke(struct nc2b_direct *d, const char *reason, bool alive)
{
	KUNIT_FAIL(fake->test, "nobody asked for that: %s", reason);
}

/* Time: what is to be done at once waits for fake_run(). */

static bool fake_queue(struct workqueue_struct *wq, struct delayed_work *work,
		       unsigned long delay)
{
	struct nc2b_direct *d = container_of(work, struct nc2b_direct, work);
	struct guest *g = container_of(d, struct guest, d);

	if (!delay && !g->due)
		g->due = ++fake->queued;
	return true;
}

#define mod_delayed_work	fake_queue
#define queue_delayed_work	fake_queue

static struct guest *first_due(void)
{
	struct guest *g, *first = NULL;

	for (g = fake->g; g < fake->g + GUESTS; g++)
		if (g->due && (!first || g->due < first->due))
			first = g;
	return first;
}

static void fake_run(void)
{
	struct guest *g;
	int n;

	for (n = 0; (g = first_due()); n++) {
		KUNIT_ASSERT_LT(fake->test, n, 20);
		g->due = 0;
		nc2b_path_work(&g->d.work.work);
	}
}

static int fake_guest(struct guest *g, int nr)
{
	struct nc2b_direct *d = &g->d;

	set_bit(__LINK_STATE_START, &g->dev.state);
	g->vif.dev = &g->dev;
	g->vif.direct = d;
	nc2b_rate_init(&g->vif.rate);
	nc2b_rate_set(&g->vif.rate, 12500, 1000, 0);
	g->shared.front.mtu = 1500;
	d->vif = &g->vif;
	d->weight = NC2B_DEF_WEIGHT;
	d->tried = jiffies - HZ;
	d->attached = true;
	d->irq = nr;
	d->block.shared = &g->shared;
	strscpy(d->nic, "nic", sizeof(d->nic));
	mutex_init(&d->lock);
	INIT_DELAYED_WORK(&d->work, nc2b_path_work);
	init_waitqueue_head(&d->ack_wait);
	nc2b_fdb_add(d);
	nc2b_share_add(d);
	return nc2b_pool_init(&d->pool, PAGES, 4096);
}

static int fake_init(struct kunit *test)
{
	struct fake *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);
	int i, err;

	if (!f)
		return -ENOMEM;
	err = nc2b_path_init();
	if (err)
		return err;
	fake = f;
	fake->test = test;
	fake->nic = kunit_device_register(test, "nc2-fake");
	if (IS_ERR(fake->nic))
		return PTR_ERR(fake->nic);
	for (i = 0; i < QUEUES; i++)
		fake->q[i] = (struct nc2q){
			.ops = &fake_ops,
			.dma_dev = fake->nic,
			.nic = fake->nic,
			.vf = i,
			.name = "fake",
			.max_mtu = 9000,
		};
	for (i = 0; i < GUESTS && !err; i++)
		err = fake_guest(&fake->g[i], i);
	fake->log[0] = 0;
	return err;
}

static void fake_exit(struct kunit *test)
{
	struct guest *g;
	int i;

	if (!fake)
		return;
	for (g = fake->g; g < fake->g + GUESTS && g->d.node.next; g++) {
		mutex_lock(&g->d.lock);
		nc2b_path_leave(&g->d, "the test is over", false);
		mutex_unlock(&g->d.lock);
		nc2b_share_del(&g->d);
		nc2b_pool_free(&g->d.pool);
	}
	for (i = 0; i < QUEUES; i++) {
		/* One that got lost would be waited for. */
		if (fake->q[i].client)
			nc2q_release(&fake->q[i], false);
		if (fake->q[i].node.next && !list_empty(&fake->q[i].node))
			nc2q_unregister(&fake->q[i]);
	}
	nc2b_path_exit();
	fake = NULL;
}

#endif /* PATH_FAKE_H */
