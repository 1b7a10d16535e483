// SPDX-License-Identifier: GPL-2.0
#include "hash.h"

#include <linux/compiler.h>
#include <linux/string.h>
#include <linux/unaligned.h>

#include <asm/barrier.h>

#define ETH_HEAD	14
#define TYPE_IPV4	0x0800
#define TYPE_IPV6	0x86dd
#define PROTO_TCP	6
/* More fragments, or not the first. */
#define IPV4_FRAGMENT	0x3fff

/* Two addresses of IPv6 and two ports. */
#define FLOW_MAX	36

/**
 * struct flow - what the hash of a frame is computed over
 * @type: NC2B_HASH_*
 * @len: bytes in @data
 * @data: addresses and ports, as they stand in the frame
 */
struct flow {
	u8 type;
	u8 len;
	u8 data[FLOW_MAX];
};

/* What the next change works on: a copy of what is in use. */
static struct nc2b_hash_conf *edit(struct nc2b_hash *h)
{
	struct nc2b_hash_conf *next = &h->conf[!h->cur];

	*next = h->conf[h->cur];
	return next;
}

static void commit(struct nc2b_hash *h)
{
	/* The configuration before the number that leads to it. */
	smp_store_release(&h->cur, !h->cur);
}

static const struct nc2b_hash_conf *in_use(const struct nc2b_hash *h)
{
	/* Pairs with the release in commit(). */
	return &h->conf[smp_load_acquire(&h->cur) & 1];
}

/**
 * nc2b_hash_reset - no algorithm, as at the beginning of a connection
 * @h: the hash
 * @nr_queues: queues of the guest; not 0
 */
void nc2b_hash_reset(struct nc2b_hash *h, u32 nr_queues)
{
	memset(edit(h), 0, sizeof(h->conf[0]));
	commit(h);
	h->nr_queues = nr_queues;
}

/**
 * nc2b_hash_active - whether the guest has asked for any hash
 * @h: the hash
 *
 * Return: whether.
 */
bool nc2b_hash_active(const struct nc2b_hash *h)
{
	const struct nc2b_hash_conf *c = in_use(h);

	return READ_ONCE(c->algorithm) == NC2B_HASH_TOEPLITZ && READ_ONCE(c->flags);
}

/* Data is at most four bytes shorter than the key: it never runs out. */
static u32 toeplitz(const u8 *key, const u8 *data, u32 len)
{
	u32 i, window = get_unaligned_be32(key), hash = 0;
	int bit;

	for (i = 0; i < len; i++) {
		for (bit = 7; bit >= 0; bit--) {
			if (data[i] >> bit & 1)
				hash ^= window;
			window = window << 1 | (key[i + 4] >> bit & 1);
		}
	}
	return hash;
}

static bool flow_ipv4(struct flow *f, const u8 *ip, u32 len, u32 flags)
{
	u32 hlen;

	if (len < 20 || ip[0] >> 4 != 4)
		return false;
	hlen = (ip[0] & 15) * 4;
	if (hlen < 20)
		return false;
	memcpy(f->data, ip + 12, 8);
	if (flags & BIT(NC2B_HASH_IPV4_TCP) && ip[9] == PROTO_TCP &&
	    !(get_unaligned_be16(ip + 6) & IPV4_FRAGMENT) && len >= hlen + 4) {
		memcpy(f->data + 8, ip + hlen, 4);
		f->type = NC2B_HASH_IPV4_TCP;
		f->len = 12;
		return true;
	}
	f->type = NC2B_HASH_IPV4;
	f->len = 8;
	return flags & BIT(NC2B_HASH_IPV4);
}

static bool flow_ipv6(struct flow *f, const u8 *ip, u32 len, u32 flags)
{
	if (len < 40 || ip[0] >> 4 != 6)
		return false;
	memcpy(f->data, ip + 8, 32);
	if (flags & BIT(NC2B_HASH_IPV6_TCP) && ip[6] == PROTO_TCP && len >= 44) {
		memcpy(f->data + 32, ip + 40, 4);
		f->type = NC2B_HASH_IPV6_TCP;
		f->len = 36;
		return true;
	}
	f->type = NC2B_HASH_IPV6;
	f->len = 32;
	return flags & BIT(NC2B_HASH_IPV6);
}

/**
 * nc2b_hash_frame - hash a frame
 * @h: the hash
 * @frame: the frame, from its Ethernet header on
 * @len: bytes of it that can be read; NC2B_HASH_HEAD are enough
 * @hash: set on success only
 * @type: set on success only: NC2B_HASH_*
 *
 * Return: whether the guest wants a hash of frames like this.
 */
bool nc2b_hash_frame(const struct nc2b_hash *h, const u8 *frame, u32 len,
		     u32 *hash, u8 *type)
{
	const struct nc2b_hash_conf *c = in_use(h);
	u32 flags = READ_ONCE(c->flags);
	struct flow f;
	bool found;

	if (READ_ONCE(c->algorithm) != NC2B_HASH_TOEPLITZ || !flags || len < ETH_HEAD)
		return false;
	switch (get_unaligned_be16(frame + 12)) {
	case TYPE_IPV4:
		found = flow_ipv4(&f, frame + ETH_HEAD, len - ETH_HEAD, flags);
		break;
	case TYPE_IPV6:
		found = flow_ipv6(&f, frame + ETH_HEAD, len - ETH_HEAD, flags);
		break;
	default:
		return false;
	}
	if (!found)
		return false;
	*hash = toeplitz(c->key, f.data, f.len);
	*type = f.type;
	return true;
}

