// SPDX-License-Identifier: GPL-2.0
/*
 * Both ends against each other: what one says, the other must understand, and
 * no event may be lost between them.
 *
 * The code under test is linked in by the suites of each end.
 */
#include <kunit/test.h>
#include <linux/module.h>
#include <linux/prandom.h>

#include "netback/nego.h"
#include "netback/pool.h"
#include "netback/ring.h"
#include "netfront/nego.h"
#include "netfront/pool.h"
#include "netfront/ring.h"

/* All that the front can choose, the back accepts and lays out the same way. */
static void every_choice_is_accepted(struct kunit *test)
{
	static const u32 tx[] = { 0, 64, 65, 256, 1000, 1024, U32_MAX };
	u32 max, pages, t, refused = 0, differ = 0, total = 0;

	for (max = 1; max <= XEN_NC2_MAX_POOL_PAGES; max += 31) {
		struct nc2f_offer o = { .max_pool_pages = max };

		for (pages = 0; pages < 1100; pages += 7) {
			for (t = 0; t < ARRAY_SIZE(tx); t++) {
				struct nc2f_params f;
				struct nc2b_params b;
				struct nc2f_layout lf;
				struct nc2b_layout lb;

				nc2f_nego_choose(&f, &o, pages, tx[t]);
				b = (struct nc2b_params){ f.rx_entries, f.tx_entries,
							  f.pool_pages, f.buf_size };
				refused += !!nc2b_nego_params(&b, max);
				nc2f_nego_layout(&f, &lf);
				nc2b_nego_layout(&b, &lb);
				differ += lf.fill != lb.fill || lf.comp != lb.comp ||
					  lf.tx != lb.tx || lf.pool != lb.pool ||
					  lf.txpool != lb.txpool || lf.total != lb.total ||
					  lf.dir_pages != lb.dir_pages;
				total++;
			}
		}
	}
	KUNIT_EXPECT_EQ(test, refused, 0);
	KUNIT_EXPECT_EQ(test, differ, 0);
	KUNIT_EXPECT_GT(test, total, 10000);
}

static void handshake_is_understood(struct kunit *test)
{
	char nonce[XEN_NC2_NONCE_DIGITS + 1], request[NC2F_REQUEST_MAX];
	struct rnd_state rnd;
	struct nc2f_offer o;
	u64 value, other;
	u32 i;

	prandom_seed_state(&rnd, 16);
	for (i = 0; i < 1000; i++) {
		prandom_bytes_state(&rnd, &value, sizeof(value));
		value >>= i % 64;
		nc2b_nego_nonce(value, nonce);
		KUNIT_ASSERT_NULL(test, nc2f_nego_offer(&o, "1", nonce, "256"));
		nc2f_nego_request(&o, request);
		KUNIT_ASSERT_NULL(test, nc2b_nego_request(request, nonce));
		/* The same answer is stale for the next offer. */
		other = value + 1;
		nc2b_nego_nonce(other, nonce);
		KUNIT_ASSERT_NOT_NULL(test, nc2b_nego_request(request, nonce));
	}
}

#define NR	64u

struct pair {
	struct xen_nc2_ring_hdr hdr;
	struct xen_nc2_comp entries[NR];
	void *page;
	u64 said, heard;
};

/* Close before the indexes wrap. */
#define START	0xfffff000u

static void begin_at(struct pair *p, u32 index)
{
	p->hdr.prod = index;
	p->hdr.cons = index;
	p->page = p->entries;
}

/*
 * Front produces, back consumes and sleeps.  A sleeping back is woken only by
 * an event; if an event were lost, the back would never get all the entries.
 */
