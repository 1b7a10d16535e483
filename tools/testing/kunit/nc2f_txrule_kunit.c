// SPDX-License-Identifier: GPL-2.0
/*
 * The front knows what the back will send: a frame that one of them takes for
 * good and the other for an attack would cost a guest its direct path.
 */
#include <kunit/test.h>
#include <linux/module.h>
#include <linux/prandom.h>

#include "netback/txrule.h"
#include "netfront/txrule.c"

/* Values at and beside every limit. */
static const u8 l2[] = { 0, 13, 14, 18, 22, 23, 255 };
static const u8 l3[] = { 0, 19, 20, 39, 40, 60, 255 };
static const u8 l4[] = { 0, 19, 20, 32, 60, 61, 255 };
static const u16 mss[] = { 0, 36, 87, 88, 536, 1448, 1460, 1461, 9000, 65535 };
static const u32 len[] = { 0, 13, 14, 34, 41, 42, 51, 52, 53, 54, 55, 60, 75, 246, 1518,
			   1519, 4096, 4097, 9018, 9019, 65535, 65557, 65558, 73728, 1000000 };
static const u32 mtu[] = { 0, 68, 1500, 9000, 9216, 65535 };

static u32 pick(struct rnd_state *rnd, u32 n)
{
	return prandom_u32_state(rnd) % n;
}

static void both_ends_agree(struct kunit *test)
{
	static const u16 flags[] = {
		0, XEN_NC2_TX_CSUM, XEN_NC2_TX_CSUM | XEN_NC2_TX_UDP,
		XEN_NC2_TX_CSUM | XEN_NC2_TX_TSO,
	};
	u32 round, differ = 0, good = 0, bad = 0;
	struct rnd_state rnd;

	prandom_seed_state(&rnd, 82576);
	for (round = 0; round < 1000000; round++) {
		u32 total = len[pick(&rnd, ARRAY_SIZE(len))];
		u32 max = mtu[pick(&rnd, ARRAY_SIZE(mtu))];
		struct xen_nc2_tx e = {
			.len = min_t(u32, total, XEN_NC2_PAGE_SIZE),
			.flags = flags[pick(&rnd, ARRAY_SIZE(flags))],
			.mss = mss[pick(&rnd, ARRAY_SIZE(mss))],
			.l2_len = l2[pick(&rnd, ARRAY_SIZE(l2))],
			.l3_len = l3[pick(&rnd, ARRAY_SIZE(l3))],
			.l4_len = l4[pick(&rnd, ARRAY_SIZE(l4))],
		};
		bool ok;

		if (round & 1)
			e.flags |= XEN_NC2_TX_IPV6;
		ok = nc2f_txrule_ok(&e, total, max);
		differ += ok != nc2b_txrule_ok(&e, total, max);
		good += ok;
		bad += !ok;
	}
	KUNIT_EXPECT_EQ(test, differ, 0);
	KUNIT_EXPECT_GT(test, good, 10000);
	KUNIT_EXPECT_GT(test, bad, 10000);
}

/* What Linux sends after a route was gone for a while: seen to end a direct path. */
static void smallest_segments_of_tcp(struct kunit *test)
{
	const struct xen_nc2_tx e = {
		.flags = XEN_NC2_TX_CSUM | XEN_NC2_TX_TSO, .mss = 36,
		.l2_len = 14, .l3_len = 20, .l4_len = 32,
	};

	KUNIT_EXPECT_FALSE(test, nc2f_txrule_ok(&e, 246, 9216));
}

static struct kunit_case txrule_cases[] = {
	KUNIT_CASE(both_ends_agree),
	KUNIT_CASE(smallest_segments_of_tcp),
	{}
};

static struct kunit_suite txrule_suite = {
	.name = "nc2f_txrule",
	.test_cases = txrule_cases,
};

kunit_test_suite(txrule_suite);

MODULE_DESCRIPTION("KUnit: rules of the transmit ring, both ends");
MODULE_LICENSE("GPL");
