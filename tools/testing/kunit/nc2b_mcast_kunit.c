// SPDX-License-Identifier: GPL-2.0
/* The multicast filter of a guest. */
#include <kunit/test.h>
#include <linux/module.h>

#include "netback/mcast.c"

static const u8 group[ETH_ALEN] = { 0x01, 0x00, 0x5e, 1, 2, 3 };
static const u8 other[ETH_ALEN] = { 0x33, 0x33, 0, 0, 0, 1 };
static const u8 unicast[ETH_ALEN] = { 0x00, 0x16, 0x3e, 1, 2, 3 };
static const u8 nobody[ETH_ALEN] = {};
static const u8 broadcast[ETH_ALEN] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

static struct nc2b_mcast *make(struct kunit *test)
{
	struct nc2b_mcast *m = kunit_kzalloc(test, sizeof(*m), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, m);
	nc2b_mcast_init(m);
	return m;
}

static void number(u8 *addr, u32 i)
{
	memcpy(addr, group, ETH_ALEN);
	addr[5] = i;
}

static void off_passes_everything(struct kunit *test)
{
	struct nc2b_mcast *m = make(test);

	KUNIT_EXPECT_TRUE(test, nc2b_mcast_wanted(m, group));
	/* The list may be changed, and is not obeyed. */
	KUNIT_EXPECT_EQ(test, nc2b_mcast_add(m, other), 0);
	KUNIT_EXPECT_TRUE(test, nc2b_mcast_wanted(m, group));
}

static void on_passes_what_is_listed(struct kunit *test)
{
	struct nc2b_mcast *m = make(test);

	m->on = true;
	KUNIT_EXPECT_FALSE(test, nc2b_mcast_wanted(m, group));
	KUNIT_EXPECT_EQ(test, nc2b_mcast_add(m, group), 0);
	KUNIT_EXPECT_TRUE(test, nc2b_mcast_wanted(m, group));
	KUNIT_EXPECT_FALSE(test, nc2b_mcast_wanted(m, other));
	nc2b_mcast_del(m, group);
	KUNIT_EXPECT_FALSE(test, nc2b_mcast_wanted(m, group));
	KUNIT_EXPECT_EQ(test, m->top, 0);
}

static void unicast_and_broadcast_pass(struct kunit *test)
{
	struct nc2b_mcast *m = make(test);

	m->on = true;
	KUNIT_EXPECT_TRUE(test, nc2b_mcast_wanted(m, unicast));
	KUNIT_EXPECT_TRUE(test, nc2b_mcast_wanted(m, nobody));
	KUNIT_EXPECT_TRUE(test, nc2b_mcast_wanted(m, broadcast));
}

static void only_groups_are_listed(struct kunit *test)
{
	struct nc2b_mcast *m = make(test);

	KUNIT_EXPECT_EQ(test, nc2b_mcast_add(m, unicast), -EINVAL);
	KUNIT_EXPECT_EQ(test, nc2b_mcast_add(m, nobody), -EINVAL);
	KUNIT_EXPECT_EQ(test, m->top, 0);
	nc2b_mcast_del(m, unicast);
	nc2b_mcast_del(m, nobody);
	KUNIT_EXPECT_EQ(test, m->top, 0);
}

static void twice_is_once(struct kunit *test)
{
	struct nc2b_mcast *m = make(test);

	m->on = true;
	KUNIT_EXPECT_EQ(test, nc2b_mcast_add(m, group), 0);
	KUNIT_EXPECT_EQ(test, nc2b_mcast_add(m, group), 0);
	KUNIT_EXPECT_EQ(test, m->top, 1);
	nc2b_mcast_del(m, group);
	KUNIT_EXPECT_FALSE(test, nc2b_mcast_wanted(m, group));
	nc2b_mcast_del(m, group);
	KUNIT_EXPECT_FALSE(test, nc2b_mcast_wanted(m, group));
}

static void list_is_bounded(struct kunit *test)
{
	struct nc2b_mcast *m = make(test);
	u8 addr[ETH_ALEN];
	u32 i;

	m->on = true;
	for (i = 0; i < NC2B_MCAST_MAX; i++) {
		number(addr, i);
		KUNIT_ASSERT_EQ(test, nc2b_mcast_add(m, addr), 0);
	}
	KUNIT_EXPECT_EQ(test, nc2b_mcast_add(m, other), -ENOSPC);
	KUNIT_EXPECT_FALSE(test, nc2b_mcast_wanted(m, other));
	/* What is there already needs no room. */
	KUNIT_EXPECT_EQ(test, nc2b_mcast_add(m, addr), 0);
	/* A place in the middle is used again, and hides nothing behind it. */
	number(addr, 10);
	nc2b_mcast_del(m, addr);
	KUNIT_EXPECT_FALSE(test, nc2b_mcast_wanted(m, addr));
	KUNIT_EXPECT_EQ(test, nc2b_mcast_add(m, other), 0);
	for (i = 0; i < NC2B_MCAST_MAX; i++) {
		number(addr, i);
		KUNIT_EXPECT_EQ(test, nc2b_mcast_wanted(m, addr), i != 10);
	}
	KUNIT_EXPECT_TRUE(test, nc2b_mcast_wanted(m, other));
}

static void clear_forgets_all(struct kunit *test)
{
	struct nc2b_mcast *m = make(test);

	m->on = true;
	KUNIT_EXPECT_EQ(test, nc2b_mcast_add(m, group), 0);
	nc2b_mcast_clear(m);
	KUNIT_EXPECT_FALSE(test, m->on);
	m->on = true;
	KUNIT_EXPECT_FALSE(test, nc2b_mcast_wanted(m, group));
}

static struct kunit_case nc2b_mcast_cases[] = {
	KUNIT_CASE(off_passes_everything),
	KUNIT_CASE(on_passes_what_is_listed),
	KUNIT_CASE(unicast_and_broadcast_pass),
	KUNIT_CASE(only_groups_are_listed),
	KUNIT_CASE(twice_is_once),
	KUNIT_CASE(list_is_bounded),
	KUNIT_CASE(clear_forgets_all),
	{}
};

static struct kunit_suite nc2b_mcast_suite = {
	.name = "nc2b_mcast",
	.test_cases = nc2b_mcast_cases,
};

kunit_test_suite(nc2b_mcast_suite);

MODULE_DESCRIPTION("KUnit tests of the multicast filter");
MODULE_LICENSE("GPL");
