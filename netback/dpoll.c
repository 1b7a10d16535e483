// SPDX-License-Identifier: GPL-2.0
/*
 * The direct path's hot code: descriptors to completions, fill entries to
 * descriptors.  No byte of a frame is looked at here, or anywhere in the back.
 */
#include "direct.h"
#include "txrule.h"
#include "vif.h"

#include <linux/dma-mapping.h>

#include <xen/events.h>

/* Fewer buffers with the NIC than this, and the guest is asked for an event. */
#define LOW_WATER 32

/**
 * struct dpoll - sums of one run of the poll function
 * @notify: the guest is owed an event
 * @bad: what the guest did wrong, or NULL
 * @filled: buffers that the guest has given
 * @rx_frames: frames received
 * @rx_bytes: their bytes
 * @rx_errors: damaged frames
 * @rx_filtered: frames that the bridge brings as well
 * @tx_frames: frames given to the NIC
 * @tx_bytes: their bytes
 */
struct dpoll {
	bool notify;
	const char *bad;
	u32 filled;
	u32 rx_frames;
	u32 rx_bytes;
	u32 rx_errors;
	u32 rx_filtered;
	u32 tx_frames;
	u32 tx_bytes;
};

static void sync_rx(struct nc2b_direct *d, u32 id, u32 len)
{
	struct nc2b_block *b = &d->block;

	dma_sync_single_range_for_cpu(b->dma_dev,
				      b->pool_dma[nc2b_pool_page(&d->pool, id)],
				      nc2b_pool_offset(&d->pool, id), len,
				      DMA_FROM_DEVICE);
}

/*
 * Whether this is of a frame that came before the guest's filter was set.  It is for
 * many, then, and the bridge hands it out as well.  Frames are thrown away whole.
 */
static bool is_early(struct nc2b_direct *d, const struct nc2q_rx *rx)
{
	if (!d->early_more && READ_ONCE(d->groups)) {
		d->early = false;
		return false;
	}
	d->early_more = rx->flags & NC2Q_RX_MORE;
	return true;
}

/* One descriptor that the NIC is done with becomes one completion. */
static void complete_one(struct nc2b_direct *d, const struct nc2q_rx *rx,
			 struct dpoll *p)
{
	struct xen_nc2_comp comp = {
		.page = nc2b_pool_page(&d->pool, rx->id),
		.offset = nc2b_pool_offset(&d->pool, rx->id),
		.len = rx->len,
		.flags = rx->flags & NC2Q_RX_MORE ? XEN_NC2_COMP_MORE : 0,
		.hash = rx->hash,
	};

	if (unlikely(d->early) && is_early(d, rx)) {
		p->rx_filtered += !(rx->flags & NC2Q_RX_MORE);
		nc2b_pool_recall(&d->pool, rx->id);
		return;
	}
	/* Not the NIC's: a fault of the provider; the buffer is not passed on. */
	if (nc2b_pool_give(&d->pool, rx->id))
		return;
	if (rx->flags & NC2Q_RX_ERR) {
		comp.len = 0;
		comp.flags |= XEN_NC2_COMP_DROP;
		p->rx_errors++;
	} else {
		comp.flags |= (rx->flags & NC2Q_RX_CSUM_OK ? XEN_NC2_COMP_CSUM_OK : 0) |
			      (rx->flags & NC2Q_RX_HASH ? XEN_NC2_COMP_HASH : 0);
		/* The administrator's VLAN is nothing that the guest knows of. */
		if (rx->flags & NC2Q_RX_VLAN && !d->vlan) {
			comp.flags |= XEN_NC2_COMP_VLAN;
			comp.vlan = rx->vlan;
		}
		if (d->block.need_sync)
			sync_rx(d, rx->id, rx->len);
		p->rx_frames += !(rx->flags & NC2Q_RX_MORE);
		p->rx_bytes += rx->len;
	}
	d->open = comp.flags & XEN_NC2_COMP_MORE;
	nc2b_prod_put(&d->comp, &comp);
}

/*
 * The path was left in the middle of a frame: the guest has some of its pieces, and would
 * take what comes next for more of them.  A buffer that comes back unused ends it.
 * Done before the NIC has any in this lease, and so before anything comes.
 */
static void end_frame(struct nc2b_direct *d, struct dpoll *p)
{
	struct xen_nc2_comp comp = { .flags = XEN_NC2_COMP_DROP };
	int id = nc2b_pool_post(&d->pool);

	if (id < 0 || nc2b_pool_give(&d->pool, id))
		return;
	comp.page = nc2b_pool_page(&d->pool, id);
	comp.offset = nc2b_pool_offset(&d->pool, id);
	nc2b_prod_put(&d->comp, &comp);
	p->notify |= nc2b_prod_publish(&d->comp);
	d->open = false;
}

