// SPDX-License-Identifier: GPL-2.0
#include "coalesce.h"
#include "compat.h"

#include <linux/container_of.h>
#include <linux/jiffies.h>
#include <linux/minmax.h>
#include <linux/percpu.h>
#include <linux/string.h>

static DEFINE_PER_CPU(struct nc2b_crowd, crowds);

static u32 profile(const struct dim *dim)
{
	return net_dim_get_rx_moderation(dim->mode, dim->profile_ix).usec;
}

/* The queue's register is NAPI's: it learns of the time at its next run. */
static void dim_work(struct work_struct *work)
{
	struct nc2b_coalesce *c = container_of(work, struct nc2b_coalesce, dim.work);

	WRITE_ONCE(c->found, profile(&c->dim));
	c->dim.state = DIM_START_MEASURE;
}

static u32 wanted(const struct nc2b_coalesce *c)
{
	return READ_ONCE(c->adaptive) ? max(READ_ONCE(c->found), c->crowd.gather_us) :
	       READ_ONCE(c->usecs);
}

/* After an interrupt. */
static void adapt(struct nc2b_coalesce *c, u16 interrupts)
{
	struct dim_sample sample = {};

	nc2b_crowd_poll(this_cpu_ptr(&crowds), &c->crowd, c->frames, interrupts, jiffies);
	/* What it tries has no effect, and would seem to be good. */
	if (c->crowd.gather_us > READ_ONCE(c->found))
		return;
	dim_update_sample(interrupts, c->frames, c->bytes, &sample);
	nc2b_dim(&c->dim, &sample);
}

/**
 * nc2b_coalesce_init - begin as an administrator finds it
 * @c: of a queue that there is not yet
 */
void nc2b_coalesce_init(struct nc2b_coalesce *c)
{
	memset(c, 0, sizeof(*c));
	INIT_WORK(&c->dim.work, dim_work);
	c->adaptive = true;
	c->usecs = NC2B_DEF_COALESCE_US;
}

/**
 * nc2b_coalesce_start - what to start a queue with
 * @c: of a queue that does not run
 *
 * What was found for the last queue is forgotten.
 *
 * Return: the least time between two of its interrupts, us.
 */
u32 nc2b_coalesce_start(struct nc2b_coalesce *c)
{
	struct dim *dim = &c->dim;

	dim->mode = DIM_CQ_PERIOD_MODE_START_FROM_EQE;
	dim->profile_ix = NET_DIM_DEF_PROFILE_EQE;
	dim->state = DIM_START_MEASURE;
	dim->tune_state = DIM_GOING_RIGHT;
	dim->steps_left = 0;
	dim->steps_right = 0;
	dim->tired = 0;
	memset(&dim->prev_stats, 0, sizeof(dim->prev_stats));
	c->found = profile(dim);
	nc2b_crowd_start(&c->crowd);
	c->set = wanted(c);
	return c->set;
}

/**
 * nc2b_coalesce_stop - the queue is not polled any more
 * @c: of the queue
 *
 * May sleep.
 */
void nc2b_coalesce_stop(struct nc2b_coalesce *c)
{
	cancel_work_sync(&c->dim.work);
}

/**
 * nc2b_coalesce_poll - the queue has been polled
 * @c: of the queue
 * @frames: handled meanwhile, in both directions
 * @bytes: their bytes
 * @starved: the NIC is without buffers
 * @usecs: set if the result is true
 *
 * NAPI only.
 *
 * Return: whether the queue is to be told another time, @usecs.
 */
bool nc2b_coalesce_poll(struct nc2b_coalesce *c, u32 frames, u32 bytes, bool starved,
			u32 *usecs)
{
	u16 interrupts = READ_ONCE(c->interrupts);
	u32 want;

	c->frames += frames;
	c->bytes += bytes;
	if (starved)
		c->crowd.starved = true;
	/* Polls that the guest asks for tell nothing of the interrupts. */
	if (interrupts != c->seen && READ_ONCE(c->adaptive)) {
		c->seen = interrupts;
		adapt(c, interrupts);
	}
	want = wanted(c);
	if (want == c->set)
		return false;
	WRITE_ONCE(c->set, want);
	*usecs = want;
	return true;
}
