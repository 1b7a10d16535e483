// SPDX-License-Identifier: GPL-2.0
/*
 * The front's ledger: every legal move, every move that must be refused, and a
 * comparison with a model that is too simple to be wrong.
 */
#include <kunit/test.h>
#include <linux/module.h>
#include <linux/prandom.h>

#include "netfront/pool.c"

struct size_case {
	const char *name;
	u32 pages, buf_size;
	int want;
	u32 nr;
};

static const struct size_case size_cases[] = {
	{ "one_page_of_halves_is_two", 1, 2048, 0, 2 },
	{ "one_page_of_one_is_one", 1, 4096, 0, 1 },
	{ "uneven_number_of_pages_is_fine", 37, 2048, 0, 74 },
	{ "largest_of_halves_is_2048", XEN_NC2_MAX_POOL_PAGES, 2048, 0, 2048 },
	{ "largest_of_one_is_1024", XEN_NC2_MAX_POOL_PAGES, 4096, 0, 1024 },
	{ "no_page_is_refused", 0, 2048, -EINVAL, 0 },
	{ "one_page_too_many_is_refused", XEN_NC2_MAX_POOL_PAGES + 1, 2048, -EINVAL, 0 },
	{ "overflow_of_pages_is_refused", 0x80000001, 2048, -EINVAL, 0 },
	{ "no_size_is_refused", 1, 0, -EINVAL, 0 },
	{ "size_1024_is_refused", 1, 1024, -EINVAL, 0 },
	{ "size_8192_is_refused", 1, 8192, -EINVAL, 0 },
};

KUNIT_ARRAY_PARAM_DESC(size, size_cases, name);

static void size_choice(struct kunit *test)
{
	const struct size_case *c = test->param_value;
	struct nc2f_pool p;

	memset(&p, 0xa5, sizeof(p));
	KUNIT_EXPECT_EQ(test, nc2f_pool_init(&p, c->pages, c->buf_size), c->want);
	KUNIT_EXPECT_EQ(test, p.count[NC2F_BUF_FREE], c->nr);
	KUNIT_EXPECT_EQ(test, p.nr, c->nr);
	/* Whatever came of it, freeing is fine, and twice as well. */
	nc2f_pool_fini(&p);
	nc2f_pool_fini(&p);
}

struct take_case {
	const char *name;
	u32 pages, buf_size;
	u16 page, offset, len;
	bool good;
};

static const struct take_case take_cases[] = {
	{ "first_buffer_is_taken", 4, 2048, 0, 0, 60, true },
	{ "second_half_is_taken", 4, 2048, 0, 2048, 60, true },
	{ "last_buffer_is_taken", 4, 2048, 3, 2048, 60, true },
	{ "full_buffer_is_taken", 4, 2048, 0, 0, 2048, true },
	{ "full_page_is_taken", 4, 4096, 3, 0, 4096, true },
	{ "one_byte_is_taken", 4, 2048, 0, 0, 1, true },
	{ "longer_than_buffer_is_refused", 4, 2048, 0, 0, 2049, false },
	{ "longer_than_page_is_refused", 4, 4096, 0, 0, 4097, false },
	{ "length_all_ones_is_refused", 4, 4096, 0, 0, 0xffff, false },
	{ "page_at_end_is_refused", 4, 2048, 4, 0, 60, false },
	{ "page_all_ones_is_refused", 4, 2048, 0xffff, 0, 60, false },
	{ "page_that_wraps_by_shift_is_refused", 4, 2048, 0x8000, 0, 60, false },
	{ "offset_one_is_refused", 4, 2048, 0, 1, 60, false },
	{ "offset_2047_is_refused", 4, 2048, 0, 2047, 60, false },
	{ "offset_2049_is_refused", 4, 2048, 0, 2049, 60, false },
	{ "offset_of_next_page_is_refused", 4, 2048, 0, 4096, 60, false },
	{ "offset_beyond_last_page_is_refused", 4, 2048, 3, 4096, 60, false },
	{ "offset_all_ones_is_refused", 4, 2048, 0, 0xffff, 60, false },
	{ "half_of_a_whole_page_is_refused", 4, 4096, 0, 2048, 60, false },
	{ "next_whole_page_is_refused", 4, 4096, 0, 4096, 60, false },
};

