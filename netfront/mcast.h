/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Multicast control of netif.h: the back passes only the groups that we listen
 * to.
 *
 * The list goes to the back by the transmit ring of the first queue; whether
 * the back obeys it is a key.  The key is set only when every address has been
 * accepted, and taken back before the list is known to be incomplete, so that
 * no frame that somebody here wants is ever lost.
 */
#ifndef NC2F_MCAST_H
#define NC2F_MCAST_H

#include <linux/atomic.h>
#include <linux/workqueue.h>

#include "mclist.h"

struct nc2f_dev;

/**
 * struct nc2f_mcast - what the back knows of our groups
 * @work: makes the back's list equal to ours
 * @offered: the back filters, and can be told to stop doing so
 * @ready: the back is connected; cleared before the queues are stopped
 * @waiting: changes that the back has not answered yet
 * @refused: changes that it has refused since they were last looked at
 * @on: the back has been asked to filter; @work only, as all that follows
 * @resync: take everything back and begin anew: a change was refused
 * @limit: addresses that the back takes, as far as we know
 * @told: what it has been told
 * @wish: what it should know
 */
struct nc2f_mcast {
	struct delayed_work work;
	bool offered;
	bool ready;
	atomic_t waiting;
	atomic_t refused;
	bool on;
	bool resync;
	u32 limit;
	struct nc2f_mclist told;
	struct nc2f_mclist wish;
};

void nc2f_mcast_init(struct nc2f_dev *nf);
void nc2f_mcast_offer(struct nc2f_dev *nf);
void nc2f_mcast_ready(struct nc2f_dev *nf);
void nc2f_mcast_stop(struct nc2f_dev *nf);
void nc2f_mcast_changed(struct nc2f_dev *nf);
void nc2f_mcast_sent(struct nc2f_dev *nf);
void nc2f_mcast_answered(struct nc2f_dev *nf, bool accepted);

#endif /* NC2F_MCAST_H */
