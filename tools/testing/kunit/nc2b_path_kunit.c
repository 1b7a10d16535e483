// SPDX-License-Identifier: GPL-2.0
/*
 * The direct path, entered and left: every step in its order, each that fails
 * undone, and who gets a queue where there are fewer than interfaces.
 *
 * The registry, the pool's ledger and the rate are linked in by their suites.
 */
#include <linux/module.h>

#include "tools/testing/kunit/path_fake.h"

#include "netback/fdb.c"
#include "netback/filter.c"
#include "netback/lease.c"
#include "netback/path.c"
#include "netback/share.c"

/* By the names of path_fake.h. */
#define BEGUN	" map vlan+ start forget post"
#define ENTERED	BEGUN " mtu mc rate ( fdb- addr- in ) front:direct carrier-"
#define STOPPED	" napi- last stop forget unmap napi+ vlan-"
/* ... that did not come to run. */
#define UNDONE	" napi- stop forget unmap napi+ vlan-"
#define BRIDGED	" front:bridge ( out addr+ fdb+ )" STOPPED
#define LEFT	" carrier+" BRIDGED

static void give_queue(int i)
{
	KUNIT_ASSERT_EQ(fake->test, nc2q_register(&fake->q[i]), 0);
	fake_run();
}

static unsigned int free_queues(void)
{
	unsigned int free;

	nc2q_count(fake->nic, &free);
	return free;
}

/* Have the interface try at once. */
static void try(int i)
{
	nc2b_path_kick(&fake->g[i].d, 0);
	fake_run();
}

static void expect_log(const char *log)
{
	KUNIT_EXPECT_STREQ(fake->test, fake->log, log);
	fake->log[0] = 0;
}

/* Nothing of a queue is left. */
static void expect_bridged(int i, const char *why)
{
	struct nc2b_direct *d = &fake->g[i].d;

	KUNIT_EXPECT_FALSE(fake->test, d->direct);
	KUNIT_EXPECT_NULL(fake->test, d->q);
	KUNIT_EXPECT_FALSE(fake->test, d->running);
	KUNIT_EXPECT_FALSE(fake->test, d->groups);
	KUNIT_EXPECT_TRUE(fake->test, d->fdb);
	KUNIT_EXPECT_EQ(fake->test, d->pool.count[NC2B_OWNER_NIC], 0);
	KUNIT_EXPECT_EQ(fake->test, fake->g[i].shared.back.path, XEN_NC2_PATH_BRIDGED);
	KUNIT_EXPECT_STREQ(fake->test, d->reason, why);
}

static void expect_direct(int i, struct nc2q *q)
{
	struct nc2b_direct *d = &fake->g[i].d;

	KUNIT_EXPECT_TRUE(fake->test, d->direct);
	KUNIT_EXPECT_PTR_EQ(fake->test, d->q, q);
	KUNIT_EXPECT_PTR_EQ(fake->test, q->client_priv, (void *)d);
	KUNIT_EXPECT_TRUE(fake->test, d->running);
	KUNIT_EXPECT_FALSE(fake->test, d->waiting);
	KUNIT_EXPECT_FALSE(fake->test, d->fdb);
	KUNIT_EXPECT_EQ(fake->test, d->pool.count[NC2B_OWNER_NIC], PAGES);
}

#define NO_QUEUES	"the NIC has no queues for guests (see nc2-vfs)"
#define NONE_FREE	"no free queue on the NIC"
#define TAKEN_AWAY	"the NIC queue was taken away"
#define OUTWEIGHED	"an interface of more weight has taken the NIC queue"
#define DOWN		"the vif is down"
#define CHOSEN		"the administrator chose the bridged path"

static void entered_and_left_in_order(struct kunit *test)
{
	try(0);
	expect_log("");
	expect_bridged(0, NO_QUEUES);
	/* It waits for one. */
	give_queue(0);
	expect_log(ENTERED);
	expect_direct(0, &fake->q[0]);
	KUNIT_EXPECT_EQ(test, free_queues(), 0);

	nc2b_path_set_policy(&fake->g[0].d, NC2B_POLICY_BRIDGED);
	fake_run();
	expect_log(LEFT);
	expect_bridged(0, CHOSEN);
	KUNIT_EXPECT_EQ(test, free_queues(), 1);

	nc2b_path_set_policy(&fake->g[0].d, NC2B_POLICY_AUTO);
	fake_run();
	expect_log(ENTERED);
}

