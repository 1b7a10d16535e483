// SPDX-License-Identifier: GPL-2.0
/*
 * The front's end of the rings, against a back that lies.
 *
 * Entries live in an allocation of exactly their size, so that KASAN sees a
 * step beyond the ring.
 */
#include <kunit/test.h>
#include <linux/module.h>
#include <linux/prandom.h>

#include "netfront/ring.c"

#define NR	64u

struct ring_env {
	struct xen_nc2_ring_hdr *hdr;
	void *entries;
	struct nc2f_prod prod;
	struct nc2f_cons cons;
};

static struct ring_env *env_at(struct kunit *test, u32 index)
{
	struct ring_env *e = kunit_kzalloc(test, sizeof(*e), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, e);
	e->hdr = kunit_kzalloc(test, sizeof(*e->hdr), GFP_KERNEL);
	e->entries = kunit_kcalloc(test, NR, sizeof(struct xen_nc2_comp), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, e->hdr);
	KUNIT_ASSERT_NOT_NULL(test, e->entries);
	nc2f_prod_init(&e->prod, e->hdr, e->entries, NR);
	nc2f_cons_init(&e->cons, e->hdr, e->entries, NR);
	/* As if so many entries had gone through already. */
	e->prod.prod = index;
	e->prod.shown = index;
	e->prod.cons = index;
	e->prod.event = index;
	e->cons.cons = index;
	e->cons.shown = index;
	e->hdr->prod = index;
	e->hdr->cons = index;
	e->hdr->cons_event = index;
	e->hdr->prod_event = index;
	return e;
}

static void produce(struct ring_env *e, u32 n)
{
	const struct xen_nc2_tx tx = { .len = 60 };

	while (n--)
		nc2f_prod_tx(&e->prod, &tx);
}

static bool passes_slowly(u32 old, u32 new, u32 event)
{
	u32 i;

	for (i = old; i != new; i++)
		if (i + 1 == event)
			return true;
	return false;
}

static void event_rule_matches_counting(struct kunit *test)
{
	static const u32 bases[] = { 0, 1, 0x7fffffd0, 0x80000000, 0xffffffc0, 0xffffffff };
	u32 b, n, wrong = 0;
	int d;

	for (b = 0; b < ARRAY_SIZE(bases); b++)
		for (n = 0; n <= NR; n++)
			for (d = -70; d <= 140; d++)
				wrong += passes(bases[b], bases[b] + n, bases[b] + d) !=
					 passes_slowly(bases[b], bases[b] + n, bases[b] + d);
	KUNIT_EXPECT_EQ(test, wrong, 0);
}

/**
 * struct reap_case - how far the back says that it has come
 * @name: of the case
 * @cons: last index found good
 * @flight: entries shown since
 * @hidden: entries produced and not shown
 * @claim: what the shared page says now
 * @want: result of nc2f_prod_reap()
 */
struct reap_case {
	const char *name;
	u32 cons, flight, hidden, claim;
	int want;
};

static const struct reap_case reap_cases[] = {
	{ "nothing_is_zero", 0, 0, 0, 0, 0 },
	{ "nothing_yet_is_zero", 10, 5, 0, 10, 0 },
	{ "some_are_counted", 10, 5, 0, 12, 2 },
	{ "all_are_counted", 10, 5, 0, 15, 5 },
	{ "more_than_shown_is_refused", 10, 5, 0, 16, -EPROTO },
	{ "what_is_not_shown_yet_is_refused", 10, 5, 3, 17, -EPROTO },
	{ "backwards_is_refused", 10, 5, 0, 9, -EPROTO },
	{ "far_backwards_is_refused", 10, 5, 0, 10 - NR, -EPROTO },
	{ "to_zero_is_refused", 10, 5, 0, 0, -EPROTO },
	{ "all_ones_is_refused", 10, 5, 0, 0xffffffff, -EPROTO },
	{ "half_way_round_is_refused", 10, 5, 0, 0x8000000a, -EPROTO },
	{ "full_ring_is_counted", 10, NR, 0, 10 + NR, NR },
	{ "more_than_full_ring_is_refused", 10, NR, 0, 11 + NR, -EPROTO },
	{ "wrap_is_counted", 0xfffffff0, 32, 0, 0x10, 32 },
	{ "wrap_of_part_is_counted", 0xfffffff0, 32, 0, 0, 16 },
	{ "wrap_beyond_is_refused", 0xfffffff0, 32, 0, 0x11, -EPROTO },
	{ "wrap_backwards_is_refused", 0, 32, 0, 0xffffffff, -EPROTO },
	{ "anything_for_nothing_is_refused", 10, 0, 0, 11, -EPROTO },
};