/**
 * nc2b_hash_queue - the queue that a hash leads to
 * @h: the hash
 * @hash: of a frame; 0 for a frame that has none
 *
 * Return: a number below @h->nr_queues.
 */
u32 nc2b_hash_queue(const struct nc2b_hash *h, u32 hash)
{
	const struct nc2b_hash_conf *c = in_use(h);
	u32 size = READ_ONCE(c->map_size);

	return size ? c->map[hash % size] : hash % h->nr_queues;
}

static u32 set_key(struct nc2b_hash *h, const u32 *data, struct nc2b_hash_fetch *fetch)
{
	if (data[1] > NC2B_HASH_KEY_MAX)
		return NC2B_CTRL_OVERFLOW;
	fetch->is_key = true;
	fetch->ref = data[0];
	fetch->len = data[1];
	if (!fetch->len)
		return nc2b_hash_fetched(h, fetch, NULL);
	return NC2B_CTRL_SUCCESS;
}

static u32 set_map_size(struct nc2b_hash *h, u32 size)
{
	struct nc2b_hash_conf *c;

	if (size > NC2B_HASH_MAP_MAX)
		return NC2B_CTRL_INVALID;
	c = edit(h);
	c->map_size = size;
	memset(c->map, 0, sizeof(c->map));
	commit(h);
	return NC2B_CTRL_SUCCESS;
}

static u32 set_map(struct nc2b_hash *h, const u32 *data, struct nc2b_hash_fetch *fetch)
{
	u32 size = in_use(h)->map_size;

	if (data[1] > NC2B_HASH_MAP_MAX)
		return NC2B_CTRL_OVERFLOW;
	/* No sum that could wrap. */
	if (data[1] > size || data[2] > size - data[1])
		return NC2B_CTRL_INVALID;
	fetch->ref = data[0];
	fetch->len = data[1] * sizeof(u32);
	fetch->first = data[2];
	return NC2B_CTRL_SUCCESS;
}

static u32 set_algorithm(struct nc2b_hash *h, u32 algorithm)
{
	if (algorithm != NC2B_HASH_NONE && algorithm != NC2B_HASH_TOEPLITZ)
		return NC2B_CTRL_INVALID;
	edit(h)->algorithm = algorithm;
	commit(h);
	return NC2B_CTRL_SUCCESS;
}

static u32 set_flags(struct nc2b_hash *h, u32 flags)
{
	if (flags & ~NC2B_HASH_FLAGS || in_use(h)->algorithm == NC2B_HASH_NONE)
		return NC2B_CTRL_INVALID;
	edit(h)->flags = flags;
	commit(h);
	return NC2B_CTRL_SUCCESS;
}

/**
 * nc2b_hash_request - carry out one request of the control ring
 * @h: the hash
 * @type: type of the request
 * @data: its three numbers, from the guest; anything is allowed
 * @result: data of the response
 * @fetch: what the caller must copy; it then calls nc2b_hash_fetched(), whose
 *	status is the request's
 *
 * Return: the status, NC2B_CTRL_*; @fetch->len is 0 unless it is a success.
 */
u32 nc2b_hash_request(struct nc2b_hash *h, u16 type, const u32 *data, u32 *result,
		      struct nc2b_hash_fetch *fetch)
{
	memset(fetch, 0, sizeof(*fetch));
	*result = 0;
	switch (type) {
	case NC2B_CTRL_GET_FLAGS:
		if (in_use(h)->algorithm == NC2B_HASH_NONE)
			return NC2B_CTRL_NOT_SUPPORTED;
		*result = NC2B_HASH_FLAGS;
		return NC2B_CTRL_SUCCESS;
	case NC2B_CTRL_SET_FLAGS:
		return set_flags(h, data[0]);
	case NC2B_CTRL_SET_KEY:
		return set_key(h, data, fetch);
	case NC2B_CTRL_GET_MAP_SIZE:
		*result = NC2B_HASH_MAP_MAX;
		return NC2B_CTRL_SUCCESS;
	case NC2B_CTRL_SET_MAP_SIZE:
		return set_map_size(h, data[0]);
	case NC2B_CTRL_SET_MAP:
		return set_map(h, data, fetch);
	case NC2B_CTRL_SET_ALGORITHM:
		return set_algorithm(h, data[0]);
	default:
		return NC2B_CTRL_NOT_SUPPORTED;
	}
}

/**
 * nc2b_hash_fetched - carry out a request whose bytes have been copied
 * @h: the hash, unchanged since nc2b_hash_request()
 * @fetch: as nc2b_hash_request() left it
 * @bytes: @fetch->len bytes, aligned for numbers; nobody else writes to them
 *
 * Return: the status, NC2B_CTRL_*; nothing has changed unless it is a success.
 */
u32 nc2b_hash_fetched(struct nc2b_hash *h, const struct nc2b_hash_fetch *fetch,
		      const void *bytes)
{
	struct nc2b_hash_conf *c = edit(h);
	const u32 *entry = bytes;
	u32 i;

	if (fetch->is_key) {
		memset(c->key, 0, sizeof(c->key));
		if (fetch->len)
			memcpy(c->key, bytes, fetch->len);
	}
	for (i = 0; !fetch->is_key && i < fetch->len / sizeof(u32); i++) {
		if (entry[i] >= h->nr_queues)
			return NC2B_CTRL_INVALID;
		c->map[fetch->first + i] = entry[i];
	}
	commit(h);
	return NC2B_CTRL_SUCCESS;
}
