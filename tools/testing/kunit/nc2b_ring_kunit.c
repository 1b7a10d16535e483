// SPDX-License-Identifier: GPL-2.0
/*
 * The back's end of the rings, against a front that lies.
 *
 * Entries live in an allocation of exactly their size, so that KASAN sees a
 * step beyond the ring.
 */
#include <kunit/test.h>
#include <linux/module.h>
#include <linux/prandom.h>

#include "netback/ring.c"

#define NR	64u

struct ring_env {
	struct xen_nc2_ring_hdr *hdr;
	struct xen_nc2_comp *entries;
	void *page;
	struct nc2b_cons cons;
	struct nc2b_prod prod;
};

static struct ring_env *env_at(struct kunit *test, u32 index)
{
	struct ring_env *e = kunit_kzalloc(test, sizeof(*e), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, e);
	e->hdr = kunit_kzalloc(test, sizeof(*e->hdr), GFP_KERNEL);
	e->entries = kunit_kcalloc(test, NR, sizeof(*e->entries), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, e->hdr);
	KUNIT_ASSERT_NOT_NULL(test, e->entries);
	e->page = e->entries;
	nc2b_cons_init(&e->cons, e->hdr, &e->page, NR, sizeof(*e->entries));
	nc2b_prod_init(&e->prod, e->hdr, &e->page, NR, sizeof(*e->entries));
	/* As if so many entries had gone through already. */
	e->cons.cons = index;
	e->cons.prod = index;
	e->prod.prod = index;
	e->prod.shown = index;
	e->hdr->prod = index;
	e->hdr->cons = index;
	return e;
}

/* Event rule: compared with counting from old to new one by one. */
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
				wrong += owes_event(bases[b], bases[b] + n, bases[b] + d) !=
					 passes_slowly(bases[b], bases[b] + n, bases[b] + d);
	KUNIT_EXPECT_EQ(test, wrong, 0);
}

static void event_far_away_is_not_owed(struct kunit *test)
{
	KUNIT_EXPECT_FALSE(test, owes_event(5, 10, 5 + 0x80000000u));
	KUNIT_EXPECT_FALSE(test, owes_event(5, 10, 5 + 0x7fffffffu));
	KUNIT_EXPECT_FALSE(test, owes_event(5, 10, 5));
	KUNIT_EXPECT_TRUE(test, owes_event(5, 10, 6));
	KUNIT_EXPECT_TRUE(test, owes_event(5, 10, 10));
	KUNIT_EXPECT_FALSE(test, owes_event(5, 10, 11));
	KUNIT_EXPECT_FALSE(test, owes_event(5, 5, 5));
}

/**
 * struct index_case - what the peer claims
 * @name: of the case
 * @cons: entries consumed by us
 * @seen: producer index that we found good before
 * @prod: what the shared page says now
 * @want: result of nc2b_cons_avail()
 */
struct index_case {
	const char *name;
	u32 cons, seen, prod;
	int want;
};

static const struct index_case index_cases[] = {
	{ "nothing_is_zero", 0, 0, 0, 0 },
	{ "one_is_one", 0, 0, 1, 1 },
	{ "full_is_size", 0, 0, NR, NR },
	{ "one_too_many_is_refused", 0, 0, NR + 1, -EPROTO },
	{ "twice_too_many_is_refused", 0, 0, 2 * NR, -EPROTO },
	{ "half_way_round_is_refused", 0, 0, 0x80000000, -EPROTO },
	{ "all_ones_is_refused", 0, 0, 0xffffffff, -EPROTO },
	{ "behind_consumer_is_refused", 100, 100, 99, -EPROTO },
	{ "size_behind_consumer_is_refused", 100, 100, 100 - NR, -EPROTO },
	{ "back_to_zero_is_refused", 100, 110, 0, -EPROTO },
	{ "backwards_within_ring_is_refused", 100, 110, 105, -EPROTO },
	{ "backwards_to_consumer_is_refused", 100, 110, 100, -EPROTO },
	{ "same_as_before_is_kept", 100, 110, 110, 10 },
	{ "forward_is_taken", 100, 110, 111, 11 },
	{ "wrap_is_counted", 0xfffffff0, 0xfffffff0, 0x10, 32 },
	{ "wrap_full_is_size", 0xfffffff0, 0xfffffff0, 0x30, NR },
	{ "wrap_one_too_many_is_refused", 0xfffffff0, 0xfffffff0, 0x31, -EPROTO },
	{ "wrap_to_zero_is_counted", 0xffffffff, 0xffffffff, 0, 1 },
	{ "wrap_backwards_is_refused", 0xfffffff0, 0x10, 0x0f, -EPROTO },
	{ "wrap_backwards_over_zero_is_refused", 0xfffffff0, 0x10, 0xfffffffe, -EPROTO },
};