/* The guest hears of it in xenstore, and need not heed that. */
static void vif_that_is_down_is_bridged(struct kunit *test)
{
	struct guest *g = &fake->g[0];

	give_queue(0);
	try(0);
	fake->log[0] = 0;
	clear_bit(__LINK_STATE_START, &g->dev.state);
	try(0);
	expect_log(LEFT);
	expect_bridged(0, DOWN);
	try(0);
	expect_log("");
	set_bit(__LINK_STATE_START, &g->dev.state);
	try(0);
	expect_log(ENTERED);
	expect_direct(0, &fake->q[0]);
}

/* Its queue is not kept for who may not use its rings any more. */
static void vif_that_is_broken_is_bridged(struct kunit *test)
{
	struct guest *g = &fake->g[0];

	give_queue(0);
	try(0);
	fake->log[0] = 0;
	g->vif.broken = true;
	try(0);
	/* Its link is the business of who broke it. */
	expect_log(BRIDGED);
	expect_bridged(0, "the guest broke the rules of its rings");
	KUNIT_EXPECT_EQ(test, free_queues(), 1);
	try(0);
	expect_log("");
	g->vif.broken = false;
	try(0);
	expect_log(ENTERED);
}

/* Only where the bridge has one. */
static void entry_is_renewed(struct kunit *test)
{
	nc2b_fdb_renew(&fake->g[0].d);
	expect_log(" ( fdb+ )");
	give_queue(0);
	try(0);
	fake->log[0] = 0;
	nc2b_fdb_renew(&fake->g[0].d);
	expect_log(" ( )");
}

struct fail_case {
	const char *step;
	int err;
	const char *log;
	const char *why;
};

static const struct fail_case fail_cases[] = {
	{ "map", -ENOMEM, " map", "the NIC cannot reach the guest's pages" },
	{ "vlan+", -EINVAL, " map vlan+" UNDONE, "the NIC's driver refuses the guest's VLAN" },
	{ "start", -ENETDOWN, " map vlan+ start" UNDONE, "the NIC has no link" },
	{ "post", 0, " map vlan+ start forget" STOPPED, "the guest has given no receive buffers" },
	{ "mtu", -EMSGSIZE, BEGUN " mtu" STOPPED, "the NIC refuses the guest's MTU" },
	{ "mc", -E2BIG, BEGUN " mtu mc" STOPPED,
	  "the NIC cannot hold the guest's multicast list" },
	{ "rate", -EINVAL, BEGUN " mtu mc rate" STOPPED, refuses_rate },
	{ "in", -EINVAL, BEGUN " mtu mc rate ( fdb- addr- in out addr+ fdb+ )" STOPPED,
	  "the NIC's driver refuses the guest's address" },
	{ "front:direct", 0,
	  BEGUN " mtu mc rate ( fdb- addr- in ) front:direct" LEFT,
	  "the guest did not answer the change of path" },
};

static void failed_step_is_undone(struct kunit *test)
{
	const struct fail_case *c = test->param_value;
	struct guest *g = &fake->g[0];

	fake->fail = c->step;
	fake->err = c->err;
	g->mean = !strcmp(c->step, "post");
	g->deaf = !strcmp(c->step, "front:direct");
	give_queue(0);
	try(0);
	expect_log(c->log);
	expect_bridged(0, c->why);
	KUNIT_EXPECT_EQ(test, free_queues(), 1);
	KUNIT_EXPECT_FALSE(test, g->d.waiting);

	/* All has been undone: it can be done. */
	fake->fail = NULL;
	g->mean = false;
	g->deaf = false;
	try(0);
	expect_log(ENTERED);
	expect_direct(0, &fake->q[0]);
}

