// SPDX-License-Identifier: GPL-2.0
/* The registry of NIC queues, between a provider and clients that are played here. */
#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/device.h>
#include <linux/module.h>
#include <linux/workqueue.h>

#include "netback/rxq.c"

#define QUEUES	3
/* So long takes what must be waited for. */
#define LONG_MS	50

struct rig;

/**
 * struct holder - a client
 * @rig: of the test
 * @q: the queue that it has, or NULL
 * @revoked: calls of revoke
 * @lazy: revoke returns with the queue still there, and it is released LONG_MS later
 * @slow: revoke takes LONG_MS after the queue has been released
 * @bad: it is released as one that was stopped by force
 * @seen: queues that there were during revoke
 * @other: what could be leased then
 * @in_revoke: revoke has begun
 * @over: revoke, or what it left behind, is over
 * @later: releases the queue
 */
struct holder {
	struct rig *rig;
	struct nc2q *q;
	unsigned int revoked;
	bool lazy;
	bool slow;
	bool bad;
	unsigned int seen;
	struct nc2q *other;
	struct completion in_revoke;
	bool over;
	struct delayed_work later;
};

/**
 * struct rig - a provider with some queues, and two clients
 * @nic: parents of their physical functions
 * @q: the queues; the last one is another NIC's
 * @h: the clients
 * @work: does something beside the test
 * @gone: the queue that it unregisters, or registers
 */
struct rig {
	struct device nic[2];
	struct nc2q q[QUEUES];
	struct holder h[2];
	struct work_struct work;
	struct nc2q *gone;
};

/* The provider has nothing to do: the registry calls none of its functions. */
static const struct nc2q_ops no_ops;

static void give_back(struct holder *h)
{
	struct nc2q *q = h->q;

	h->q = NULL;
	nc2q_release(q, h->bad);
}

static void release_later(struct work_struct *work)
{
	struct holder *h = container_of(to_delayed_work(work), struct holder, later);

	WRITE_ONCE(h->over, true);
	give_back(h);
}

static void revoke(void *priv)
{
	struct holder *h = priv;

	h->revoked++;
	h->seen = nc2q_count(&h->rig->nic[0], NULL);
	h->other = nc2q_lease(&h->rig->nic[0], NULL, NULL);
	if (h->lazy) {
		schedule_delayed_work(&h->later, msecs_to_jiffies(LONG_MS));
		return;
	}
	complete(&h->in_revoke);
	if (h->slow) {
		msleep(LONG_MS);
		WRITE_ONCE(h->over, true);
	} else if (h->q) {
		give_back(h);
	}
}

static const struct nc2q_client client = { .revoke = revoke };

static void take(struct rig *r, int who)
{
	r->h[who].q = nc2q_lease(&r->nic[0], &client, &r->h[who]);
}

static unsigned int free_of(struct rig *r)
{
	unsigned int free;

	nc2q_count(&r->nic[0], &free);
	return free;
}

static void unregister_work(struct work_struct *work)
{
	nc2q_unregister(container_of(work, struct rig, work)->gone);
}

static void register_work(struct work_struct *work)
{
	nc2q_register(container_of(work, struct rig, work)->gone);
}

static int rxq_init(struct kunit *test)
{
	static const char * const names[QUEUES] = { "q0", "q1", "other" };
	struct rig *r = kunit_kzalloc(test, sizeof(*r), GFP_KERNEL);
	int i;

	if (!r)
		return -ENOMEM;
	for (i = 0; i < QUEUES; i++)
		r->q[i] = (struct nc2q){
			.ops = &no_ops,
			.dma_dev = &r->nic[i / 2],
			.nic = &r->nic[i / 2],
			.name = names[i],
		};
	for (i = 0; i < ARRAY_SIZE(r->h); i++) {
		r->h[i].rig = r;
		init_completion(&r->h[i].in_revoke);
		INIT_DELAYED_WORK(&r->h[i].later, release_later);
	}
	INIT_WORK(&r->work, unregister_work);
	test->priv = r;
	return 0;
}

/* A test that has failed may have left anything: the next one begins anew. */
static void rxq_exit(struct kunit *test)
{
	struct rig *r = test->priv;

	if (!r)
		return;
	flush_work(&r->work);
	cancel_delayed_work_sync(&r->h[0].later);
	nc2q_set_notify(NULL);
	INIT_LIST_HEAD(&nc2q_list);
}

static void half_a_queue_is_refused(struct kunit *test)
{
	struct rig *r = test->priv;
	struct nc2q *q = kunit_kcalloc(test, 4, sizeof(*q), GFP_KERNEL);
	int i;

	KUNIT_ASSERT_NOT_NULL(test, q);
	for (i = 0; i < 4; i++)
		q[i] = r->q[0];
	q[0].ops = NULL;
	q[1].dma_dev = NULL;
	q[2].nic = NULL;
	q[3].name = NULL;
	for (i = 0; i < 4; i++)
		KUNIT_EXPECT_EQ(test, nc2q_register(&q[i]), -EINVAL);
	KUNIT_EXPECT_EQ(test, nc2q_count(&r->nic[0], NULL), 0);
}

