// SPDX-License-Identifier: GPL-2.0
/* What the back is told of our multicast list. */
#include <kunit/test.h>
#include <linux/module.h>

#include "netfront/mclist.c"

static void number(u8 *addr, u32 i)
{
	memset(addr, 0, ETH_ALEN);
	addr[0] = 1;
	addr[5] = i;
}

/* The list of the groups from @first to before @end. */
static struct nc2f_mclist *make(struct kunit *test, u32 first, u32 end)
{
	struct nc2f_mclist *l = kunit_kzalloc(test, sizeof(*l), GFP_KERNEL);
	u8 addr[ETH_ALEN];

	KUNIT_ASSERT_NOT_NULL(test, l);
	for (; first < end; first++) {
		number(addr, first);
		KUNIT_ASSERT_TRUE(test, nc2f_mclist_add(l, addr));
	}
	return l;
}

struct change_case {
	const char *name;
	u32 told_first, told_end;
	u32 wish_first, wish_end;
	u32 adds, dels;
};

static const struct change_case change_cases[] = {
	{ "nothing_to_nothing", 0, 0, 0, 0, 0, 0 },
	{ "nothing_to_some", 0, 0, 0, 3, 3, 0 },
	{ "some_to_nothing", 0, 3, 0, 0, 0, 3 },
	{ "same", 0, 10, 0, 10, 0, 0 },
	{ "one_more", 0, 10, 0, 11, 1, 0 },
	{ "one_less", 0, 10, 1, 10, 0, 1 },
	{ "half_of_them", 0, 10, 5, 15, 5, 5 },
	{ "all_others", 0, 64, 64, 128, 64, 64 },
	{ "nothing_to_full", 0, 0, 0, 64, 64, 0 },
};

KUNIT_ARRAY_PARAM_DESC(change, change_cases, name);

/* Steps end, are as few as can be, and never need room that is not there. */
static void change(struct kunit *test)
{
	const struct change_case *c = test->param_value;
	struct nc2f_mclist *told = make(test, c->told_first, c->told_end);
	struct nc2f_mclist *wish = make(test, c->wish_first, c->wish_end);
	u32 adds = 0, dels = 0, i;
	enum nc2f_mcstep step;
	u8 addr[ETH_ALEN];

	while ((step = nc2f_mclist_step(told, wish, addr)) != NC2F_MC_DONE) {
		KUNIT_ASSERT_LT(test, adds + dels, 1000);
		if (step == NC2F_MC_ADD) {
			adds++;
			KUNIT_ASSERT_TRUE(test, nc2f_mclist_add(told, addr));
		} else {
			KUNIT_EXPECT_EQ(test, adds, 0);
			dels++;
			nc2f_mclist_del(told, addr);
		}
	}
	KUNIT_EXPECT_EQ(test, adds, c->adds);
	KUNIT_EXPECT_EQ(test, dels, c->dels);
	KUNIT_EXPECT_EQ(test, told->nr, wish->nr);
	for (i = 0; i < wish->nr; i++)
		KUNIT_EXPECT_GE(test, find(told, wish->addr[i]), 0);
}

static void twice_is_once(struct kunit *test)
{
	struct nc2f_mclist *l = make(test, 0, 2);
	u8 addr[ETH_ALEN];

	number(addr, 1);
	KUNIT_EXPECT_TRUE(test, nc2f_mclist_add(l, addr));
	KUNIT_EXPECT_EQ(test, l->nr, 2);
	nc2f_mclist_del(l, addr);
	nc2f_mclist_del(l, addr);
	KUNIT_EXPECT_EQ(test, l->nr, 1);
}

static void full_list_takes_no_more(struct kunit *test)
{
	struct nc2f_mclist *l = make(test, 0, NC2F_MCAST_MAX);
	u8 addr[ETH_ALEN];

	number(addr, NC2F_MCAST_MAX);
	KUNIT_EXPECT_FALSE(test, nc2f_mclist_add(l, addr));
	KUNIT_EXPECT_EQ(test, l->nr, NC2F_MCAST_MAX);
	number(addr, 0);
	KUNIT_EXPECT_TRUE(test, nc2f_mclist_add(l, addr));
}

static struct kunit_case nc2f_mclist_cases[] = {
	KUNIT_CASE_PARAM(change, change_gen_params),
	KUNIT_CASE(twice_is_once),
	KUNIT_CASE(full_list_takes_no_more),
	{}
};

static struct kunit_suite nc2f_mclist_suite = {
	.name = "nc2f_mclist",
	.test_cases = nc2f_mclist_cases,
};

kunit_test_suite(nc2f_mclist_suite);

MODULE_DESCRIPTION("KUnit tests of the front's multicast list");
MODULE_LICENSE("GPL");