static void fail_name(const struct fail_case *c, char *desc)
{
	strscpy(desc, c->step, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(fail, fail_cases, fail_name);

/* The one queue is the first interface's, and the others wait. */
static void one_for_three(void)
{
	give_queue(0);
	try(0);
	try(1);
	try(2);
	expect_direct(0, &fake->q[0]);
	expect_bridged(1, NONE_FREE);
	expect_bridged(2, NONE_FREE);
	fake->log[0] = 0;
}

static void leave_it(int i)
{
	nc2b_path_set_policy(&fake->g[i].d, NC2B_POLICY_BRIDGED);
	fake_run();
}

static void first_that_waits_gets_it(struct kunit *test)
{
	one_for_three();
	leave_it(0);
	expect_bridged(0, CHOSEN);
	expect_direct(1, &fake->q[0]);
	expect_bridged(2, NONE_FREE);
	expect_log(LEFT ENTERED);
	leave_it(1);
	expect_direct(2, &fake->q[0]);
	expect_log(LEFT ENTERED);
}

static void second_queue_is_for_who_waits(struct kunit *test)
{
	one_for_three();
	give_queue(1);
	expect_log(ENTERED);
	expect_direct(0, &fake->q[0]);
	expect_direct(1, &fake->q[1]);
	expect_bridged(2, NONE_FREE);
}

static void weights(u32 a, u32 b, u32 c)
{
	nc2b_share_set_weight(&fake->g[0].d, a);
	nc2b_share_set_weight(&fake->g[1].d, b);
	nc2b_share_set_weight(&fake->g[2].d, c);
}

static void heaviest_that_waits_gets_it(struct kunit *test)
{
	weights(300, 100, 200);
	one_for_three();
	leave_it(0);
	expect_bridged(1, NONE_FREE);
	expect_direct(2, &fake->q[0]);
	expect_log(LEFT ENTERED);
}

static void lighter_gives_way(struct kunit *test)
{
	weights(100, 100, 100);
	one_for_three();
	weights(100, 100, 101);
	fake_run();
	expect_bridged(0, OUTWEIGHED);
	expect_bridged(1, NONE_FREE);
	expect_direct(2, &fake->q[0]);
	expect_log(LEFT ENTERED);
}

/* Of equals the youngest, and of two no more than one. */
static void lightest_gives_way(struct kunit *test)
{
	give_queue(0);
	try(0);
	give_queue(1);
	try(1);
	weights(100, 100, 200);
	try(2);
	expect_direct(0, &fake->q[0]);
	expect_bridged(1, OUTWEIGHED);
	expect_direct(2, &fake->q[1]);
}

static void equals_and_heavier_stay(struct kunit *test)
{
	weights(100, 100, 99);
	one_for_three();
	try(1);
	try(2);
	expect_direct(0, &fake->q[0]);
	expect_log("");
}

static void pinned_goes_before_all_weights(struct kunit *test)
{
	weights(NC2B_MAX_WEIGHT, NC2B_MAX_WEIGHT, 1);
	one_for_three();
	nc2b_path_set_policy(&fake->g[2].d, NC2B_POLICY_DIRECT);
	fake_run();
	expect_bridged(0, OUTWEIGHED);
	expect_direct(2, &fake->q[0]);
	/* And keeps it. */
	try(0);
	try(1);
	expect_direct(2, &fake->q[0]);
	expect_log(LEFT ENTERED);
}

/* Who cannot use a queue has nobody give it up. */
static void in_vain_nobody_gives_way(struct kunit *test)
{
	give_queue(0);
	weights(100, 100, 200);
	fake->fail = "mtu";
	fake->err = -EMSGSIZE;
	try(2);
	expect_bridged(2, "the NIC refuses the guest's MTU");
	fake->fail = NULL;
	try(0);
	try(2);
	expect_direct(0, &fake->q[0]);
	expect_bridged(2, NONE_FREE);
	/* It asks for something else. */
	fake->g[2].shared.front.filter_seq += 2;
	try(2);
	expect_bridged(0, OUTWEIGHED);
	expect_direct(2, &fake->q[0]);
}

static void troubled_queue_is_for_who_waits(struct kunit *test)
{
	one_for_three();
	fake->trouble = -EIO;
	nc2b_path_work(&fake->g[0].d.work.work);
	fake->trouble = 0;
	expect_bridged(0, "the NIC queue was reset");
	fake_run();
	expect_direct(1, &fake->q[0]);
	expect_log(LEFT ENTERED);
}

/* Who has had it for long has it started anew, and no lighter one takes it meanwhile. */
static void trouble_after_long_is_overcome(struct kunit *test)
{
	struct nc2b_direct *d = &fake->g[2].d;

	weights(50, 99, 100);
	give_queue(0);
	try(2);
	try(0);
	try(1);
	fake->log[0] = 0;
	d->since -= 11 * NSEC_PER_SEC;
	fake->trouble = -EIO;
	nc2b_path_work(&d->work.work);
	fake->trouble = 0;
	fake_run();
	expect_direct(2, &fake->q[0]);
	expect_bridged(0, NONE_FREE);
	expect_bridged(1, NONE_FREE);
	expect_log(LEFT ENTERED);
}

/* What somebody else has changed at the physical function. */
static void changed_filter_ends_it(struct kunit *test)
{
	give_queue(0);
	try(0);
	fake->log[0] = 0;
	fake->looks = -EPERM;
	nc2b_path_work(&fake->g[0].d.work.work);
	fake->looks = 0;
	expect_log(LEFT);
	expect_bridged(0, "somebody else has changed the NIC's filter for the guest");
}

static void forgotten_rate_is_set_again(struct kunit *test)
{
	give_queue(0);
	try(0);
	fake->log[0] = 0;
	fake->looks = -ESTALE;
	nc2b_path_work(&fake->g[0].d.work.work);
	expect_log(" rate");
	expect_direct(0, &fake->q[0]);
	fake->fail = "rate";
	fake->err = -EINVAL;
	fake->g[0].d.next_look = jiffies;
	nc2b_path_work(&fake->g[0].d.work.work);
	expect_log(" rate" LEFT);
	expect_bridged(0, refuses_rate);
}

static void stopped_by_force_is_nobodys(struct kunit *test)
{
	one_for_three();
	fake->stop_err = -ETIMEDOUT;
	leave_it(0);
	expect_log(LEFT);
	KUNIT_EXPECT_EQ(test, fake->warned, 1);
	expect_bridged(0, CHOSEN);
	expect_bridged(1, NONE_FREE);
	try(1);
	try(2);
	expect_log("");
	KUNIT_EXPECT_EQ(test, free_queues(), 0);
	KUNIT_EXPECT_EQ(test, nc2q_count(fake->nic, NULL), 1);

	/* Probed anew. */
	fake->stop_err = 0;
	nc2q_unregister(&fake->q[0]);
	expect_log("");
	give_queue(0);
	expect_direct(1, &fake->q[0]);
}

struct gone_case {
	const char *name;
	int stop_err;
	int after_s;
};

static const struct gone_case gone_cases[] = {
	{ "drained", 0, 0 },
	{ "by force", -ETIMEDOUT, 0 },
	{ "after long", 0, 11 },
	{ "after long, by force", -ETIMEDOUT, 11 },
};

/* The provider takes it: stopped once, and no one's when that is over. */
static void taken_away_it_is_nobodys(struct kunit *test)
{
	const struct gone_case *c = test->param_value;

	one_for_three();
	fake->stop_err = c->stop_err;
	fake->g[0].d.since -= c->after_s * NSEC_PER_SEC;
	nc2q_unregister(&fake->q[0]);
	expect_log(LEFT);
	expect_bridged(0, TAKEN_AWAY);
	KUNIT_EXPECT_NULL(test, fake->q[0].client);
	KUNIT_EXPECT_EQ(test, fake->warned, !!c->stop_err);
	fake_run();
	try(0);
	try(1);
	expect_log("");
	expect_bridged(0, NO_QUEUES);
	expect_bridged(1, NO_QUEUES);
	KUNIT_EXPECT_EQ(test, nc2q_count(fake->nic, NULL), 0);

	/* Bound again it is new. */
	fake->stop_err = 0;
	give_queue(0);
	expect_log(ENTERED);
	expect_direct(0, &fake->q[0]);
}

static void gone_name(const struct gone_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(gone, gone_cases, gone_name);

/* Who has had it for long gets the next one before those who are lighter. */
static void taken_away_it_is_owed_another(struct kunit *test)
{
	weights(50, 99, 100);
	give_queue(0);
	try(2);
	try(0);
	try(1);
	fake->g[2].d.since -= 11 * NSEC_PER_SEC;
	nc2q_unregister(&fake->q[0]);
	expect_bridged(2, TAKEN_AWAY);
	give_queue(1);
	expect_bridged(0, NONE_FREE);
	expect_bridged(1, NONE_FREE);
	expect_direct(2, &fake->q[1]);
}

static struct kunit_case path_cases[] = {
	KUNIT_CASE(entered_and_left_in_order),
	KUNIT_CASE(vif_that_is_down_is_bridged),
	KUNIT_CASE(vif_that_is_broken_is_bridged),
	KUNIT_CASE(entry_is_renewed),
	KUNIT_CASE_PARAM(failed_step_is_undone, fail_gen_params),
	KUNIT_CASE(first_that_waits_gets_it),
	KUNIT_CASE(second_queue_is_for_who_waits),
	KUNIT_CASE(heaviest_that_waits_gets_it),
	KUNIT_CASE(lighter_gives_way),
	KUNIT_CASE(lightest_gives_way),
	KUNIT_CASE(equals_and_heavier_stay),
	KUNIT_CASE(pinned_goes_before_all_weights),
	KUNIT_CASE(in_vain_nobody_gives_way),
	KUNIT_CASE(troubled_queue_is_for_who_waits),
	KUNIT_CASE(trouble_after_long_is_overcome),
	KUNIT_CASE(changed_filter_ends_it),
	KUNIT_CASE(forgotten_rate_is_set_again),
	KUNIT_CASE(stopped_by_force_is_nobodys),
	KUNIT_CASE_PARAM(taken_away_it_is_nobodys, gone_gen_params),
	KUNIT_CASE(taken_away_it_is_owed_another),
	{ }
};

static struct kunit_suite path_suite = {
	.name = "nc2b_path",
	.init = fake_init,
	.exit = fake_exit,
	.test_cases = path_cases,
};

kunit_test_suite(path_suite);

MODULE_DESCRIPTION("KUnit tests of the direct path with a fake provider");
MODULE_LICENSE("GPL");
