// SPDX-License-Identifier: GPL-2.0
/* What the front listens to: copied out of the shared page, and given to the NIC. */
#include "direct.h"

#include <linux/delay.h>
#include <linux/etherdevice.h>
#include <linux/jiffies.h>
#include <linux/slab.h>

/* How often the front is looked at that is changing what it listens to, ms apart. */
#define READ_TRIES	10

/**
 * struct front_filter - the front's wishes, copied out of the shared page
 * @seq: filter_seq that they belong to
 * @mtu: its MTU
 * @flags: XEN_NC2_FRONT_*
 * @nr: multicast addresses
 * @mc: the addresses
 */
struct front_filter {
	u32 seq;
	u32 mtu;
	u32 flags;
	u32 nr;
	u8 mc[XEN_NC2_MAX_MCAST][ETH_ALEN];
};

/* 0, or -EAGAIN while the front is changing them. */
static int read_filter(struct nc2b_direct *d, struct front_filter *f)
{
	struct xen_nc2_shared *s = d->block.shared;
	u32 i, n;

	f->seq = READ_ONCE(s->front.filter_seq);
	if (f->seq & 1)
		return -EAGAIN;
	/* Sequence before what it covers. */
	virt_rmb();
	f->mtu = READ_ONCE(s->front.mtu);
	f->flags = READ_ONCE(s->front.flags);
	n = min_t(u32, READ_ONCE(s->front.mc_count), XEN_NC2_MAX_MCAST);
	f->nr = 0;
	for (i = 0; i < n; i++) {
		memcpy(f->mc[f->nr], s->mc[i], ETH_ALEN);
		barrier();
		f->nr += is_multicast_ether_addr(f->mc[f->nr]);
	}
	/* Filter before its number; pairs with the front's raising of it. */
	virt_rmb();
	return READ_ONCE(s->front.filter_seq) == f->seq ? 0 : -EAGAIN;
}

/* Have the NIC do what the front wants; NULL, or why it does not. */
static const char *program(struct nc2b_direct *d, const struct front_filter *f)
{
	struct nc2q_filter filter = {
		.mc = f->mc,
		.nr_mc = f->nr,
		.allmulti = f->flags & XEN_NC2_FRONT_ALLMULTI,
	};
	int err;

	err = d->q->ops->set_mtu(d->q, max_t(u32, f->mtu, ETH_MIN_MTU));
	if (!err)
		err = d->q->ops->set_filter(d->q, &filter);
	if (err == -EMSGSIZE || err == -E2BIG || err == -EPERM || err == -EOPNOTSUPP)
		d->in_vain = true;
	if (filter.allmulti && (err == -EPERM || err == -EOPNOTSUPP))
		return "the NIC does not give the guest every multicast frame";
	if (err)
		return nc2q_why(err);
	WRITE_ONCE(d->mcast, filter.allmulti ? -1 : (int)f->nr);
	return NULL;
}

/* Why no queue can do what these flags ask for, or NULL. */
static const char *refused(u32 flags)
{
	if (flags & XEN_NC2_FRONT_OTHER_MAC)
		return "the guest uses another address than its vif line names";
	if (flags & XEN_NC2_FRONT_VLANS)
		return "the guest has VLANs of its own";
	if (flags & XEN_NC2_FRONT_PROMISC)
		return "the guest wants every frame (promiscuous mode)";
	return NULL;
}

/**
 * nc2b_filter_refused - whether it is clear that no queue can do what the front wants
 * @d: the direct path, without a queue
 *
 * So that none is set up in vain.  What is found here is no proof of the contrary.
 *
 * Under @d->lock.
 *
 * Return: why, or NULL.
 */
const char *nc2b_filter_refused(struct nc2b_direct *d)
{
	u32 wish = READ_ONCE(d->block.shared->front.filter_seq);
	const char *why = refused(READ_ONCE(d->block.shared->front.flags));

	if (why) {
		d->in_vain = true;
		d->wish = wish;
	}
	return why;
}

static const char *apply(struct nc2b_direct *d, const struct front_filter *f)
{
	const char *why = refused(f->flags);

	if (!why && f->mtu > d->q->max_mtu)
		why = "the guest's MTU is larger than the NIC queue takes";
	d->in_vain = why;
	d->wish = f->seq;
	return why ?: program(d, f);
}

/**
 * nc2b_filter_apply - have the NIC queue do what the front listens to
 * @d: the direct path, its queue started
 *
 * A front that is changing it for long is let alone while it is direct, and its
 * queue goes on as it is; but none becomes direct so.
 *
 * Process context, may sleep; under @d->lock.
 *
 * Return: NULL, or why the direct path cannot do it.
 */
const char *nc2b_filter_apply(struct nc2b_direct *d)
{
	struct front_filter *f;
	const char *why;
	int tries;

	f = kmalloc(sizeof(*f), GFP_KERNEL);
	if (!f)
		return "no memory";
	d->filtered = jiffies;
	for (tries = 0; read_filter(d, f); tries++) {
		if (tries == READ_TRIES) {
			kfree(f);
			d->in_vain |= !d->direct;
			return d->direct ? NULL : "the guest does not say what it listens to";
		}
		usleep_range(1000, 2000);
	}
	why = apply(d, f);
	WRITE_ONCE(d->seen_filter, f->seq);
	kfree(f);
	return why;
}
