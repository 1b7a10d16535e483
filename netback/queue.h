/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One queue of the bridged path: two shared rings of netif.h, their event
 * channels and their NAPI contexts, brought up and down as a unit.
 *
 * "tx" and "rx" are the guest's: tx frames come from the guest.
 */
#ifndef NC2B_QUEUE_H
#define NC2B_QUEUE_H

#include "grant.h"
#include "stats.h"

#include <linux/netdevice.h>
#include <linux/skbuff.h>
#include <linux/timer.h>
#include <linux/u64_stats_sync.h>

#include <xen/interface/grant_table.h>
#include <xen/interface/io/netif.h>

struct nc2b_vif;

/* Slots that one frame may take on a netif ring, as netif.h grants every front. */
#define NC2B_FRAME_SLOTS	XEN_NETIF_NR_SLOTS_MIN
/*
 * Copies in one hypercall.  From the guest a frame of 64 KiB takes 18 slots,
 * each of which meets at most two of our pages; two more for a linear area
 * that crosses a page.  To the guest it may come in pieces of one wire frame
 * each (GRO), some 45 of 1448 bytes, which meet 17 slots.
 */
#define NC2B_COPY_OPS		256
#define NC2B_TX_FRAME_OPS	(2 * NC2B_FRAME_SLOTS + 2)
/* Frames that wait for one hypercall. */
#define NC2B_BATCH		64

/*
 * Bytes that may wait for a guest on one queue: a few of its largest frames.  A
 * frame counts as a quarter of the memory that it takes if that is more: the
 * smallest ones take up to forty times what they carry.  So the memory is bounded, too:
 * at four times twice this, see nc2b_rx_enqueue().  What waits in a qdisc comes on top,
 * until the guest is found to stand still.
 */
#define NC2B_RXQ_BYTES		(512 * 1024)
/* A frame that has waited this long for a guest is dropped. */
#define NC2B_RX_STALL		(10 * HZ)
/* How often to look for buffers of a guest that does not announce them. */
#define NC2B_RX_REPOLL		msecs_to_jiffies(5)

/**
 * struct nc2b_tx_frame - a frame that waits for its copies from the guest
 * @skb: where it goes
 * @first: its first request, for the checksum flags
 * @op: its first copy
 * @nr_ops: how many
 * @slot: first of its slots in &nc2b_queue.tx_ids
 * @nr_slots: how many
 */
struct nc2b_tx_frame {
	struct sk_buff *skb;
	struct xen_netif_tx_request first;
	u16 op;
	u16 nr_ops;
	u16 slot;
	u16 nr_slots;
};

/**
 * struct nc2b_rx_cb - what is noted at a frame while it waits for the guest
 * @cost: what it counts in &nc2b_queue.backlog_bytes
 * @hash: its hash
 * @type: type of @hash
 * @hashed: the guest is told of @hash
 */
struct nc2b_rx_cb {
	u32 cost;
	u32 hash;
	u8 type;
	bool hashed;
};

static inline struct nc2b_rx_cb *nc2b_rx_cb(const struct sk_buff *skb)
{
	BUILD_BUG_ON(sizeof(struct nc2b_rx_cb) > sizeof(skb->cb));
	return (struct nc2b_rx_cb *)skb->cb;
}

/**
 * struct nc2b_rx_slot - a response that waits for its copies to the guest
 * @op: its first copy
 * @nr_ops: how many; 0 for an extra info slot
 * @last: last slot of its frame
 */
struct nc2b_rx_slot {
	u16 op;
	u8 nr_ops;
	bool last;
};

/**
 * struct nc2b_queue - one queue of the bridged path
 * @vif: whose
 * @id: its number
 * @tx_map: the page of @tx
 * @rx_map: the page of @rx
 * @tx: requests to send, from the guest
 * @rx: buffers to receive, from the guest
 * @tx_irq: event channel of @tx
 * @rx_irq: event channel of @rx; may equal @tx_irq
 * @tx_name: of @tx_irq
 * @rx_name: of @rx_irq
 * @tx_napi: takes frames from the guest
 * @rx_napi: puts frames into the guest's buffers
 * @eoi: NC2B_EOI_*: whose event awaits its EOI; see nc2b_queue_eoi()
 * @tx_ops: copies from the guest; @tx_napi only
 * @credit: runs when the rate limit lets the guest send again
 * @throttled: @credit is armed; @tx_napi only
 * @tx_worked: requests were taken since the last EOI; @tx_napi only
 * @frames: frames that await @tx_ops; @tx_napi only
 * @tx_ids: ids of the slots of @frames; @tx_napi only
 * @rx_ops: copies to the guest; @rx_napi only
 * @slots: responses that await @rx_ops; @rx_napi only
 * @rx_worked: frames were put since the last EOI; @rx_napi only
 * @backlog: frames that wait for the guest; under its own lock
 * @backlog_bytes: the sum of their costs; under the lock of @backlog
 * @stall: runs when the head of @backlog has waited too long
 * @stall_at: when that is, in jiffies; @rx_napi only
 * @repoll: runs @rx_napi while frames wait for a guest that sends no events
 * @flags: NC2B_RX_STALLED, NC2B_RX_STANDS; atomic bit operations
 * @tx_sync: protects TX_* of @stats against torn reads on 32 bit machines
 * @rx_sync: the same for RX_*, but for two
 * @in_sync: the same for RX_DROP_FULL and RX_FILTERED, under the lock of @backlog
 * @stats: counters; TX_* written by @tx_napi, RX_* by @rx_napi or by who sends
 */