static int poll_rx(struct nc2b_direct *d, int budget, struct dpoll *p)
{
	struct nc2q_rx rx[NC2B_D_BATCH];
	int done = 0, i, n;

	while (done < budget) {
		n = d->q->ops->rx_reap(d->q, rx, min(budget - done, NC2B_D_BATCH));
		for (i = 0; i < n; i++)
			complete_one(d, &rx[i], p);
		done += n;
		if (n < NC2B_D_BATCH)
			break;
	}
	p->notify |= nc2b_prod_publish(&d->comp);
	return done;
}

/* Take what the guest gives into the stash. */
static void poll_fill(struct nc2b_direct *d, struct dpoll *p)
{
	struct xen_nc2_fill fill;
	int i, n = nc2b_cons_avail(&d->fill);

	if (n < 0) {
		p->bad = "a fill ring index that lies";
		return;
	}
	for (i = 0; i < n; i++) {
		nc2b_cons_copy(&d->fill, i, &fill);
		if (nc2b_pool_take(&d->pool, &fill)) {
			p->bad = "a receive buffer that is not its own to give";
			break;
		}
	}
	if (i)
		p->notify |= nc2b_cons_publish(&d->fill, i);
	p->filled = i;
}

/* Give the NIC what is in the stash. */
static void poll_post(struct nc2b_direct *d)
{
	u32 room = d->q->ops->rx_room(d->q);
	struct nc2q_buf bufs[NC2B_D_BATCH];
	struct nc2b_block *b = &d->block;
	u32 n, off;
	int id;

	do {
		for (n = 0; n < min_t(u32, room, NC2B_D_BATCH); n++) {
			id = nc2b_pool_post(&d->pool);
			if (id < 0)
				break;
			off = nc2b_pool_offset(&d->pool, id);
			bufs[n].id = id;
			bufs[n].dma = b->pool_dma[nc2b_pool_page(&d->pool, id)] + off;
			if (b->need_sync)
				dma_sync_single_for_device(b->dma_dev, bufs[n].dma,
							   d->pool.buf_size,
							   DMA_FROM_DEVICE);
		}
		if (n)
			d->q->ops->rx_post(d->q, bufs, n);
		room -= n;
	} while (n == NC2B_D_BATCH);
}

static u16 tx_flags(u16 flags)
{
	return (flags & XEN_NC2_TX_CSUM ? NC2Q_TX_CSUM : 0) |
	       (flags & XEN_NC2_TX_TSO ? NC2Q_TX_TSO | NC2Q_TX_CSUM : 0) |
	       (flags & XEN_NC2_TX_IPV6 ? NC2Q_TX_IPV6 : 0) |
	       (flags & XEN_NC2_TX_UDP ? NC2Q_TX_UDP : 0);
}

/*
 * Read one frame of at most @avail entries into d->frags.
 * Number of its entries; 0: not complete yet; -EPROTO.
 */
static int tx_read(struct nc2b_direct *d, u32 avail, struct nc2q_tx *tx)
{
	struct nc2b_block *b = &d->block;
	struct xen_nc2_tx e, first = {};
	u32 n = 0, slot;

	do {
		if (n == XEN_NC2_TX_MAX_SLOTS)
			return -EPROTO;
		if (n == avail)
			return 0;
		slot = (d->tx.cons + d->tx_inflight + n) & d->tx.mask;
		nc2b_cons_copy(&d->tx, d->tx_inflight + n, &e);
		if (!e.len || e.len > XEN_NC2_PAGE_SIZE)
			return -EPROTO;
		if (!n) {
			first = e;
			tx->total = 0;
		}
		tx->total += e.len;
		d->frags[n].dma = b->txpool_dma[slot];
		d->frags[n].len = e.len;
		if (b->need_sync)
			dma_sync_single_for_device(b->dma_dev, b->txpool_dma[slot],
						   e.len, DMA_TO_DEVICE);
		n++;
	} while (e.flags & XEN_NC2_TX_MORE);

	if (!nc2b_txrule_ok(&first, tx->total, d->q->max_mtu))
		return -EPROTO;
	tx->flags = tx_flags(first.flags);
	tx->mss = first.mss;
	tx->l2_len = first.l2_len;
	tx->l3_len = first.l3_len;
	tx->l4_len = first.l4_len;
	tx->nr_frags = n;
	return n;
}

static void poll_tx(struct nc2b_direct *d, struct dpoll *p)
{
	struct nc2q_tx tx = { .frags = d->frags };
	u32 n = d->q->ops->tx_reap(d->q);
	int avail, got = 0;
	bool kick = false;

	if (n) {
		d->tx_inflight -= n;
		p->notify |= nc2b_cons_publish(&d->tx, n);
	}
	avail = nc2b_cons_avail(&d->tx);
	if (avail < 0) {
		p->bad = "a transmit ring index that lies";
		return;
	}
	avail -= d->tx_inflight;
	while (avail > 0) {
		got = tx_read(d, avail, &tx);
		if (got <= 0 || d->q->ops->tx_frame(d->q, &tx))
			break;
		d->tx_inflight += got;
		avail -= got;
		p->tx_frames++;
		p->tx_bytes += tx.total;
		kick = true;
	}
	if (got < 0)
		p->bad = "a transmit entry that breaks the rules";
	if (kick)
		d->q->ops->tx_kick(d->q);
}

