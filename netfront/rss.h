/* SPDX-License-Identifier: GPL-2.0 */
/* Receive side scaling on the bridged path: ethtool's settings and the back's. */
#ifndef NC2F_RSS_H
#define NC2F_RSS_H

#include <linux/types.h>
#include <linux/workqueue.h>

struct ethtool_rxfh_param;
struct ethtool_rxnfc;
struct net_device;
struct netlink_ext_ack;
struct nc2f_dev;

#define NC2F_RSS_KEY	40
#define NC2F_RSS_MAP	128

/**
 * struct nc2f_rss - what the administrator wants, and what the back does
 * @work: asks a new back, and sets it up as it was wanted of the last one
 * @wanted: the administrator has set something
 * @active: the back hashes and steers as @key and @map say
 * @size: entries of the back's table that we use; 0: it has none
 * @key: the key
 * @map: queue numbers, @size of them
 *
 * Outlives a connection.  Guarded by the lock of the control ring; @key, @map
 * and @wanted are changed under RTNL as well.
 */
struct nc2f_rss {
	struct work_struct work;
	bool wanted;
	bool active;
	u32 size;
	u8 key[NC2F_RSS_KEY];
	u32 map[NC2F_RSS_MAP];
};

void nc2f_rss_init(struct nc2f_dev *nf);
void nc2f_rss_ready(struct nc2f_dev *nf);
void nc2f_rss_stop(struct nc2f_dev *nf);
int nc2f_rss_switch(struct nc2f_dev *nf, bool on);

/* ethtool */
int nc2f_get_rxnfc(struct net_device *dev, struct ethtool_rxnfc *info, u32 *rules);
u32 nc2f_get_rxfh_key_size(struct net_device *dev);
u32 nc2f_get_rxfh_indir_size(struct net_device *dev);
int nc2f_get_rxfh(struct net_device *dev, struct ethtool_rxfh_param *rxfh);
int nc2f_set_rxfh(struct net_device *dev, struct ethtool_rxfh_param *rxfh,
		  struct netlink_ext_ack *extack);

#endif /* NC2F_RSS_H */
