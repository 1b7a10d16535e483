// SPDX-License-Identifier: GPL-2.0
/* The limit on what a guest sends. */
#include <kunit/test.h>
#include <linux/module.h>

#include "netback/rate.c"

struct parse_case {
	const char *name;
	const char *text;
	int want;
	u32 bytes;
	u32 usec;
};

static const struct parse_case parse_cases[] = {
	{ "both_are_read", "1250000,50000", 0, 1250000, 50000 },
	{ "largest_are_read", "4294967295,4294967295", 0, U32_MAX, U32_MAX },
	{ "empty_is_refused", "", -EINVAL },
	{ "one_number_is_refused", "100", -EINVAL },
	{ "comma_alone_is_refused", ",", -EINVAL },
	{ "no_bytes_is_refused", ",5", -EINVAL },
	{ "no_period_is_refused", "5,", -EINVAL },
	{ "three_numbers_are_refused", "1,2,3", -EINVAL },
	{ "zero_bytes_is_refused", "0,50000", -EINVAL },
	{ "zero_period_is_refused", "100,0", -EINVAL },
	{ "minus_is_refused", "-1,50000", -EINVAL },
	{ "space_is_refused", "1, 2", -EINVAL },
	{ "overflow_is_refused", "4294967296,1", -EINVAL },
	{ "many_digits_are_refused", "000000000000001,1", -EINVAL },
};

KUNIT_ARRAY_PARAM_DESC(parse, parse_cases, name);

static void parse(struct kunit *test)
{
	const struct parse_case *c = test->param_value;
	u32 bytes = 7, usec = 7;

	KUNIT_EXPECT_EQ(test, nc2b_rate_parse(c->text, &bytes, &usec), c->want);
	KUNIT_EXPECT_EQ(test, bytes, c->want ? 7 : c->bytes);
	KUNIT_EXPECT_EQ(test, usec, c->want ? 7 : c->usec);
}

static void limit(struct nc2b_rate *r, u32 bytes, u32 usec, u64 now)
{
	nc2b_rate_init(r);
	nc2b_rate_set(r, bytes, usec, now);
}

/* Sends frames of @len as soon as it may for @ns; bytes sent. */
static u64 greedy(struct nc2b_rate *r, u64 start, u64 ns, u32 len)
{
	u64 now = start, sent = 0, wait;

	while (now < start + ns) {
		wait = nc2b_rate_wait(r, now);
		if (wait) {
			now += wait;
			continue;
		}
		nc2b_rate_charge(r, len);
		sent += len;
	}
	return sent;
}

static void greedy_sender_gets_the_rate(struct kunit *test)
{
	static const u32 sizes[] = { 60, 1514, 65535 };
	struct nc2b_rate r;
	u64 sent;
	int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		/* 10 Mbyte in a second, for 10 seconds. */
		limit(&r, 500000, 50000, 1000);
		sent = greedy(&r, 1000, 10ull * NSEC_PER_SEC, sizes[i]);
		KUNIT_EXPECT_GE(test, sent, 99ull * 1000 * 1000);
		KUNIT_EXPECT_LE(test, sent, 100500000ull + NC2B_RATE_BURST);
	}
}

static void large_frames_do_not_beat_a_small_rate(struct kunit *test)
{
	struct nc2b_rate r;
	u64 sent;

	/* 1000 bytes a period; each frame is 65 periods' worth. */
	limit(&r, 1000, 1000, 0);
	sent = greedy(&r, 0, 10ull * NSEC_PER_SEC, 65535);
	KUNIT_EXPECT_LE(test, sent, 10ull * 1000 * 1000 + 2 * NC2B_RATE_BURST);
}

static void pause_saves_up_no_more_than_a_burst(struct kunit *test)
{
	u64 year = 365ull * 24 * 3600 * NSEC_PER_SEC;
	struct nc2b_rate r;

	limit(&r, 1000, 1, 0);
	KUNIT_EXPECT_EQ(test, nc2b_rate_wait(&r, year), 0);
	KUNIT_EXPECT_LE(test, r.left, NC2B_RATE_BURST);
}