struct nc2b_queue {
	struct nc2b_vif *vif;
	unsigned int id;

	struct nc2b_map tx_map;
	struct nc2b_map rx_map;
	struct xen_netif_tx_back_ring tx;
	struct xen_netif_rx_back_ring rx;
	unsigned int tx_irq;
	unsigned int rx_irq;
	struct napi_struct tx_napi;
	struct napi_struct rx_napi;
	atomic_t eoi;
	char tx_name[IFNAMSIZ + 8];
	char rx_name[IFNAMSIZ + 8];

	struct timer_list credit;
	bool throttled;
	bool tx_worked;
	struct gnttab_copy *tx_ops;
	struct nc2b_tx_frame frames[NC2B_BATCH];
	u16 tx_ids[NC2B_COPY_OPS];

	struct gnttab_copy *rx_ops;
	struct nc2b_rx_slot slots[NC2B_COPY_OPS];
	bool rx_worked;

	struct sk_buff_head backlog;
	u32 backlog_bytes;
	struct timer_list stall;
	unsigned long stall_at;
	struct timer_list repoll;
	unsigned long flags;

	struct u64_stats_sync tx_sync;
	struct u64_stats_sync rx_sync;
	struct u64_stats_sync in_sync;
	u64_stats_t stats[NC2B_STATS];
};

/* Bit numbers in &nc2b_queue.flags. */
#define NC2B_RX_STALLED	0	/* the timer has fired */
#define NC2B_RX_STANDS	1	/* ... and the guest has taken nothing since */

/* Bits of &nc2b_queue.eoi. */
#define NC2B_EOI_TX	BIT(0)
#define NC2B_EOI_RX	BIT(1)
#define NC2B_EOI_WORKED	BIT(2)	/* one channel for both: one of them has found work */

/**
 * struct nc2b_queue_keys - what the front wrote for one queue
 * @tx_ref: tx-ring-ref
 * @rx_ref: rx-ring-ref
 * @tx_evtchn: event-channel-tx, or event-channel
 * @rx_evtchn: event-channel-rx, or event-channel
 */
struct nc2b_queue_keys {
	unsigned int tx_ref;
	unsigned int rx_ref;
	unsigned int tx_evtchn;
	unsigned int rx_evtchn;
};

int nc2b_queue_map(struct nc2b_queue *q, struct nc2b_vif *vif, unsigned int id,
		   const struct nc2b_queue_keys *keys);
void nc2b_queue_unmap(struct nc2b_queue *q);
void nc2b_queue_spoil(struct nc2b_queue *q);
int nc2b_queue_start(struct nc2b_queue *q, const struct nc2b_queue_keys *keys);
void nc2b_queues_stop(struct nc2b_queue *queues, unsigned int nr);
void nc2b_queue_add_stats(const struct nc2b_queue *q, u64 *sum);

/**
 * nc2b_queue_inc - count one more
 * @q: the queue
 * @sync: that of its syncs which protects the counter; the caller is its only writer
 * @which: the counter
 */
static inline void nc2b_queue_inc(struct nc2b_queue *q, struct u64_stats_sync *sync,
				  enum nc2b_stat which)
{
	u64_stats_update_begin(sync);
	u64_stats_inc(&q->stats[which]);
	u64_stats_update_end(sync);
}

bool nc2b_queue_eoi(struct nc2b_queue *q, int which, bool worked);

/* tx.c: NAPI poll function; timer. */
int nc2b_tx_poll(struct napi_struct *napi, int budget);
void nc2b_tx_credit(struct timer_list *t);

/* rx.c: any context; NAPI poll function. */
void nc2b_rx_enqueue(struct nc2b_queue *q, struct sk_buff *skb);
void nc2b_rx_filtered(struct nc2b_queue *q, struct sk_buff *skb);
int nc2b_rx_poll(struct napi_struct *napi, int budget);
void nc2b_rx_stall(struct timer_list *t);
void nc2b_rx_repoll(struct timer_list *t);
void nc2b_rx_purge(struct nc2b_queue *q);

#endif /* NC2B_QUEUE_H */
