/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The hash that steers frames to a guest's queues, as the guest configures it
 * by the control ring of netif.h.
 *
 * Pure: requests and frames in, statuses, hashes and queue numbers out, so that
 * KUnit reaches it directly.  The numbers are netif.h's, which ctrl.c asserts.
 */
#ifndef NC2B_HASH_H
#define NC2B_HASH_H

#include <linux/bits.h>
#include <linux/types.h>

/* What we support; xen-netback supports as much. */
#define NC2B_HASH_KEY_MAX	40
#define NC2B_HASH_MAP_MAX	128

/* XEN_NETIF_CTRL_HASH_ALGORITHM_* */
#define NC2B_HASH_NONE		0
#define NC2B_HASH_TOEPLITZ	1

/* _XEN_NETIF_CTRL_HASH_TYPE_*; a flag is the bit of that number. */
#define NC2B_HASH_IPV4		0
#define NC2B_HASH_IPV4_TCP	1
#define NC2B_HASH_IPV6		2
#define NC2B_HASH_IPV6_TCP	3
#define NC2B_HASH_FLAGS		GENMASK(3, 0)

/* XEN_NETIF_CTRL_TYPE_* */
#define NC2B_CTRL_GET_FLAGS	1
#define NC2B_CTRL_SET_FLAGS	2
#define NC2B_CTRL_SET_KEY	3
#define NC2B_CTRL_GET_MAP_SIZE	4
#define NC2B_CTRL_SET_MAP_SIZE	5
#define NC2B_CTRL_SET_MAP	6
#define NC2B_CTRL_SET_ALGORITHM	7

/* XEN_NETIF_CTRL_STATUS_* */
#define NC2B_CTRL_SUCCESS	0
#define NC2B_CTRL_NOT_SUPPORTED	1
#define NC2B_CTRL_INVALID	2
#define NC2B_CTRL_OVERFLOW	3

/* Bytes of a frame that the hash may depend on: Ethernet, IPv4 options, ports. */
#define NC2B_HASH_HEAD		(14 + 60 + 4)

/**
 * struct nc2b_hash_conf - one state of the configuration
 * @algorithm: NC2B_HASH_NONE or NC2B_HASH_TOEPLITZ
 * @flags: types of hash that are computed
 * @key: the key; bytes that the guest did not set are 0
 * @map_size: entries of @map in use; 0: the hash modulo the number of queues
 * @map: queue numbers, each below &nc2b_hash.nr_queues
 */
struct nc2b_hash_conf {
	u32 algorithm;
	u32 flags;
	u8 key[NC2B_HASH_KEY_MAX];
	u32 map_size;
	u8 map[NC2B_HASH_MAP_MAX];
};

/**
 * struct nc2b_hash - the hash of one interface
 * @nr_queues: queues of the guest; not 0
 * @cur: which of @conf is in use
 * @conf: the one in use, and the one for the next change
 *
 * One writer.  Readers take no lock: whatever they read of a change that is
 * under way leads to some queue that there is.
 */
struct nc2b_hash {
	u32 nr_queues;
	u32 cur;
	struct nc2b_hash_conf conf[2];
};

/**
 * struct nc2b_hash_fetch - what a request wants copied out of a granted page
 * @len: bytes, from the beginning of the page; 0: nothing is to be copied
 * @ref: the grant
 * @first: first entry of the mapping that they are for
 * @is_key: they are a key
 *
 * @len is at most NC2B_HASH_MAP_MAX * sizeof(u32).
 */
struct nc2b_hash_fetch {
	u32 len;
	u32 ref;
	u32 first;
	bool is_key;
};

void nc2b_hash_reset(struct nc2b_hash *h, u32 nr_queues);
bool nc2b_hash_active(const struct nc2b_hash *h);
bool nc2b_hash_frame(const struct nc2b_hash *h, const u8 *frame, u32 len,
		     u32 *hash, u8 *type);
u32 nc2b_hash_queue(const struct nc2b_hash *h, u32 hash);
u32 nc2b_hash_request(struct nc2b_hash *h, u16 type, const u32 *data, u32 *result,
		      struct nc2b_hash_fetch *fetch);
u32 nc2b_hash_fetched(struct nc2b_hash *h, const struct nc2b_hash_fetch *fetch,
		      const void *bytes);

#endif /* NC2B_HASH_H */
