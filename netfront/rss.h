/* SPDX-License-Identifier: GPL-2.0 */
/* Receive side scaling on the bridged path: ethtool's settings and the back's. */
#ifndef NC2F_RSS_H
#define NC2F_RSS_H

#include <linux/mutex.h>
#include <linux/types.h>
#include <linux/workqueue.h>

struct ethtool_rxfh_param;
struct net_device;
struct netlink_ext_ack;
struct nc2f_dev;

#define NC2F_RSS_KEY	40
#define NC2F_RSS_MAP	128

/**
 * struct nc2f_rss_set - what the administrator has set
 * @wanted: something, by ethtool -X
 * @on: it is to be done (ethtool -K rxhash)
 * @key: the key
 * @map: queue numbers, as many as the back's table has entries; of a queue that is not
 *	there the connection has another one, but it is what was set
 */
struct nc2f_rss_set {
	bool wanted;
	bool on;
	u8 key[NC2F_RSS_KEY];
	u32 map[NC2F_RSS_MAP];
};

/**
 * struct nc2f_rss - what the administrator wants, and what the back does
 * @work: asks a new back, and tells it what is set; the only one that uses the
 *	control ring
 * @lock: guards @set, @learnt and @size; nobody waits for the back with it.  @size grows
 *	under RTNL only
 * @set: what is wanted; @set.wanted is changed under RTNL as well
 * @learnt: this back was asked for the size of its table
 * @size: entries of the back's table that we use; 0: it has none
 * @err: why the back has not done what is set last, 0: it has, or it is not over
 *
 * @set outlives a connection.
 */
struct nc2f_rss {
	struct work_struct work;
	struct mutex lock;	/* see @lock above */
	struct nc2f_rss_set set;
	bool learnt;
	u32 size;
	int err;
};

void nc2f_rss_init(struct nc2f_dev *nf);
void nc2f_rss_destroy(struct nc2f_dev *nf);
void nc2f_rss_ready(struct nc2f_dev *nf);
void nc2f_rss_stop(struct nc2f_dev *nf);
void nc2f_rss_switch(struct nc2f_dev *nf, bool on);

/* ethtool */
u32 nc2f_get_rx_ring_count(struct net_device *dev);
u32 nc2f_get_rxfh_key_size(struct net_device *dev);
u32 nc2f_get_rxfh_indir_size(struct net_device *dev);
int nc2f_get_rxfh(struct net_device *dev, struct ethtool_rxfh_param *rxfh);
int nc2f_set_rxfh(struct net_device *dev, struct ethtool_rxfh_param *rxfh,
		  struct netlink_ext_ack *extack);

#endif /* NC2F_RSS_H */