static void fill_ring_loses_no_event(struct kunit *test)
{
	struct pair *p = kunit_kzalloc(test, sizeof(*p), GFP_KERNEL);
	struct xen_nc2_fill got;
	struct nc2f_prod f;
	struct nc2b_cons b;
	struct rnd_state rnd;
	u32 i, k, asleep = 1, naps = 0;
	int n;

	KUNIT_ASSERT_NOT_NULL(test, p);
	prandom_seed_state(&rnd, 4);
	nc2f_prod_init(&f, &p->hdr, p->entries, NR);
	nc2b_cons_init(&b, &p->hdr, &p->page, NR, sizeof(got));
	begin_at(p, START);
	f.prod = START;
	f.shown = START;
	f.cons = START;
	f.event = START;
	b.cons = START;
	b.prod = START;
	KUNIT_ASSERT_TRUE(test, nc2b_cons_sleep(&b));
	for (i = 0; i < 50000; i++) {
		u32 r = prandom_u32_state(&rnd);

		if (r & 1) {
			n = nc2f_prod_reap(&f);
			KUNIT_ASSERT_GE(test, n, 0);
			for (k = min(nc2f_prod_room(&f), (r >> 8) % 9); k; k--)
				nc2f_prod_fill(&f, (struct xen_nc2_fill){ .page = p->said++ });
			/* Several may be shown at once. */
			if (r & 6 && nc2f_prod_publish(&f))
				asleep = 0;
			continue;
		}
		if (asleep) {
			/* Nothing that was shown may be left while it sleeps. */
			KUNIT_ASSERT_EQ(test, f.shown, b.prod);
			continue;
		}
		n = nc2b_cons_avail(&b);
		KUNIT_ASSERT_GE(test, n, 0);
		for (k = 0; k < n; k++) {
			nc2b_cons_copy(&b, k, &got);
			KUNIT_ASSERT_EQ(test, got.page, (u16)p->heard++);
		}
		nc2b_cons_publish(&b, n);
		if (r & 0x30 && nc2b_cons_sleep(&b)) {
			asleep = 1;
			naps++;
		}
	}
	KUNIT_EXPECT_GT(test, naps, 1000);
	KUNIT_EXPECT_GT(test, p->heard, 0x2000);	/* past the wrap */
}

static void completion_ring_loses_no_event(struct kunit *test)
{
	struct pair *p = kunit_kzalloc(test, sizeof(*p), GFP_KERNEL);
	struct xen_nc2_comp c = {};
	struct nc2f_cons f;
	struct nc2b_prod b;
	struct rnd_state rnd;
	u32 i, k, asleep = 1, naps = 0;
	int n;

	KUNIT_ASSERT_NOT_NULL(test, p);
	prandom_seed_state(&rnd, 5);
	nc2f_cons_init(&f, &p->hdr, p->entries, NR);
	nc2b_prod_init(&b, &p->hdr, &p->page, NR, sizeof(c));
	begin_at(p, START);
	f.cons = START;
	f.shown = START;
	b.prod = START;
	b.shown = START;
	KUNIT_ASSERT_FALSE(test, nc2f_cons_sleep(&f));
	for (i = 0; i < 50000; i++) {
		u32 r = prandom_u32_state(&rnd);

		if (r & 1) {
			for (k = min(NR - (b.prod - f.cons), (r >> 8) % 9); k; k--) {
				c.hash = p->said++;
				nc2b_prod_put(&b, &c);
			}
			if (r & 6 && nc2b_prod_publish(&b))
				asleep = 0;
			continue;
		}
		if (asleep) {
			KUNIT_ASSERT_EQ(test, b.shown, f.cons);
			continue;
		}
		n = nc2f_cons_avail(&f);
		KUNIT_ASSERT_GE(test, n, 0);
		while (n-- > 0) {
			nc2f_cons_comp(&f, &c);
			KUNIT_ASSERT_EQ(test, c.hash, (u32)p->heard++);
		}
		nc2f_cons_publish(&f);
		if (r & 0x30 && !nc2f_cons_sleep(&f)) {
			asleep = 1;
			naps++;
		}
	}
	KUNIT_EXPECT_GT(test, naps, 1000);
	KUNIT_EXPECT_GT(test, p->heard, 0x2000);
}

/*
 * Transmit: the front stops when the ring is full and goes on when the back
 * has told it that half is done.  A lost event would stop it for good.
 */
