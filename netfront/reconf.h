/* SPDX-License-Identifier: GPL-2.0 */
/* Changes of what only a new connection can change. */
#ifndef NC2F_RECONF_H
#define NC2F_RECONF_H

#include <linux/types.h>

struct ethtool_channels;
struct ethtool_ringparam;
struct nc2f_dev;
struct nc2f_params;
struct nc2f_wish;
struct netlink_ext_ack;
struct work_struct;

int nc2f_reconf(struct nc2f_dev *nf, u32 queues);
void nc2f_reconf_link(struct nc2f_dev *nf, bool again);
void nc2f_reconf_link_work(struct work_struct *work);
void nc2f_reconf_done(struct nc2f_dev *nf);

void nc2f_reconf_choose(const struct nc2f_wish *wish, u32 max_pages, struct nc2f_params *p);
void nc2f_reconf_params(const struct nc2f_dev *nf, struct nc2f_params *p);
int nc2f_reconf_channels(struct nc2f_dev *nf, const struct ethtool_channels *ch);
int nc2f_reconf_rings(struct nc2f_dev *nf, const struct ethtool_ringparam *ring,
		      struct netlink_ext_ack *extack);

#endif /* NC2F_RECONF_H */
