// SPDX-License-Identifier: GPL-2.0
/* XDP on the bridged path. */
#include "xdp.h"

#include <linux/bpf_trace.h>
#include <linux/etherdevice.h>
#include <linux/filter.h>
#include <linux/if_vlan.h>
#include <linux/netdevice.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include <net/page_pool/helpers.h>

#include "direct.h"
#include "netdev.h"
#include "queue.h"
#include "reconf.h"

static int set_prog(struct nc2f_dev *nf, struct bpf_prog *prog,
		    struct netlink_ext_ack *extack)
{
	struct bpf_prog *old = rtnl_dereference(nf->xdp_prog);

	if (prog && !nf->offered.headroom) {
		NL_SET_ERR_MSG(extack, "The back leaves no headroom for XDP");
		return -EOPNOTSUPP;
	}
	if (prog && nf->dev->mtu > NC2F_XDP_MAX_MTU) {
		NL_SET_ERR_MSG_FMT(extack, "XDP takes an MTU up to %lu", NC2F_XDP_MAX_MTU);
		return -EINVAL;
	}
	/*
	 * No frame passes until the new connection stands, so the first one that
	 * the program sees is as it expects, and none gets by it from now on.
	 */
	if (!prog != !old) {
		nf->wish.xdp = prog;
		nc2f_reconf(nf, 0);
	}
	rcu_assign_pointer(nf->xdp_prog, prog);
	if (old)
		bpf_prog_put(old);
	if (!prog)
		nc2f_follow_again(nf);
	return 0;
}

/**
 * nc2f_bpf - attach or detach a program
 * @dev: the netdev
 * @bpf: what to do
 *
 * Under RTNL.
 *
 * Return: 0 or an error.
 */
int nc2f_bpf(struct net_device *dev, struct netdev_bpf *bpf)
{
	if (bpf->command != XDP_SETUP_PROG)
		return -EINVAL;
	return set_prog(netdev_priv(dev), bpf->prog, bpf->extack);
}

/* Sends what is left of a frame by the queue that it came from. */
static bool send_back(struct nc2f_queue *q, const struct xdp_buff *xdp)
{
	struct netdev_queue *txq = netdev_get_tx_queue(q->nf->dev, q->id);
	bool sent;

	__netif_tx_lock(txq, smp_processor_id());
	sent = nc2f_tx_copy(q, xdp->data, xdp->data_end - xdp->data);
	__netif_tx_unlock(txq);
	q->xdp_sent |= sent;
	return sent;
}

/* Returns what has become of the frame: the counter for it. */
static enum nc2f_rx_stat act_on(struct nc2f_queue *q, struct bpf_prog *prog,
				struct xdp_buff *xdp, struct page *page)
{
	struct net_device *dev = q->nf->dev;
	enum nc2f_rx_stat what = NC2F_RX_DROP_XDP;
	u32 act = bpf_prog_run_xdp(prog, xdp);

	switch (act) {
	case XDP_PASS:
		return NC2F_RX_XDP_PASS;
	case XDP_DROP:
		what = NC2F_RX_XDP_DROP;
		break;
	case XDP_TX:
		if (send_back(q, xdp))
			what = NC2F_RX_XDP_TX;
		break;
	case XDP_REDIRECT:
		/* The page goes with the frame. */
		if (!xdp_do_redirect(dev, xdp, prog)) {
			q->xdp_redirected = true;
			return NC2F_RX_XDP_REDIRECT;
		}
		break;
	default:
		bpf_warn_invalid_xdp_action(dev, prog, act);
		fallthrough;
	case XDP_ABORTED:
		break;
	}
	if (what == NC2F_RX_DROP_XDP)
		trace_xdp_exception(dev, prog, act);
	page_pool_recycle_direct(q->pages, page);
	return what;
}

/**
 * nc2f_xdp_run - let a program look at a frame
 * @q: the queue that received it
 * @prog: the program
 * @page: the whole frame; the back has no access to it any more
 * @offset: where it begins in @page
 * @len: its length
 * @b: counters
 *
 * NAPI context.
 *
 * Return: NC2F_RX_XDP_PASS if the frame is to be received, @offset and @len as
 * the program left them; else what has become of it, with @page gone.
 */
enum nc2f_rx_stat nc2f_xdp_run(struct nc2f_queue *q, struct bpf_prog *prog,
			       struct page *page, u32 *offset, u32 *len,
			       struct nc2f_rx_batch *b)
{
	enum nc2f_rx_stat what;
	struct xdp_buff xdp;