static void full_transmit_ring_wakes_the_front(struct kunit *test)
{
	struct pair *p = kunit_kzalloc(test, sizeof(*p), GFP_KERNEL);
	const struct xen_nc2_tx tx = { .len = 60 };
	struct nc2f_prod f;
	struct nc2b_cons b;
	struct rnd_state rnd;
	u32 i, waits = 0, told = 0;
	bool waiting = false;
	int n;

	KUNIT_ASSERT_NOT_NULL(test, p);
	prandom_seed_state(&rnd, 6);
	nc2f_prod_init(&f, &p->hdr, p->entries, NR);
	nc2b_cons_init(&b, &p->hdr, &p->page, NR, sizeof(tx));
	begin_at(p, START);
	f.prod = START;
	f.shown = START;
	f.cons = START;
	f.event = START;
	b.cons = START;
	b.prod = START;
	for (i = 0; i < 50000; i++) {
		u32 r = prandom_u32_state(&rnd);

		if (r & 1) {
			if (waiting)
				continue;
			KUNIT_ASSERT_GE(test, nc2f_prod_reap(&f), 0);
			for (n = (r >> 8) % 20; n && nc2f_prod_room(&f); n--)
				nc2f_prod_tx(&f, &tx);
			nc2f_prod_publish(&f);
			if (!nc2f_prod_room(&f) && !nc2f_prod_arm(&f)) {
				waiting = true;
				waits++;
			}
			continue;
		}
		n = nc2b_cons_avail(&b);
		KUNIT_ASSERT_GE(test, n, 0);
		if (n)
			n = 1 + (r >> 8) % n;
		if (nc2b_cons_publish(&b, n)) {
			told++;
			waiting = false;
		}
		/* With everything consumed nobody may be left waiting. */
		if (b.cons == f.shown)
			KUNIT_ASSERT_FALSE(test, waiting);
	}
	KUNIT_EXPECT_GT(test, waits, 100);
	/* One event a wait or so: the wish is not asked for with each frame. */
	KUNIT_EXPECT_LE(test, told, waits + 2);
}

/* Buffers go round through both ledgers; each always knows the same. */
static void ledgers_stay_in_step(struct kunit *test)
{
	struct xen_nc2_fill fill;
	struct xen_nc2_comp comp = { .len = 60 };
	struct rnd_state rnd;
	struct nc2f_pool f;
	struct nc2b_pool b;
	u32 i, round = 0;
	int id;

	prandom_seed_state(&rnd, 7);
	KUNIT_ASSERT_EQ(test, nc2f_pool_init(&f, 8, 2048), 0);
	KUNIT_ASSERT_EQ(test, nc2b_pool_init(&b, 8, 2048), 0);
	for (i = 0; i < 50000; i++) {
		u32 r = prandom_u32_state(&rnd);

		switch (r % 4) {
		case 0:
			id = nc2f_pool_post(&f);
			if (id < 0)
				break;
			fill.page = nc2f_pool_page(&f, id);
			fill.offset = nc2f_pool_offset(&f, id);
			KUNIT_ASSERT_EQ(test, nc2b_pool_take(&b, &fill), 0);
			break;
		case 1:
			nc2b_pool_post(&b);
			break;
		case 2:
			id = (r >> 8) % 16;
			if (nc2b_pool_give(&b, id))
				break;
			comp.page = nc2b_pool_page(&b, id);
			comp.offset = nc2b_pool_offset(&b, id);
			KUNIT_ASSERT_EQ(test, nc2f_pool_take(&f, &comp), id);
			KUNIT_ASSERT_EQ(test, nc2f_pool_drop(&f, id), 0);
			round++;
			break;
		default:
			if (!(r & 0xf00))
				nc2b_pool_recall_all(&b);
		}
		KUNIT_ASSERT_EQ(test, f.count[NC2F_BUF_POSTED],
				b.count[NC2B_OWNER_STASH] + b.count[NC2B_OWNER_NIC]);
	}
	KUNIT_EXPECT_GT(test, round, 1000);
	nc2f_pool_fini(&f);
	nc2b_pool_free(&b);
}

static struct kunit_case pair_cases[] = {
	KUNIT_CASE(every_choice_is_accepted),
	KUNIT_CASE(handshake_is_understood),
	KUNIT_CASE(fill_ring_loses_no_event),
	KUNIT_CASE(completion_ring_loses_no_event),
	KUNIT_CASE(full_transmit_ring_wakes_the_front),
	KUNIT_CASE(ledgers_stay_in_step),
	{}
};

static struct kunit_suite pair_suite = {
	.name = "nc2_pair",
	.test_cases = pair_cases,
};

kunit_test_suite(pair_suite);

MODULE_DESCRIPTION("KUnit: both ends of the direct path against each other");
MODULE_LICENSE("GPL");