KUNIT_ARRAY_PARAM_DESC(index, index_cases, name);

static void index_claim(struct kunit *test)
{
	const struct index_case *c = test->param_value;
	struct ring_env *e = env_at(test, c->cons);

	e->cons.prod = c->seen;
	e->hdr->prod = c->prod;
	KUNIT_EXPECT_EQ(test, nc2b_cons_avail(&e->cons), c->want);
	KUNIT_EXPECT_EQ(test, e->cons.cons, c->cons);
	/* A refused index is not remembered. */
	KUNIT_EXPECT_EQ(test, e->cons.prod, c->want < 0 ? c->seen : c->prod);
}

static void own_index_in_shared_page_is_never_read(struct kunit *test)
{
	struct ring_env *e = env_at(test, 0xfffffffe);

	e->hdr->prod = 4;
	KUNIT_EXPECT_EQ(test, nc2b_cons_avail(&e->cons), 6);
	e->hdr->cons = 0xdeadbeef;
	nc2b_cons_publish(&e->cons, 3);
	KUNIT_EXPECT_EQ(test, e->hdr->cons, 1);
	e->hdr->cons = 0x55555555;
	KUNIT_EXPECT_EQ(test, nc2b_cons_avail(&e->cons), 3);
	nc2b_cons_publish(&e->cons, 3);
	KUNIT_EXPECT_EQ(test, e->hdr->cons, 4);
}

static void copy_takes_the_right_entry(struct kunit *test)
{
	struct ring_env *e = env_at(test, 0xffffffd0);
	struct xen_nc2_comp got;
	u32 i;

	for (i = 0; i < NR; i++)
		e->entries[(0xffffffd0 + i) % NR].hash = 1000 + i;
	for (i = 0; i < NR; i++) {
		nc2b_cons_copy(&e->cons, i, &got);
		KUNIT_EXPECT_EQ(test, got.hash, 1000 + i);
	}
}

static void copy_is_private(struct kunit *test)
{
	struct ring_env *e = env_at(test, 0);
	struct {
		struct xen_nc2_comp got;
		u32 guard;
	} mem = { .guard = 0x1234 };

	memset(e->entries, 0xff, NR * sizeof(*e->entries));
	e->entries[0].len = 60;
	nc2b_cons_copy(&e->cons, 0, &mem.got);
	e->entries[0].len = 0xffff;
	KUNIT_EXPECT_EQ(test, mem.got.len, 60);
	KUNIT_EXPECT_EQ(test, mem.guard, 0x1234);
}

static void copy_of_small_entries_keeps_their_size(struct kunit *test)
{
	struct xen_nc2_ring_hdr hdr = {};
	struct xen_nc2_fill *fill, got;
	struct nc2b_cons r;
	void *page;
	u32 i;

	fill = kunit_kcalloc(test, NR, sizeof(*fill), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, fill);
	for (i = 0; i < NR; i++)
		fill[i] = (struct xen_nc2_fill){ .page = i, .offset = i * 2 };
	page = fill;
	nc2b_cons_init(&r, &hdr, &page, NR, sizeof(*fill));
	for (i = 0; i < 2 * NR; i++) {
		nc2b_cons_copy(&r, i, &got);
		KUNIT_EXPECT_EQ(test, got.page, i % NR);
		KUNIT_EXPECT_EQ(test, got.offset, i % NR * 2);
	}
}

