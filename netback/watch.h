/* SPDX-License-Identifier: GPL-2.0 */
/* Keys that are followed while a guest is connected. */
#ifndef NC2B_WATCH_H
#define NC2B_WATCH_H

#include <linux/types.h>

#include <xen/xenbus.h>

struct nc2b_vif;

/**
 * struct nc2b_watch - one key that is followed
 * @watch: xenbus's part
 * @vif: the interface
 * @armed: @watch is registered
 */
struct nc2b_watch {
	struct xenbus_watch watch;
	struct nc2b_vif *vif;
	bool armed;
};

/**
 * struct nc2b_watches - the keys of one interface
 * @mcast: the front's request-multicast-control
 * @rate: the toolstack's rate
 */
struct nc2b_watches {
	struct nc2b_watch mcast;
	struct nc2b_watch rate;
};

void nc2b_watch_arm(struct nc2b_watch *w, struct nc2b_vif *vif, const char *dir,
		    const char *key,
		    void (*changed)(struct xenbus_watch *, const char *, const char *));
void nc2b_watch_disarm(struct nc2b_watch *w);

void nc2b_watch_read_mcast(struct nc2b_vif *vif);
void nc2b_watch_read_rate(struct nc2b_vif *vif);
void nc2b_watches_arm(struct nc2b_watches *w, struct nc2b_vif *vif);
void nc2b_watches_disarm(struct nc2b_watches *w);

#endif /* NC2B_WATCH_H */
