// SPDX-License-Identifier: GPL-2.0
#include "pf.h"

#include <linux/etherdevice.h>
#include <linux/if_link.h>
#include <linux/if_vlan.h>
#include <linux/netdevice.h>
#include <linux/pci.h>
#include <linux/rtnetlink.h>

/*
 * The netdev of a physical function is looked up anew each time and only under
 * RTNL: its driver may be unbound between any two calls.
 */
static struct net_device *pf_netdev(struct device *nic)
{
	struct net_device *dev;

	ASSERT_RTNL();
	for_each_netdev(&init_net, dev)
		if (dev->dev.parent == nic)
			return dev;
	return NULL;
}

/**
 * nc2b_pf_get - find the NIC that a vif line names
 * @name: name of its netdev
 * @why: set to the reason if there is none
 *
 * Process context; takes RTNL.
 *
 * Return: the netdev's parent device, with a reference, or NULL.
 */
struct device *nc2b_pf_get(const char *name, const char **why)
{
	struct device *nic = NULL;
	struct net_device *dev;

	rtnl_lock();
	dev = __dev_get_by_name(&init_net, name);
	if (!dev)
		*why = "no interface has the name that gatewaydev= gives";
	else if (!dev->dev.parent || !dev_is_pci(dev->dev.parent) ||
		 pci_sriov_get_totalvfs(to_pci_dev(dev->dev.parent)) <= 0)
		*why = "the NIC that gatewaydev= names has no SR-IOV";
	else if (!dev->netdev_ops->ndo_set_vf_mac)
		*why = "the NIC's driver cannot set filters for a virtual function";
	else if (!netif_running(dev))
		*why = "the NIC is down";
	else
		nic = get_device(dev->dev.parent);
	rtnl_unlock();
	return nic;
}

static int set_rate(struct net_device *dev, unsigned int vf, u32 mbit)
{
	const struct net_device_ops *ops = dev->netdev_ops;

	/* "No limit" need not be said to a NIC that knows of none. */
	if (!ops->ndo_set_vf_rate)
		return mbit ? -EOPNOTSUPP : 0;
	return ops->ndo_set_vf_rate(dev, vf, 0, mbit);
}

static int confine(struct net_device *dev, unsigned int vf, u16 vlan)
{
	const struct net_device_ops *ops = dev->netdev_ops;
	int err = 0;

	if (ops->ndo_set_vf_vlan)
		err = ops->ndo_set_vf_vlan(dev, vf, vlan, 0, htons(ETH_P_8021Q));
	else if (vlan)
		err = -EOPNOTSUPP;
	if (err)
		return err;
	/* A queue that may send in anybody's name is none for a guest. */
	if (!ops->ndo_set_vf_spoofchk)
		return -EOPNOTSUPP;
	return ops->ndo_set_vf_spoofchk(dev, vf, true);
}

/**
 * nc2b_pf_confine - let a guest's queue send and receive in one VLAN only
 * @nic: the physical function
 * @vf: which virtual function
 * @vlan: the guest's VLAN, which the NIC inserts and takes off, or 0
 *
 * Before the queue is started: broadcast comes with it, whatever the address.
 *
 * Process context; takes RTNL.
 *
 * Return: 0, -ENODEV if the physical function has no netdev, or what its
 * driver said.
 */
int nc2b_pf_confine(struct device *nic, unsigned int vf, u16 vlan)
{
	struct net_device *dev;
	int err = -ENODEV;

	rtnl_lock();
	dev = pf_netdev(nic);
	if (dev)
		err = confine(dev, vf, vlan);
	rtnl_unlock();
	return err;
}

/**
 * nc2b_pf_set_rate - limit what a guest may send
 * @nic: the physical function
 * @vf: which virtual function
 * @mbit: the limit, Mbit/s, or 0
 *
 * Process context; takes RTNL.
 *
 * Return: as nc2b_pf_confine().
 */
int nc2b_pf_set_rate(struct device *nic, unsigned int vf, u32 mbit)
{
	struct net_device *dev;
	int err = -ENODEV;

	rtnl_lock();
	dev = pf_netdev(nic);
	if (dev)
		err = set_rate(dev, vf, mbit);
	rtnl_unlock();
	return err;
}

/**
 * nc2b_pf_let_in - let a guest's frames into its queue
 * @nic: the physical function
 * @vf: which virtual function
 * @mac: the guest's address
 *
 * Process context, under RTNL.  Some drivers say yes with a positive number: which place
 * the address has.
 *
 * Return: as nc2b_pf_confine().
 */
