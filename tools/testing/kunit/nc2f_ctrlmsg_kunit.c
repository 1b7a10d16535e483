// SPDX-License-Identifier: GPL-2.0
/* What the back answers on the control ring. */
#include <kunit/test.h>
#include <linux/module.h>

#include "netfront/ctrlmsg.c"

struct check_case {
	const char *name;
	struct nc2f_answer answer;
	int want;
};

/* The answer to request 5 of type 3. */
static const struct check_case check_cases[] = {
	{ "success", { 5, 3, NC2F_CTRL_SUCCESS, 7 }, 0 },
	{ "not_supported", { 5, 3, NC2F_CTRL_NOT_SUPPORTED }, -EOPNOTSUPP },
	{ "invalid", { 5, 3, NC2F_CTRL_INVALID }, -EINVAL },
	{ "overflow", { 5, 3, NC2F_CTRL_OVERFLOW }, -ENOSPC },
	{ "unknown_status", { 5, 3, 4 }, -EPROTO },
	{ "largest_status", { 5, 3, U32_MAX }, -EPROTO },
	{ "earlier_id", { 4, 3, NC2F_CTRL_SUCCESS }, -EPROTO },
	{ "later_id", { 6, 3, NC2F_CTRL_SUCCESS }, -EPROTO },
	{ "other_type", { 5, 2, NC2F_CTRL_SUCCESS }, -EPROTO },
	{ "other_type_refused", { 5, 2, NC2F_CTRL_INVALID }, -EPROTO },
};

KUNIT_ARRAY_PARAM_DESC(check, check_cases, name);

static void check(struct kunit *test)
{
	const struct check_case *c = test->param_value;

	KUNIT_EXPECT_EQ(test, nc2f_ctrlmsg_check(&c->answer, 5, 3), c->want);
}

struct count_case {
	const char *name;
	u32 produced;
	u32 consumed;
	bool asked;
	int want;
};

static const struct count_case count_cases[] = {
	{ "nothing_asked_nothing_there", 9, 9, false, 0 },
	{ "asked_and_not_there_yet", 9, 9, true, 0 },
	{ "asked_and_there", 10, 9, true, 1 },
	{ "asked_and_there_across_the_wrap", 0, U32_MAX, true, 1 },
	{ "not_asked_and_there", 10, 9, false, -EPROTO },
	{ "two_answers", 11, 9, true, -EPROTO },
	{ "backwards", 8, 9, true, -EPROTO },
	{ "backwards_not_asked", 8, 9, false, -EPROTO },
	{ "far_away", 0x80000009, 9, true, -EPROTO },
};

KUNIT_ARRAY_PARAM_DESC(count, count_cases, name);

static void count(struct kunit *test)
{
	const struct count_case *c = test->param_value;

	KUNIT_EXPECT_EQ(test, nc2f_ctrlmsg_count(c->produced, c->consumed, c->asked), c->want);
}

static struct kunit_case nc2f_ctrlmsg_cases[] = {
	KUNIT_CASE_PARAM(check, check_gen_params),
	KUNIT_CASE_PARAM(count, count_gen_params),
	{}
};

static struct kunit_suite nc2f_ctrlmsg_suite = {
	.name = "nc2f_ctrlmsg",
	.test_cases = nc2f_ctrlmsg_cases,
};

kunit_test_suite(nc2f_ctrlmsg_suite);

MODULE_DESCRIPTION("KUnit tests of the control ring's answers");
MODULE_LICENSE("GPL");