static void register_all(struct kunit *test)
{
	struct rig *r = test->priv;
	int i;

	/* What a life before may have left in it. */
	r->q[0].client_priv = r;
	r->q[0].bad = true;
	for (i = 0; i < QUEUES; i++)
		KUNIT_ASSERT_EQ(test, nc2q_register(&r->q[i]), 0);
}

static void each_is_leased_once(struct kunit *test)
{
	struct rig *r = test->priv;

	register_all(test);
	KUNIT_EXPECT_EQ(test, free_of(r), 2);
	take(r, 0);
	KUNIT_EXPECT_PTR_EQ(test, r->h[0].q, &r->q[0]);
	KUNIT_EXPECT_PTR_EQ(test, r->q[0].client, &client);
	KUNIT_EXPECT_PTR_EQ(test, r->q[0].client_priv, (void *)&r->h[0]);
	take(r, 1);
	KUNIT_EXPECT_PTR_EQ(test, r->h[1].q, &r->q[1]);
	KUNIT_EXPECT_EQ(test, free_of(r), 0);
	KUNIT_EXPECT_EQ(test, nc2q_count(&r->nic[0], NULL), 2);
	/* The other NIC's is none for them. */
	KUNIT_EXPECT_NULL(test, nc2q_lease(&r->nic[0], &client, r));
	give_back(&r->h[0]);
	KUNIT_EXPECT_EQ(test, free_of(r), 1);
	take(r, 0);
	KUNIT_EXPECT_PTR_EQ(test, r->h[0].q, &r->q[0]);
	KUNIT_EXPECT_PTR_EQ(test, nc2q_lease(&r->nic[1], &client, r), &r->q[2]);
}

static struct rig *waiter;
static unsigned int told;

/* What a waiting client does when it hears of a free queue. */
static void notify(void)
{
	told++;
	if (waiter && !waiter->h[1].q)
		take(waiter, 1);
}

static void listen(struct rig *r)
{
	waiter = r;
	told = 0;
	nc2q_set_notify(notify);
}

static void who_waits_gets_what_is_released(struct kunit *test)
{
	struct rig *r = test->priv;

	KUNIT_ASSERT_EQ(test, nc2q_register(&r->q[0]), 0);
	take(r, 0);
	listen(r);
	give_back(&r->h[0]);
	KUNIT_EXPECT_EQ(test, told, 1);
	KUNIT_EXPECT_PTR_EQ(test, r->h[1].q, &r->q[0]);
	take(r, 0);
	KUNIT_EXPECT_NULL(test, r->h[0].q);
}

static void who_waits_gets_a_new_one(struct kunit *test)
{
	struct rig *r = test->priv;

	listen(r);
	KUNIT_ASSERT_EQ(test, nc2q_register(&r->q[0]), 0);
	KUNIT_EXPECT_EQ(test, told, 1);
	KUNIT_EXPECT_PTR_EQ(test, r->h[1].q, &r->q[0]);
}

/* Until it has been registered anew. */
static void one_stopped_by_force_is_nobodys(struct kunit *test)
{
	struct rig *r = test->priv;

	KUNIT_ASSERT_EQ(test, nc2q_register(&r->q[0]), 0);
	take(r, 0);
	listen(r);
	r->h[0].bad = true;
	give_back(&r->h[0]);
	KUNIT_EXPECT_EQ(test, told, 0);
	take(r, 0);
	KUNIT_EXPECT_NULL(test, r->h[0].q);
	KUNIT_EXPECT_EQ(test, free_of(r), 0);
	KUNIT_EXPECT_EQ(test, nc2q_count(&r->nic[0], NULL), 1);

	nc2q_unregister(&r->q[0]);
	KUNIT_ASSERT_EQ(test, nc2q_register(&r->q[0]), 0);
	KUNIT_EXPECT_EQ(test, told, 1);
	KUNIT_EXPECT_PTR_EQ(test, r->h[1].q, &r->q[0]);
}

static void free_one_goes_without_a_word(struct kunit *test)
{
	struct rig *r = test->priv;

	register_all(test);
	take(r, 0);
	nc2q_unregister(&r->q[1]);
	KUNIT_EXPECT_EQ(test, r->h[0].revoked, 0);
	KUNIT_EXPECT_EQ(test, nc2q_count(&r->nic[0], NULL), 1);
	take(r, 1);
	KUNIT_EXPECT_NULL(test, r->h[1].q);
}

