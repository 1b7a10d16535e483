// SPDX-License-Identifier: GPL-2.0
/*
 * The back's ledger: every legal move, every move that must be refused, and a
 * comparison with a model that is too simple to be wrong.
 */
#include <kunit/test.h>
#include <linux/module.h>
#include <linux/prandom.h>

#include "netback/pool.c"

struct size_case {
	const char *name;
	u32 pages, buf_size;
	int want;
	u32 nr;
};

static const struct size_case size_cases[] = {
	{ "one_page_of_halves_is_two", 1, 2048, 0, 2 },
	{ "one_page_of_one_is_one", 1, 4096, 0, 1 },
	{ "largest_of_halves_is_2048", XEN_NC2_MAX_POOL_PAGES, 2048, 0, 2048 },
	{ "largest_of_one_is_1024", XEN_NC2_MAX_POOL_PAGES, 4096, 0, 1024 },
	{ "no_page_is_refused", 0, 2048, -EINVAL, 0 },
	{ "one_page_too_many_is_refused", XEN_NC2_MAX_POOL_PAGES + 1, 2048, -EINVAL, 0 },
	{ "overflow_of_pages_is_refused", 0x80000001, 2048, -EINVAL, 0 },
	{ "all_ones_pages_are_refused", 0xffffffff, 4096, -EINVAL, 0 },
	{ "no_size_is_refused", 1, 0, -EINVAL, 0 },
	{ "size_1024_is_refused", 1, 1024, -EINVAL, 0 },
	{ "size_2047_is_refused", 1, 2047, -EINVAL, 0 },
	{ "size_2049_is_refused", 1, 2049, -EINVAL, 0 },
	{ "size_8192_is_refused", 1, 8192, -EINVAL, 0 },
	{ "both_sizes_at_once_are_refused", 1, 6144, -EINVAL, 0 },
};

KUNIT_ARRAY_PARAM_DESC(size, size_cases, name);

static void size_choice(struct kunit *test)
{
	const struct size_case *c = test->param_value;
	struct nc2b_pool p;

	memset(&p, 0xa5, sizeof(p));
	KUNIT_EXPECT_EQ(test, nc2b_pool_init(&p, c->pages, c->buf_size), c->want);
	KUNIT_EXPECT_EQ(test, p.nr, c->nr);
	KUNIT_EXPECT_EQ(test, p.count[NC2B_OWNER_GUEST], c->nr);
	KUNIT_EXPECT_EQ(test, p.count[NC2B_OWNER_STASH], 0);
	KUNIT_EXPECT_EQ(test, p.count[NC2B_OWNER_NIC], 0);
	/* Whatever came of it, freeing is fine, and twice as well. */
	nc2b_pool_free(&p);
	nc2b_pool_free(&p);
}

struct take_case {
	const char *name;
	u32 pages, buf_size;
	u16 page, offset;
	int want;
};

static const struct take_case take_cases[] = {
	{ "first_buffer_is_taken", 4, 2048, 0, 0, 0 },
	{ "second_half_is_taken", 4, 2048, 0, 2048, 0 },
	{ "last_buffer_is_taken", 4, 2048, 3, 2048, 0 },
	{ "whole_page_is_taken", 4, 4096, 3, 0, 0 },
	{ "page_at_end_is_refused", 4, 2048, 4, 0, -ERANGE },
	{ "page_at_end_of_largest_is_refused", 1024, 2048, 1024, 0, -ERANGE },
	{ "page_all_ones_is_refused", 4, 2048, 0xffff, 0, -ERANGE },
	{ "page_that_wraps_by_shift_is_refused", 4, 2048, 0x8000, 0, -ERANGE },
	{ "offset_one_is_refused", 4, 2048, 0, 1, -EINVAL },
	{ "offset_2047_is_refused", 4, 2048, 0, 2047, -EINVAL },
	{ "offset_2049_is_refused", 4, 2048, 0, 2049, -EINVAL },
	{ "offset_of_next_page_is_refused", 4, 2048, 0, 4096, -EINVAL },
	{ "offset_6144_is_refused", 4, 2048, 0, 6144, -EINVAL },
	{ "offset_all_ones_is_refused", 4, 2048, 0, 0xffff, -EINVAL },
	{ "offset_0xf800_is_refused", 4, 2048, 0, 0xf800, -EINVAL },
	{ "half_of_a_whole_page_is_refused", 4, 4096, 0, 2048, -EINVAL },
	{ "next_whole_page_is_refused", 4, 4096, 0, 4096, -EINVAL },
	{ "offset_beyond_last_page_is_refused", 4, 2048, 3, 4096, -EINVAL },
};

