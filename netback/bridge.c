// SPDX-License-Identifier: GPL-2.0
#include "bridge.h"

#include "compat.h"

#include <linux/neighbour.h>
#include <linux/netdevice.h>
#include <linux/rtnetlink.h>

/*
 * The bridge is asked through the operations of its own netdev, as
 * "bridge fdb add MAC dev VIF master static sticky" does, so that this module
 * does not depend on the bridge's.
 */
static struct net_device *master_of(struct net_device *vif)
{
	struct net_device *master = netdev_master_upper_dev_get(vif);

	return master && netif_is_bridge_master(master) ? master : NULL;
}

/**
 * nc2b_bridge_add - the bridge is to send a guest's frames to its vif
 * @vif: the guest's netdev
 * @mac: the guest's address
 *
 * The entry is static and sticky: the NIC's switch returns a guest's own
 * broadcasts, and the bridge must not learn from them that the guest has moved
 * to the uplink.  A vif that is no port of a bridge needs no entry.
 *
 * Process context, under RTNL.
 *
 * Return: 0 or a negative error.
 */
int nc2b_bridge_add(struct net_device *vif, const u8 *mac)
{
	struct ndmsg ndm = {
		.ndm_family = PF_BRIDGE,
		.ndm_ifindex = vif->ifindex,
		.ndm_state = NUD_NOARP,
		.ndm_flags = NTF_MASTER | NTF_STICKY,
	};
	struct nlattr *tb[NDA_MAX + 1] = {};
	struct net_device *master;

	ASSERT_RTNL();
	master = master_of(vif);
	if (!master || !master->netdev_ops->ndo_fdb_add)
		return 0;
	return nc2b_ndo_fdb_add(master->netdev_ops, &ndm, tb, vif, mac,
				NLM_F_CREATE | NLM_F_REPLACE);
}

/**
 * nc2b_bridge_del - undo nc2b_bridge_add()
 * @vif: the guest's netdev
 * @mac: the guest's address
 *
 * The guest is then where every address is that the bridge does not know:
 * behind the uplink, where the NIC's switch finds it.
 *
 * Process context, under RTNL.
 */
void nc2b_bridge_del(struct net_device *vif, const u8 *mac)
{
	struct ndmsg ndm = {
		.ndm_family = PF_BRIDGE,
		.ndm_ifindex = vif->ifindex,
		.ndm_flags = NTF_MASTER,
	};
	struct nlattr *tb[NDA_MAX + 1] = {};
	struct net_device *master;

	ASSERT_RTNL();
	master = master_of(vif);
	if (master && master->netdev_ops->ndo_fdb_del)
		nc2b_ndo_fdb_del(master->netdev_ops, &ndm, tb, vif, mac);
}