KUNIT_ARRAY_PARAM_DESC(reap, reap_cases, name);

static void reap_claim(struct kunit *test)
{
	const struct reap_case *c = test->param_value;
	struct ring_env *e = env_at(test, c->cons);

	produce(e, c->flight);
	nc2f_prod_publish(&e->prod);
	produce(e, c->hidden);
	e->hdr->cons = c->claim;
	KUNIT_EXPECT_EQ(test, nc2f_prod_reap(&e->prod), c->want);
	/* A refused index gives no room and is not remembered. */
	KUNIT_EXPECT_EQ(test, nc2f_prod_room(&e->prod),
			NR - c->flight - c->hidden + max(c->want, 0));
	KUNIT_EXPECT_EQ(test, e->prod.cons, c->cons + max(c->want, 0));
}

struct avail_case {
	const char *name;
	u32 cons, claim;
	int want;
};

static const struct avail_case avail_cases[] = {
	{ "nothing_is_zero", 0, 0, 0 },
	{ "one_is_one", 0, 1, 1 },
	{ "full_is_size", 0, NR, NR },
	{ "one_too_many_is_refused", 0, NR + 1, -EPROTO },
	{ "behind_is_refused", 10, 9, -EPROTO },
	{ "size_behind_is_refused", 100, 100 - NR, -EPROTO },
	{ "half_way_round_is_refused", 0, 0x80000000, -EPROTO },
	{ "all_ones_is_refused", 0, 0xffffffff, -EPROTO },
	{ "wrap_is_counted", 0xfffffff0, 0x10, 32 },
	{ "wrap_full_is_size", 0xfffffff0, 0x30, NR },
	{ "wrap_one_too_many_is_refused", 0xfffffff0, 0x31, -EPROTO },
	{ "wrap_behind_is_refused", 0, 0xffffffff, -EPROTO },
};

KUNIT_ARRAY_PARAM_DESC(avail, avail_cases, name);

static void avail_claim(struct kunit *test)
{
	const struct avail_case *c = test->param_value;
	struct ring_env *e = env_at(test, c->cons);

	e->hdr->prod = c->claim;
	KUNIT_EXPECT_EQ(test, nc2f_cons_avail(&e->cons), c->want);
	KUNIT_EXPECT_EQ(test, e->cons.cons, c->cons);
}

static void room_counts_down_to_zero(struct kunit *test)
{
	struct ring_env *e = env_at(test, 0xffffffe0);
	u32 i;

	for (i = 0; i < NR; i++) {
		KUNIT_EXPECT_EQ(test, nc2f_prod_room(&e->prod), NR - i);
		produce(e, 1);
	}
	KUNIT_EXPECT_EQ(test, nc2f_prod_room(&e->prod), 0);
}

static void fill_lands_in_the_right_entry(struct kunit *test)
{
	struct xen_nc2_ring_hdr hdr = {};
	struct xen_nc2_fill *fill;
	struct nc2f_prod r;
	u32 i;

	fill = kunit_kcalloc(test, NR, sizeof(*fill), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, fill);
	nc2f_prod_init(&r, &hdr, fill, NR);
	r.prod = 0xfffffff8;
	for (i = 0; i < NR; i++)
		nc2f_prod_fill(&r, (struct xen_nc2_fill){ .page = i, .offset = 2048 });
	for (i = 0; i < NR; i++) {
		KUNIT_EXPECT_EQ(test, fill[(i - 8) % NR].page, i);
		KUNIT_EXPECT_EQ(test, fill[i].offset, 2048);
	}
}

static void nothing_is_shown_before_publish(struct kunit *test)
{
	struct ring_env *e = env_at(test, 0xfffffffe);

	produce(e, 4);
	KUNIT_EXPECT_EQ(test, e->hdr->prod, 0xfffffffe);
	e->hdr->prod_event = 1;
	KUNIT_EXPECT_TRUE(test, nc2f_prod_publish(&e->prod));
	KUNIT_EXPECT_EQ(test, e->hdr->prod, 2);
	KUNIT_EXPECT_FALSE(test, nc2f_prod_publish(&e->prod));
}

