// SPDX-License-Identifier: GPL-2.0
#include "txrule.h"

#include <linux/if_ether.h>
#include <linux/if_vlan.h>
#include <linux/minmax.h>

#include <xen/interface/io/netchannel2.h>

/**
 * nc2f_txrule_ok - whether a frame keeps the rules of &struct xen_nc2_tx
 * @e: its first entry, all but the length
 * @len: bytes in the frame, which fill one slot after the other
 * @max_mtu: what the back says it carries
 *
 * A single frame that breaks them costs the whole interface the direct path.
 * Programs can have any frame sent (packet sockets with virtio_net_hdr), so
 * none is passed on unseen.
 *
 * Return: false if the back would take it for an attack.
 */
bool nc2f_txrule_ok(const struct xen_nc2_tx *e, u32 len, u32 max_mtu)
{
	u32 l3_min = e->flags & XEN_NC2_TX_IPV6 ? 40 : 20;
	/* Where the checksum ends in a header of UDP, or of TCP. */
	u32 sum_end = e->flags & XEN_NC2_TX_UDP ? 8 : 18;
	u32 first = min_t(u32, len, XEN_NC2_PAGE_SIZE);
	u32 l3_on = e->l3_len + e->l4_len;

	if (len < ETH_HLEN || len > XEN_NC2_TX_MAX_BYTES)
		return false;
	if (e->flags & XEN_NC2_TX_CSUM &&
	    (e->l2_len < ETH_HLEN || e->l2_len > ETH_HLEN + 2 * VLAN_HLEN ||
	     e->l3_len < l3_min || e->l2_len + e->l3_len > first ||
	     e->l2_len + e->l3_len + sum_end > len))
		return false;
	if (!(e->flags & XEN_NC2_TX_TSO))
		return len <= max_mtu + VLAN_ETH_HLEN;
	return e->l4_len >= 20 && e->l4_len <= 60 &&
	       e->l2_len + l3_on <= first && e->l2_len + l3_on < len &&
	       e->mss >= XEN_NC2_TX_MIN_MSS && l3_on + e->mss <= max_mtu;
}
