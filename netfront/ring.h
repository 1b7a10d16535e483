/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Access to the rings of the direct path, from the front's end.
 *
 * Pure: plain memory and plain data, so that KUnit reaches it directly.
 *
 * The back may change any byte of a ring at any time.  So our own indexes live
 * in private memory and are never read back; the back's index is read once,
 * its distance checked and the checked copy used; an entry is copied out
 * before any of its fields is looked at.
 */
#ifndef NC2F_RING_H
#define NC2F_RING_H

#include <linux/compiler.h>
#include <linux/types.h>

#include <xen/interface/io/netchannel2.h>

/**
 * struct nc2f_prod - the producing end of a ring: fill or transmit
 * @hdr: indexes, in the shared page
 * @entries: first entry, in shared memory
 * @prod: entries produced so far; the only copy that counts
 * @shown: @prod as last published
 * @cons: last consumer index of the back that was found good
 * @event: what stands in hdr->cons_event
 * @mask: entries - 1
 *
 * One caller at a time.
 */
struct nc2f_prod {
	struct xen_nc2_ring_hdr *hdr;
	void *entries;
	u32 prod;
	u32 shown;
	u32 cons;
	u32 event;
	u32 mask;
};

/**
 * struct nc2f_cons - the consuming end of a ring: completion
 * @hdr: indexes, in the shared page
 * @entries: first entry, in shared memory
 * @cons: entries consumed so far; the only copy that counts
 * @shown: @cons as last published
 * @mask: entries - 1
 *
 * One caller at a time.
 */
struct nc2f_cons {
	struct xen_nc2_ring_hdr *hdr;
	const void *entries;
	u32 cons;
	u32 shown;
	u32 mask;
};

void nc2f_prod_init(struct nc2f_prod *r, struct xen_nc2_ring_hdr *hdr,
		    void *entries, u32 nr);
int nc2f_prod_reap(struct nc2f_prod *r);
bool nc2f_prod_publish(struct nc2f_prod *r);
bool nc2f_prod_arm(struct nc2f_prod *r);

void nc2f_cons_init(struct nc2f_cons *r, struct xen_nc2_ring_hdr *hdr,
		    const void *entries, u32 nr);
int nc2f_cons_avail(const struct nc2f_cons *r);
void nc2f_cons_comp(struct nc2f_cons *r, struct xen_nc2_comp *comp);
bool nc2f_cons_publish(struct nc2f_cons *r);
bool nc2f_cons_sleep(struct nc2f_cons *r);

/**
 * nc2f_prod_room - entries that can be produced now
 * @r: the ring
 *
 * Return: 0..entries; the true number may be larger, see nc2f_prod_reap().
 */
static inline u32 nc2f_prod_room(const struct nc2f_prod *r)
{
	return r->mask + 1 - (r->prod - r->cons);
}

/**
 * nc2f_prod_fill - produce one entry of the fill ring
 * @r: the fill ring; it must have room
 * @e: the entry
 */
static inline void nc2f_prod_fill(struct nc2f_prod *r, struct xen_nc2_fill e)
{
	((struct xen_nc2_fill *)r->entries)[r->prod++ & r->mask] = e;
}

/**
 * nc2f_prod_tx - produce one entry of the transmit ring
 * @r: the transmit ring; it must have room
 * @e: the entry
 */
static inline void nc2f_prod_tx(struct nc2f_prod *r, const struct xen_nc2_tx *e)
{
	((struct xen_nc2_tx *)r->entries)[r->prod++ & r->mask] = *e;
}

#endif /* NC2F_RING_H */
