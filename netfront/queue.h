/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One queue of the bridged path: the two rings of netif.h, their event
 * channels and one NAPI context, brought up and down as a unit.
 */
#ifndef NC2F_QUEUE_H
#define NC2F_QUEUE_H

#include <linux/netdevice.h>
#include <linux/workqueue.h>

#include <net/xdp.h>

#include <xen/interface/io/netif.h>
#include <xen/page.h>

#include "evtchn.h"
#include "grant.h"

struct nc2f_dev;
struct nc2f_rx_batch;
struct page_pool;

#define NC2F_RING_SIZE	__CONST_RING_SIZE(xen_netif_tx, XEN_PAGE_SIZE)

/**
 * struct nc2f_tx_slot - what stands behind one request id of the transmit ring
 * @hdr: a page of ours, granted read-only for as long as the queue lives; the
 *	part of a frame that is copied goes there
 * @frag: grant for a page of a frame
 * @skb: the frame; first slot of a frame with pages only
 * @head: id of the frame's first slot
 * @next: id of the frame's next slot
 * @slots: slots of the frame; first slot only
 * @left: slots of the frame that the back still has; first slot only
 * @busy: the back has this slot
 * @has_frag: @frag grants a page now
 * @is_mcast: no frame, but a change of the multicast filter
 *
 * Filled by the sender before the request is published, then changed by the
 * NAPI context only, until the id is free again.
 */
struct nc2f_tx_slot {
	struct nc2f_gpage hdr;
	grant_ref_t frag;
	struct sk_buff *skb;
	u16 head;
	u16 next;
	u16 slots;
	u16 left;
	bool busy;
	bool has_frag;
	bool is_mcast;
};

/**
 * struct nc2f_rx_buf - what stands behind one request id of the receive ring
 * @page: from the page pool, granted; NULL if there is none
 * @ref: its grant; kept when the page goes
 */
struct nc2f_rx_buf {
	struct page *page;
	grant_ref_t ref;
};

/**
 * struct nc2f_queue - one queue of the bridged path
 * @nf: whose
 * @id: its number
 * @domid: the back
 * @napi: takes frames and completions; the context of lane @id
 * @tx_irq: event channel of transmit, or of both directions
 * @rx_irq: event channel of receive, unused if @split is false
 * @split: there are two event channels
 * @grants: references for everything; empty once the queue is made
 * @txr: the page of the transmit ring
 * @rxr: the page of the receive ring
 * @tx: transmit ring; producer end under the lock of the netdev's tx queue,
 *	consumer end in NAPI
 * @tx_shown: producer index as last published
 * @tx_slot: by request id
 * @tx_free: request ids that are free; a queue from NAPI to the sender
 * @tx_free_put: entries ever put into @tx_free; NAPI
 * @tx_free_got: entries ever taken; sender
 * @rx: receive ring; NAPI only
 * @rx_shown: producer index as last published
 * @rx_buf: by request id
 * @rx_pos: request id that stands at each place of the ring
 * @rx_free: request ids that are not on the ring, a stack
 * @rx_nr_free: how many
 * @pages: where receive pages come from
 * @refill: tries again when memory has run out
 * @xdp_rxq: what XDP wants to know of the queue
 * @xdp_sent: frames were put onto the transmit ring in this poll
 * @xdp_redirected: frames were sent elsewhere in this poll
 */
struct nc2f_queue {
	struct nc2f_dev *nf;
	u32 id;
	domid_t domid;
	struct napi_struct *napi;
	struct nc2f_irq tx_irq;
	struct nc2f_irq rx_irq;
	bool split;

	struct nc2f_grants grants;
	struct nc2f_gpage txr;
	struct nc2f_gpage rxr;

	struct xen_netif_tx_front_ring tx;
	RING_IDX tx_shown;
	struct nc2f_tx_slot tx_slot[NC2F_RING_SIZE];
	u16 tx_free[NC2F_RING_SIZE];
	u32 tx_free_put;
	u32 tx_free_got;

	struct xen_netif_rx_front_ring rx ____cacheline_aligned_in_smp;
	RING_IDX rx_shown;
	struct nc2f_rx_buf rx_buf[NC2F_RING_SIZE];
	u16 rx_pos[NC2F_RING_SIZE];
	u16 rx_free[NC2F_RING_SIZE];
	u32 rx_nr_free;
	struct page_pool *pages;
	struct delayed_work refill;
	struct xdp_rxq_info xdp_rxq;
	bool xdp_sent;
	bool xdp_redirected;
};

int nc2f_queue_create(struct nc2f_queue *q, struct nc2f_dev *nf, u32 id, bool split);
void nc2f_queue_wake(struct nc2f_queue *q);
void nc2f_queue_stop(struct nc2f_queue *q);
void nc2f_queue_release(struct nc2f_queue *q);
void nc2f_queue_kick(struct nc2f_queue *q);

/* rx.c: NAPI, or before the queue is enabled. */
void nc2f_rx_refill(struct nc2f_queue *q);
int nc2f_rx_work(struct nc2f_queue *q, int budget);
u32 nc2f_rx_release(struct nc2f_queue *q);

/* tx.c: under the lock of the tx queue; NAPI; with the queue stopped. */
netdev_tx_t nc2f_tx_xmit(struct nc2f_queue *q, struct sk_buff *skb);
bool nc2f_tx_mcast(struct nc2f_queue *q, bool add, const u8 *addr);
bool nc2f_tx_copy(struct nc2f_queue *q, const void *data, u32 len);
void nc2f_tx_publish(struct nc2f_queue *q);
u32 nc2f_tx_work(struct nc2f_queue *q, int budget);
u32 nc2f_tx_release(struct nc2f_queue *q);

#endif /* NC2F_QUEUE_H */
