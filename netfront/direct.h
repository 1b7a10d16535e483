/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The direct path: frames that a NIC queue of the back writes straight into
 * our pool, and frames that it sends from our transmit pool.
 *
 * It lives as long as one connection.  Which path is used is the back's
 * decision; <xen/interface/io/netchannel2.h> tells how the two agree.
 */
#ifndef NC2F_DIRECT_H
#define NC2F_DIRECT_H

#include <linux/netdevice.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include <xen/xenbus.h>

#include "block.h"
#include "evtchn.h"
#include "pool.h"
#include "ring.h"

struct nc2f_dev;

/**
 * struct nc2f_direct - the direct path of one connection
 * @nf: whose
 * @offer: what the back offered
 * @block: memory shared with the back
 * @napi: takes completions of both directions; the context of the last lane
 * @irq: the event channel
 * @polling: the netdev is up and uses the path: @napi answers events
 * @broken: the back has lied: nothing more is taken from it
 * @path: value of back.path that has been acted upon; path_work only
 * @path_work: follows back.path; may sleep
 * @filter_seq: front.filter_seq; under the address lock
 * @revoke: we want the pools back; written under the address lock
 *
 * @rx_lock: guards what follows, up to @gone; taken by NAPI, which meets
 *	nobody there but path_work at the very end
 * @pool: ledger of the receive buffers
 * @fill: the fill ring
 * @comp: the completion ring
 * @skb: a frame whose last part has not come yet
 * @skip: drop parts until the end of the frame
 * @gone: the pools have been given up: back.path has been REVOKED, by a back that
 *	is still listened to
 *
 * @tx_lock: guards what follows; taken by senders, NAPI and path_work
 * @tx: the transmit ring
 * @tx_seen: entries whose completion has been accounted
 * @tx_stopped: a sender found the ring full
 * @tx_bytes: bytes to account to the first tx queue's limit, by slot
 */
struct nc2f_direct {
	struct nc2f_dev *nf;
	struct nc2f_offer offer;
	struct nc2f_block block;
	struct napi_struct *napi;
	struct nc2f_irq irq;
	bool polling;
	bool broken;
	u32 path;
	struct work_struct path_work;
	u32 filter_seq;
	bool revoke;

	spinlock_t rx_lock;	/* see @rx_lock above */
	struct nc2f_pool pool;
	struct nc2f_prod fill;
	struct nc2f_cons comp;
	struct sk_buff *skb;
	bool skip;
	bool gone;

	spinlock_t tx_lock ____cacheline_aligned_in_smp;	/* see @tx_lock above */
	struct nc2f_prod tx;
	u32 tx_seen;
	bool tx_stopped;
	u32 *tx_bytes;
};

struct nc2f_direct *nc2f_direct_create(struct nc2f_dev *nf, const struct nc2f_offer *offer);
int nc2f_direct_write_keys(struct nc2f_direct *d, struct xenbus_transaction xbt);
void nc2f_direct_remove_keys(struct xenbus_device *xdev, struct xenbus_transaction xbt);
void nc2f_direct_enable(struct nc2f_direct *d);
void nc2f_direct_disable(struct nc2f_direct *d);
void nc2f_direct_stop(struct nc2f_direct *d);
void nc2f_direct_release(struct nc2f_direct *d);
void nc2f_direct_filter(struct nc2f_direct *d);
bool nc2f_direct_revoke(struct nc2f_direct *d);
void nc2f_direct_break(struct nc2f_direct *d, const char *what);

/* direct_rx.c: NAPI; before the path is enabled. */
int nc2f_direct_rx(struct nc2f_direct *d, int budget, bool *notify);
void nc2f_direct_fill(struct nc2f_direct *d);

/* direct_tx.c: under the lock of the tx queue; NAPI; path_work. */
netdev_tx_t nc2f_direct_xmit(struct nc2f_direct *d, struct sk_buff *skb, u16 queue);
void nc2f_direct_drop(struct nc2f_direct *d, struct sk_buff *skb);
void nc2f_direct_push(struct nc2f_direct *d);
u32 nc2f_direct_tx_work(struct nc2f_direct *d, int budget);
void nc2f_direct_tx_switch(struct nc2f_direct *d, bool direct);

#endif /* NC2F_DIRECT_H */
