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
 * struct nc2f_key - a key that is followed
 * @watch: the watch on it
 * @nf: whose
 * @armed: @watch is registered
 */
struct nc2f_key {
	struct xenbus_watch watch;
	struct nc2f_dev *nf;
	bool armed;
};

/**
 * struct nc2f_follow - the keys that are followed
 * @carrier: the back's carrier
 * @mtu: our mtu
 * @connected: the back is connected: the link is what the back says; under RTNL
 * @last_mtu: what the key said when it was last obeyed; 0 if nothing; under RTNL, and
 *	before the watch is armed
 * @refused_mtu: what it says and cannot be had, which has been told; 0 if nothing; @work
 * @kept_mtu: what the netdev had then, and has unless the administrator has chosen; @work
 * @announce: how many more times peers are to hear of the way to us
 * @work: obeys; that of a driver domain's interface looks again by itself
 */
struct nc2f_follow {
	struct nc2f_key carrier;
	struct nc2f_key mtu;
	bool connected;
	unsigned int last_mtu;
	unsigned int refused_mtu;
	unsigned int kept_mtu;
	unsigned int announce;
	struct delayed_work work;
};

void nc2f_follow_start(struct nc2f_dev *nf);
void nc2f_follow_stop(struct nc2f_dev *nf);
void nc2f_follow_resume(struct nc2f_dev *nf);
void nc2f_follow_again(struct nc2f_dev *nf);
void nc2f_follow_link(struct nc2f_dev *nf);
void nc2f_follow_announce(struct nc2f_dev *nf);

#endif /* NC2F_FOLLOW_H */