static void revoked_once_and_nobodys_then(struct kunit *test)
{
	struct rig *r = test->priv;

	KUNIT_ASSERT_EQ(test, nc2q_register(&r->q[0]), 0);
	take(r, 0);
	/* Who would take it now, unregistering would wait for. */
	listen(NULL);
	nc2q_unregister(&r->q[0]);
	KUNIT_EXPECT_EQ(test, r->h[0].revoked, 1);
	/* Nor is it to be had before its client has left it. */
	KUNIT_EXPECT_EQ(test, r->h[0].seen, 0);
	KUNIT_EXPECT_NULL(test, r->h[0].other);
	KUNIT_EXPECT_EQ(test, told, 0);
	KUNIT_EXPECT_NULL(test, r->q[0].client);
	KUNIT_EXPECT_NULL(test, r->q[0].client_priv);
	take(r, 1);
	KUNIT_EXPECT_NULL(test, r->h[1].q);
}

static void only_its_own_client_is_called(struct kunit *test)
{
	struct rig *r = test->priv;

	register_all(test);
	take(r, 0);
	take(r, 1);
	nc2q_unregister(&r->q[1]);
	KUNIT_EXPECT_EQ(test, r->h[0].revoked, 0);
	KUNIT_EXPECT_PTR_EQ(test, r->h[0].q, &r->q[0]);
	KUNIT_EXPECT_EQ(test, r->h[1].revoked, 1);
	KUNIT_EXPECT_EQ(test, nc2q_count(&r->nic[0], NULL), 1);
}

/* The memory of a queue may go when it has been unregistered. */
static void unregister_waits_for_the_release(struct kunit *test)
{
	struct rig *r = test->priv;

	KUNIT_ASSERT_EQ(test, nc2q_register(&r->q[0]), 0);
	r->h[0].lazy = true;
	take(r, 0);
	nc2q_unregister(&r->q[0]);
	KUNIT_EXPECT_TRUE(test, READ_ONCE(r->h[0].over));
	KUNIT_EXPECT_NULL(test, r->q[0].client);
}

/* The client gives the queue back by itself, and frees what revoke was told. */
static void sync_waits_for_revoke(struct kunit *test)
{
	struct rig *r = test->priv;
	struct holder *h = &r->h[0];

	KUNIT_ASSERT_EQ(test, nc2q_register(&r->q[0]), 0);
	h->slow = true;
	take(r, 0);
	r->gone = &r->q[0];
	schedule_work(&r->work);
	KUNIT_ASSERT_TRUE(test, wait_for_completion_timeout(&h->in_revoke, HZ));
	give_back(h);
	KUNIT_EXPECT_FALSE(test, READ_ONCE(h->over));
	nc2q_sync();
	KUNIT_EXPECT_TRUE(test, READ_ONCE(h->over));
	flush_work(&r->work);
	KUNIT_EXPECT_EQ(test, h->revoked, 1);
}

static DECLARE_COMPLETION(in_notify);
static bool notified;

static void slow_notify(void)
{
	complete(&in_notify);
	msleep(LONG_MS);
	WRITE_ONCE(notified, true);
}

/* The code of a module may go when its function has been taken out. */
static void set_notify_waits_for_the_last(struct kunit *test)
{
	struct rig *r = test->priv;

	reinit_completion(&in_notify);
	notified = false;
	nc2q_set_notify(slow_notify);
	r->gone = &r->q[0];
	INIT_WORK(&r->work, register_work);
	schedule_work(&r->work);
	KUNIT_ASSERT_TRUE(test, wait_for_completion_timeout(&in_notify, HZ));
	KUNIT_EXPECT_FALSE(test, READ_ONCE(notified));
	nc2q_set_notify(NULL);
	KUNIT_EXPECT_TRUE(test, READ_ONCE(notified));
	flush_work(&r->work);

	notified = false;
	KUNIT_ASSERT_EQ(test, nc2q_register(&r->q[1]), 0);
	KUNIT_EXPECT_FALSE(test, notified);
}

static struct kunit_case rxq_cases[] = {
	KUNIT_CASE(half_a_queue_is_refused),
	KUNIT_CASE(each_is_leased_once),
	KUNIT_CASE(who_waits_gets_what_is_released),
	KUNIT_CASE(who_waits_gets_a_new_one),
	KUNIT_CASE(one_stopped_by_force_is_nobodys),
	KUNIT_CASE(free_one_goes_without_a_word),
	KUNIT_CASE(revoked_once_and_nobodys_then),
	KUNIT_CASE(only_its_own_client_is_called),
	KUNIT_CASE(unregister_waits_for_the_release),
	KUNIT_CASE(sync_waits_for_revoke),
	KUNIT_CASE(set_notify_waits_for_the_last),
	{ }
};

static struct kunit_suite rxq_suite = {
	.name = "nc2b_rxq",
	.init = rxq_init,
	.exit = rxq_exit,
	.test_cases = rxq_cases,
};

kunit_test_suite(rxq_suite);

MODULE_DESCRIPTION("KUnit tests of the registry of NIC queues");
MODULE_LICENSE("GPL");