/* The largest completion ring, in pages that are no neighbours and in no order. */
static void entries_are_found_in_pages_anywhere(struct kunit *test)
{
	static const u8 order[] = { 3, 0, 7, 4, 1, 6, 2, 5 };
	const u32 nr = XEN_NC2_MAX_RX_ENTRIES;
	struct xen_nc2_ring_hdr hdr = {};
	struct xen_nc2_comp c = {};
	struct nc2b_cons cons;
	struct nc2b_prod prod;
	void *pages[8];
	u32 i;

	for (i = 0; i < 8; i++) {
		pages[order[i]] = kunit_kzalloc(test, XEN_NC2_PAGE_SIZE, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, pages[order[i]]);
	}
	nc2b_prod_init(&prod, &hdr, pages, nr, sizeof(c));
	nc2b_cons_init(&cons, &hdr, pages, nr, sizeof(c));
	for (i = 0; i < nr; i++) {
		c.hash = i;
		nc2b_prod_put(&prod, &c);
	}
	for (i = 0; i < nr; i++) {
		struct xen_nc2_comp *page = pages[i / 256];

		KUNIT_ASSERT_EQ(test, page[i % 256].hash, i);
		nc2b_cons_copy(&cons, i, &c);
		KUNIT_ASSERT_EQ(test, c.hash, i);
	}
}

static void consumed_event_is_owed_at_threshold(struct kunit *test)
{
	struct ring_env *e = env_at(test, 0xfffffffc);

	e->hdr->prod = 12;
	KUNIT_ASSERT_EQ(test, nc2b_cons_avail(&e->cons), 16);
	e->hdr->cons_event = 2;
	KUNIT_EXPECT_FALSE(test, nc2b_cons_publish(&e->cons, 5));	/* 1 */
	KUNIT_EXPECT_TRUE(test, nc2b_cons_publish(&e->cons, 1));	/* 2 */
	KUNIT_EXPECT_FALSE(test, nc2b_cons_publish(&e->cons, 1));	/* 3 */
	KUNIT_EXPECT_FALSE(test, nc2b_cons_publish(&e->cons, 0));
}

static void sleep_asks_for_the_next_entry(struct kunit *test)
{
	struct ring_env *e = env_at(test, 0xfffffffe);

	e->hdr->prod = 1;
	KUNIT_ASSERT_EQ(test, nc2b_cons_avail(&e->cons), 3);
	/* Two of three consumed: the third alone is no reason to wake. */
	nc2b_cons_publish(&e->cons, 2);
	KUNIT_EXPECT_TRUE(test, nc2b_cons_sleep(&e->cons));
	KUNIT_EXPECT_EQ(test, e->hdr->prod_event, 2);
}

static void sleep_is_refused_with_news(struct kunit *test)
{
	struct ring_env *e = env_at(test, 0);

	e->hdr->prod = 1;
	KUNIT_EXPECT_FALSE(test, nc2b_cons_sleep(&e->cons));
}

static void sleep_is_refused_with_a_bad_index(struct kunit *test)
{
	struct ring_env *e = env_at(test, 50);

	e->hdr->prod = 49;
	KUNIT_EXPECT_FALSE(test, nc2b_cons_sleep(&e->cons));
	KUNIT_EXPECT_EQ(test, nc2b_cons_avail(&e->cons), -EPROTO);
	/* And again: the lie does not become the truth by being repeated. */
	KUNIT_EXPECT_FALSE(test, nc2b_cons_sleep(&e->cons));
	KUNIT_EXPECT_EQ(test, nc2b_cons_avail(&e->cons), -EPROTO);
}

static void put_is_not_shown_before_publish(struct kunit *test)
{
	struct xen_nc2_comp c = { .len = 60 };
	struct ring_env *e = env_at(test, 0xffffffff);

	nc2b_prod_put(&e->prod, &c);
	nc2b_prod_put(&e->prod, &c);
	KUNIT_EXPECT_EQ(test, e->hdr->prod, 0xffffffff);
	e->hdr->prod_event = 1;
	KUNIT_EXPECT_TRUE(test, nc2b_prod_publish(&e->prod));
	KUNIT_EXPECT_EQ(test, e->hdr->prod, 1);
	KUNIT_EXPECT_EQ(test, e->entries[NR - 1].len, 60);
	KUNIT_EXPECT_EQ(test, e->entries[0].len, 60);
	KUNIT_EXPECT_EQ(test, e->entries[1].len, 0);
}