	if (*len < ETH_HLEN || *offset + *len > NC2F_XDP_END) {
		page_pool_recycle_direct(q->pages, page);
		return NC2F_RX_DROP_XDP;
	}
	xdp_init_buff(&xdp, PAGE_SIZE, &q->xdp_rxq);
	xdp_prepare_buff(&xdp, page_address(page), *offset, *len, false);
	what = act_on(q, prog, &xdp, page);
	if (what == NC2F_RX_XDP_PASS) {
		*offset = xdp.data - xdp.data_hard_start;
		*len = xdp.data_end - xdp.data;
	} else if (what < NC2F_RX_FIRST_DROP) {
		/* Received it was, if not by the stack. */
		b->n[NC2F_RX_FRAMES]++;
		b->n[NC2F_RX_BYTES] += *len;
	}
	return what;
}

/**
 * nc2f_xdp_flush - let go what programs have sent in one poll
 * @q: the queue
 *
 * NAPI context.
 */
void nc2f_xdp_flush(struct nc2f_queue *q)
{
	struct netdev_queue *txq = netdev_get_tx_queue(q->nf->dev, q->id);

	if (q->xdp_sent) {
		__netif_tx_lock(txq, smp_processor_id());
		nc2f_tx_publish(q);
		__netif_tx_unlock(txq);
	}
	if (q->xdp_redirected)
		xdp_do_flush();
	q->xdp_sent = false;
	q->xdp_redirected = false;
}

/* The direct path sends skbs; it is the slow way, for frames from elsewhere. */
static bool send_direct(struct nc2f_direct *d, struct xdp_frame *frame, u32 queue)
{
	struct sk_buff *skb = xdp_build_skb_from_frame(frame, d->nf->dev);

	if (!skb)
		return false;
	/* Undoes what eth_type_trans() has done. */
	skb_push(skb, ETH_HLEN);
	skb_reset_mac_header(skb);
	if (nc2f_direct_xmit(d, skb, queue) == NETDEV_TX_OK)
		return true;
	/* The frame went into the skb: the caller cannot have it back. */
	nc2f_direct_drop(d, skb);
	return true;
}

static int send_all(struct nc2f_dev *nf, u32 queue, int n, struct xdp_frame **frames)
{
	struct nc2f_direct *d = nf->tx_direct;
	int i;

	for (i = 0; i < n; i++) {
		struct xdp_frame *frame = frames[i];

		if (xdp_frame_has_frags(frame))
			break;
		if (d) {
			if (!send_direct(d, frame, queue))
				break;
			continue;
		}
		if (!nc2f_tx_copy(&nf->queues[queue], frame->data, frame->len))
			break;
		/* Not the _rx_napi one: a cpumap flushes outside of its pool's NAPI. */
		xdp_return_frame(frame);
	}
	return i;
}

static void flush(struct nc2f_dev *nf, u32 queue)
{
	if (nf->tx_direct)
		nc2f_direct_push(nf->tx_direct);
	nc2f_tx_publish(&nf->queues[queue]);
}

/**
 * nc2f_xdp_xmit - send frames that a program has redirected to us
 * @dev: the netdev
 * @n: how many
 * @frames: the frames
 * @flags: XDP_XMIT_*
 *
 * In the NAPI context of some other device.
 *
 * Return: how many were taken, from the first on, or an error; the caller
 * frees the rest.
 */
int nc2f_xdp_xmit(struct net_device *dev, int n, struct xdp_frame **frames, u32 flags)
{
	struct nc2f_dev *nf = netdev_priv(dev);
	u32 queue = smp_processor_id() % READ_ONCE(dev->real_num_tx_queues);
	struct netdev_queue *txq = netdev_get_tx_queue(dev, queue);
	int sent = -ENETDOWN;
	bool up;

	if (unlikely(flags & ~XDP_XMIT_FLAGS_MASK))
		return -EINVAL;
	__netif_tx_lock(txq, smp_processor_id());
	/* As in nc2f_start_xmit(). */
	up = smp_load_acquire(&nf->live) && !READ_ONCE(nf->broken) && queue < nf->nr_queues;
	/*
	 * Who takes the queues away takes this lock before they go; who changes
	 * the path freezes them, which the stack heeds by itself, and lets go of it.
	 */
	if (test_bit(__QUEUE_STATE_FROZEN, &txq->state)) {
		sent = 0;
	} else if (up) {
		sent = send_all(nf, queue, n, frames);
		if (flags & XDP_XMIT_FLUSH)
			flush(nf, queue);
	}
	__netif_tx_unlock(txq);
	return sent;
}
