// SPDX-License-Identifier: GPL-2.0
/*
 * What a VF of the 82599 family and its physical function say to each other:
 * each version of the language, refusal, silence, noise, a reset in between.
 */
#include <kunit/test.h>
#include <linux/module.h>

#include "netback/ixgbevf.c"

#include "tools/testing/kunit/ixgbevf_fake.h"

/* APIs as bits of &fake_pf.apis: 1.0, 1.1, 1.2 and so on. */
#define A10	BIT(0)
#define A11	(A10 | BIT(2))
#define A12	(A11 | BIT(3))
#define A13	(A12 | BIT(4))
#define A14	(A13 | BIT(5))
#define A15	(A14 | BIT(6))
#define A16	(A14 | BIT(7))
#define A17	(A16 | BIT(8))

struct api_case {
	const char *name;
	enum nc2b_ixgbevf model;
	u32 apis;
	u32 want;
};

static const struct api_case api_cases[] = {
	{ "pf knows no versions", NC2B_IXGBEVF_82599, 0, 0 },
	{ "1.0", NC2B_IXGBEVF_82599, A10, 0 },
	{ "1.1", NC2B_IXGBEVF_82599, A11, 2 },
	{ "1.2", NC2B_IXGBEVF_82599, A12, 3 },
	{ "1.3", NC2B_IXGBEVF_X550, A13, 4 },
	{ "1.4", NC2B_IXGBEVF_X550, A14, 5 },
	{ "1.5", NC2B_IXGBEVF_X550, A15, 6 },
	{ "1.5 alone", NC2B_IXGBEVF_82599, BIT(6), 6 },
	{ "1.6 is not for all", NC2B_IXGBEVF_X550, A16, 5 },
	{ "1.7 is not for all", NC2B_IXGBEVF_82599, A17, 5 },
	{ "E610, 1.7", NC2B_IXGBEVF_E610, A17, 7 },
	{ "E610, 1.6", NC2B_IXGBEVF_E610, A16, 7 },
	{ "E610, 1.5", NC2B_IXGBEVF_E610, A15, 6 },
	{ "E610, 1.4", NC2B_IXGBEVF_E610, A14, 5 },
	{ "E610, 1.0", NC2B_IXGBEVF_E610, A10, 0 },
};

static void newest_common_api_is_spoken(struct kunit *test)
{
	const struct api_case *c = test->param_value;
	struct fake *f = test->priv;

	fake_make(f, c->model);
	f->pf.apis = c->apis;
	KUNIT_ASSERT_EQ(test, fake_start(f, 1500), 0);
	KUNIT_EXPECT_EQ(test, f->vf.api, c->want);
	KUNIT_EXPECT_EQ(test, f->pf.api, c->want);
	KUNIT_EXPECT_EQ(test, f->vf.mbx.hold, c->want == 6);
	KUNIT_EXPECT_EQ(test, f->pf.lpe, 1518u);
	/* Only what this version has is asked. */
	KUNIT_EXPECT_EQ(test, f->pf.got[0x09], c->want >= 2 ? 1u : 0u);
	KUNIT_EXPECT_EQ(test, f->pf.got[0x10], c->want >= 3 ? 1u : 0u);
	KUNIT_EXPECT_EQ(test, f->pf.got[0x11], c->want >= 7 ? 1u : 0u);
	/* A second start begins with the oldest again. */
	KUNIT_EXPECT_EQ(test, nc2b_ivf_stop(&f->vf), 0);
	KUNIT_EXPECT_EQ(test, fake_start(f, 1500), 0);
	KUNIT_EXPECT_EQ(test, f->vf.api, c->want);
}

