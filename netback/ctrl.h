/* SPDX-License-Identifier: GPL-2.0 */
/* The control ring of netif.h: how a guest configures the hash. */
#ifndef NC2B_CTRL_H
#define NC2B_CTRL_H

#include "grant.h"
#include "hash.h"

#include <linux/netdevice.h>
#include <linux/workqueue.h>

#include <xen/interface/io/netif.h>

struct nc2b_vif;
struct sk_buff;

/**
 * struct nc2b_ctrl - the control ring of one interface
 * @vif: whose
 * @hash: what the guest has configured
 * @map: its page
 * @ring: the ring, while @irq is not 0
 * @irq: the event channel, 0 without a control ring
 * @name: of @irq
 * @open: requests may be served
 * @event: an event awaits its EOI
 * @worked: requests have been served since the last EOI; @work only
 * @work: serves requests
 * @bytes: where keys and mappings are copied to; @work only
 */
struct nc2b_ctrl {
	struct nc2b_vif *vif;
	struct nc2b_hash hash;
	struct nc2b_map map;
	struct xen_netif_ctrl_back_ring ring;
	unsigned int irq;
	char name[IFNAMSIZ + 8];
	bool open;
	atomic_t event;
	bool worked;
	struct delayed_work work;
	u32 *bytes;
};

int nc2b_ctrl_init(struct nc2b_ctrl *c, struct nc2b_vif *vif);
void nc2b_ctrl_fini(struct nc2b_ctrl *c);
int nc2b_ctrl_connect(struct nc2b_ctrl *c, unsigned int nr_queues);
void nc2b_ctrl_disconnect(struct nc2b_ctrl *c);
bool nc2b_ctrl_hash(const struct nc2b_ctrl *c, const struct sk_buff *skb, u32 *hash,
		    u8 *type);

#endif /* NC2B_CTRL_H */
