// SPDX-License-Identifier: GPL-2.0
#include "direct.h"
#include "compat.h"
#include "vif.h"

#include <linux/if_vlan.h>
#include <linux/interrupt.h>
#include <linux/moduleparam.h>
#include <linux/random.h>
#include <linux/slab.h>

#include <xen/events.h>
#include <xen/xenbus.h>

static bool offer_direct = true;
module_param_named(direct, offer_direct, bool, 0644);
MODULE_PARM_DESC(direct, "Offer the direct path to guests whose vif line names a NIC (gatewaydev=)");

static unsigned int max_pool_pages = XEN_NC2_DEF_POOL_PAGES;
module_param(max_pool_pages, uint, 0644);
MODULE_PARM_DESC(max_pool_pages, "Largest receive pool that a guest may have, in pages (1..1024)");

/**
 * nc2b_direct_count - add to a counter that the hot path does not write
 * @d: the direct path
 * @which: the counter
 * @n: what to add
 *
 * Under @d->lock.
 */
void nc2b_direct_count(struct nc2b_direct *d, enum nc2b_dstat which, u64 n)
{
	unsigned long flags = u64_stats_update_begin_irqsave(&d->slow_sync);

	u64_stats_add(&d->stats[which], n);
	u64_stats_update_end_irqrestore(&d->slow_sync, flags);
}

/**
 * nc2b_direct_stats - what has been counted
 * @d: the direct path
 * @n: the counters, NC2B_D_STATS of them
 *
 * Any context.
 */
void nc2b_direct_stats(const struct nc2b_direct *d, u64 *n)
{
	unsigned int fast, slow, i;

	do {
		fast = u64_stats_fetch_begin(&d->sync);
		slow = u64_stats_fetch_begin(&d->slow_sync);
		for (i = 0; i < NC2B_D_STATS; i++)
			n[i] = u64_stats_read(&d->stats[i]);
	} while (u64_stats_fetch_retry(&d->sync, fast) ||
		 u64_stats_fetch_retry(&d->slow_sync, slow));
}

/**
 * nc2b_direct_eoi - tell Xen that the guest's event has been dealt with
 * @d: the direct path
 * @worked: it brought work; if not, and if no answer was waited for, Xen delays
 *	the guest's next event, up to a second when that goes on
 *
 * Return: whether there was an event to be told of.
 */
bool nc2b_direct_eoi(struct nc2b_direct *d, bool worked)
{
	int was = atomic_xchg(&d->eoi, NC2B_EOI_NONE);

	worked |= was == NC2B_EOI_ANSWER;
	if (was == NC2B_EOI_NONE)
		return false;
	xen_irq_lateeoi(d->irq, worked ? 0 : XEN_EOI_FLAG_SPURIOUS);
	return true;
}

/**
 * nc2b_direct_break - the guest has broken the rules of the direct path
 * @d: the direct path
 * @what: what it did
 *
 * NAPI context.  Hot paths stop at once; the work takes the path down.  The
 * bridged path is not touched: the guest keeps its network.
 */
void nc2b_direct_break(struct nc2b_direct *d, const char *what)
{
	if (READ_ONCE(d->failed))
		return;
	WRITE_ONCE(d->failed, true);
	WRITE_ONCE(d->running, false);
	nc2b_vif_err(d->vif, "direct path stopped: the guest gave %s\n", what);
	nc2b_path_kick(d, 0);
}

static irqreturn_t direct_event(int irq, void *data)
{
	struct nc2b_direct *d = data;

	/* path.c waits rarely and not long: no guest gains much by events then. */
	atomic_set(&d->eoi, wq_has_sleeper(&d->ack_wait) ?
		   NC2B_EOI_ANSWER : NC2B_EOI_DUE);
	wake_up(&d->ack_wait);
	/*
	 * Soon for what comes once; else a guest could keep the mailbox busy.  Not in a
	 * hurry: it may have changed its mind, and no other try is due then.
	 */
	if (nc2b_direct_wants_revoke(d))
		nc2b_path_kick(d, 1);
	else if (READ_ONCE(d->block.shared->front.filter_seq) != READ_ONCE(d->seen_filter))
		nc2b_path_kick(d, NC2B_FILTER_MS);
	napi_schedule(&d->napi);
	return IRQ_HANDLED;
}

/**
 * nc2b_direct_create - make the direct path's state for an interface
 * @vif: the interface
 *
 * Return: the state, or NULL.
 */
struct nc2b_direct *nc2b_direct_create(struct nc2b_vif *vif)
{
	struct nc2b_direct *d = kvzalloc(sizeof(*d), GFP_KERNEL);

	if (!d)
		return NULL;
	d->vif = vif;
	d->reason = "not connected";
	d->weight = NC2B_DEF_WEIGHT;
	d->since = ktime_get_boottime_ns();
	/* Long enough ago for the first try to be due at once. */
	d->tried = jiffies - HZ;
	mutex_init(&d->lock);
	INIT_DELAYED_WORK(&d->work, nc2b_path_work);
	INIT_LIST_HEAD(&d->node);
	init_waitqueue_head(&d->ack_wait);
	nc2b_coalesce_init(&d->coalesce);
	u64_stats_init(&d->sync);
	u64_stats_init(&d->slow_sync);
	nc2b_share_add(d);
	return d;
}

