/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Interfaces whose NIC queues interrupt the same CPU.
 *
 * One interface alone has many frames for each interrupt.  Of several each has as many
 * fewer, and the interrupts come to cost more than the frames.  So those that have
 * frames in bulk gather them for longer, the longer the more of them there are.
 */
#ifndef NC2B_CROWD_H
#define NC2B_CROWD_H

#include <linux/types.h>

/*
 * A turn in ms.  Guests that share a CPU of theirs are given it by turns, of 30 ms under
 * Xen's credit scheduler: eight of them are seen in one of these.
 */
#define NC2B_CROWD_TURN_MS	250
/* Frames in a turn that make an interface active: about 1,000 a second. */
#define NC2B_CROWD_ACTIVE	256
/*
 * Frames for an interrupt from which on an interface has them in bulk.  Whoever waits for
 * an answer before it sends more, or sends now and then, has one or two.
 */
#define NC2B_CROWD_BULK		8
/* For each active interface, in us: what DIM gives one alone at most. */
#define NC2B_CROWD_EACH_US	256U
/* And at most: twice as long saves next to nothing more (performance.rst). */
#define NC2B_CROWD_MAX_US	1000U
/* Frames at most: more than a poll takes at a time are no cheaper, and need room. */
#define NC2B_CROWD_FRAMES	64U
/* One turn in so many nothing is gathered, to see what the frames are like by themselves. */
#define NC2B_CROWD_PROBE	16

/**
 * struct nc2b_crowd - what one CPU knows of the interfaces that interrupt it
 * @since: jiffies, when this turn began
 * @turn: counts them
 * @active: interfaces that have been found active in this turn so far
 * @were_active: those of the last turn
 *
 * NAPI of that CPU only: no CPU writes what another one reads.  Where a NAPI context
 * can interrupt another one (netpoll, realtime) a count may be wrong for a turn.
 */
struct nc2b_crowd {
	unsigned long since;
	u32 turn;
	u32 active;
	u32 were_active;
};

/**
 * struct nc2b_crowd_member - one interface's part in it
 * @since: jiffies, when its own turn began
 * @frames: its frames until then, both ways, the low bits
 * @interrupts: of its queue until then, the low bits
 * @turns: counts them
 * @home: where it was last found active, and @home_turn when
 * @home_turn: see @home
 * @gather_us: the least time between two interrupts; 0: any
 * @bulk: has frames in bulk, as far as is known
 * @starved: the NIC has been without buffers in this turn
 *
 * NAPI only.
 */
struct nc2b_crowd_member {
	unsigned long since;
	u32 frames;
	u16 interrupts;
	u16 turns;
	const struct nc2b_crowd *home;
	u32 home_turn;
	u32 gather_us;
	bool bulk;
	bool starved;
};

void nc2b_crowd_start(struct nc2b_crowd_member *m);
void nc2b_crowd_poll(struct nc2b_crowd *crowd, struct nc2b_crowd_member *m, u32 frames,
		     u16 interrupts, unsigned long now);

#endif /* NC2B_CROWD_H */
