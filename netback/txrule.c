// SPDX-License-Identifier: GPL-2.0
#include "txrule.h"

#include <linux/if_ether.h>
#include <linux/if_vlan.h>

#include <xen/interface/io/netchannel2.h>

/* A NIC that is told to cut must find the headers, and something behind them. */
static bool tso_ok(const struct xen_nc2_tx *first, u32 total, u32 max_mtu)
{
	u32 l3_on = first->l3_len + first->l4_len;
	u32 hdr = first->l2_len + l3_on;

	return first->l4_len >= 20 && first->l4_len <= 60 &&
	       hdr <= first->len && hdr < total &&
	       !(first->flags & XEN_NC2_TX_UDP) &&
	       first->mss >= XEN_NC2_TX_MIN_MSS && l3_on + first->mss <= max_mtu;
}

/**
 * nc2b_txrule_ok - whether a frame keeps the rules of &struct xen_nc2_tx
 * @first: its first entry, copied out of the ring
 * @total: the bytes of all its entries
 * @max_mtu: the most that the NIC queue carries
 *
 * Return: false if no NIC must see it.
 */
bool nc2b_txrule_ok(const struct xen_nc2_tx *first, u32 total, u32 max_mtu)
{
	u32 l3_min = first->flags & XEN_NC2_TX_IPV6 ? 40 : 20;
	/* Where the checksum ends in a header of UDP, or of TCP. */
	u32 sum_end = first->flags & XEN_NC2_TX_UDP ? 8 : 18;

	if (total < ETH_HLEN || total > XEN_NC2_TX_MAX_BYTES)
		return false;
	if (first->flags & (XEN_NC2_TX_CSUM | XEN_NC2_TX_TSO) &&
	    (first->l2_len < ETH_HLEN || first->l2_len > ETH_HLEN + 2 * VLAN_HLEN ||
	     first->l3_len < l3_min || first->l2_len + first->l3_len > first->len ||
	     first->l2_len + first->l3_len + sum_end > total))
		return false;
	if (first->flags & XEN_NC2_TX_TSO)
		return tso_ok(first, total, max_mtu);
	return total <= max_mtu + VLAN_ETH_HLEN;
}