/**
 * nc2b_direct_destroy - free the direct path's state
 * @d: detached, or NULL
 */
void nc2b_direct_destroy(struct nc2b_direct *d)
{
	if (!d)
		return;
	nc2b_share_del(d);
	/* A NIC queue that is taken away may still be talking to us. */
	nc2q_sync();
	cancel_delayed_work_sync(&d->work);
	mutex_destroy(&d->lock);
	kvfree(d);
}

static void read_config(struct nc2b_direct *d)
{
	struct xenbus_device *xdev = d->vif->xdev;
	char *text;
	u16 vlan;

	d->nic[0] = 0;
	text = xenbus_read(XBT_NIL, xdev->nodename, "gatewaydev", NULL);
	if (!IS_ERR(text)) {
		strscpy(d->nic, text, sizeof(d->nic));
		kfree(text);
	}
	d->vlan = 0;
	text = xenbus_read(XBT_NIL, xdev->nodename, "vlan", NULL);
	if (IS_ERR(text))
		return;
	/* A bridge can do more than a NIC: trunks, several VLANs. */
	if (kstrtou16(text, 10, &vlan) || !vlan || vlan >= VLAN_N_VID - 1)
		vlan = VLAN_N_VID;
	d->vlan = vlan;
	kfree(text);
}

/**
 * nc2b_direct_offer - write this connection's offer to xenstore
 * @d: detached
 *
 * Before the back goes to InitWait: the front reads the keys there.
 *
 * Return: 0 or a negative error.
 */
int nc2b_direct_offer(struct nc2b_direct *d)
{
	struct xenbus_device *xdev = d->vif->xdev;
	int err;

	read_config(d);
	d->offered = READ_ONCE(offer_direct) && d->nic[0];
	d->max_pool = clamp_t(u32, READ_ONCE(max_pool_pages), 1, XEN_NC2_MAX_POOL_PAGES);
	if (!d->nic[0])
		d->reason = "no NIC named in the vif line (gatewaydev=)";
	else if (!d->offered)
		d->reason = "switched off by the module parameter";
	nc2b_nego_nonce(get_random_u64(), d->nonce);

	err = xenbus_printf(XBT_NIL, xdev->nodename, XEN_NC2_KEY_FEATURE, "%u",
			    d->offered ? XEN_NC2_VERSION_MASK : 0);
	if (!err)
		err = xenbus_printf(XBT_NIL, xdev->nodename, XEN_NC2_KEY_NONCE,
				    "%s", d->nonce);
	if (!err)
		err = xenbus_printf(XBT_NIL, xdev->nodename,
				    XEN_NC2_KEY_MAX_POOL_PAGES, "%u", d->max_pool);
	return err;
}

/**
 * nc2b_direct_withdraw - undo nc2b_direct_offer()
 * @d: the direct path, detached
 *
 * Process context.
 */
void nc2b_direct_withdraw(struct nc2b_direct *d)
{
	const char *dir = d->vif->xdev->nodename;

	xenbus_rm(XBT_NIL, dir, XEN_NC2_KEY_FEATURE_GSO_UDP);
	xenbus_rm(XBT_NIL, dir, XEN_NC2_KEY_FEATURE);
	xenbus_rm(XBT_NIL, dir, XEN_NC2_KEY_NONCE);
	xenbus_rm(XBT_NIL, dir, XEN_NC2_KEY_MAX_POOL_PAGES);
}

static const char *attach_rings(struct nc2b_direct *d)
{
	struct nc2b_block *b = &d->block;
	u32 rx = b->params.rx_entries;
	int err;

	err = nc2b_pool_init(&d->pool, b->params.pool_pages, b->params.buf_size);
	if (err)
		return "no memory for the ledger";
	nc2b_cons_init(&d->fill, &b->shared->fill, b->fill, rx,
		       sizeof(struct xen_nc2_fill));
	nc2b_prod_init(&d->comp, &b->shared->comp, b->comp, rx,
		       sizeof(struct xen_nc2_comp));
	nc2b_cons_init(&d->tx, &b->shared->tx, b->tx, b->params.tx_entries,
		       sizeof(struct xen_nc2_tx));
	d->tx_inflight = 0;
	d->running = false;
	d->open = false;
	d->failed = false;
	d->revoked = false;
	d->in_vain = false;
	/* What hurry the last connection was in, it may have been for a lie. */
	WRITE_ONCE(d->hurry, false);
	d->tag = NULL;
	d->seen_filter = 0;
	WRITE_ONCE(d->gone, false);
	atomic_set(&d->eoi, NC2B_EOI_NONE);
	WRITE_ONCE(b->shared->back.path, XEN_NC2_PATH_BRIDGED);
	WRITE_ONCE(b->shared->back.max_mtu, ETH_DATA_LEN);

	nc2b_napi_init(d->vif->dev, &d->napi, nc2b_direct_poll);
	err = bind_interdomain_evtchn_to_irqhandler_lateeoi(d->vif->xdev, b->evtchn,
							    direct_event, 0,
							    d->vif->dev->name, d);
	if (err < 0) {
		nc2b_napi_fini(&d->napi);
		synchronize_net();
		nc2b_pool_free(&d->pool);
		return "nc2-event-channel cannot be bound";
	}
	d->irq = err;
	/* An event that came before needs the number above for its EOI. */
	nc2b_napi_start(d->vif->dev, &d->napi, nc2b_direct_poll);
	local_bh_disable();
	napi_schedule(&d->napi);
	local_bh_enable();
	return NULL;
}