static void api_name(const struct api_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(api, api_cases, api_name);

struct talk_case {
	const char *name;
	u32 apis;
	u32 deaf;
	u32 refuse;
	unsigned int pings;
	bool ping_lost;
	unsigned int reset_at;
	unsigned int reset_us;
	unsigned int keep_us;
	unsigned int gone_at;
	int want;
	unsigned int limit_us;
};

static const struct talk_case talk_cases[] = {
	{ "no noise", .limit_us = 10000 },
	{ "stray pings before each answer", .pings = 3, .limit_us = 30000 },
	{ "stray pings, 1.5", .apis = A15, .pings = 3, .limit_us = 30000 },
	{ "nothing but pings", .pings = FAKE_OUT, .want = -EBUSY, .limit_us = 30000 },
	{ "pings of a pf that forgets", .pings = 1, .ping_lost = true,
	  .want = -EBUSY, .limit_us = 30000 },
	{ "pf in reset for a while", .reset_us = 50000, .limit_us = 100000 },
	{ "pf in reset", .reset_us = FAKE_LONG, .want = -EBUSY, .limit_us = 400000 },
	/* The reset of the VF takes 1 ms, its message less than that. */
	{ "reset after the first answer", .reset_at = 1500, .reset_us = 5000,
	  .want = -EBUSY, .limit_us = 200000 },
	{ "pf has the buffer for a while", .keep_us = 5000, .limit_us = 20000 },
	{ "pf keeps the buffer", .keep_us = FAKE_LONG, .want = -EBUSY,
	  .limit_us = 200000 },
	{ "device gone at once", .gone_at = 1, .want = -ENODEV, .limit_us = 200000 },
	{ "device gone later", .gone_at = 1500, .want = -ENODEV, .limit_us = 200000 },
	{ "no answer to reset", .deaf = BIT(0x01), .want = -EBUSY,
	  .limit_us = 1300000 },
	{ "no answer about versions", .deaf = BIT(0x08), .want = -EBUSY,
	  .limit_us = 1300000 },
	{ "no answer about queues", .deaf = BIT(0x09), .want = -EBUSY,
	  .limit_us = 1300000 },
	{ "no answer about link", .deaf = BIT(0x10), .want = -EBUSY,
	  .limit_us = 1300000 },
	{ "no answer about size", .deaf = BIT(0x05), .want = -EBUSY,
	  .limit_us = 1300000 },
	{ "no answer about versions, 1.5", .apis = A15, .deaf = BIT(0x05),
	  .want = -EBUSY, .limit_us = 1300000 },
	{ "versions refused", .refuse = BIT(0x08), .limit_us = 20000 },
	{ "queues refused", .refuse = BIT(0x09), .limit_us = 20000 },
	{ "link state refused", .refuse = BIT(0x10), .limit_us = 20000 },
	{ "size refused", .refuse = BIT(0x05), .want = -EMSGSIZE, .limit_us = 200000 },
};

static void start_copes(struct kunit *test)
{
	const struct talk_case *c = test->param_value;
	struct fake *f = test->priv;

	fake_make(f, NC2B_IXGBEVF_X550);
	if (c->apis)
		f->pf.apis = c->apis;
	f->pf.deaf = c->deaf;
	f->pf.refuse = c->refuse;
	f->pf.pings = c->pings;
	f->pf.ping_lost = c->ping_lost;
	f->reset_at = c->reset_at;
	f->reset_us = c->reset_us;
	f->keep_us = c->keep_us;
	f->gone_at = c->gone_at;
	/* gone_at 1: before any time has passed, too. */
	f->us = c->gone_at == 1;
	KUNIT_EXPECT_EQ(test, fake_start(f, 1500), c->want);
	KUNIT_EXPECT_EQ(test, f->vf.started, !c->want);
	KUNIT_EXPECT_EQ(test, f->master, !c->want);
	KUNIT_EXPECT_EQ(test, f->irqs, !c->want);
	KUNIT_EXPECT_LE(test, f->us, c->limit_us);
}

static void talk_name(const struct talk_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(talk, talk_cases, talk_name);

struct ask_case {
	const char *name;
	enum nc2b_ixgbevf model;
	u32 tcs;
	u32 pairs;
	bool link_off;
	bool link_down;
	u32 refuse;
	u32 hash;
	u32 apis;
	bool no_vflinks;
	int want;
};

static const struct ask_case ask_cases[] = {
	{ "a vlan is set", NC2B_IXGBEVF_82599, .tcs = 1, .pairs = 4 },
	{ "two traffic classes", NC2B_IXGBEVF_82599, .tcs = 2, .pairs = 4,
	  .want = -EOPNOTSUPP },
	{ "eight traffic classes", NC2B_IXGBEVF_X550, .tcs = 8, .pairs = 8,
	  .want = -EOPNOTSUPP },
	{ "no queue pairs", NC2B_IXGBEVF_X550, .pairs = 0 },
	{ "more queue pairs than can be", NC2B_IXGBEVF_X550, .pairs = U32_MAX },
	{ "link switched off", NC2B_IXGBEVF_X550, .pairs = 2, .link_off = true,
	  .want = -ENETDOWN },
	{ "link down by message, X550", NC2B_IXGBEVF_X550, .pairs = 2,
	  .link_down = true },
	{ "link down by message, E610", NC2B_IXGBEVF_E610, .pairs = 2,
	  .link_down = true, .want = -ENETDOWN },
	{ "link refused, E610", NC2B_IXGBEVF_E610, .pairs = 2, .refuse = BIT(0x11),
	  .want = -ENETDOWN },
	{ "link up by message alone, E610", NC2B_IXGBEVF_E610, .pairs = 2,
	  .no_vflinks = true },
	{ "E610 without messages", NC2B_IXGBEVF_E610, .pairs = 2, .apis = A14,
	  .no_vflinks = true, .want = -ENETDOWN },
	{ "last kind of hash", NC2B_IXGBEVF_X550, .pairs = 2, .hash = 3 },
	{ "no such kind of hash", NC2B_IXGBEVF_X550, .pairs = 2, .hash = 4,
	  .want = -EBUSY },
};

static void answers_are_heeded(struct kunit *test)
{
	const struct ask_case *c = test->param_value;
	struct fake *f = test->priv;

	fake_make(f, c->model);
	f->pf.tcs = c->tcs;
	f->pf.pairs = c->pairs;
	f->pf.link_off = c->link_off;
	f->pf.link_down = c->link_down;
	f->pf.refuse = c->refuse;
	f->pf.hash = c->hash;
	if (c->apis)
		f->pf.apis = c->apis;
	if (c->no_vflinks)
		f->reg[VFLINKS / 4] = 0;
	KUNIT_EXPECT_EQ(test, fake_start(f, 1500), c->want);
	KUNIT_EXPECT_EQ(test, f->master, !c->want);
}

static void ask_name(const struct ask_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(ask, ask_cases, ask_name);

/* 12 bits of the last two bytes: which, the PF says. */
static void multicast_hash_is_the_pfs(struct kunit *test)
{
	static const u8 mc[3][6] = {
		{ 0x01, 0x00, 0x5e, 0x00, 0x00, 0x01 },
		{ 0x33, 0x33, 0x00, 0x00, 0x00, 0xfb },
		{ 0x33, 0x33, 0xff, 0x12, 0x34, 0x56 },
	};
	static const u32 want[4][2] = {
		{ 0x0fb00010, 0x0563 }, { 0x0f600020, 0x0ac6 },
		{ 0x0ec00040, 0x058d }, { 0x0b000100, 0x0634 },
	};
	struct nc2q_filter filter = { .mc = mc, .nr_mc = 3 };
	struct fake *f = test->priv;
	u32 kind;

	for (kind = 0; kind < 4; kind++) {
		fake_make(f, NC2B_IXGBEVF_82599);
		f->pf.hash = kind;
		KUNIT_ASSERT_EQ(test, fake_start(f, 1500), 0);
		KUNIT_EXPECT_EQ(test, nc2b_ivf_set_filter(&f->vf, &filter), 0);
		KUNIT_EXPECT_EQ(test, f->pf.mc[0], 0x00030003u);
		KUNIT_EXPECT_EQ(test, f->pf.mc[1], want[kind][0]);
		KUNIT_EXPECT_EQ(test, f->pf.mc[2], want[kind][1]);
		KUNIT_EXPECT_EQ(test, nc2b_ivf_stop(&f->vf), 0);
		f->log_n = 0;
	}
}

struct filter_case {
	const char *name;
	u32 apis;
	unsigned int nr_mc;
	bool allmulti;
	bool trusts;
	u32 refuse;
	int want;
	u32 want_xcast;
	u32 want_mc;
};

static const struct filter_case filter_cases[] = {
	{ "empty", A14, .want_xcast = 1, .want_mc = 1 },
	{ "largest list", A14, 30, .want_xcast = 1, .want_mc = 1 },
	{ "too long a list", A14, 31, .want = -E2BIG },
	{ "list, 1.0", A10, 30, .want_mc = 1 },
	{ "list, 1.1", A11, 30, .want_mc = 1 },
	{ "list, 1.5", A15, 30, .want_xcast = 1, .want_mc = 1 },
	{ "all, trusted", A14, .allmulti = true, .trusts = true, .want_xcast = 2,
	  .want_mc = 1 },
	{ "all, trusted, 1.2", A12, .allmulti = true, .trusts = true,
	  .want_xcast = 2, .want_mc = 1 },
	{ "all, trusted, 1.5", A15, .allmulti = true, .trusts = true,
	  .want_xcast = 2, .want_mc = 1 },
	{ "all, not trusted", A14, .allmulti = true, .want = -EPERM,
	  .want_xcast = 1 },
	{ "all, 1.1", A11, .allmulti = true, .trusts = true, .want = -EOPNOTSUPP },
	{ "all, 1.0", A10, .allmulti = true, .trusts = true, .want = -EOPNOTSUPP },
	{ "mode refused", A14, .refuse = BIT(0x0c), .want = -EPERM },
	{ "list refused", A14, 3, .refuse = BIT(0x03), .want = -EPERM,
	  .want_xcast = 1 },
};

static void filter_is_set_or_refused(struct kunit *test)
{
	const struct filter_case *c = test->param_value;
	static u8 mc[31][6];
	struct nc2q_filter filter = {
		.mc = mc, .nr_mc = c->nr_mc, .allmulti = c->allmulti,
	};
	struct fake *f = test->priv;

	fake_make(f, NC2B_IXGBEVF_X550);
	f->pf.apis = c->apis;
	f->pf.trusts = c->trusts;
	f->pf.refuse = c->refuse;
	KUNIT_EXPECT_EQ(test, nc2b_ivf_set_filter(&f->vf, &filter),
			c->nr_mc > 30 ? -E2BIG : -EIO);
	KUNIT_ASSERT_EQ(test, fake_start(f, 1500), 0);
	KUNIT_EXPECT_EQ(test, nc2b_ivf_set_filter(&f->vf, &filter), c->want);
	KUNIT_EXPECT_EQ(test, f->pf.xcast, c->want_xcast);
	KUNIT_EXPECT_EQ(test, f->pf.mc[0],
			c->want_mc ? c->nr_mc << 16 | 3 : 0);
	/* A filter that is refused is no reason to reset the VF. */
	KUNIT_EXPECT_EQ(test, nc2b_ivf_check(&f->vf), 0);
}

static void filter_name(const struct filter_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(filter, filter_cases, filter_name);

/* What the guest before has asked for must not be what this one gets. */
static void multicast_mode_is_set_back(struct kunit *test)
{
	struct nc2q_filter filter = { .allmulti = true };
	struct fake *f = test->priv;

	fake_make(f, NC2B_IXGBEVF_82599);
	f->pf.trusts = true;
	KUNIT_ASSERT_EQ(test, fake_start(f, 1500), 0);
	KUNIT_EXPECT_EQ(test, nc2b_ivf_set_filter(&f->vf, &filter), 0);
	KUNIT_EXPECT_EQ(test, nc2b_ivf_stop(&f->vf), 0);
	KUNIT_ASSERT_EQ(test, fake_start(f, 1500), 0);
	KUNIT_EXPECT_EQ(test, f->pf.xcast, 2u);
	filter.allmulti = false;
	KUNIT_EXPECT_EQ(test, nc2b_ivf_set_filter(&f->vf, &filter), 0);
	KUNIT_EXPECT_EQ(test, f->pf.xcast, 1u);
}

/* A reset of the PF takes it from the NIC, and its driver does not know. */
static void all_multicast_comes_back(struct kunit *test)
{
	struct nc2q_filter filter = { .allmulti = true };
	struct fake *f = test->priv;

	fake_make(f, NC2B_IXGBEVF_X550);
	f->pf.trusts = true;
	KUNIT_ASSERT_EQ(test, fake_start(f, 1500), 0);
	KUNIT_EXPECT_EQ(test, nc2b_ivf_set_filter(&f->vf, &filter), 0);
	KUNIT_EXPECT_EQ(test, f->pf.gives, 2u);
	KUNIT_EXPECT_EQ(test, nc2b_ivf_stop(&f->vf), 0);
	f->pf.gives = 0;
	KUNIT_ASSERT_EQ(test, fake_start(f, 1500), 0);
	KUNIT_EXPECT_EQ(test, nc2b_ivf_set_filter(&f->vf, &filter), 0);
	KUNIT_EXPECT_EQ(test, f->pf.gives, 2u);
	/* It is not taken away for another list. */
	f->pf.changes = 0;
	KUNIT_EXPECT_EQ(test, nc2b_ivf_set_filter(&f->vf, &filter), 0);
	KUNIT_EXPECT_EQ(test, f->pf.changes, 0u);
}

/* It comes between a request and a good answer to that. */
static void stray_ping_without_cts_counts(struct kunit *test)
{
	const u32 ping[16] = { FAKE_PING };
	struct fake *f = test->priv;

	fake_make(f, NC2B_IXGBEVF_X550);
	KUNIT_ASSERT_EQ(test, fake_start(f, 1500), 0);
	pf_say(&f->pf, ping);
	KUNIT_EXPECT_EQ(test, nc2b_ivf_set_mtu(&f->vf, 1400), -EIO);
	KUNIT_EXPECT_EQ(test, f->pf.lpe, 1418u);
	KUNIT_EXPECT_EQ(test, nc2b_ivf_check(&f->vf), -EIO);
}

/* With 1.5 the PF does not let go of the buffer until we have read it. */
static void message_that_is_held_does_not_block(struct kunit *test)
{
	const u32 ping[16] = { FAKE_PING | FAKE_CTS };
	struct fake *f = test->priv;

	fake_make(f, NC2B_IXGBEVF_X550);
	f->pf.apis = A15;
	KUNIT_ASSERT_EQ(test, fake_start(f, 1500), 0);
	pf_say(&f->pf, ping);
	pf_run(f);
	KUNIT_ASSERT_TRUE(test, f->pf.holds);
	KUNIT_EXPECT_EQ(test, nc2b_ivf_set_mtu(&f->vf, 1400), 0);
	KUNIT_EXPECT_FALSE(test, f->pf.holds);
	KUNIT_EXPECT_EQ(test, f->pf.lpe, 1418u);
	KUNIT_EXPECT_EQ(test, nc2b_ivf_check(&f->vf), 0);
}

static void held_message_of_a_pf_that_forgot_us_counts(struct kunit *test)
{
	const u32 ping[16] = { FAKE_PING };
	struct fake *f = test->priv;

	fake_make(f, NC2B_IXGBEVF_X550);
	f->pf.apis = A15;
	KUNIT_ASSERT_EQ(test, fake_start(f, 1500), 0);
	pf_say(&f->pf, ping);
	pf_run(f);
	KUNIT_EXPECT_EQ(test, nc2b_ivf_check(&f->vf), -EIO);
	KUNIT_EXPECT_FALSE(test, f->pf.holds);
	KUNIT_EXPECT_EQ(test, nc2b_ivf_set_mtu(&f->vf, 1400), -EIO);
}

static struct kunit_case mbx_cases[] = {
	KUNIT_CASE_PARAM(newest_common_api_is_spoken, api_gen_params),
	KUNIT_CASE_PARAM(start_copes, talk_gen_params),
	KUNIT_CASE_PARAM(answers_are_heeded, ask_gen_params),
	KUNIT_CASE(multicast_hash_is_the_pfs),
	KUNIT_CASE_PARAM(filter_is_set_or_refused, filter_gen_params),
	KUNIT_CASE(multicast_mode_is_set_back),
	KUNIT_CASE(all_multicast_comes_back),
	KUNIT_CASE(stray_ping_without_cts_counts),
	KUNIT_CASE(message_that_is_held_does_not_block),
	KUNIT_CASE(held_message_of_a_pf_that_forgot_us_counts),
	{ }
};

static struct kunit_suite mbx_suite = {
	.name = "nc2q_ixgbevf_mbx",
	.init = fake_test_init,
	.exit = fake_test_exit,
	.test_cases = mbx_cases,
};

kunit_test_suite(mbx_suite);

MODULE_DESCRIPTION("KUnit: mailbox of an 82599 VF");
MODULE_LICENSE("GPL");
