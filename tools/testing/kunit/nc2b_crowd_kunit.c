// SPDX-License-Identifier: GPL-2.0
/* Interfaces whose NIC queues interrupt the same CPU. */
#include <kunit/test.h>
#include <linux/module.h>

#include "netback/crowd.c"

#define MEMBERS 3
/* So many that they are active, and so few that all can be waited for. */
#define MANY 1024

struct cpus {
	struct nc2b_crowd crowd[2];
	struct nc2b_crowd_member m[MEMBERS];
	u32 frames[MEMBERS];
	u16 interrupts[MEMBERS];
	unsigned long now;
};

static void poll(struct cpus *c, int cpu, int i, u32 frames, u32 each)
{
	c->frames[i] += frames;
	c->interrupts[i] += frames / each;
	nc2b_crowd_poll(&c->crowd[cpu], &c->m[i], c->frames[i], c->interrupts[i], c->now);
}

static int crowd_init(struct kunit *test)
{
	struct cpus *c = kunit_kzalloc(test, sizeof(*c), GFP_KERNEL);
	int i;

	if (!c)
		return -ENOMEM;
	/* All counters go round in the middle of a test. */
	c->now = -2 * TURN;
	c->crowd[0].since = c->now;
	c->crowd[0].turn = -2;
	for (i = 0; i < MEMBERS; i++) {
		c->frames[i] = -MANY;
		c->interrupts[i] = -MANY / 16;
		c->m[i].since = c->now;
		c->m[i].frames = c->frames[i];
		c->m[i].interrupts = c->interrupts[i];
	}
	test->priv = c;
	return 0;
}

/* A turn in which each has so many frames, and so many for an interrupt. */
static void turn_of(struct cpus *c, u32 x, u32 y, u32 z, u32 each)
{
	c->now += TURN;
	poll(c, 0, 0, x, each);
	poll(c, 0, 1, y, each);
	poll(c, 0, 2, z, each);
}

static void turn(struct cpus *c, u32 x, u32 y, u32 z)
{
	turn_of(c, x, y, z, 16);
}

static void expect(struct kunit *test, u32 x, u32 y, u32 z)
{
	struct cpus *c = test->priv;

	KUNIT_EXPECT_EQ(test, c->m[0].gather_us, x);
	KUNIT_EXPECT_EQ(test, c->m[1].gather_us, y);
	KUNIT_EXPECT_EQ(test, c->m[2].gather_us, z);
}

static void alone(struct kunit *test)
{
	int i;

	for (i = 0; i < 2 * NC2B_CROWD_PROBE; i++) {
		turn(test->priv, MANY, 0, 0);
		expect(test, 0, 0, 0);
	}
}

static void together(struct kunit *test)
{
	turn(test->priv, MANY, MANY, NC2B_CROWD_ACTIVE);
	expect(test, 0, 0, 0);
	turn(test->priv, MANY, MANY, NC2B_CROWD_ACTIVE);
	expect(test, 3 * NC2B_CROWD_EACH_US, 3 * NC2B_CROWD_EACH_US, 3 * NC2B_CROWD_EACH_US);
}

static void quiet_one_is_none_of_them(struct kunit *test)
{
	turn(test->priv, MANY, NC2B_CROWD_ACTIVE - 1, MANY);
	turn(test->priv, MANY, NC2B_CROWD_ACTIVE - 1, MANY);
	expect(test, 2 * NC2B_CROWD_EACH_US, 0, 2 * NC2B_CROWD_EACH_US);
}

static void one_that_waits_for_answers(struct kunit *test)
{
	turn_of(test->priv, MANY, MANY, MANY, NC2B_CROWD_BULK / 2);
	turn_of(test->priv, MANY, MANY, MANY, NC2B_CROWD_BULK / 2);
	expect(test, 0, 0, 0);
	turn_of(test->priv, MANY, MANY, MANY, NC2B_CROWD_BULK);
	expect(test, 3 * NC2B_CROWD_EACH_US, 3 * NC2B_CROWD_EACH_US, 3 * NC2B_CROWD_EACH_US);
}

/* What comes in bulk only because it is gathered is found out. */
static void gathering_is_no_reason(struct kunit *test)
{
	struct cpus *c = test->priv;
	u32 each;
	int i;

	turn(c, MANY, MANY, 0);
	turn(c, MANY, MANY, 0);
	expect(test, 2 * NC2B_CROWD_EACH_US, 2 * NC2B_CROWD_EACH_US, 0);
	for (i = 0; i <= NC2B_CROWD_PROBE; i++) {
		each = c->m[0].gather_us ? 16 : 2;
		c->now += TURN;
		poll(c, 0, 0, MANY, each);
		poll(c, 0, 1, MANY, 16);
	}
	expect(test, 0, 2 * NC2B_CROWD_EACH_US, 0);
	turn_of(c, MANY, MANY, 0, 2);
	KUNIT_EXPECT_EQ(test, c->m[0].gather_us, 0);
}

