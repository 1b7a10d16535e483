// SPDX-License-Identifier: GPL-2.0
/*
 * nc2-hostile-back: lies on the rings of the bridged path, which are those of netif.h,
 * and a storm of events on its channels.
 *
 * What is put onto a ring is entered in the back's own books, so that its next answer
 * does not take the lie's place.
 */
#include "hostile.h"

#include <linux/delay.h>
#include <linux/if_ether.h>
#include <linux/netdevice.h>
#include <linux/rtnetlink.h>
#include <linux/skbuff.h>

#include <xen/events.h>
#include <xen/interface/io/netchannel2.h>
#include <xen/page.h>

#include "queue.h"
#include "vif.h"

/* One slot of a received frame, in the next of the guest's buffers; not shown yet. */
static void rx_put(struct nc2b_queue *q, struct xen_netif_rx_response lie)
{
	struct xen_netif_rx_request req;

	RING_COPY_REQUEST(&q->rx, q->rx.req_cons++, &req);
	lie.id ^= req.id;
	*RING_GET_RESPONSE(&q->rx, q->rx.rsp_prod_pvt++) = lie;
}

/* Frames of one slot.  @id is what is wrong with the id. */
static const struct {
	const char *name;
	struct xen_netif_rx_response rsp;
} rx_lies[] = {
	{ "net-rx-id", { .status = 60, .id = 1 } },
	{ "net-rx-long", { .status = 100, .offset = XEN_PAGE_SIZE - 99 } },
	{ "net-rx-longest", { .status = S16_MAX } },
	{ "net-rx-endless", { .status = 60, .flags = XEN_NETRXF_more_data } },
	{ "net-rx-extra", { .status = 60, .flags = XEN_NETRXF_extra_info } },
	{ "net-rx-short", { .status = ETH_HLEN - 1 } },
	{ "net-rx-empty", { .status = 0 } },
};

/* What is said of a frame of one slot. */
static const struct {
	const char *name;
	struct xen_netif_extra_info extra;
} rx_extras[] = {
	/* To be cut by a list of frames, which it has not got (GSO_BY_FRAGS). */
	{ "net-rx-segments", {
		.type = XEN_NETIF_EXTRA_TYPE_GSO, .u.gso.type = XEN_NC2_GSO_TYPE_UDP,
		.u.gso.size = 0xffff,
	} },
	{ "net-rx-gso-type", {
		.type = XEN_NETIF_EXTRA_TYPE_GSO, .u.gso.type = 9, .u.gso.size = 500,
	} },
	{ "net-rx-extra-type", { .type = 99 } },
	/* More than there is of the frame. */
	{ "net-rx-headroom", { .type = XEN_NETIF_EXTRA_TYPE_XDP, .u.xdp.headroom = 256 } },
};

static void rx_extra(struct nc2b_queue *q, const struct xen_netif_extra_info *extra)
{
	rx_put(q, (struct xen_netif_rx_response){ .status = 60, .flags = XEN_NETRXF_extra_info });
	q->rx.req_cons++;
	memcpy(RING_GET_RESPONSE(&q->rx, q->rx.rsp_prod_pvt++), extra, sizeof(*extra));
}

/* One piece is copied by the front, and each other one takes a page of the skb's. */
static void rx_pieces(struct nc2b_queue *q, u32 pages)
{
	for (; pages; pages--)
		rx_put(q, (struct xen_netif_rx_response){
			.status = 60, .flags = XEN_NETRXF_more_data,
		});
	rx_put(q, (struct xen_netif_rx_response){ .status = 60 });
}

/* No lie: as many as an skb holds. */
static void rx_most(struct nc2b_queue *q)
{
	rx_pieces(q, MAX_SKB_FRAGS);
	RING_PUSH_RESPONSES(&q->rx);
}

static void rx_chain(struct nc2b_queue *q)
{
	rx_pieces(q, MAX_SKB_FRAGS + 1);
	RING_PUSH_RESPONSES(&q->rx);
}

static void tx_ahead(struct nc2b_queue *q)
{
	q->tx.sring->rsp_prod += 1000;
}

static void rx_ahead(struct nc2b_queue *q)
{
	q->rx.sring->rsp_prod += 1000;
}

static const struct {
	const char *name;
	void (*act)(struct nc2b_queue *q);
} acts[] = {
	{ "net-rx-most", rx_most },
	{ "net-rx-chain", rx_chain },
	{ "net-tx-ahead", tx_ahead },
	{ "net-rx-ahead", rx_ahead },
};

/* On the first queue, with softirqs off: dom0 of the lab has one CPU, no poll comes between. */
static int lie_at_once(struct nc2b_queue *q, const char *action)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(rx_lies); i++) {
		if (strcmp(action, rx_lies[i].name))
			continue;
		rx_put(q, rx_lies[i].rsp);
		RING_PUSH_RESPONSES(&q->rx);
		return 0;
	}
	for (i = 0; i < ARRAY_SIZE(rx_extras); i++) {
		if (strcmp(action, rx_extras[i].name))
			continue;
		rx_extra(q, &rx_extras[i].extra);
		RING_PUSH_RESPONSES(&q->rx);
		return 0;
	}
	for (i = 0; i < ARRAY_SIZE(acts); i++) {
		if (strcmp(action, acts[i].name))
			continue;
		acts[i].act(q);
		return 0;
	}
	return -EINVAL;
}

