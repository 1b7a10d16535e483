// SPDX-License-Identifier: GPL-2.0
/*
 * The NIC queue of an interface: leased, started, stopped and given back.
 *
 * Everything here runs in process context under nc2b_direct.lock.
 */
#include "compat.h"
#include "direct.h"
#include "pf.h"
#include "vif.h"

#include <linux/etherdevice.h>

/**
 * nc2b_lease_poll - have the queue and the guest's rings looked at
 * @d: the direct path, attached
 *
 * Returns before it has been done, perhaps.
 */
void nc2b_lease_poll(struct nc2b_direct *d)
{
	local_bh_disable();
	napi_schedule(&d->napi);
	local_bh_enable();
}

/**
 * nc2b_lease_wait_no_more - no queue is waited for any more
 * @d: the direct path
 *
 * Who left a free one alone may try.
 */
void nc2b_lease_wait_no_more(struct nc2b_direct *d)
{
	if (!d->waiting)
		return;
	WRITE_ONCE(d->waiting, false);
	nc2b_share_kick();
}

/* Lease a queue, or wait for one. */
static const char *lease(struct nc2b_direct *d, struct device *nic,
			 const struct nc2q_client *client)
{
	u32 wish = READ_ONCE(d->block.shared->front.filter_seq);
	bool outranked;

	d->in_vain &= d->wish == wish;
	d->wish = wish;
	WRITE_ONCE(d->tag, nic);
	/* Before looking for one: who gives one back from now on sees it. */
	WRITE_ONCE(d->waiting, true);
	outranked = nc2b_share_outranked(d);
	if (!outranked)
		d->q = nc2q_lease(nic, client, d);
	if (d->q) {
		nc2b_lease_wait_no_more(d);
		return NULL;
	}
	if (!nc2q_count(nic, NULL))
		return "the NIC has no queues for guests (see nc2-vfs)";
	/* Who goes first makes room for itself. */
	if (!outranked)
		nc2b_share_make_room(d);
	return "no free queue on the NIC";
}

/**
 * nc2b_lease_in_vain - the path is not to be had before something else is asked for
 * @d: the direct path
 * @why: why; a constant text
 *
 * Nobody gives a queue up for it until then.
 *
 * Return: @why.
 */
const char *nc2b_lease_in_vain(struct nc2b_direct *d, const char *why)
{
	d->in_vain = true;
	return why;
}

/**
 * nc2b_lease_start - lease a queue, start it and give it the guest's buffers
 * @d: the direct path, without a queue
 * @nic: whose queue
 * @client: for the provider; its argument is @d
 *
 * Return: NULL, or why there is none; the caller stops one that is left then, in @d->q.
 */
const char *nc2b_lease_start(struct nc2b_direct *d, struct device *nic,
			     const struct nc2q_client *client)
{
	struct nc2q_start params = { .buf_size = d->pool.buf_size };
	const char *why;
	int err, tries;

	why = lease(d, nic, client);
	if (why)
		return why;
	ether_addr_copy(params.mac, d->vif->mac);
	params.mtu = clamp_t(u32, READ_ONCE(d->block.shared->front.mtu),
			     ETH_MIN_MTU, d->q->max_mtu);
	params.coalesce_us = nc2b_coalesce_start(&d->coalesce);
	if (nc2b_block_dma_map(&d->block, d->q->dma_dev)) {
		nc2q_release(d->q, false);
		d->q = NULL;
		return nc2b_lease_in_vain(d, "the NIC cannot reach the guest's pages");
	}
	if (nc2b_pf_confine(d->q->nic, d->q->vf, d->vlan))
		return nc2b_lease_in_vain(d, "the NIC's driver refuses the guest's VLAN");
	err = d->q->ops->start(d->q, &params);
	if (err) {
		d->in_vain |= err == -EMSGSIZE || err == -EOPNOTSUPP;
		return nc2q_why(err);
	}
	/* Left by a front that was late to hear that it was to send by the bridge. */
	nc2b_direct_forget_tx(d);
	d->early = true;
	d->early_more = false;
	/* Pairs with the acquire in the poll function. */
	smp_store_release(&d->running, true);
	for (tries = 0; tries < 20; tries++) {
		nc2b_lease_poll(d);
		if (READ_ONCE(d->pool.count[NC2B_OWNER_NIC]))
			return NULL;
		usleep_range(2000, 4000);
	}
	return nc2b_lease_in_vain(d, "the guest has given no receive buffers");
}

/**
 * nc2b_lease_stop - stop the queue and take everything back from it
 * @d: the direct path, with a queue
 *
 * When this returns the NIC reaches none of the guest's pages.
 */
void nc2b_lease_stop(struct nc2b_direct *d)
{
	bool ran = READ_ONCE(d->running);
	struct nc2q *q = d->q;
	int err;

	/*
	 * NAPI first: it is the one that talks to the queue.  The queue's
	 * interrupt may still fire and finds NAPI disabled; stop() ends it.
	 */
	WRITE_ONCE(d->running, false);
	nc2b_napi_halt(&d->napi);
	synchronize_net();
	nc2b_coalesce_stop(&d->coalesce);
	/*
	 * What has come since the last poll would be lost, and with a long time between
	 * interrupts that is much; what is for many is the bridge's from then on.
	 */
	if (ran)
		nc2b_direct_last_rx(d);
	WRITE_ONCE(d->groups, false);
	err = q->ops->stop(q);
	nc2b_pool_recall_all(&d->pool);
	nc2b_direct_forget_tx(d);
	nc2b_block_dma_unmap(&d->block);
	d->q = NULL;
	nc2b_napi_start(d->vif->dev, &d->napi, nc2b_direct_poll);
	/* An event that came meanwhile wants its EOI, or no other ever comes. */
	nc2b_lease_poll(d);
	nc2b_pf_unconfine(q->nic, q->vf);
	if (err)
		netdev_warn(d->vif->dev, "NIC queue %s stopped by force (%d); bind it again to use it\n",
			    q->name, err);
	/* It may be gone when this returns. */
	nc2q_release(q, err);
}