KUNIT_ARRAY_PARAM_DESC(take, take_cases, name);

static void fill_entry(struct kunit *test)
{
	const struct take_case *c = test->param_value;
	struct xen_nc2_fill fill = { .page = c->page, .offset = c->offset };
	struct nc2b_pool p;
	int id;

	KUNIT_ASSERT_EQ(test, nc2b_pool_init(&p, c->pages, c->buf_size), 0);
	KUNIT_EXPECT_EQ(test, nc2b_pool_take(&p, &fill), c->want);
	KUNIT_EXPECT_EQ(test, p.count[NC2B_OWNER_STASH], c->want ? 0 : 1);
	KUNIT_EXPECT_EQ(test, p.count[NC2B_OWNER_GUEST], c->want ? p.nr : p.nr - 1);
	id = nc2b_pool_post(&p);
	if (c->want) {
		KUNIT_EXPECT_EQ(test, id, -ENOENT);
	} else {
		/* The id leads back to what the guest named. */
		KUNIT_EXPECT_EQ(test, nc2b_pool_page(&p, id), c->page);
		KUNIT_EXPECT_EQ(test, nc2b_pool_offset(&p, id), c->offset);
	}
	nc2b_pool_free(&p);
}

static void every_fill_entry_names_its_own_buffer(struct kunit *test)
{
	struct xen_nc2_fill fill;
	u32 page, offset, good = 0;
	struct nc2b_pool p;

	KUNIT_ASSERT_EQ(test, nc2b_pool_init(&p, 5, 2048), 0);
	for (page = 0; page < 16; page++) {
		for (offset = 0; offset <= 0xffff; offset++) {
			fill.page = page;
			fill.offset = offset;
			good += !nc2b_pool_take(&p, &fill);
		}
	}
	KUNIT_EXPECT_EQ(test, good, 10);
	KUNIT_EXPECT_EQ(test, p.count[NC2B_OWNER_STASH], 10);
	nc2b_pool_free(&p);
}

static void given_twice_is_refused(struct kunit *test)
{
	struct xen_nc2_fill fill = { .page = 1, .offset = 2048 };
	struct nc2b_pool p;
	int id;

	KUNIT_ASSERT_EQ(test, nc2b_pool_init(&p, 2, 2048), 0);
	KUNIT_EXPECT_EQ(test, nc2b_pool_take(&p, &fill), 0);
	KUNIT_EXPECT_EQ(test, nc2b_pool_take(&p, &fill), -EBUSY);	/* in the stash */
	id = nc2b_pool_post(&p);
	KUNIT_EXPECT_EQ(test, id, 3);
	KUNIT_EXPECT_EQ(test, nc2b_pool_take(&p, &fill), -EBUSY);	/* with the NIC */
	KUNIT_EXPECT_EQ(test, nc2b_pool_recall(&p, id), 0);
	KUNIT_EXPECT_EQ(test, nc2b_pool_take(&p, &fill), -EBUSY);	/* called back */
	KUNIT_EXPECT_EQ(test, nc2b_pool_post(&p), id);
	KUNIT_EXPECT_EQ(test, nc2b_pool_give(&p, id), 0);
	KUNIT_EXPECT_EQ(test, nc2b_pool_take(&p, &fill), 0);		/* the guest's again */
	nc2b_pool_free(&p);
}

static void return_of_what_the_nic_has_not_is_refused(struct kunit *test)
{
	struct xen_nc2_fill fill = {};
	struct nc2b_pool p;

	KUNIT_ASSERT_EQ(test, nc2b_pool_init(&p, 2, 2048), 0);
	KUNIT_EXPECT_EQ(test, nc2b_pool_give(&p, 0), -EBUSY);
	KUNIT_EXPECT_EQ(test, nc2b_pool_recall(&p, 0), -EBUSY);
	KUNIT_EXPECT_EQ(test, nc2b_pool_take(&p, &fill), 0);
	KUNIT_EXPECT_EQ(test, nc2b_pool_give(&p, 0), -EBUSY);
	KUNIT_EXPECT_EQ(test, nc2b_pool_recall(&p, 0), -EBUSY);
	KUNIT_EXPECT_EQ(test, nc2b_pool_post(&p), 0);
	KUNIT_EXPECT_EQ(test, nc2b_pool_give(&p, 0), 0);
	KUNIT_EXPECT_EQ(test, nc2b_pool_give(&p, 0), -EBUSY);
	KUNIT_EXPECT_EQ(test, nc2b_pool_recall(&p, 0), -EBUSY);
	KUNIT_EXPECT_EQ(test, nc2b_pool_give(&p, 4), -ERANGE);
	KUNIT_EXPECT_EQ(test, nc2b_pool_recall(&p, 4), -ERANGE);
	KUNIT_EXPECT_EQ(test, nc2b_pool_give(&p, 0xffffffff), -ERANGE);
	KUNIT_EXPECT_EQ(test, nc2b_pool_recall(&p, (u32)-ENOENT), -ERANGE);
	nc2b_pool_free(&p);
}

