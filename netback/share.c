// SPDX-License-Identifier: GPL-2.0
/*
 * More interfaces than queues: who gets one.
 *
 * Queues go by weight, and among equals to who came first; who is to be direct comes
 * before all weights.  An interface that finds none free waits.  While it waits, lighter
 * ones leave free queues to it; and if one that is lighter has a queue, it has to give
 * that up.
 *
 * Others are looked at without their lock.  What is seen may be out of date, and then
 * somebody tries in vain, who tries again later in any case: who has a queue is decided
 * by nc2q_lease() alone.
 */
#include "direct.h"

#include <linux/compiler.h>
#include <linux/jiffies.h>

/* How often others make room for one interface, in ms: it may be in vain each time. */
#define ROOM_MS	30000

static LIST_HEAD(all);
/* The list; taken with the lock of one interface held, or none. */
static DEFINE_MUTEX(all_lock);

static bool rivals(const struct nc2b_direct *a, const struct nc2b_direct *b)
{
	return a != b && READ_ONCE(a->tag) && READ_ONCE(a->tag) == READ_ONCE(b->tag);
}

static u32 rank(const struct nc2b_direct *d)
{
	return READ_ONCE(d->policy) == NC2B_POLICY_DIRECT ?
	       NC2B_MAX_WEIGHT + 1 : READ_ONCE(d->weight);
}

/**
 * nc2b_share_add - let an interface take part
 * @d: the direct path
 */
void nc2b_share_add(struct nc2b_direct *d)
{
	mutex_lock(&all_lock);
	list_add_tail(&d->node, &all);
	mutex_unlock(&all_lock);
}

/**
 * nc2b_share_del - undo nc2b_share_add()
 * @d: the direct path
 */
void nc2b_share_del(struct nc2b_direct *d)
{
	mutex_lock(&all_lock);
	list_del(&d->node);
	mutex_unlock(&all_lock);
}

/**
 * nc2b_share_kick - a queue may be free: whoever waits for one is to try
 *
 * Process context.
 */
void nc2b_share_kick(void)
{
	struct nc2b_direct *d;

	mutex_lock(&all_lock);
	list_for_each_entry(d, &all, node)
		if (READ_ONCE(d->waiting))
			nc2b_path_kick(d, 0);
	mutex_unlock(&all_lock);
}

/**
 * nc2b_share_outranked - whether somebody heavier waits for a queue of the same NIC
 * @d: the direct path
 *
 * Return: true if @d has to leave a free queue alone.
 */
bool nc2b_share_outranked(const struct nc2b_direct *d)
{
	const struct nc2b_direct *v;
	bool heavier = false;

	mutex_lock(&all_lock);
	list_for_each_entry(v, &all, node)
		heavier |= rivals(v, d) && READ_ONCE(v->waiting) &&
			   rank(v) > rank(d);
	mutex_unlock(&all_lock);
	return heavier;
}

/**
 * nc2b_share_make_room - have the lightest interface give its queue up
 * @d: an interface that waits for one
 *
 * Of equals the youngest.  Nothing happens if none is lighter than @d, or if that
 * one is at it already; nor if the guest wants what no queue can do, as long as it has
 * not asked for something else.
 *
 * Under @d->lock.
 */
void nc2b_share_make_room(struct nc2b_direct *d)
{
	struct nc2b_direct *v, *light = NULL;
	u32 least = rank(d);

	if (d->in_vain ||
	    (d->made_room && time_before(jiffies, d->made_room + msecs_to_jiffies(ROOM_MS))))
		return;
	mutex_lock(&all_lock);
	list_for_each_entry(v, &all, node) {
		u32 weight = rank(v);

		if (!rivals(v, d) || !READ_ONCE(v->direct))
			continue;
		if (weight < least || (light && weight == least)) {
			least = weight;
			light = v;
		}
	}
	if (light && !READ_ONCE(light->yield)) {
		/* 0 is never. */
		d->made_room = jiffies | 1;
		WRITE_ONCE(light->yield, true);
		nc2b_path_kick(light, 0);
	}
	mutex_unlock(&all_lock);
}

/**
 * nc2b_share_set_weight - the administrator's wish
 * @d: the direct path
 * @weight: how much it counts
 *
 * Process context.  Who gains by it tries at once.
 */
void nc2b_share_set_weight(struct nc2b_direct *d, u32 weight)
{
	mutex_lock(&d->lock);
	WRITE_ONCE(d->weight, weight);
	d->in_vain = false;
	d->made_room = 0;
	mutex_unlock(&d->lock);
	nc2b_share_kick();
}