static void own_indexes_in_shared_page_are_never_read(struct kunit *test)
{
	struct ring_env *e = env_at(test, 0);
	struct xen_nc2_comp c;

	produce(e, 3);
	e->hdr->prod = 0xdeadbeef;
	nc2f_prod_publish(&e->prod);
	KUNIT_EXPECT_EQ(test, e->hdr->prod, 3);
	nc2f_cons_comp(&e->cons, &c);
	e->hdr->cons = 0xdeadbeef;
	nc2f_cons_publish(&e->cons);
	KUNIT_EXPECT_EQ(test, e->hdr->cons, 1);
	e->hdr->cons_event = 0x80000000;
	e->hdr->prod_event = 0x80000000;
	KUNIT_EXPECT_EQ(test, nc2f_cons_avail(&e->cons), 2);
}

static void completion_is_copied_and_private(struct kunit *test)
{
	struct ring_env *e = env_at(test, 0xffffffff);
	struct xen_nc2_comp *shared = e->entries, c[2];

	shared[NR - 1].len = 60;
	shared[0].len = 1500;
	nc2f_cons_comp(&e->cons, &c[0]);
	nc2f_cons_comp(&e->cons, &c[1]);
	shared[NR - 1].len = 0xffff;
	shared[0].len = 0xffff;
	KUNIT_EXPECT_EQ(test, c[0].len, 60);
	KUNIT_EXPECT_EQ(test, c[1].len, 1500);
	KUNIT_EXPECT_EQ(test, e->cons.cons, 1);
}

static void consumed_event_is_owed_at_threshold(struct kunit *test)
{
	struct ring_env *e = env_at(test, 0xffffffff);
	struct xen_nc2_comp c;

	e->hdr->cons_event = 1;
	nc2f_cons_comp(&e->cons, &c);
	KUNIT_EXPECT_FALSE(test, nc2f_cons_publish(&e->cons));	/* 0 */
	nc2f_cons_comp(&e->cons, &c);
	KUNIT_EXPECT_TRUE(test, nc2f_cons_publish(&e->cons));	/* 1 */
	KUNIT_EXPECT_FALSE(test, nc2f_cons_publish(&e->cons));	/* nothing new */
}

static void sleep_asks_for_the_next_entry(struct kunit *test)
{
	struct ring_env *e = env_at(test, 0xffffffff);

	KUNIT_EXPECT_FALSE(test, nc2f_cons_sleep(&e->cons));
	KUNIT_EXPECT_EQ(test, e->hdr->prod_event, 0);
	e->hdr->prod = 0;
	KUNIT_EXPECT_TRUE(test, nc2f_cons_sleep(&e->cons));
	e->hdr->prod = 0x12345678;
	KUNIT_EXPECT_TRUE(test, nc2f_cons_sleep(&e->cons));
}

static void arm_without_flight_asks_for_nothing(struct kunit *test)
{
	struct ring_env *e = env_at(test, 5);

	e->hdr->cons_event = 0x1234;
	KUNIT_EXPECT_FALSE(test, nc2f_prod_arm(&e->prod));
	KUNIT_EXPECT_EQ(test, e->hdr->cons_event, 0x1234);
}

/* For each number in flight: the wish lies within it, at half or beyond. */
static void arm_asks_within_the_flight(struct kunit *test)
{
	u32 n;

	for (n = 1; n <= NR; n++) {
		struct ring_env *e = env_at(test, 0xffffffe0);
		u32 ahead;

		produce(e, n);
		nc2f_prod_publish(&e->prod);
		KUNIT_EXPECT_FALSE(test, nc2f_prod_arm(&e->prod));
		ahead = e->hdr->cons_event - 0xffffffe0;
		KUNIT_EXPECT_GE(test, 2 * ahead, n);
		KUNIT_EXPECT_LE(test, ahead, n);
		KUNIT_EXPECT_GT(test, ahead, 0);
	}
}

static void arm_keeps_a_standing_wish(struct kunit *test)
{
	struct ring_env *e = env_at(test, 0);
	u32 event;

	produce(e, 10);
	nc2f_prod_publish(&e->prod);
	nc2f_prod_arm(&e->prod);
	event = e->hdr->cons_event;
	produce(e, 20);
	nc2f_prod_publish(&e->prod);
	KUNIT_EXPECT_FALSE(test, nc2f_prod_arm(&e->prod));
	KUNIT_EXPECT_EQ(test, e->hdr->cons_event, event);
}