static void largest_numbers_do_not_overflow(struct kunit *test)
{
	struct nc2b_rate r;

	limit(&r, U32_MAX, 1, 0);
	KUNIT_EXPECT_EQ(test, nc2b_rate_wait(&r, U64_MAX / 2), 0);
	KUNIT_EXPECT_GT(test, r.left, 0);
	limit(&r, 1, U32_MAX, 0);
	nc2b_rate_charge(&r, U32_MAX);
	KUNIT_EXPECT_GT(test, nc2b_rate_wait(&r, 1), 0);
}

/* A clock read on another CPU may be a little behind. */
static void time_that_goes_back_does_no_harm(struct kunit *test)
{
	struct nc2b_rate r;

	limit(&r, 1000, 1000, 5000);
	nc2b_rate_charge(&r, 2000);
	KUNIT_EXPECT_GT(test, nc2b_rate_wait(&r, 4000), 0);
	KUNIT_EXPECT_EQ(test, r.left, -1000);
}

/* Whoever saw the limit before it went must not divide by 0. */
static void limit_may_go_and_come(struct kunit *test)
{
	struct nc2b_rate r;

	nc2b_rate_init(&r);
	KUNIT_EXPECT_TRUE(test, nc2b_rate_is(&r, 0, 0));
	nc2b_rate_wait(&r, 10ull * NSEC_PER_SEC);
	nc2b_rate_set(&r, 1000, 1000, 0);
	KUNIT_EXPECT_TRUE(test, nc2b_rate_is(&r, 1000, 1000));
	KUNIT_EXPECT_FALSE(test, nc2b_rate_is(&r, 1000, 1001));
	KUNIT_EXPECT_FALSE(test, nc2b_rate_is(&r, 0, 0));
	nc2b_rate_charge(&r, 5000);
	KUNIT_EXPECT_GT(test, nc2b_rate_wait(&r, 1000), 0);
	nc2b_rate_set(&r, 0, 0, 1000);
	nc2b_rate_wait(&r, 10ull * NSEC_PER_SEC);
	KUNIT_EXPECT_TRUE(test, nc2b_rate_is(&r, 0, 0));
	/* A debt does not outlive the limit that it was made under. */
	nc2b_rate_set(&r, 2000, 1000, 2000);
	KUNIT_EXPECT_EQ(test, nc2b_rate_wait(&r, 2000), 0);
}

static void mbit_is_what_a_nic_wants(struct kunit *test)
{
	struct nc2b_rate r;

	limit(&r, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, nc2b_rate_mbit(&r), 0);
	limit(&r, 625000, 50000, 0);
	KUNIT_EXPECT_EQ(test, nc2b_rate_mbit(&r), 100);
	limit(&r, 1, 50000, 0);
	KUNIT_EXPECT_EQ(test, nc2b_rate_mbit(&r), 1);
}

static struct kunit_case nc2b_rate_cases[] = {
	KUNIT_CASE_PARAM(parse, parse_gen_params),
	KUNIT_CASE(greedy_sender_gets_the_rate),
	KUNIT_CASE(large_frames_do_not_beat_a_small_rate),
	KUNIT_CASE(pause_saves_up_no_more_than_a_burst),
	KUNIT_CASE(largest_numbers_do_not_overflow),
	KUNIT_CASE(time_that_goes_back_does_no_harm),
	KUNIT_CASE(limit_may_go_and_come),
	KUNIT_CASE(mbit_is_what_a_nic_wants),
	{}
};

static struct kunit_suite nc2b_rate_suite = {
	.name = "nc2b_rate",
	.test_cases = nc2b_rate_cases,
};

kunit_test_suite(nc2b_rate_suite);

MODULE_DESCRIPTION("KUnit tests of the rate limit");
MODULE_LICENSE("GPL");
