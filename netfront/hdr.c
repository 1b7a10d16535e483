// SPDX-License-Identifier: GPL-2.0
/* Where the headers of a received frame end. */
#include "hdr.h"

#include <linux/if_ether.h>
#include <linux/if_vlan.h>
#include <linux/in.h>
#include <linux/minmax.h>
#include <linux/unaligned.h>

static u32 l4_len(const u8 *data, u32 len, u32 at, u8 proto)
{
	switch (proto) {
	case IPPROTO_TCP:
		/* The upper half of byte 12 counts words. */
		return at + 20 <= len ? at + (data[at + 12] >> 4) * 4 : len;
	case IPPROTO_UDP:
		return at + 8;
	default:
		return NC2F_HDR_DEFAULT;
	}
}

/**
 * nc2f_hdr_len - how much of a frame to copy so that its headers are linear
 * @data: the frame; the peer may change it at any time
 * @len: readable bytes in @data
 *
 * GRO joins frames best if exactly the headers are linear.  What is read here
 * decides about a length only and is clamped, so a peer that changes the frame
 * meanwhile gains nothing.
 *
 * Return: ETH_HLEN..NC2F_HDR_MAX, or @len if that is less.
 */
u32 nc2f_hdr_len(const u8 *data, u32 len)
{
	u32 at = ETH_HLEN;
	u32 hdr = NC2F_HDR_DEFAULT;
	u16 proto;

	if (len <= NC2F_HDR_DEFAULT)
		return len;
	proto = get_unaligned_be16(data + 12);
	if (proto == ETH_P_8021Q) {
		proto = get_unaligned_be16(data + 16);
		at += VLAN_HLEN;
	}
	if (proto == ETH_P_IP)
		hdr = l4_len(data, len, at + (data[at] & 15) * 4, data[at + 9]);
	else if (proto == ETH_P_IPV6)
		hdr = l4_len(data, len, at + 40, data[at + 6]);
	hdr = clamp_t(u32, hdr, ETH_HLEN, NC2F_HDR_MAX);
	return min(hdr, len);
}
