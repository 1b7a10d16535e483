// SPDX-License-Identifier: GPL-2.0
/*
 * The address of a virtual function, with a driver of the physical function that does as
 * ixgbe's: ndo_set_vf_mac() says which place the address has, and cannot remove one whose
 * filter is gone.
 */
#include <kunit/test.h>
#include <linux/etherdevice.h>
#include <linux/if_link.h>
#include <linux/module.h>
#include <linux/netdevice.h>
#include <linux/pci.h>
#include <linux/rtnetlink.h>

/* path_fake.h has others of these names. */
#define nc2b_pf_get		tested_get
#define nc2b_pf_confine		tested_confine
#define nc2b_pf_unconfine	tested_unconfine
#define nc2b_pf_set_rate	tested_set_rate
#define nc2b_pf_let_in		tested_let_in
#define nc2b_pf_shut_out	tested_shut_out
#define nc2b_pf_look		tested_look
#define nc2b_pf_add_address	tested_add_address
#define nc2b_pf_del_address	tested_del_address

/* The kernel of the tests has no network. */
#define init_net		fake_net
#define rtnl_lock		fake_lock
#define rtnl_unlock		fake_unlock
#define rtnl_is_locked		fake_is_locked
#define __dev_get_by_name	fake_by_name
#define dev_uc_add		fake_uc_add
#define dev_uc_del		fake_uc_del

static struct net fake_net;

static void fake_lock(void)
{
}

static void fake_unlock(void)
{
}

static int fake_is_locked(void)
{
	return 1;
}

static struct net_device *fake_by_name(struct net *net, const char *name)
{
	return NULL;
}

static int fake_uc_add(struct net_device *dev, const unsigned char *mac)
{
	return 0;
}

static int fake_uc_del(struct net_device *dev, const unsigned char *mac)
{
	return 0;
}

#include "netback/pf.c"

#define VF	3

/**
 * struct fake - the driver of the physical function
 * @dev: its netdev
 * @nic: its parent
 * @mac: the address that the VF has been given
 * @filter: the NIC has a filter for it
 * @err: what is said of any address
 */
struct fake {
	struct net_device dev;
	struct device nic;
	u8 mac[ETH_ALEN];
	bool filter;
	int err;
};

static struct fake *fake_of(struct net_device *dev)
{
	return container_of(dev, struct fake, dev);
}

static int fake_set_vf_mac(struct net_device *dev, int vf, u8 *mac)
{
	struct fake *f = fake_of(dev);

	if (f->err || vf != VF)
		return f->err ?: -EINVAL;
	if (is_zero_ether_addr(mac)) {
		if (is_zero_ether_addr(f->mac))
			return 0;
		if (!f->filter)
			return -ENOMEM;
	}
	f->filter = !is_zero_ether_addr(mac);
	ether_addr_copy(f->mac, mac);
	return 1 + vf;
}

static int fake_get_vf_config(struct net_device *dev, int vf, struct ifla_vf_info *info)
{
	ether_addr_copy(info->mac, fake_of(dev)->mac);
	return 0;
}

static const struct net_device_ops fake_ops = {
	.ndo_set_vf_mac = fake_set_vf_mac,
	.ndo_get_vf_config = fake_get_vf_config,
};

static const u8 guest[ETH_ALEN] = { 0x00, 0x16, 0x3e, 0x00, 0x00, 0x01 };

static int pf_test_init(struct kunit *test)
{
	struct fake *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);

	if (!f)
		return -ENOMEM;
	f->dev.netdev_ops = &fake_ops;
	f->dev.dev.parent = &f->nic;
	INIT_LIST_HEAD(&fake_net.dev_base_head);
	list_add(&f->dev.dev_list, &fake_net.dev_base_head);
	test->priv = f;
	return 0;
}

static void place_of_an_address_is_no_error(struct kunit *test)
{
	struct fake *f = test->priv;

	KUNIT_EXPECT_EQ(test, nc2b_pf_let_in(&f->nic, VF, guest), 0);
	KUNIT_EXPECT_MEMEQ(test, f->mac, guest, ETH_ALEN);
	nc2b_pf_shut_out(&f->nic, VF);
	KUNIT_EXPECT_TRUE(test, is_zero_ether_addr(f->mac));
	KUNIT_EXPECT_FALSE(test, f->filter);
}

static void refusal_is_told(struct kunit *test)
{
	struct fake *f = test->priv;

	f->err = -EPERM;
	KUNIT_EXPECT_EQ(test, nc2b_pf_let_in(&f->nic, VF, guest), -EPERM);
	nc2b_pf_shut_out(&f->nic, VF);
	list_del(&f->dev.dev_list);
	KUNIT_EXPECT_EQ(test, nc2b_pf_let_in(&f->nic, VF, guest), -ENODEV);
	nc2b_pf_shut_out(&f->nic, VF);
}

/* Or the next guest's queue would get the frames of the last one. */
static void address_goes_though_its_filter_has_gone(struct kunit *test)
{
	struct fake *f = test->priv;

	KUNIT_EXPECT_EQ(test, nc2b_pf_let_in(&f->nic, VF, guest), 0);
	f->filter = false;
	nc2b_pf_shut_out(&f->nic, VF);
	KUNIT_EXPECT_TRUE(test, is_zero_ether_addr(f->mac));
	KUNIT_EXPECT_FALSE(test, f->filter);
}

static struct kunit_case pf_cases[] = {
	KUNIT_CASE(place_of_an_address_is_no_error),
	KUNIT_CASE(refusal_is_told),
	KUNIT_CASE(address_goes_though_its_filter_has_gone),
	{ }
};

static struct kunit_suite pf_suite = {
	.name = "nc2b_pf",
	.init = pf_test_init,
	.test_cases = pf_cases,
};

kunit_test_suite(pf_suite);

MODULE_DESCRIPTION("KUnit tests of what is asked of the physical function");
MODULE_LICENSE("GPL");
