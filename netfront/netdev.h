/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One interface: the netdev, its queues of the bridged path, and the direct
 * path if the back offers it.
 */
#ifndef NC2F_NETDEV_H
#define NC2F_NETDEV_H

#include <linux/mutex.h>
#include <linux/netdevice.h>
#include <linux/workqueue.h>

#include "follow.h"
#include "mcast.h"
#include "rss.h"
#include "stats.h"

struct bpf_prog;
struct nc2f_ctrl;
struct nc2f_direct;
struct nc2f_poller;
struct nc2f_queue;
struct xenbus_device;

/* Slots of the bridged path that the back must take for one frame. */
#define NC2F_MAX_SLOTS		XEN_NETIF_NR_SLOTS_MIN
/* As many as our back takes. */
#define NC2F_MAX_QUEUES		16

/**
 * enum nc2f_phase - what stands between the two ends
 * @NC2F_DOWN: nothing
 * @NC2F_UP: rings, event channels and grants are in use
 * @NC2F_STOPPED: nobody here uses them any more, but the back may still; pages
 *	and grants are kept until it says that it has let go
 */
enum nc2f_phase {
	NC2F_DOWN,
	NC2F_UP,
	NC2F_STOPPED,
};

/**
 * struct nc2f_wish - what the user wants of the connections to come
 * @seq: raised with every change
 * @queues: queues of the bridged path, 0: as many as there can be
 * @pool_pages: pages of receive pool, 0: what the module parameter says
 * @tx_entries: entries of the direct path's transmit ring, 0 likewise
 * @xdp: an XDP program looks at received frames
 */
struct nc2f_wish {
	u32 seq;
	u32 queues;
	u32 pool_pages;
	u32 tx_entries;
	bool xdp;
};

/**
 * struct nc2f_offered - what the back offered when we last connected
 * @queues: queues of the bridged path, not more than we can have
 * @pool_pages: largest receive pool, 0: no direct path
 * @headroom: it leaves room in front of received frames
 */
struct nc2f_offered {
	u32 queues;
	u32 pool_pages;
	bool headroom;
};

/**
 * struct nc2f_dev - one interface, the private part of its netdev
 * @dev: the netdev
 * @xdev: the xenbus device
 * @lock: serializes connecting, stopping and releasing; guards @phase, @met,
 *	@reset, @removing, @suspended, @retries, @nonce, @made; taken before RTNL,
 *	never under it
 * @phase: what stands between the two ends
 * @met: the back has been Connected since we connected
 * @reset: a reset is on its way: connect again once the back is Closed
 * @removing: the device is going away: no more connects
 * @suspended: the pools were given up for a suspend; if it is called off a reset
 *	brings the direct path back
 * @retries: resets since the last good connection
 * @mac: our address as xenstore has it, the only one that the direct path carries;
 *	under RTNL, changed while there is no connection
 * @vlans: VLANs that the user has on the interface; changed under RTNL
 * @nonce: nc2-nonce of the back when we connected
 * @made: the wish that the connection was made for
 * @retry: resets a broken or abandoned connection after a while, and one that
 *	is not what is wished for at once
 * @wish: what the user wants; under RTNL
 * @offered: what the back has to give; under RTNL
 * @keep_link: the link stays up while the connection is made anew; under RTNL
 * @link: ends @keep_link when that takes too long
 * @live: the queues may be used; changed under RTNL, raised with release
 * @broken: the back has lied; the queues are not used until the reset
 * @bounce: never grant a page that holds anything but the frame
 * @can_sg: the back takes frames of several slots
 * @gso4: the back takes TCPv4 segments to cut
 * @gso6: the same for TCPv6
 * @gso_udp: the same for UDP; a front that is told so has asked for them as well
 * @csum4: the back takes IPv4 frames with a blank checksum
 * @csum6: the same for IPv6
 * @follow: keys that the host may change at any time
 * @mcast: the groups that the back passes on the bridged path
 * @rss: how the back is to steer frames to the queues
 * @ctrl: the control ring, NULL if there is none; stays while the interface is
 *	live, and until its works have ended
 * @max_queues: most queues that we use
 * @nr_queues: queues in @queues
 * @pollers: NAPI contexts: one for each of @max_queues and one for the direct path
 * @nr_pollers: queues whose context is enabled; under RTNL
 * @queues: queues of the bridged path; under RTNL, or with all tx queues stopped
 * @direct: direct path, NULL if there is none; under RTNL or the address lock
 * @direct_pages: pages of the largest receive pool that the back takes, 0 if it
 *	offers no direct path; under @lock
 * @tx_direct: where frames are sent: the direct path, NULL for the bridged one;
 *	changed by nc2f_direct_tx_switch() only
 * @xdp_prog: program that looks at received frames, or NULL; changed under RTNL
 * @stats: counters, a lane for each of @max_queues and one for the direct path
 * @reason: why frames do not take the direct path; a constant string
 * @path_since: when the path last changed, boot time in ns
 * @path_switches: how often it has changed
 * @direct_broken: how often the back has lied on the direct path
 * @pages_kept: pages that the back still used when the connection ended
 * @resets: how often the connection was reset because the back lied
 */
struct nc2f_dev {
	struct net_device *dev;
	struct xenbus_device *xdev;

	struct mutex lock;	/* see @lock above */
	enum nc2f_phase phase;
	bool met;
	bool reset;
	bool removing;
	bool suspended;
	u32 retries;
	u8 mac[ETH_ALEN];
	u32 vlans;
	char nonce[24];
	struct nc2f_wish made;
	struct delayed_work retry;

	struct nc2f_wish wish;
	struct nc2f_offered offered;
	bool keep_link;
	struct delayed_work link;

	bool live;
	bool broken;
	bool bounce;
	bool can_sg;
	bool gso4;
	bool gso6;
	bool gso_udp;
	bool csum4;
	bool csum6;

	struct nc2f_follow follow;
	struct nc2f_mcast mcast;
	struct nc2f_rss rss;
	struct nc2f_ctrl *ctrl;

	u32 max_queues;
	u32 nr_queues;
	u32 nr_pollers;
	struct nc2f_poller *pollers;
	struct nc2f_queue *queues;
	struct nc2f_direct *direct;
	u32 direct_pages;
	struct nc2f_direct *tx_direct;

	struct bpf_prog __rcu *xdp_prog;

	struct nc2f_stats *stats;
	const char *reason;
	u64 path_since;
	atomic_t path_switches;
	atomic_t direct_broken;
	atomic_t pages_kept;
	atomic_t resets;
};

/**
 * nc2f_direct_stats - the lane of the direct path
 * @nf: the interface
 *
 * Return: its counters.
 */
static inline struct nc2f_stats *nc2f_direct_stats(struct nc2f_dev *nf)
{
	return &nf->stats[nf->max_queues];
}

struct nc2f_dev *nc2f_netdev_create(struct xenbus_device *xdev, u32 max_queues);
void nc2f_netdev_destroy(struct nc2f_dev *nf);
void nc2f_netdev_break(struct nc2f_dev *nf, const char *what);
void nc2f_netdev_attach(struct nc2f_dev *nf);
void nc2f_netdev_ready(struct nc2f_dev *nf);
void nc2f_netdev_path_changed(struct nc2f_dev *nf);
void nc2f_netdev_pause(struct nc2f_dev *nf);
void nc2f_netdev_detach(struct nc2f_dev *nf);

extern const struct ethtool_ops nc2f_ethtool_ops;
extern const struct netdev_stat_ops nc2f_stat_ops;

#endif /* NC2F_NETDEV_H */