static void none_after_a_lack_of_buffers(struct kunit *test)
{
	struct cpus *c = test->priv;

	turn(c, MANY, MANY, 0);
	c->m[0].starved = true;
	turn(c, MANY, MANY, 0);
	expect(test, 0, 2 * NC2B_CROWD_EACH_US, 0);
	turn(c, MANY, MANY, 0);
	expect(test, 2 * NC2B_CROWD_EACH_US, 2 * NC2B_CROWD_EACH_US, 0);
}

static void no_longer_than_for_a_poll(struct kunit *test)
{
	const u32 frames = 100 * TURN_US / NC2B_CROWD_EACH_US;

	turn(test->priv, frames, MANY, 0);
	turn(test->priv, frames, MANY, 0);
	expect(test, TURN_US * NC2B_CROWD_FRAMES / frames, 2 * NC2B_CROWD_EACH_US, 0);
}

static void many_do_not_wait_for_ever(struct kunit *test)
{
	struct cpus *c = test->priv;

	turn(c, MANY, 0, 0);
	c->crowd[0].active = 128;
	turn(c, MANY, 0, 0);
	expect(test, NC2B_CROWD_MAX_US, 0, 0);
}

static void one_that_ends_is_forgotten(struct kunit *test)
{
	turn(test->priv, MANY, MANY, MANY);
	turn(test->priv, MANY, 0, MANY);
	expect(test, 3 * NC2B_CROWD_EACH_US, 0, 3 * NC2B_CROWD_EACH_US);
	turn(test->priv, MANY, 0, MANY);
	expect(test, 2 * NC2B_CROWD_EACH_US, 0, 2 * NC2B_CROWD_EACH_US);
}

static void pause_is_no_turn(struct kunit *test)
{
	struct cpus *c = test->priv;

	turn(c, MANY, MANY, MANY);
	c->now += TURN;
	turn(c, MANY, MANY, MANY);
	expect(test, 0, 0, 0);
	turn(c, MANY, MANY, MANY);
	turn(c, MANY, MANY, MANY);
	expect(test, 3 * NC2B_CROWD_EACH_US, 3 * NC2B_CROWD_EACH_US, 3 * NC2B_CROWD_EACH_US);
}

/* Many polls in a turn are one turn; and so are those of a CPU whose turn is longer. */
static void each_counts_once(struct kunit *test)
{
	struct cpus *c = test->priv;
	int i;

	for (i = 0; i < 4 * TURN; i++) {
		c->now++;
		poll(c, 0, 0, MANY / 16, 16);
	}
	expect(test, 0, 0, 0);
	KUNIT_EXPECT_LE(test, c->crowd[0].active, 1);
	c->m[0].since -= TURN;
	poll(c, 0, 0, MANY, 16);
	KUNIT_EXPECT_LE(test, c->crowd[0].active, 1);
}

static void other_cpus_do_not_matter(struct kunit *test)
{
	struct cpus *c = test->priv;
	int i;

	for (i = 0; i < 4; i++) {
		c->now += TURN;
		poll(c, 0, 0, MANY, 16);
		poll(c, 1, 1, MANY, 16);
		expect(test, 0, 0, 0);
	}
	/* One that is interrupted by turns here and there is no two. */
	for (i = 0; i < 8; i++) {
		c->now += TURN;
		poll(c, i % 2, 0, MANY, 16);
		expect(test, 0, 0, 0);
	}
}

static void new_queue_begins_anew(struct kunit *test)
{
	struct cpus *c = test->priv;

	turn(c, MANY, MANY, 0);
	turn(c, MANY, MANY, 0);
	nc2b_crowd_start(&c->m[0]);
	expect(test, 0, 2 * NC2B_CROWD_EACH_US, 0);
}

static struct kunit_case crowd_cases[] = {
	KUNIT_CASE(alone),
	KUNIT_CASE(together),
	KUNIT_CASE(quiet_one_is_none_of_them),
	KUNIT_CASE(one_that_waits_for_answers),
	KUNIT_CASE(gathering_is_no_reason),
	KUNIT_CASE(none_after_a_lack_of_buffers),
	KUNIT_CASE(no_longer_than_for_a_poll),
	KUNIT_CASE(many_do_not_wait_for_ever),
	KUNIT_CASE(one_that_ends_is_forgotten),
	KUNIT_CASE(pause_is_no_turn),
	KUNIT_CASE(each_counts_once),
	KUNIT_CASE(other_cpus_do_not_matter),
	KUNIT_CASE(new_queue_begins_anew),
	{}
};

static struct kunit_suite crowd_suite = {
	.name = "nc2b_crowd",
	.init = crowd_init,
	.test_cases = crowd_cases,
};

kunit_test_suite(crowd_suite);

MODULE_DESCRIPTION("KUnit tests of interfaces that interrupt the same CPU");
MODULE_LICENSE("GPL");
