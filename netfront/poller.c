// SPDX-License-Identifier: GPL-2.0
/* NAPI contexts, which live as long as the netdev. */
#include "poller.h"

#include <linux/mm.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>

#include <net/page_pool/types.h>

#include "compat.h"
#include "netdev.h"

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
		netif_napi_add_config(nf->dev, &p->napi, lane == nf->max_queues ?
				      nc2f_direct_poll : nc2f_queue_poll, lane);
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

	for (lane = 0; nf->pollers && lane <= nf->max_queues; lane++)
		netif_napi_del(&nf->pollers[lane].napi);
	kvfree(nf->pollers);
	nf->pollers = NULL;
}

static void link_queue(struct nc2f_dev *nf, u32 queue, struct napi_struct *napi)
{
	netif_queue_set_napi(nf->dev, queue, NETDEV_QUEUE_TYPE_RX, napi);
	netif_queue_set_napi(nf->dev, queue, NETDEV_QUEUE_TYPE_TX, napi);
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
	struct nc2f_poller *direct = &nf->pollers[nf->max_queues];
	u32 was = nf->nr_pollers;
	u32 i;

	ASSERT_RTNL();
	for (i = was; i < nr; i++) {
		napi_enable(&nf->pollers[i].napi);
		link_queue(nf, i, &nf->pollers[i].napi);
	}
	for (i = nr; i < was; i++) {
		link_queue(nf, i, NULL);
		napi_disable(&nf->pollers[i].napi);
	}
	if (nr && !was)
		napi_enable(&direct->napi);
	else if (!nr && was)
		napi_disable(&direct->napi);
	nf->nr_pollers = nr;
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
	bool runs;

	rtnl_lock();
	runs = lane < nf->nr_pollers;
	if (runs)
		napi_disable(napi);
	page_pool_disable_direct_recycling(pool);
	if (runs)
		napi_enable(napi);
	rtnl_unlock();
}
