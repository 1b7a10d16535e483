/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One guest interface: the netdev vif<domid>.<handle>, its queues of the
 * bridged path, and the direct path if the guest asked for it.
 */
#ifndef NC2B_VIF_H
#define NC2B_VIF_H

#include "ctrl.h"
#include "mcast.h"
#include "rate.h"
#include "stats.h"

#include <linux/if_ether.h>
#include <linux/netdevice.h>
#include <linux/printk.h>
#include <linux/ratelimit.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#include <xen/interface/xen.h>

struct nc2b_direct;
struct nc2b_queue;
struct nc2b_queue_keys;
struct xenbus_device;

/* Queues of the bridged path that a front may have. */
#define NC2B_MAX_QUEUES 16

/**
 * struct nc2b_vif - one guest interface, the private part of its netdev
 * @dev: the netdev
 * @xdev: the xenbus device
 * @domid: the guest
 * @handle: number of the interface in the guest
 * @mac: the guest's address; not the netdev's own
 * @lines: how often the log is told of it; see nc2b_vif_info()
 * @queues: queues of the bridged path; NULL while not connected.  Changed under
 *	RTNL; readers in other contexts hold rcu_read_lock()
 * @nr_queues: how many
 * @rate: limit on what the guest sends; set before queues start
 * @mcast: multicast that the guest wants
 * @ctrl: the control ring and the hash that it configures
 * @link: tells the guest whether the netdev is up
 * @rx_notify: front sends an event when it has given buffers
 * @can_sg: front takes frames of several slots
 * @gso4: front takes TCPv4 segments to cut
 * @gso6: the same for TCPv6
 * @gso_udp: the same for UDP
 * @csum4: front takes IPv4 frames with a blank checksum
 * @csum6: the same for IPv6
 * @headroom: bytes that the front wants in front of each frame, for XDP; may
 *	change while queues run
 * @headroom_told: the log knows that it was too many
 * @broken: the peer has lied; see nc2b_vif_break()
 * @mend: ends a connection that is @broken, after a while; the state machine's
 * @mends: how often that was not long ago
 * @connected_at: jiffies
 * @stats_lock: guards @counted and @past, so that each frame is in one of them at
 *	any time: a sum of both never goes backward
 * @counted: the queues whose counters are not in @past yet; @nr_queues of them, or
 *	NULL.  There after @queues has gone, until they have stopped
 * @most_queues: the most queues that any connection has had; changes under RTNL
 * @past: counters of earlier connections, of the queues of each number
 * @direct: the direct path; lives as long as the vif
 */
struct nc2b_vif {
	struct net_device *dev;
	struct xenbus_device *xdev;
	domid_t domid;
	unsigned int handle;
	u8 mac[ETH_ALEN];
	struct ratelimit_state lines;

	struct nc2b_queue *queues;
	unsigned int nr_queues;
	struct nc2b_rate rate;
	struct nc2b_mcast mcast;
	struct nc2b_ctrl ctrl;
	struct work_struct link;

	bool rx_notify;
	bool can_sg;
	bool gso4;
	bool gso6;
	bool gso_udp;
	bool csum4;
	bool csum6;
	u16 headroom;
	bool headroom_told;

	bool broken;
	struct delayed_work mend;
	unsigned int mends;
	unsigned long connected_at;
	spinlock_t stats_lock;	/* see @stats_lock above */
	struct nc2b_queue *counted;
	unsigned int most_queues;
	u64 past[NC2B_MAX_QUEUES][NC2B_STATS];
	struct nc2b_direct *direct;
};

/*
 * Lines that a guest has a part in, and may cause as often as it likes.  The limit is the
 * vif's own: a guest must not hide what there is to say about another one.  How many
 * were too many nobody is told; the counters of "ethtool -S" know.
 */
#define NC2B_VIF_LINES		20
#define NC2B_VIF_LINES_TIME	(10 * HZ)

#define nc2b_vif_say(say, vif, fmt, ...) do { \
	struct nc2b_vif *v_ = (vif); \
	if (__ratelimit(&v_->lines)) \
		say("%s: " fmt, v_->dev->name, ##__VA_ARGS__); \
} while (0)

#define nc2b_vif_err(vif, fmt, ...) nc2b_vif_say(pr_err, vif, fmt, ##__VA_ARGS__)
#define nc2b_vif_info(vif, fmt, ...) nc2b_vif_say(pr_info, vif, fmt, ##__VA_ARGS__)

/*
 * The carrier, unless nc2b_vif_break() stops the vif, now or at any time: who breaks it
 * notes that first, and has the carrier go after it.
 */
static inline void nc2b_vif_carrier_on(struct nc2b_vif *vif)
{
	if (READ_ONCE(vif->broken))
		return;
	netif_carrier_on(vif->dev);
	if (READ_ONCE(vif->broken))
		netif_carrier_off(vif->dev);
}

struct nc2b_vif *nc2b_vif_create(struct xenbus_device *xdev, unsigned int handle);
void nc2b_vif_destroy(struct nc2b_vif *vif);
void nc2b_vif_break(struct nc2b_vif *vif, const char *what);
void nc2b_vif_queue_stats(struct nc2b_vif *vif, unsigned int id, u64 *n);
void nc2b_vif_mended(struct nc2b_vif *vif);

int nc2b_vif_connect(struct nc2b_vif *vif, const struct nc2b_queue_keys *keys,
		     unsigned int nr);
void nc2b_vif_disconnect(struct nc2b_vif *vif, bool spoil);

extern const struct ethtool_ops nc2b_ethtool_ops;
extern const struct attribute_group nc2b_sysfs_group;

#endif /* NC2B_VIF_H */
