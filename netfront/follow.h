/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Keys that the host may change at any time: "carrier" in the back's directory,
 * "mtu" in ours.
 */
#ifndef NC2F_FOLLOW_H
#define NC2F_FOLLOW_H

#include <linux/types.h>
#include <linux/workqueue.h>

#include <xen/xenbus.h>

struct nc2f_dev;

/**
 * struct nc2f_follow - the keys that are followed
 * @carrier: watch on the back's carrier
 * @mtu: watch on our mtu
 * @carrier_armed: @carrier is registered
 * @mtu_armed: @mtu is registered
 * @connected: the back is connected: the link is what the back says; under RTNL
 * @last_mtu: what the key said when it was last obeyed; 0 if nothing; @work, and
 *	before the watch is armed
 * @work: obeys; that of a driver domain's interface looks again by itself
 */
struct nc2f_follow {
	struct xenbus_watch carrier;
	struct xenbus_watch mtu;
	bool carrier_armed;
	bool mtu_armed;
	bool connected;
	unsigned int last_mtu;
	struct delayed_work work;
};

void nc2f_follow_start(struct nc2f_dev *nf);
void nc2f_follow_stop(struct nc2f_dev *nf);
void nc2f_follow_resume(struct nc2f_dev *nf);
void nc2f_follow_link(struct nc2f_dev *nf);

#endif /* NC2F_FOLLOW_H */
