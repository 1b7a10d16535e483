// SPDX-License-Identifier: GPL-2.0
/* Access to the rings of the direct path, from the front's end. */
#include "ring.h"

#include <linux/build_bug.h>
#include <linux/errno.h>

#include <asm/barrier.h>

static_assert(sizeof(struct xen_nc2_fill) == 4);
static_assert(sizeof(struct xen_nc2_comp) == 16);
static_assert(sizeof(struct xen_nc2_tx) == 16);
static_assert(sizeof(struct xen_nc2_ring_hdr) == 128);
static_assert(sizeof(struct xen_nc2_shared) <= XEN_NC2_PAGE_SIZE);

/* Does a move from @old to @new pass @event? */
static bool passes(u32 old, u32 new, u32 event)
{
	return new - event < new - old;
}

/**
 * nc2f_prod_init - begin with an empty ring
 * @r: the ring
 * @hdr: its indexes, all 0
 * @entries: its entries
 * @nr: how many, a power of two
 */
void nc2f_prod_init(struct nc2f_prod *r, struct xen_nc2_ring_hdr *hdr,
		    void *entries, u32 nr)
{
	*r = (struct nc2f_prod){ .hdr = hdr, .entries = entries, .mask = nr - 1 };
}

/**
 * nc2f_prod_reap - see how far the back has come
 * @r: the ring
 *
 * Return: entries consumed since the last call, or -EPROTO if the back's index
 * lies outside of what it may be.
 */
int nc2f_prod_reap(struct nc2f_prod *r)
{
	/* Pairs with the release of the back's index: the slots are ours. */
	u32 cons = virt_load_acquire(&r->hdr->cons);
	u32 n = cons - r->cons;

	if (n > r->shown - r->cons)
		return -EPROTO;
	r->cons = cons;
	return n;
}

/**
 * nc2f_prod_publish - let the back see what was produced
 * @r: the ring
 *
 * Return: whether the back wants an event.
 */
bool nc2f_prod_publish(struct nc2f_prod *r)
{
	u32 old = r->shown;

	if (old == r->prod)
		return false;
	r->shown = r->prod;
	/* Pairs with the back's acquire of the index: entries come first. */
	virt_store_release(&r->hdr->prod, r->prod);
	/* Index before event field; pairs with the barrier of a back that sleeps. */
	virt_mb();
	return passes(old, r->prod, READ_ONCE(r->hdr->prod_event));
}

/**
 * nc2f_prod_arm - ask for an event when half of what is in flight is consumed
 * @r: the ring
 *
 * Does nothing while an earlier wish still stands, or with nothing in flight.
 *
 * Return: true if the back has got there already, so that no event may come.
 */
bool nc2f_prod_arm(struct nc2f_prod *r)
{
	u32 flight = r->shown - r->cons;

	if (!flight)
		return false;
	if (r->event - r->cons - 1 >= flight) {
		r->event = r->cons + (flight + 1) / 2;
		WRITE_ONCE(r->hdr->cons_event, r->event);
		/* Event field before index; pairs with the back's publishing. */
		virt_mb();
	}
	return READ_ONCE(r->hdr->cons) - r->cons >= r->event - r->cons;
}

/**
 * nc2f_cons_init - begin with an empty ring
 * @r: the ring
 * @hdr: its indexes, all 0
 * @entries: its entries
 * @nr: how many, a power of two
 */
void nc2f_cons_init(struct nc2f_cons *r, struct xen_nc2_ring_hdr *hdr,
		    const void *entries, u32 nr)
{
	*r = (struct nc2f_cons){ .hdr = hdr, .entries = entries, .mask = nr - 1 };
}

/**
 * nc2f_cons_avail - entries that wait
 * @r: the ring
 *
 * Return: 0..entries, or -EPROTO if the back claims more than the ring holds.
 */
int nc2f_cons_avail(const struct nc2f_cons *r)
{
	/* Pairs with the back's release of the index: entries come first. */
	u32 n = virt_load_acquire(&r->hdr->prod) - r->cons;

	return n <= r->mask + 1 ? n : -EPROTO;
}

/**
 * nc2f_cons_comp - consume one entry of the completion ring
 * @r: the ring; nc2f_cons_avail() has counted the entry
 * @comp: where to copy it
 */
void nc2f_cons_comp(struct nc2f_cons *r, struct xen_nc2_comp *comp)
{
	*comp = ((const struct xen_nc2_comp *)r->entries)[r->cons++ & r->mask];
	/* The copy is the entry from here on: no second look at the ring. */
	barrier();
}

/**
 * nc2f_cons_publish - let the back see what was consumed
 * @r: the ring
 *
 * Return: whether the back wants an event.
 */
bool nc2f_cons_publish(struct nc2f_cons *r)
{
	u32 old = r->shown;

	if (old == r->cons)
		return false;
	r->shown = r->cons;
	/* Entries have been read; pairs with the back's acquire of the index. */
	virt_store_release(&r->hdr->cons, r->cons);
	/* Index before event field; pairs with the barrier of a back that sleeps. */
	virt_mb();
	return passes(old, r->cons, READ_ONCE(r->hdr->cons_event));
}

/**
 * nc2f_cons_sleep - ask for an event at the next entry
 * @r: the ring
 *
 * Return: true if an entry has come meanwhile, so that no event may come.
 */
bool nc2f_cons_sleep(struct nc2f_cons *r)
{
	WRITE_ONCE(r->hdr->prod_event, r->cons + 1);
	/* Event field before index; pairs with the back's publishing. */
	virt_mb();
	return READ_ONCE(r->hdr->prod) != r->cons;
}
