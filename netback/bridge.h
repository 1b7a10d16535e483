/* SPDX-License-Identifier: GPL-2.0 */
/* The bridge's forwarding entry for a guest that is on the bridged path. */
#ifndef NC2B_BRIDGE_H
#define NC2B_BRIDGE_H

#include <linux/types.h>

struct net_device;

int nc2b_bridge_add(struct net_device *vif, const u8 *mac);
void nc2b_bridge_del(struct net_device *vif, const u8 *mac);

#endif /* NC2B_BRIDGE_H */
