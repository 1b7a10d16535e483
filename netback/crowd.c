// SPDX-License-Identifier: GPL-2.0
#include "crowd.h"

#include <linux/jiffies.h>
#include <linux/minmax.h>
#include <linux/time64.h>

#define TURN	msecs_to_jiffies(NC2B_CROWD_TURN_MS)
#define TURN_US	(NC2B_CROWD_TURN_MS * (u32)USEC_PER_MSEC)

static void next_turn(struct nc2b_crowd *crowd, unsigned long now)
{
	bool late = now - crowd->since >= 2 * TURN;

	crowd->were_active = late ? 0 : crowd->active;
	crowd->active = 0;
	crowd->since = now;
	crowd->turn++;
}

/* Interfaces that are active here, this one included; its turns and the CPU's differ. */
static u32 count(struct nc2b_crowd *crowd, struct nc2b_crowd_member *m, unsigned long now)
{
	if (now - crowd->since >= TURN)
		next_turn(crowd, now);
	if (m->home != crowd || m->home_turn != crowd->turn) {
		m->home = crowd;
		m->home_turn = crowd->turn;
		crowd->active++;
	}
	return crowd->were_active;
}

/* What the turn that ends says of the next one. */
static u32 gather(struct nc2b_crowd *crowd, struct nc2b_crowd_member *m, u32 frames,
		  u16 interrupts, unsigned long now)
{
	u32 members;

	if (frames < NC2B_CROWD_ACTIVE || now - m->since >= 2 * TURN)
		return 0;
	members = count(crowd, m, now);
	/* While it gathers everything comes in bulk. */
	if (!m->gather_us)
		m->bulk = frames >= interrupts * NC2B_CROWD_BULK;
	if (members < 2 || !m->bulk || m->starved || !(m->turns % NC2B_CROWD_PROBE))
		return 0;
	return min3(members * NC2B_CROWD_EACH_US, NC2B_CROWD_MAX_US,
		    TURN_US * NC2B_CROWD_FRAMES / frames);
}

/**
 * nc2b_crowd_start - forget what was found for the last queue
 * @m: of a queue that does not run
 */
void nc2b_crowd_start(struct nc2b_crowd_member *m)
{
	m->gather_us = 0;
	m->bulk = false;
}

/**
 * nc2b_crowd_poll - an interface has been polled, as its queue has interrupted
 * @crowd: of this CPU
 * @m: the interface's; sets &nc2b_crowd_member.gather_us
 * @frames: that it has had so far, the low bits
 * @interrupts: of its queue so far, the low bits
 * @now: jiffies
 *
 * Polls that the guest asks for are on other CPUs than those that the queue asks for.
 *
 * NAPI only.
 */
void nc2b_crowd_poll(struct nc2b_crowd *crowd, struct nc2b_crowd_member *m, u32 frames,
		     u16 interrupts, unsigned long now)
{
	if (now - m->since < TURN)
		return;
	m->turns++;
	m->gather_us = gather(crowd, m, frames - m->frames, interrupts - m->interrupts, now);
	m->since = now;
	m->frames = frames;
	m->interrupts = interrupts;
	m->starved = false;
}
