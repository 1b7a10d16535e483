/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Access to the rings of the direct path, from the back's end.
 *
 * Pure: plain memory and plain data, so that KUnit reaches it directly.
 *
 * The page that holds the indexes and the entries belongs to a peer that may
 * change any byte at any time.  So each end's own index lives in private
 * memory and is never read back; the peer's index is read once, its distance
 * checked, and the checked copy used; an entry is copied out before any of its
 * fields is looked at.
 */
#ifndef NC2B_RING_H
#define NC2B_RING_H

#include <linux/types.h>

#include <xen/interface/io/netchannel2.h>

/**
 * struct nc2b_cons - the consuming end of a ring
 * @hdr: indexes, in the shared page
 * @pages: the pages that the entries are in, in shared memory; not neighbours
 * @cons: entries consumed so far; the only copy that counts
 * @prod: last producer index of the peer that was found good
 * @mask: entries - 1
 * @size: bytes in an entry
 *
 * Single consumer.
 */
struct nc2b_cons {
	struct xen_nc2_ring_hdr *hdr;
	void *const *pages;
	u32 cons;
	u32 prod;
	u32 mask;
	u32 size;
};

/**
 * struct nc2b_prod - the producing end of a ring
 * @hdr: indexes, in the shared page
 * @pages: as in &struct nc2b_cons
 * @prod: entries produced so far; the only copy that counts
 * @shown: @prod as last published
 * @mask: entries - 1
 * @size: bytes in an entry
 *
 * Single producer.  There is no check for room: the completion ring has an
 * entry for each buffer, and a completion takes a buffer that the front gave.
 */
struct nc2b_prod {
	struct xen_nc2_ring_hdr *hdr;
	void *const *pages;
	u32 prod;
	u32 shown;
	u32 mask;
	u32 size;
};

/**
 * nc2b_ring_entry - where an entry is
 * @pages: as in &struct nc2b_cons
 * @i: which one, less than the ring has
 * @size: bytes in an entry; none is in two pages
 *
 * Return: its address, in shared memory.
 */
static inline void *nc2b_ring_entry(void *const *pages, u32 i, u32 size)
{
	u32 at = i * size;

	return pages[at / XEN_NC2_PAGE_SIZE] + at % XEN_NC2_PAGE_SIZE;
}

void nc2b_cons_init(struct nc2b_cons *r, struct xen_nc2_ring_hdr *hdr,
		    void *const *pages, u32 nr, u32 size);
int nc2b_cons_avail(struct nc2b_cons *r);
void nc2b_cons_copy(struct nc2b_cons *r, u32 ahead, void *entry);
bool nc2b_cons_publish(struct nc2b_cons *r, u32 n);
bool nc2b_cons_sleep(struct nc2b_cons *r);

void nc2b_prod_init(struct nc2b_prod *r, struct xen_nc2_ring_hdr *hdr,
		    void *const *pages, u32 nr, u32 size);
void nc2b_prod_put(struct nc2b_prod *r, const void *entry);
bool nc2b_prod_publish(struct nc2b_prod *r);

#endif /* NC2B_RING_H */