static void freed_pool_takes_nothing(struct kunit *test)
{
	struct xen_nc2_fill fill = {};
	struct nc2b_pool p;

	KUNIT_ASSERT_EQ(test, nc2b_pool_init(&p, 2, 2048), 0);
	nc2b_pool_free(&p);
	KUNIT_EXPECT_EQ(test, nc2b_pool_take(&p, &fill), -ERANGE);
	KUNIT_EXPECT_EQ(test, nc2b_pool_post(&p), -ENOENT);
	KUNIT_EXPECT_EQ(test, nc2b_pool_give(&p, 0), -ERANGE);
	KUNIT_EXPECT_EQ(test, nc2b_pool_recall_all(&p), 0);
}

static void recall_all_leaves_the_nic_nothing(struct kunit *test)
{
	struct xen_nc2_fill fill = {};
	struct nc2b_pool p;
	u32 i, seen = 0;

	KUNIT_ASSERT_EQ(test, nc2b_pool_init(&p, 8, 4096), 0);
	for (i = 0; i < 6; i++) {
		fill.page = i;
		KUNIT_ASSERT_EQ(test, nc2b_pool_take(&p, &fill), 0);
	}
	for (i = 0; i < 4; i++)
		KUNIT_ASSERT_GE(test, nc2b_pool_post(&p), 0);
	KUNIT_EXPECT_EQ(test, nc2b_pool_recall_all(&p), 4);
	KUNIT_EXPECT_EQ(test, nc2b_pool_recall_all(&p), 0);
	KUNIT_EXPECT_EQ(test, p.count[NC2B_OWNER_NIC], 0);
	KUNIT_EXPECT_EQ(test, p.count[NC2B_OWNER_STASH], 6);
	/* All six can be posted again, each once. */
	for (i = 0; i < 6; i++)
		seen |= 1u << nc2b_pool_post(&p);
	KUNIT_EXPECT_EQ(test, seen, 0x3f);
	KUNIT_EXPECT_EQ(test, nc2b_pool_post(&p), -ENOENT);
	nc2b_pool_free(&p);
}

/* The model: one owner for each buffer, nothing else. */
struct model {
	enum nc2b_owner owner[16];
	u32 nr;
};

static u32 model_count(const struct model *m, enum nc2b_owner owner)
{
	u32 i, n = 0;

	for (i = 0; i < m->nr; i++)
		n += m->owner[i] == owner;
	return n;
}

/* Every statement that the ledger makes, against the model. */
static void agree(struct kunit *test, const struct nc2b_pool *p, const struct model *m)
{
	u32 i, stash = 0;

	for (i = 0; i < NC2B_OWNERS; i++)
		KUNIT_ASSERT_EQ(test, p->count[i], model_count(m, i));
	for (i = 0; i < m->nr; i++)
		KUNIT_ASSERT_EQ(test, p->owner[i], (u8)m->owner[i]);
	/* The stash holds each of its buffers once. */
	for (i = 0; i < p->count[NC2B_OWNER_STASH]; i++) {
		KUNIT_ASSERT_LT(test, p->stash[i], m->nr);
		KUNIT_ASSERT_EQ(test, m->owner[p->stash[i]], NC2B_OWNER_STASH);
		KUNIT_ASSERT_FALSE(test, stash & (1u << p->stash[i]));
		stash |= 1u << p->stash[i];
	}
}

static void model_return(struct kunit *test, struct nc2b_pool *p, struct model *m, u32 id,
			 enum nc2b_owner to)
{
	int want = id >= m->nr ? -ERANGE : m->owner[id] != NC2B_OWNER_NIC ? -EBUSY : 0;

	if (to == NC2B_OWNER_GUEST)
		KUNIT_ASSERT_EQ(test, nc2b_pool_give(p, id), want);
	else
		KUNIT_ASSERT_EQ(test, nc2b_pool_recall(p, id), want);
	if (!want)
		m->owner[id] = to;
}

static void model_take(struct kunit *test, struct nc2b_pool *p, struct model *m, u32 id)
{
	struct xen_nc2_fill fill = { .page = id / 2, .offset = id % 2 * 2048 };
	int want = id >= m->nr ? -ERANGE : m->owner[id] != NC2B_OWNER_GUEST ? -EBUSY : 0;

	KUNIT_ASSERT_EQ(test, nc2b_pool_take(p, &fill), want);
	if (!want)
		m->owner[id] = NC2B_OWNER_STASH;
}