static void count(struct nc2b_direct *d, const struct dpoll *p, bool starved)
{
	u64_stats_t *s = d->stats;

	u64_stats_update_begin(&d->sync);
	u64_stats_inc(&s[NC2B_D_POLLS]);
	u64_stats_add(&s[NC2B_D_RX_FRAMES], p->rx_frames);
	u64_stats_add(&s[NC2B_D_RX_BYTES], p->rx_bytes);
	if (d->block.bounced)
		u64_stats_add(&s[NC2B_D_RX_BOUNCED], p->rx_frames);
	u64_stats_add(&s[NC2B_D_RX_ERRORS], p->rx_errors);
	u64_stats_add(&s[NC2B_D_RX_FILTERED], p->rx_filtered);
	u64_stats_add(&s[NC2B_D_RX_STARVED], starved);
	u64_stats_add(&s[NC2B_D_TX_FRAMES], p->tx_frames);
	u64_stats_add(&s[NC2B_D_TX_BYTES], p->tx_bytes);
	u64_stats_add(&s[NC2B_D_EVENTS], p->notify);
	u64_stats_update_end(&d->sync);
}

/* Ask the guest for events; false if there is more to do at once. */
static bool poll_sleep(struct nc2b_direct *d)
{
	bool idle = nc2b_cons_sleep(&d->tx);

	if (d->pool.count[NC2B_OWNER_NIC] < LOW_WATER)
		idle &= nc2b_cons_sleep(&d->fill);
	return idle;
}

/**
 * nc2b_direct_poll - NAPI poll function of the direct path
 * @napi: &nc2b_direct.napi
 * @budget: receive descriptors at most; the work for transmission and for
 *	buffers is bounded by the size of their rings
 *
 * Return: receive descriptors handled.
 */
int nc2b_direct_poll(struct napi_struct *napi, int budget)
{
	struct nc2b_direct *d = container_of(napi, struct nc2b_direct, napi);
	struct dpoll p = {};
	bool starved;
	u32 usecs;
	int done;

	/* Pairs with the release in path.c: the queue before this flag. */
	if (!smp_load_acquire(&d->running)) {
		nc2b_direct_eoi(d, false);
		napi_complete(napi);
		return 0;
	}

	done = poll_rx(d, budget, &p);
	poll_fill(d, &p);
	/* While @early nothing is completed: what is open is of the last lease. */
	if (unlikely(d->open) && d->early)
		end_frame(d, &p);
	poll_post(d);
	poll_tx(d, &p);
	starved = !d->pool.count[NC2B_OWNER_NIC];
	count(d, &p, starved);
	if (nc2b_coalesce_poll(&d->coalesce, p.rx_frames + p.tx_frames,
			       p.rx_bytes + p.tx_bytes, starved, &usecs))
		d->q->ops->irq_coalesce(d->q, usecs);
	if (p.notify)
		notify_remote_via_irq(d->irq);
	if (p.bad) {
		nc2b_direct_break(d, p.bad);
		napi_complete_done(napi, done);
		/* None of a budget of none: that is netpoll. */
		return max(min(done, budget - 1), 0);
	}
	d->worked |= done || p.tx_frames || p.filled;
	if (done >= budget || !poll_sleep(d))
		return budget;

	/*
	 * What may begin another poll comes first, so that no two polls are in here:
	 * one that is wanted now follows.
	 */
	d->q->ops->irq_enable(d->q);
	/* The NIC's poll may have done the work of an event that is still to come. */
	if (nc2b_direct_eoi(d, d->worked))
		d->worked = false;
	napi_complete_done(napi, done);
	return done;
}

/**
 * nc2b_direct_last_rx - give the guest what the NIC has received so far
 * @d: the direct path, its NIC queue started and its NAPI disabled
 *
 * The NIC gets no more buffers, so that this ends.  Process context.
 */
void nc2b_direct_last_rx(struct nc2b_direct *d)
{
	struct dpoll p = {};

	local_bh_disable();
	while (poll_rx(d, NC2B_D_BATCH, &p) == NC2B_D_BATCH)
		;
	count(d, &p, false);
	local_bh_enable();
	if (p.notify)
		notify_remote_via_irq(d->irq);
}

/**
 * nc2b_direct_forget_tx - drop what the guest left in the transmit ring
 * @d: the direct path; its NIC queue has stopped, or just started, and no poll runs
 *
 * The NIC reads none of the slots: they are the guest's.  What it never got
 * or has not done with is counted, so that nothing is lost in silence.
 */
void nc2b_direct_forget_tx(struct nc2b_direct *d)
{
	int avail = nc2b_cons_avail(&d->tx);
	u32 n = avail < 0 ? d->tx_inflight : avail;
	u32 sent = d->q->ops->tx_reap(d->q);

	if (n > sent)
		nc2b_direct_count(d, NC2B_D_TX_DROP_SWITCH, n - sent);
	d->tx_inflight = 0;
	nc2b_cons_publish(&d->tx, n);
}