KUNIT_ARRAY_PARAM_DESC(take, take_cases, name);

static void completion_entry(struct kunit *test)
{
	const struct take_case *c = test->param_value;
	struct xen_nc2_comp comp = { .page = c->page, .offset = c->offset, .len = c->len };
	struct nc2f_pool p;
	int id;

	KUNIT_ASSERT_EQ(test, nc2f_pool_init(&p, c->pages, c->buf_size), 0);
	while (nc2f_pool_post(&p) >= 0)
		;
	id = nc2f_pool_take(&p, &comp);
	if (c->good) {
		KUNIT_ASSERT_GE(test, id, 0);
		KUNIT_EXPECT_EQ(test, nc2f_pool_page(&p, id), c->page);
		KUNIT_EXPECT_EQ(test, nc2f_pool_offset(&p, id), c->offset);
		KUNIT_EXPECT_EQ(test, p.count[NC2F_BUF_TAKEN], 1);
		KUNIT_EXPECT_EQ(test, nc2f_pool_take(&p, &comp), -EINVAL);
	} else {
		KUNIT_EXPECT_EQ(test, id, -EINVAL);
		KUNIT_EXPECT_EQ(test, p.count[NC2F_BUF_POSTED], p.nr);
	}
	nc2f_pool_fini(&p);
}

static void every_completion_names_its_own_buffer(struct kunit *test)
{
	struct xen_nc2_comp comp = { .len = 60 };
	u32 page, offset, good = 0;
	struct nc2f_pool p;

	KUNIT_ASSERT_EQ(test, nc2f_pool_init(&p, 5, 2048), 0);
	while (nc2f_pool_post(&p) >= 0)
		;
	for (page = 0; page < 16; page++) {
		for (offset = 0; offset <= 0xffff; offset++) {
			comp.page = page;
			comp.offset = offset;
			good += nc2f_pool_take(&p, &comp) >= 0;
		}
	}
	KUNIT_EXPECT_EQ(test, good, 10);
	KUNIT_EXPECT_EQ(test, p.count[NC2F_BUF_TAKEN], 10);
	nc2f_pool_fini(&p);
}