/**
 * nc2b_direct_attach - map what the front offers, and start to look for a NIC
 * @d: detached
 *
 * Process context; the bridged path is connected.  Refusal costs the guest the
 * direct path and nothing else; &nc2b_direct.reason tells why.
 */
void nc2b_direct_attach(struct nc2b_direct *d)
{
	const char *verdict;

	mutex_lock(&d->lock);
	if (!d->offered || d->attached)
		goto out;
	verdict = nc2b_block_map(&d->block, d->vif->xdev, d->nonce, d->max_pool);
	if (!verdict) {
		verdict = attach_rings(d);
		if (verdict)
			nc2b_block_unmap(&d->block);
	}
	d->attached = !verdict;
	WRITE_ONCE(d->reason, verdict ?: "starting");
	if (verdict)
		nc2b_vif_info(d->vif, "stays on the bridge: %s\n", verdict);
	else
		nc2b_path_begin(d);
out:
	mutex_unlock(&d->lock);
}

/**
 * nc2b_direct_wants_revoke - whether the guest asks for its pages
 * @d: the direct path, attached
 *
 * Return: true until they have been given back.
 */
bool nc2b_direct_wants_revoke(const struct nc2b_direct *d)
{
	return READ_ONCE(d->block.shared->front.flags) & XEN_NC2_FRONT_REVOKE &&
	       !READ_ONCE(d->revoked);
}

/**
 * nc2b_direct_revoke - give the guest every page of both pools back, for good
 * @d: the direct path, attached
 * @reason: why; a constant text
 * @alive: the front runs and should be asked to send by the bridge first
 *
 * Order, and why: the path is left (queue stopped, which is the proof that DMA
 * has ended; DMA mappings undone), the pools unmapped, and only then is the
 * guest told.  Under @d->lock.
 */
void nc2b_direct_revoke(struct nc2b_direct *d, const char *reason, bool alive)
{
	nc2b_path_leave(d, reason, alive);
	if (d->revoked)
		return;
	WRITE_ONCE(d->revoked, true);
	nc2b_block_unmap_pools(&d->block);
	WRITE_ONCE(d->block.shared->back.path, XEN_NC2_PATH_REVOKED);
	notify_remote_via_irq(d->irq);
}

/**
 * nc2b_direct_detach - undo nc2b_direct_attach()
 * @d: the direct path; if it is not attached nothing happens
 * @alive: the front runs and should be asked to send by the bridge first
 *
 * The pages first, see nc2b_direct_revoke(); only then go the rings, by which the
 * guest was told.  Process context.
 */
void nc2b_direct_detach(struct nc2b_direct *d, bool alive)
{
	/* Who waits for an answer of this front holds the lock. */
	if (!alive) {
		WRITE_ONCE(d->gone, true);
		wake_up(&d->ack_wait);
	}
	mutex_lock(&d->lock);
	if (!d->attached)
		goto out;
	nc2b_direct_revoke(d, "not connected", alive);
	d->attached = false;
	nc2b_napi_halt(&d->napi);
	nc2b_napi_fini(&d->napi);
	/* A poll ends with an EOI, by the number of the interrupt. */
	synchronize_net();
	unbind_from_irqhandler(d->irq, d);
	nc2b_block_unmap(&d->block);
	nc2b_pool_free(&d->pool);
out:
	mutex_unlock(&d->lock);
	cancel_delayed_work_sync(&d->work);
}

/**
 * nc2b_direct_add_stats - add the direct path's frames to the netdev's
 * @d: the direct path
 * @s: the sums; the netdev transmits what the guest receives
 */
void nc2b_direct_add_stats(const struct nc2b_direct *d, struct rtnl_link_stats64 *s)
{
	u64 n[NC2B_D_STATS];

	nc2b_direct_stats(d, n);
	s->tx_packets += n[NC2B_D_RX_FRAMES];
	s->tx_bytes += n[NC2B_D_RX_BYTES];
	s->tx_errors += n[NC2B_D_RX_ERRORS];
	s->rx_packets += n[NC2B_D_TX_FRAMES];
	s->rx_bytes += n[NC2B_D_TX_BYTES];
}
