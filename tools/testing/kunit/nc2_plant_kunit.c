// SPDX-License-Identifier: GPL-2.0
/*
 * Faults made on purpose, so that the runner can show that it sees one.
 *
 * Without the parameter every case passes.  run.sh sets it after each run of
 * the real suites and wants to see all of these fail.
 */
#include <kunit/test.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>

static bool fault;
module_param(fault, bool, 0444);
MODULE_PARM_DESC(fault, "make every case of nc2_plant fail");

static void wrong_value_is_seen(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, fault, false);
}

/* Needs KASAN: nothing but a checker notices this one. */
static void write_past_the_end_is_seen(struct kunit *test)
{
	size_t len = 24;
	u8 *p = kzalloc(len, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, p);
	OPTIMIZER_HIDE_VAR(len);
	OPTIMIZER_HIDE_VAR(p);
	if (fault)
		p[len] = 1;
	kfree(p);
}

/* Needs UBSAN_BOUNDS: the write stays inside of the object. */
static void index_out_of_array_is_seen(struct kunit *test)
{
	struct {
		u8 a[4];
		u8 b[4];
	} s = {};
	unsigned int i = fault ? 5 : 3;

	OPTIMIZER_HIDE_VAR(i);
	s.a[i] = 1;
	barrier_data(&s);
}

static struct kunit_case plant_cases[] = {
	KUNIT_CASE(wrong_value_is_seen),
	KUNIT_CASE(write_past_the_end_is_seen),
	KUNIT_CASE(index_out_of_array_is_seen),
	{}
};

static struct kunit_suite plant_suite = {
	.name = "nc2_plant",
	.test_cases = plant_cases,
};

kunit_test_suite(plant_suite);

MODULE_DESCRIPTION("Planted faults for the KUnit runner of netchannel2");
MODULE_LICENSE("GPL");
