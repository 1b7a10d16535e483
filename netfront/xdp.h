/* SPDX-License-Identifier: GPL-2.0 */
/*
 * XDP on the bridged path.
 *
 * A program is attached by a connection of its own kind (reconf.c): the back
 * leaves headroom in front of frames, sends none that must be cut or has a
 * blank checksum, and has no direct path to choose.
 */
#ifndef NC2F_XDP_H
#define NC2F_XDP_H

#include <linux/bpf.h>
#include <linux/if_vlan.h>
#include <linux/skbuff.h>

#include <net/xdp.h>

#include <xen/page.h>

#include "stats.h"

struct nc2f_queue;

/* Where a frame may end in its page: what turns it into an skb stands behind. */
#define NC2F_XDP_END		(XEN_PAGE_SIZE - SKB_DATA_ALIGN(sizeof(struct skb_shared_info)))
/* Frames with a VLAN tag fit with all their headroom. */
#define NC2F_XDP_MAX_MTU	(NC2F_XDP_END - XDP_PACKET_HEADROOM - VLAN_ETH_HLEN)

int nc2f_bpf(struct net_device *dev, struct netdev_bpf *bpf);
int nc2f_xdp_xmit(struct net_device *dev, int n, struct xdp_frame **frames, u32 flags);

/* rx.c: NAPI. */
enum nc2f_rx_stat nc2f_xdp_run(struct nc2f_queue *q, struct bpf_prog *prog,
			       struct page *page, u32 *offset, u32 *len,
			       struct nc2f_rx_batch *b);
void nc2f_xdp_flush(struct nc2f_queue *q);

#endif /* NC2F_XDP_H */