static void return_of_what_was_not_given_is_refused(struct kunit *test)
{
	struct xen_nc2_comp comp = { .len = 60 };
	struct nc2f_pool p;

	KUNIT_ASSERT_EQ(test, nc2f_pool_init(&p, 2, 2048), 0);
	KUNIT_EXPECT_EQ(test, nc2f_pool_take(&p, &comp), -EINVAL);	/* free */
	KUNIT_ASSERT_EQ(test, nc2f_pool_post(&p), 0);
	KUNIT_EXPECT_EQ(test, nc2f_pool_drop(&p, 0), -EINVAL);		/* posted */
	KUNIT_EXPECT_EQ(test, nc2f_pool_hold(&p, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, nc2f_pool_take(&p, &comp), 0);
	KUNIT_EXPECT_EQ(test, nc2f_pool_take(&p, &comp), -EINVAL);	/* taken */
	KUNIT_EXPECT_EQ(test, nc2f_pool_hold(&p, 0), 0);
	KUNIT_EXPECT_EQ(test, nc2f_pool_take(&p, &comp), -EINVAL);	/* held */
	KUNIT_EXPECT_EQ(test, nc2f_pool_hold(&p, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, nc2f_pool_drop(&p, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, nc2f_pool_drop(&p, 4), -EINVAL);
	KUNIT_EXPECT_EQ(test, nc2f_pool_hold(&p, 0xffffffff), -EINVAL);
	nc2f_pool_fini(&p);
}

/* No limit on buffers found in use. */
#define ALL	0xffffffffu

static bool all_idle(void *arg, u32 page)
{
	return true;
}

static bool none_idle(void *arg, u32 page)
{
	u32 *calls = arg;

	(*calls)++;
	return false;
}

/* Pages that are idle, one bit each. */
static bool mask_idle(void *arg, u32 page)
{
	return *(u32 *)arg & (1u << page);
}

/* Posts, takes and holds every buffer, in the order of their ids. */
static void hold_all(struct kunit *test, struct nc2f_pool *p)
{
	struct xen_nc2_comp comp = { .len = 60 };
	u32 i;

	for (i = 0; i < p->nr; i++) {
		int id = nc2f_pool_post(p);

		KUNIT_ASSERT_GE(test, id, 0);
		comp.page = nc2f_pool_page(p, id);
		comp.offset = nc2f_pool_offset(p, id);
		KUNIT_ASSERT_EQ(test, nc2f_pool_take(p, &comp), id);
		KUNIT_ASSERT_EQ(test, nc2f_pool_hold(p, id), 0);
	}
}

static void reap_frees_what_is_idle(struct kunit *test)
{
	struct nc2f_pool p;
	u32 idle = 0x5;		/* pages 0 and 2 of 4 */

	KUNIT_ASSERT_EQ(test, nc2f_pool_init(&p, 4, 2048), 0);
	hold_all(test, &p);
	KUNIT_EXPECT_EQ(test, nc2f_pool_reap(&p, 100, ALL, mask_idle, &idle), 4);
	KUNIT_EXPECT_EQ(test, p.count[NC2F_BUF_HELD], 4);
	KUNIT_EXPECT_EQ(test, p.count[NC2F_BUF_FREE], 4);
	KUNIT_EXPECT_EQ(test, nc2f_pool_reap(&p, 100, ALL, mask_idle, &idle), 0);
	KUNIT_EXPECT_EQ(test, nc2f_pool_reap(&p, 100, ALL, all_idle, NULL), 4);
	KUNIT_EXPECT_EQ(test, p.count[NC2F_BUF_HELD], 0);
	nc2f_pool_fini(&p);
}

static void reap_looks_no_further_than_told(struct kunit *test)
{
	struct nc2f_pool p;
	u32 calls = 0;

	KUNIT_ASSERT_EQ(test, nc2f_pool_init(&p, 4, 2048), 0);
	KUNIT_EXPECT_EQ(test, nc2f_pool_reap(&p, 100, ALL, none_idle, &calls), 0);
	KUNIT_EXPECT_EQ(test, calls, 0);
	hold_all(test, &p);
	KUNIT_EXPECT_EQ(test, nc2f_pool_reap(&p, 0, ALL, none_idle, &calls), 0);
	KUNIT_EXPECT_EQ(test, calls, 0);
	KUNIT_EXPECT_EQ(test, nc2f_pool_reap(&p, 3, ALL, none_idle, &calls), 0);
	KUNIT_EXPECT_EQ(test, calls, 3);
	/* With nothing idle it ends all the same. */
	KUNIT_EXPECT_EQ(test, nc2f_pool_reap(&p, 0xffffffff, ALL, none_idle, &calls), 0);
	KUNIT_EXPECT_EQ(test, calls, 3 + 8);
	KUNIT_EXPECT_EQ(test, p.count[NC2F_BUF_HELD], 8);
	nc2f_pool_fini(&p);
}

static void reap_gives_up_after_misses(struct kunit *test)
{
	struct nc2f_pool p;
	u32 calls = 0, idle;

	KUNIT_ASSERT_EQ(test, nc2f_pool_init(&p, 8, 4096), 0);
	hold_all(test, &p);
	KUNIT_EXPECT_EQ(test, nc2f_pool_reap(&p, 100, 0, none_idle, &calls), 0);
	KUNIT_EXPECT_EQ(test, calls, 0);
	KUNIT_EXPECT_EQ(test, nc2f_pool_reap(&p, 100, 3, none_idle, &calls), 0);
	KUNIT_EXPECT_EQ(test, calls, 3);
	/* Queue: 3 4 5 6 7 0 1 2.  One that is idle begins the count anew. */
	idle = BIT(5) | BIT(0);
	KUNIT_EXPECT_EQ(test, nc2f_pool_reap(&p, 100, 3, mask_idle, &idle), 2);
	KUNIT_EXPECT_EQ(test, p.count[NC2F_BUF_HELD], 6);
	nc2f_pool_fini(&p);
}

static void slow_reader_does_not_hide_the_others(struct kunit *test)
{
	u32 idle = 0xe, i, freed = 0;	/* page 0 stays busy */
	struct nc2f_pool p;

	KUNIT_ASSERT_EQ(test, nc2f_pool_init(&p, 4, 4096), 0);
	hold_all(test, &p);
	/* One look at a time: the busy one goes to the end. */
	for (i = 0; i < 4; i++)
		freed += nc2f_pool_reap(&p, 1, ALL, mask_idle, &idle);
	KUNIT_EXPECT_EQ(test, freed, 3);
	KUNIT_EXPECT_EQ(test, p.owner[0], (u8)NC2F_BUF_HELD);
	nc2f_pool_fini(&p);
}

/* A queue of 4 entries for 3 buffers, turned past 2^16 and far beyond. */
static void held_queue_turns_for_long(struct kunit *test)
{
	struct nc2f_pool p;
	u32 i;

	KUNIT_ASSERT_EQ(test, nc2f_pool_init(&p, 3, 4096), 0);
	p.head = 0xfffffff0;
	for (i = 0; i < 70000; i++) {
		hold_all(test, &p);
		KUNIT_ASSERT_EQ(test, nc2f_pool_reap(&p, 3, ALL, all_idle, NULL), 3);
	}
	KUNIT_EXPECT_EQ(test, p.count[NC2F_BUF_FREE], 3);
	nc2f_pool_fini(&p);
}

static void starved_below_a_quarter(struct kunit *test)
{
	struct xen_nc2_comp comp = { .len = 60 };
	struct nc2f_pool p;
	u32 i;

	KUNIT_ASSERT_EQ(test, nc2f_pool_init(&p, 16, 4096), 0);
	for (i = 0; i < 16; i++) {
		/* Free and posted buffers both count as fed. */
		KUNIT_EXPECT_EQ(test, nc2f_pool_starved(&p), 16 - i < 4);
		KUNIT_ASSERT_EQ(test, nc2f_pool_post(&p), i);
		KUNIT_EXPECT_EQ(test, nc2f_pool_starved(&p), 16 - i < 4);
		comp.page = i;
		KUNIT_ASSERT_EQ(test, nc2f_pool_take(&p, &comp), i);
		KUNIT_ASSERT_EQ(test, nc2f_pool_hold(&p, i), 0);
	}
	KUNIT_EXPECT_TRUE(test, nc2f_pool_starved(&p));
	nc2f_pool_fini(&p);
}

/* A quarter of it is none: one that reads nothing could have them all. */
static void smallest_pool_can_starve(struct kunit *test)
{
	struct xen_nc2_comp comp = { .len = 60 };
	struct nc2f_pool p;
	u32 id;

	KUNIT_ASSERT_EQ(test, nc2f_pool_init(&p, 1, 4096), 0);
	id = nc2f_pool_post(&p);
	KUNIT_EXPECT_FALSE(test, nc2f_pool_starved(&p));
	comp.page = id;
	KUNIT_ASSERT_EQ(test, nc2f_pool_take(&p, &comp), id);
	KUNIT_ASSERT_EQ(test, nc2f_pool_hold(&p, id), 0);
	KUNIT_EXPECT_TRUE(test, nc2f_pool_starved(&p));
	nc2f_pool_fini(&p);
}

/* The model: one owner for each buffer, and who is idle. */
struct model {
	enum nc2f_owner owner[16];
	u32 nr;
	u32 idle;
};

static u32 model_count(const struct model *m, enum nc2f_owner owner)
{
	u32 i, n = 0;

	for (i = 0; i < m->nr; i++)
		n += m->owner[i] == owner;
	return n;
}

static void agree(struct kunit *test, const struct nc2f_pool *p, const struct model *m)
{
	u32 i, id, seen = 0;

	for (i = 0; i < NC2F_BUF_OWNERS; i++)
		KUNIT_ASSERT_EQ(test, p->count[i], model_count(m, i));
	for (i = 0; i < m->nr; i++)
		KUNIT_ASSERT_EQ(test, p->owner[i], (u8)m->owner[i]);
	/* Stack and queue hold each of their buffers once. */
	for (i = 0; i < p->count[NC2F_BUF_FREE]; i++) {
		id = p->free[i];
		KUNIT_ASSERT_LT(test, id, m->nr);
		KUNIT_ASSERT_EQ(test, m->owner[id], NC2F_BUF_FREE);
		KUNIT_ASSERT_FALSE(test, seen & (1u << id));
		seen |= 1u << id;
	}
	for (i = 0; i < p->count[NC2F_BUF_HELD]; i++) {
		id = p->held[(p->head + i) & p->held_mask];
		KUNIT_ASSERT_LT(test, id, m->nr);
		KUNIT_ASSERT_EQ(test, m->owner[id], NC2F_BUF_HELD);
		KUNIT_ASSERT_FALSE(test, seen & (1u << id));
		seen |= 1u << id;
	}
}

static void model_post(struct kunit *test, struct nc2f_pool *p, struct model *m)
{
	int id = nc2f_pool_post(p);

	if (!model_count(m, NC2F_BUF_FREE)) {
		KUNIT_ASSERT_EQ(test, id, -ENOENT);
		return;
	}
	KUNIT_ASSERT_GE(test, id, 0);
	KUNIT_ASSERT_LT(test, id, (int)m->nr);
	KUNIT_ASSERT_EQ(test, m->owner[id], NC2F_BUF_FREE);
	m->owner[id] = NC2F_BUF_POSTED;
}

static void model_take(struct kunit *test, struct nc2f_pool *p, struct model *m, u32 id)
{
	struct xen_nc2_comp comp = { .page = id / 2, .offset = id % 2 * 2048, .len = 60 };
	bool good = id < m->nr && m->owner[id] == NC2F_BUF_POSTED;

	KUNIT_ASSERT_EQ(test, nc2f_pool_take(p, &comp), good ? (int)id : -EINVAL);
	if (good)
		m->owner[id] = NC2F_BUF_TAKEN;
}

static void model_leave(struct kunit *test, struct nc2f_pool *p, struct model *m, u32 id,
			enum nc2f_owner to)
{
	bool good = id < m->nr && m->owner[id] == NC2F_BUF_TAKEN;
	int want = good ? 0 : -EINVAL;

	if (to == NC2F_BUF_HELD)
		KUNIT_ASSERT_EQ(test, nc2f_pool_hold(p, id), want);
	else
		KUNIT_ASSERT_EQ(test, nc2f_pool_drop(p, id), want);
	if (good)
		m->owner[id] = to;
}

static void model_reap(struct kunit *test, struct nc2f_pool *p, struct model *m)
{
	u32 i, n = 0;

	for (i = 0; i < m->nr; i++) {
		if (m->owner[i] == NC2F_BUF_HELD && m->idle & (1u << (i / 2))) {
			m->owner[i] = NC2F_BUF_FREE;
			n++;
		}
	}
	KUNIT_ASSERT_EQ(test, nc2f_pool_reap(p, p->nr, ALL, mask_idle, &m->idle), (int)n);
}

/* One of 3 * ids + 2 moves, ids counting one that does not exist. */
static void step(struct kunit *test, struct nc2f_pool *p, struct model *m, u32 move)
{
	u32 ids = m->nr + 1;

	if (move < ids)
		model_take(test, p, m, move);
	else if (move < 2 * ids)
		model_leave(test, p, m, move - ids, NC2F_BUF_HELD);
	else if (move < 3 * ids)
		model_leave(test, p, m, move - 2 * ids, NC2F_BUF_FREE);
	else if (move == 3 * ids)
		model_post(test, p, m);
	else
		model_reap(test, p, m);
	agree(test, p, m);
}

/* Every sequence of five moves on a pool of one page: 11^5. */
static void all_short_sequences_agree_with_model(struct kunit *test)
{
	const u32 moves = 3 * 3 + 2;
	struct nc2f_pool p;
	u32 seq, rest, k;

	KUNIT_ASSERT_EQ(test, nc2f_pool_init(&p, 1, 2048), 0);
	for (seq = 0; seq < 161051; seq++) {
		struct model m = { .nr = 2, .idle = seq & 1 };

		memset(p.owner, 0, p.nr * sizeof(*p.owner));
		memset(p.count, 0, sizeof(p.count));
		p.count[NC2F_BUF_FREE] = p.nr;
		p.free[0] = 1;
		p.free[1] = 0;
		for (k = 0, rest = seq; k < 5; k++, rest /= moves)
			step(test, &p, &m, rest % moves);
	}
	nc2f_pool_fini(&p);
}

static void random_walk_agrees_with_model(struct kunit *test)
{
	struct model m = { .nr = 14 };
	struct rnd_state rnd;
	struct nc2f_pool p;
	u32 i, most = 0;

	prandom_seed_state(&rnd, 82599);
	/* 14 buffers in a queue of 16: it turns past its own end. */
	KUNIT_ASSERT_EQ(test, nc2f_pool_init(&p, 7, 2048), 0);
	for (i = 0; i < 100000; i++) {
		u32 r = prandom_u32_state(&rnd);
		u32 move = r & 0x300 ? (r >> 16) % (3 * 15) : 3 * 15 + !(r & 0xfc00);

		m.idle = (r >> 3) & 0x7f;
		step(test, &p, &m, move);
		most = max(most, p.count[NC2F_BUF_HELD]);
	}
	KUNIT_EXPECT_GT(test, most, 5);
	nc2f_pool_fini(&p);
}

static struct kunit_case pool_cases[] = {
	KUNIT_CASE_PARAM(size_choice, size_gen_params),
	KUNIT_CASE_PARAM(completion_entry, take_gen_params),
	KUNIT_CASE(every_completion_names_its_own_buffer),
	KUNIT_CASE(return_of_what_was_not_given_is_refused),
	KUNIT_CASE(reap_frees_what_is_idle),
	KUNIT_CASE(reap_looks_no_further_than_told),
	KUNIT_CASE(reap_gives_up_after_misses),
	KUNIT_CASE(slow_reader_does_not_hide_the_others),
	KUNIT_CASE(held_queue_turns_for_long),
	KUNIT_CASE(starved_below_a_quarter),
	KUNIT_CASE(smallest_pool_can_starve),
	KUNIT_CASE(all_short_sequences_agree_with_model),
	KUNIT_CASE(random_walk_agrees_with_model),
	{}
};

static struct kunit_suite pool_suite = {
	.name = "nc2f_pool",
	.test_cases = pool_cases,
};

kunit_test_suite(pool_suite);

MODULE_DESCRIPTION("KUnit: the front's ledger of receive buffers");
MODULE_LICENSE("GPL");