static void model_post(struct kunit *test, struct nc2b_pool *p, struct model *m)
{
	int id = nc2b_pool_post(p);

	if (!model_count(m, NC2B_OWNER_STASH)) {
		KUNIT_ASSERT_EQ(test, id, -ENOENT);
		return;
	}
	KUNIT_ASSERT_GE(test, id, 0);
	KUNIT_ASSERT_LT(test, id, (int)m->nr);
	KUNIT_ASSERT_EQ(test, m->owner[id], NC2B_OWNER_STASH);
	m->owner[id] = NC2B_OWNER_NIC;
}

static void model_recall_all(struct kunit *test, struct nc2b_pool *p, struct model *m)
{
	u32 i;

	KUNIT_ASSERT_EQ(test, nc2b_pool_recall_all(p), model_count(m, NC2B_OWNER_NIC));
	for (i = 0; i < m->nr; i++)
		if (m->owner[i] == NC2B_OWNER_NIC)
			m->owner[i] = NC2B_OWNER_STASH;
}

/* One of 3 * ids + 2 moves, ids counting one that does not exist. */
static void step(struct kunit *test, struct nc2b_pool *p, struct model *m, u32 move)
{
	u32 ids = m->nr + 1;

	if (move < ids)
		model_take(test, p, m, move);
	else if (move < 2 * ids)
		model_return(test, p, m, move - ids, NC2B_OWNER_GUEST);
	else if (move < 3 * ids)
		model_return(test, p, m, move - 2 * ids, NC2B_OWNER_STASH);
	else if (move == 3 * ids)
		model_post(test, p, m);
	else
		model_recall_all(test, p, m);
	agree(test, p, m);
}

/* Every sequence of five moves on a pool of one page: 11^5. */
static void all_short_sequences_agree_with_model(struct kunit *test)
{
	const u32 moves = 3 * 3 + 2;
	struct nc2b_pool p;
	u32 seq, rest, k;

	KUNIT_ASSERT_EQ(test, nc2b_pool_init(&p, 1, 2048), 0);
	for (seq = 0; seq < 161051; seq++) {
		struct model m = { .nr = 2 };

		memset(p.owner, 0, p.nr * sizeof(*p.owner));
		memset(p.stash, 0, p.nr * sizeof(*p.stash));
		memset(p.count, 0, sizeof(p.count));
		p.count[NC2B_OWNER_GUEST] = p.nr;
		for (k = 0, rest = seq; k < 5; k++, rest /= moves)
			step(test, &p, &m, rest % moves);
	}
	nc2b_pool_free(&p);
}

static void random_walk_agrees_with_model(struct kunit *test)
{
	struct model m = { .nr = 16 };
	struct rnd_state rnd;
	struct nc2b_pool p;
	u32 i, most = 0;

	prandom_seed_state(&rnd, 82576);
	KUNIT_ASSERT_EQ(test, nc2b_pool_init(&p, 8, 2048), 0);
	for (i = 0; i < 100000; i++) {
		u32 r = prandom_u32_state(&rnd);
		/* Posting more often than it would come by chance keeps the NIC busy. */
		u32 move = r & 0x300 ? (r >> 16) % (3 * 17) : 3 * 17 + !(r & 0xfc00);

		step(test, &p, &m, move);
		most = max(most, p.count[NC2B_OWNER_NIC]);
	}
	KUNIT_EXPECT_GT(test, most, 5);
	nc2b_pool_free(&p);
}

static struct kunit_case pool_cases[] = {
	KUNIT_CASE_PARAM(size_choice, size_gen_params),
	KUNIT_CASE_PARAM(fill_entry, take_gen_params),
	KUNIT_CASE(every_fill_entry_names_its_own_buffer),
	KUNIT_CASE(given_twice_is_refused),
	KUNIT_CASE(return_of_what_the_nic_has_not_is_refused),
	KUNIT_CASE(freed_pool_takes_nothing),
	KUNIT_CASE(recall_all_leaves_the_nic_nothing),
	KUNIT_CASE(all_short_sequences_agree_with_model),
	KUNIT_CASE(random_walk_agrees_with_model),
	{}
};

static struct kunit_suite pool_suite = {
	.name = "nc2b_pool",
	.test_cases = pool_cases,
};

kunit_test_suite(pool_suite);

MODULE_DESCRIPTION("KUnit: the back's ledger of receive buffers");
MODULE_LICENSE("GPL");