int nc2b_pf_let_in(struct device *nic, unsigned int vf, const u8 *mac)
{
	struct net_device *dev = pf_netdev(nic);
	u8 addr[ETH_ALEN];

	if (!dev || !dev->netdev_ops->ndo_set_vf_mac)
		return -ENODEV;
	ether_addr_copy(addr, mac);
	return min(dev->netdev_ops->ndo_set_vf_mac(dev, vf, addr), 0);
}

/* What the driver says of a virtual function; under RTNL. */
static int get_config(struct device *nic, unsigned int vf, struct ifla_vf_info *info)
{
	struct net_device *dev = pf_netdev(nic);

	if (!dev || !dev->netdev_ops->ndo_get_vf_config)
		return -ENODEV;
	return dev->netdev_ops->ndo_get_vf_config(dev, vf, info);
}

/**
 * nc2b_pf_shut_out - undo nc2b_pf_let_in()
 * @nic: the physical function
 * @vf: which virtual function
 *
 * Process context, under RTNL.  Without a netdev there is no filter either.  ixgbe fails if
 * a reset has removed the filter, and gives the address to whoever resets the function next,
 * who is another guest: with the filter back it can be removed.
 */
void nc2b_pf_shut_out(struct device *nic, unsigned int vf)
{
	const u8 none[ETH_ALEN] = {};
	struct ifla_vf_info info = {};

	if (!nc2b_pf_let_in(nic, vf, none))
		return;
	if (get_config(nic, vf, &info) || is_zero_ether_addr(info.mac))
		return;
	nc2b_pf_let_in(nic, vf, info.mac);
	nc2b_pf_let_in(nic, vf, none);
}

/**
 * nc2b_pf_look - whether what was set for a guest is as it was set
 * @nic: the physical function
 * @vf: which virtual function
 * @mac: the guest's address
 * @vlan: its VLAN, or 0
 * @mbit: the limit on what it sends, Mbit/s, or 0
 *
 * An administrator can change all of it at any time ("ip link set NIC vf N ..."): then
 * the queue receives nothing more of what is for the guest, or lets it send in anybody's
 * name.  The limit is forgotten by the drivers themselves, when the speed of the link
 * changes.  One where the guest has none is the administrator's.
 *
 * Process context; takes RTNL.
 *
 * Return: 0; -EPERM if the driver says that the address, the VLAN or the check of what the
 * guest sends is another one; -ESTALE if only the limit is.
 */
int nc2b_pf_look(struct device *nic, unsigned int vf, const u8 *mac, u16 vlan, u32 mbit)
{
	struct ifla_vf_info info = {};
	int err = 0;

	rtnl_lock();
	if (get_config(nic, vf, &info))
		goto out;
	if (!ether_addr_equal(info.mac, mac) || info.vlan != vlan || !info.spoofchk)
		err = -EPERM;
	else if (mbit && info.max_tx_rate != mbit)
		err = -ESTALE;
out:
	rtnl_unlock();
	return err;
}

/**
 * nc2b_pf_unconfine - undo nc2b_pf_confine() and nc2b_pf_set_rate()
 * @nic: the physical function
 * @vf: which virtual function
 *
 * The queue is stopped.  Process context; takes RTNL.
 */
void nc2b_pf_unconfine(struct device *nic, unsigned int vf)
{
	struct net_device *dev;

	rtnl_lock();
	dev = pf_netdev(nic);
	if (dev) {
		if (dev->netdev_ops->ndo_set_vf_vlan)
			dev->netdev_ops->ndo_set_vf_vlan(dev, vf, 0, 0,
							 htons(ETH_P_8021Q));
		set_rate(dev, vf, 0);
	}
	rtnl_unlock();
}

/**
 * nc2b_pf_add_address - have the physical function receive for a guest
 * @name: name of its netdev
 * @mac: the guest's address
 *
 * For a guest on the bridge.  A NIC in its virtual function mode hands unknown
 * unicast frames to whichever function is promiscuous, or to nobody; a bridge
 * that keeps its uplink out of promiscuous mode knows static entries only.
 *
 * Process context, under RTNL.
 *
 * Return: 0 or a negative error.
 */
int nc2b_pf_add_address(const char *name, const u8 *mac)
{
	struct net_device *dev;

	ASSERT_RTNL();
	dev = __dev_get_by_name(&init_net, name);
	return dev ? dev_uc_add(dev, mac) : -ENODEV;
}

/**
 * nc2b_pf_del_address - undo nc2b_pf_add_address()
 * @name: name of its netdev
 * @mac: the guest's address
 *
 * Process context, under RTNL.
 */
void nc2b_pf_del_address(const char *name, const u8 *mac)
{
	struct net_device *dev;

	ASSERT_RTNL();
	dev = __dev_get_by_name(&init_net, name);
	if (dev)
		dev_uc_del(dev, mac);
}