static void publish_of_nothing_owes_nothing(struct kunit *test)
{
	struct ring_env *e = env_at(test, 7);

	e->hdr->prod_event = 7;
	KUNIT_EXPECT_FALSE(test, nc2b_prod_publish(&e->prod));
	e->hdr->prod = 0xbad;
	KUNIT_EXPECT_FALSE(test, nc2b_prod_publish(&e->prod));
}

static void produced_index_in_shared_page_is_never_read(struct kunit *test)
{
	struct xen_nc2_comp c = {};
	struct ring_env *e = env_at(test, 0);
	u32 i;

	for (i = 1; i <= 3 * NR; i++) {
		e->hdr->prod = i * 0x01234567;
		nc2b_prod_put(&e->prod, &c);
		nc2b_prod_publish(&e->prod);
		KUNIT_EXPECT_EQ(test, e->hdr->prod, i);
	}
}

/* The peer writes anything anywhere: we stay within the ring and in step. */
static void random_peer_gains_nothing(struct kunit *test)
{
	struct ring_env *e = env_at(test, 0xffffff00);
	u32 total = 0xffffff00, refused = 0, taken = 0, i;
	struct xen_nc2_comp got;
	struct rnd_state rnd;
	int n, k;

	prandom_seed_state(&rnd, 20261);
	for (i = 0; i < 20000; i++) {
		u32 r = prandom_u32_state(&rnd);

		if (r & 1)
			e->hdr->prod = e->cons.cons + ((r >> 8) % (NR + 8)) - 4;
		else
			prandom_bytes_state(&rnd, e->hdr, sizeof(*e->hdr));
		n = nc2b_cons_avail(&e->cons);
		if (n < 0) {
			refused++;
			KUNIT_ASSERT_EQ(test, n, -EPROTO);
			continue;
		}
		KUNIT_ASSERT_LE(test, n, (int)NR);
		for (k = 0; k < n; k++)
			nc2b_cons_copy(&e->cons, k, &got);
		if (n)
			n = r % (n + 1);
		nc2b_cons_publish(&e->cons, n);
		total += n;
		taken += n;
		KUNIT_ASSERT_EQ(test, e->hdr->cons, total);
		nc2b_cons_sleep(&e->cons);
	}
	/* Both ways were really taken. */
	KUNIT_EXPECT_GT(test, refused, 1000);
	KUNIT_EXPECT_GT(test, taken, 1000);
}

static struct kunit_case ring_cases[] = {
	KUNIT_CASE(event_rule_matches_counting),
	KUNIT_CASE(event_far_away_is_not_owed),
	KUNIT_CASE_PARAM(index_claim, index_gen_params),
	KUNIT_CASE(own_index_in_shared_page_is_never_read),
	KUNIT_CASE(copy_takes_the_right_entry),
	KUNIT_CASE(copy_is_private),
	KUNIT_CASE(copy_of_small_entries_keeps_their_size),
	KUNIT_CASE(entries_are_found_in_pages_anywhere),
	KUNIT_CASE(consumed_event_is_owed_at_threshold),
	KUNIT_CASE(sleep_asks_for_the_next_entry),
	KUNIT_CASE(sleep_is_refused_with_news),
	KUNIT_CASE(sleep_is_refused_with_a_bad_index),
	KUNIT_CASE(put_is_not_shown_before_publish),
	KUNIT_CASE(publish_of_nothing_owes_nothing),
	KUNIT_CASE(produced_index_in_shared_page_is_never_read),
	KUNIT_CASE(random_peer_gains_nothing),
	{}
};

static struct kunit_suite ring_suite = {
	.name = "nc2b_ring",
	.test_cases = ring_cases,
};

kunit_test_suite(ring_suite);

MODULE_DESCRIPTION("KUnit: rings of the direct path, the back's end");
MODULE_LICENSE("GPL");