static void arm_sees_a_back_that_was_quicker(struct kunit *test)
{
	struct ring_env *e = env_at(test, 0xfffffffa);

	produce(e, 10);
	nc2f_prod_publish(&e->prod);
	e->hdr->cons = 4;
	KUNIT_EXPECT_TRUE(test, nc2f_prod_arm(&e->prod));
	KUNIT_EXPECT_EQ(test, nc2f_prod_reap(&e->prod), 10);
	KUNIT_EXPECT_FALSE(test, nc2f_prod_arm(&e->prod));
}

static void arm_does_not_sleep_on_a_lie(struct kunit *test)
{
	struct ring_env *e = env_at(test, 100);

	produce(e, 10);
	nc2f_prod_publish(&e->prod);
	e->hdr->cons = 99;
	KUNIT_EXPECT_TRUE(test, nc2f_prod_arm(&e->prod));
	KUNIT_EXPECT_EQ(test, nc2f_prod_reap(&e->prod), -EPROTO);
}

/* The back writes anything anywhere: we stay within the ring and in step. */
static void random_peer_gains_nothing(struct kunit *test)
{
	struct ring_env *e = env_at(test, 0xffffff00);
	u32 shown = 0xffffff00, refused = 0, reaped = 0, i;
	struct xen_nc2_comp c;
	struct rnd_state rnd;
	int n;

	prandom_seed_state(&rnd, 350);
	for (i = 0; i < 20000; i++) {
		u32 r = prandom_u32_state(&rnd);

		produce(e, min(nc2f_prod_room(&e->prod), r % 7));
		nc2f_prod_publish(&e->prod);
		if (e->prod.prod != shown)
			KUNIT_ASSERT_EQ(test, e->hdr->prod, e->prod.prod);
		KUNIT_ASSERT_LE(test, e->prod.prod - e->prod.cons, NR);
		shown = e->prod.prod;
		if (r & 0x100)
			e->hdr->cons = e->prod.cons + ((r >> 16) % (NR + 4)) - 2;
		else
			prandom_bytes_state(&rnd, e->hdr, sizeof(*e->hdr));
		n = nc2f_prod_reap(&e->prod);
		refused += n < 0;
		reaped += max(n, 0);
		KUNIT_ASSERT_LE(test, n, (int)NR);
		nc2f_prod_arm(&e->prod);
		n = nc2f_cons_avail(&e->cons);
		KUNIT_ASSERT_LE(test, n, (int)NR);
		while (n-- > 0)
			nc2f_cons_comp(&e->cons, &c);
		nc2f_cons_publish(&e->cons);
		nc2f_cons_sleep(&e->cons);
	}
	KUNIT_EXPECT_GT(test, shown - 0xffffff00, 1000);
	KUNIT_EXPECT_GT(test, refused, 1000);
	KUNIT_EXPECT_GT(test, reaped, 1000);
}

static struct kunit_case ring_cases[] = {
	KUNIT_CASE(event_rule_matches_counting),
	KUNIT_CASE_PARAM(reap_claim, reap_gen_params),
	KUNIT_CASE_PARAM(avail_claim, avail_gen_params),
	KUNIT_CASE(room_counts_down_to_zero),
	KUNIT_CASE(fill_lands_in_the_right_entry),
	KUNIT_CASE(nothing_is_shown_before_publish),
	KUNIT_CASE(own_indexes_in_shared_page_are_never_read),
	KUNIT_CASE(completion_is_copied_and_private),
	KUNIT_CASE(consumed_event_is_owed_at_threshold),
	KUNIT_CASE(sleep_asks_for_the_next_entry),
	KUNIT_CASE(arm_without_flight_asks_for_nothing),
	KUNIT_CASE(arm_asks_within_the_flight),
	KUNIT_CASE(arm_keeps_a_standing_wish),
	KUNIT_CASE(arm_sees_a_back_that_was_quicker),
	KUNIT_CASE(arm_does_not_sleep_on_a_lie),
	KUNIT_CASE(random_peer_gains_nothing),
	{}
};

static struct kunit_suite ring_suite = {
	.name = "nc2f_ring",
	.test_cases = ring_cases,
};

kunit_test_suite(ring_suite);

MODULE_DESCRIPTION("KUnit: rings of the direct path, the front's end");
MODULE_LICENSE("GPL");