static void tx_put(struct nc2b_queue *q, u16 id)
{
	*RING_GET_RESPONSE(&q->tx, q->tx.rsp_prod_pvt++) = (struct xen_netif_tx_response){
		.id = id, .status = XEN_NETIF_RSP_OKAY,
	};
}

/* The first that there is not. */
static void tx_id(struct nc2b_queue *q, u16 asked)
{
	tx_put(q, RING_SIZE(&q->tx));
}

static void tx_id_max(struct nc2b_queue *q, u16 asked)
{
	tx_put(q, U16_MAX);
}

/* The one that was answered last, a while ago: of all ids it is the last to be used again. */
static void tx_idle(struct nc2b_queue *q, u16 asked)
{
	tx_put(q, RING_GET_RESPONSE(&q->tx, q->tx.rsp_prod_pvt - 1)->id);
}

static void tx_twice(struct nc2b_queue *q, u16 asked)
{
	tx_put(q, asked);
	tx_put(q, asked);
}

/* With more answers than there are requests the front would look at none. */
#define ASKED 2

static const struct {
	const char *name;
	void (*answer)(struct nc2b_queue *q, u16 asked);
} tx_lies[] = {
	{ "net-tx-id", tx_id },
	{ "net-tx-id-max", tx_id_max },
	{ "net-tx-idle", tx_idle },
	{ "net-tx-twice", tx_twice },
};

/* The guest's choice is which queue it sends by; NULL if it does not for ten seconds. */
static struct nc2b_queue *tx_asked(struct nc2b_vif *vif)
{
	struct nc2b_queue *q;
	u32 tries;

	for (tries = 0; tries < 500; tries++) {
		for (q = vif->queues; q < vif->queues + vif->nr_queues; q++)
			if (READ_ONCE(q->tx.sring->req_prod) - q->tx.req_cons >= ASKED)
				return q;
		msleep(20);
	}
	return NULL;
}

/* While the back takes no frame. */
static int tx_lie(struct nc2b_vif *vif, void (*answer)(struct nc2b_queue *q, u16 asked))
{
	struct nc2b_queue *q = tx_asked(vif);
	struct xen_netif_tx_request req;
	RING_IDX end;

	if (!q)
		return -ETIMEDOUT;
	end = READ_ONCE(q->tx.sring->req_prod);
	/* Index before the request. */
	virt_rmb();
	RING_COPY_REQUEST(&q->tx, q->tx.req_cons, &req);
	answer(q, req.id);
	/* Those are whole frames.  The others of them have no answer. */
	q->tx.req_cons = end;
	RING_PUSH_RESPONSES(&q->tx);
	notify_remote_via_irq(q->tx_irq);
	return 0;
}

/* Instead of the right answers to what the guest has asked meanwhile. */
static int tx_lie_alone(struct nc2b_vif *vif, void (*answer)(struct nc2b_queue *q, u16 asked))
{
	struct nc2b_queue *q;
	int err;

	for (q = vif->queues; q < vif->queues + vif->nr_queues; q++)
		napi_disable(&q->tx_napi);
	err = tx_lie(vif, answer);
	for (q = vif->queues; q < vif->queues + vif->nr_queues; q++) {
		napi_enable(&q->tx_napi);
		/* Events may have come while nobody listened. */
		local_bh_disable();
		napi_schedule(&q->tx_napi);
		local_bh_enable();
	}
	return err;
}

/* On all channels, that of the control ring among them; no event brings work. */
static void storm(const struct nc2b_vif *vif)
{
	unsigned int i, j;

	for (i = 0; i < 20000; i++) {
		for (j = 0; j < vif->nr_queues; j++) {
			notify_remote_via_irq(vif->queues[j].tx_irq);
			notify_remote_via_irq(vif->queues[j].rx_irq);
		}
		if (vif->ctrl.irq)
			notify_remote_via_irq(vif->ctrl.irq);
		cond_resched();
	}
}

static int act_on(struct nc2b_vif *vif, const char *action)
{
	struct nc2b_queue *q = &vif->queues[0];
	int i, err;

	if (!strcmp(action, "net-storm")) {
		storm(vif);
		return 0;
	}
	for (i = 0; i < ARRAY_SIZE(tx_lies); i++)
		if (!strcmp(action, tx_lies[i].name))
			return tx_lie_alone(vif, tx_lies[i].answer);
	local_bh_disable();
	err = lie_at_once(q, action);
	notify_remote_via_irq(q->tx_irq);
	notify_remote_via_irq(q->rx_irq);
	local_bh_enable();
	return err;
}

/**
 * nc2h_bridged - lie on the rings of the bridged path
 * @vif: whose
 * @action: what to do
 *
 * Return: 0; -EINVAL if there is no such action; -ENOTCONN without a connection;
 * -ETIMEDOUT if the guest sends nothing.
 */
int nc2h_bridged(struct nc2b_vif *vif, const char *action)
{
	int err = -ENOTCONN;

	rtnl_lock();
	if (vif->queues)
		err = act_on(vif, action);
	rtnl_unlock();
	return err;
}
