// SPDX-License-Identifier: GPL-2.0
/*
 * Barriers are virt_*(): the peer is another domain, on another CPU even where this
 * kernel has but one.
 */
#include "ring.h"

#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/string.h>

#include <asm/barrier.h>

/*
 * The event rule of the wire contract: the side that moved its index from old
 * to new owes an event if the peer's threshold lies in (old, new].
 */
static bool owes_event(u32 old, u32 new, u32 event)
{
	return (u32)(new - event) < (u32)(new - old);
}

/**
 * nc2b_cons_init - take up the consuming end of a ring at index 0
 * @r: to be set up
 * @hdr: the ring's indexes in the shared page
 * @pages: the pages of its entries, which it goes on using
 * @nr: how many, a power of two
 * @size: bytes in an entry, a power of two
 */
void nc2b_cons_init(struct nc2b_cons *r, struct xen_nc2_ring_hdr *hdr,
		    void *const *pages, u32 nr, u32 size)
{
	r->hdr = hdr;
	r->pages = pages;
	r->cons = 0;
	r->prod = 0;
	r->mask = nr - 1;
	r->size = size;
}

/**
 * nc2b_cons_avail - look how many entries wait
 * @r: the ring
 *
 * Return: their number, 0..entries, or -EPROTO if the peer's index claims more
 * than the ring holds or went backwards.
 */
int nc2b_cons_avail(struct nc2b_cons *r)
{
	/* Pairs with the peer's release: entries before the index. */
	u32 prod = virt_load_acquire(&r->hdr->prod);

	if (prod - r->cons > r->mask + 1 || prod - r->cons < r->prod - r->cons)
		return -EPROTO;
	r->prod = prod;
	return prod - r->cons;
}

/**
 * nc2b_cons_copy - copy one waiting entry to private memory
 * @r: the ring
 * @ahead: which one, counted from the first not consumed
 * @entry: room for one entry
 */
void nc2b_cons_copy(struct nc2b_cons *r, u32 ahead, void *entry)
{
	memcpy(entry, nc2b_ring_entry(r->pages, (r->cons + ahead) & r->mask, r->size), r->size);
	/* What is checked next must be this copy, not another load. */
	barrier();
}

/**
 * nc2b_cons_publish - give consumed entries back to the producer
 * @r: the ring
 * @n: how many
 *
 * Return: true if the producer is owed an event.
 */
bool nc2b_cons_publish(struct nc2b_cons *r, u32 n)
{
	u32 old = r->cons;

	r->cons += n;
	/* Entries were read before this says so. */
	virt_store_release(&r->hdr->cons, r->cons);
	/* Index before threshold; the producer does it the other way round. */
	virt_mb();
	return owes_event(old, r->cons, READ_ONCE(r->hdr->cons_event));
}

/**
 * nc2b_cons_sleep - ask for an event with the next entry
 * @r: the ring
 *
 * "Next" counts from the last look by nc2b_cons_avail(), so that a frame that
 * its producer has begun and not finished does not keep the consumer awake.
 *
 * Return: true if nothing is new and the event will come; false if there is
 * work (or a bad index) to look at now.
 */
bool nc2b_cons_sleep(struct nc2b_cons *r)
{
	WRITE_ONCE(r->hdr->prod_event, r->prod + 1);
	/* Threshold before index; the producer does it the other way round. */
	virt_mb();
	return READ_ONCE(r->hdr->prod) == r->prod;
}

/**
 * nc2b_prod_init - take up the producing end of a ring at index 0
 * @r: to be set up
 * @hdr: the ring's indexes in the shared page
 * @pages: the pages of its entries, which it goes on using
 * @nr: how many, a power of two
 * @size: bytes in an entry, a power of two
 */
void nc2b_prod_init(struct nc2b_prod *r, struct xen_nc2_ring_hdr *hdr,
		    void *const *pages, u32 nr, u32 size)
{
	r->hdr = hdr;
	r->pages = pages;
	r->prod = 0;
	r->shown = 0;
	r->mask = nr - 1;
	r->size = size;
}

/**
 * nc2b_prod_put - write one entry without showing it yet
 * @r: the ring
 * @entry: complete, padding included: it is copied whole
 */
void nc2b_prod_put(struct nc2b_prod *r, const void *entry)
{
	memcpy(nc2b_ring_entry(r->pages, r->prod++ & r->mask, r->size), entry, r->size);
}

/**
 * nc2b_prod_publish - show all entries written so far
 * @r: the ring
 *
 * Return: true if the consumer is owed an event.
 */
bool nc2b_prod_publish(struct nc2b_prod *r)
{
	u32 old = r->shown;

	if (old == r->prod)
		return false;
	r->shown = r->prod;
	/* Entries before the index. */
	virt_store_release(&r->hdr->prod, r->prod);
	/* Index before threshold; the consumer does it the other way round. */
	virt_mb();
	return owes_event(old, r->prod, READ_ONCE(r->hdr->prod_event));
}
