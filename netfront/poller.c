// SPDX-License-Identifier: GPL-2.0
/* NAPI contexts, which live as long as the netdev. */
#include "poller.h"

#include <linux/mm.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>

#include <net/page_pool/types.h>

#include "compat.h"
#include "netdev.h"

static int (*poll_of(const struct nc2f_poller *p))(struct napi_struct *, int)
{
	return p->lane == p->nf->max_queues ? nc2f_direct_poll : nc2f_queue_poll;
}

/* Whether a context is enabled: that of the direct path is, if any is. */
static bool runs(const struct nc2f_dev *nf, u32 lane)
{
	return lane == nf->max_queues ? nf->nr_pollers : lane < nf->nr_pollers;
}

/**
 * nc2f_pollers_create - make a context for each lane, none enabled
 * @nf: the interface; its netdev is not registered
 *
 * Return: 0 or -ENOMEM.
 */
int nc2f_pollers_create(struct nc2f_dev *nf)
{
	u32 lane;

	nf->pollers = kvcalloc(nf->max_queues + 1, sizeof(*nf->pollers), GFP_KERNEL);
	if (!nf->pollers)
		return -ENOMEM;
	for (lane = 0; lane <= nf->max_queues; lane++) {
		struct nc2f_poller *p = &nf->pollers[lane];

		p->nf = nf;
		p->lane = lane;
		p->irq = -1;
		nc2f_napi_init(nf->dev, &p->napi, poll_of(p), lane);
	}
	return 0;
}

/**
 * nc2f_pollers_destroy - free the contexts
 * @nf: the interface; its netdev is not registered any more
 */
void nc2f_pollers_destroy(struct nc2f_dev *nf)
{
	u32 lane;

	if (!nf->pollers)
		return;
	for (lane = 0; lane <= nf->max_queues; lane++)
		__netif_napi_del(&nf->pollers[lane].napi);
	/* One for all of them. */
	synchronize_net();
	kvfree(nf->pollers);
	nf->pollers = NULL;
}

static void link_queue(struct nc2f_dev *nf, u32 queue, struct napi_struct *napi)
{
	netif_queue_set_napi(nf->dev, queue, NETDEV_QUEUE_TYPE_RX, napi);
	netif_queue_set_napi(nf->dev, queue, NETDEV_QUEUE_TYPE_TX, napi);
}

static void start(struct nc2f_dev *nf, u32 lane)
{
	struct nc2f_poller *p = &nf->pollers[lane];

	nc2f_napi_lock(nf->dev);
	nc2f_napi_list(nf->dev, &p->napi, poll_of(p), lane);
	nc2f_napi_set_irq(&p->napi, p->irq);
	nc2f_napi_enable(&p->napi);
	nc2f_napi_unlock(nf->dev);
	if (lane < nf->max_queues)
		link_queue(nf, lane, &p->napi);
}

static void stop(struct nc2f_dev *nf, u32 lane)
{
	struct nc2f_poller *p = &nf->pollers[lane];

	if (lane < nf->max_queues)
		link_queue(nf, lane, NULL);
	nc2f_napi_lock(nf->dev);
	nc2f_napi_disable(&p->napi);
	nc2f_napi_unlist(&p->napi);
	nc2f_napi_unlock(nf->dev);
}

/**
 * nc2f_pollers_run - enable contexts
 * @nf: the interface
 * @nr: how many queues' contexts shall be enabled: the first ones; with none,
 *	that of the direct path is disabled as well
 *
 * Process context, under RTNL.  Waits for polls that are under way, whose
 * length is bounded.
 */
void nc2f_pollers_run(struct nc2f_dev *nf, u32 nr)
{
	u32 was = nf->nr_pollers;
	u32 i;

	ASSERT_RTNL();
	for (i = was; i < nr; i++)
		start(nf, i);
	for (i = nr; i < was; i++)
		stop(nf, i);
	if (nr && !was)
		start(nf, nf->max_queues);
	else if (!nr && was)
		stop(nf, nf->max_queues);
	nf->nr_pollers = nr;
}

/**
 * nc2f_pollers_hold - wait for polls and let none begin
 * @nf: the interface
 *
 * Process context, under RTNL, until nc2f_pollers_let_go(), which must follow
 * soon: nobody can look at the contexts meanwhile.
 */
void nc2f_pollers_hold(struct nc2f_dev *nf)
{
	u32 lane;

	ASSERT_RTNL();
	nc2f_napi_lock(nf->dev);
	for (lane = 0; lane <= nf->max_queues; lane++)
		if (runs(nf, lane))
			nc2f_napi_disable(&nf->pollers[lane].napi);
	/* A poll that has said that it is done may still be at its event. */
	synchronize_net();
}

/**
 * nc2f_pollers_let_go - let polls begin again
 * @nf: the interface, on which nc2f_pollers_hold() was called
 */
void nc2f_pollers_let_go(struct nc2f_dev *nf)
{
	u32 lane;

	for (lane = 0; lane <= nf->max_queues; lane++)
		if (runs(nf, lane))
			nc2f_napi_enable(&nf->pollers[lane].napi);
	nc2f_napi_unlock(nf->dev);
}

/**
 * nc2f_poller_irq - note whose interrupt has a context polled
 * @nf: the interface
 * @lane: the context
 * @irq: the interrupt, -1 for none
 *
 * Process context, without RTNL.
 */
void nc2f_poller_irq(struct nc2f_dev *nf, u32 lane, int irq)
{
	struct nc2f_poller *p = &nf->pollers[lane];

	rtnl_lock();
	p->irq = irq;
	if (runs(nf, lane)) {
		nc2f_napi_lock(nf->dev);
		nc2f_napi_set_irq(&p->napi, irq);
		nc2f_napi_unlock(nf->dev);
	}
	rtnl_unlock();
}

/**
 * nc2f_poller_forget - cut a page pool off from a context
 * @nf: the interface
 * @lane: the context
 * @pool: a pool that was made for it and that nobody allocates from any more
 *
 * Process context, without RTNL.  The pool can be destroyed then while the
 * context goes on.
 */
void nc2f_poller_forget(struct nc2f_dev *nf, u32 lane, struct page_pool *pool)
{
	struct napi_struct *napi = &nf->pollers[lane].napi;

	rtnl_lock();
	nc2f_napi_lock(nf->dev);
	if (runs(nf, lane))
		nc2f_napi_disable(napi);
	page_pool_disable_direct_recycling(pool);
	if (runs(nf, lane))
		nc2f_napi_enable(napi);
	nc2f_napi_unlock(nf->dev);
	rtnl_unlock();
}
