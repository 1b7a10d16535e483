// SPDX-License-Identifier: GPL-2.0
/* What the front makes of the back's offer, and what it chooses. */
#include <kunit/test.h>
#include <linux/module.h>

#include "netfront/nego.c"

#define NONCE	"0123456789abcdef"

struct offer_case {
	const char *name;
	const char *feature, *nonce, *pages;
	bool good;
	u32 max;
};

static const struct offer_case offer_cases[] = {
	{ "plain_offer_is_understood", "1", NONCE, "512", true, 512 },
	{ "absent_pages_mean_the_default", "1", NONCE, NULL, true, XEN_NC2_DEF_POOL_PAGES },
	{ "one_page_is_understood", "1", NONCE, "1", true, 1 },
	{ "more_pages_than_we_use_are_understood", "1", NONCE, "4294967295", true, U32_MAX },
	{ "newer_versions_beside_ours_are_ignored", "7", NONCE, "8", true, 8 },
	{ "every_version_is_understood", "4294967295", NONCE, "8", true, 8 },
	{ "no_feature_is_no_offer", NULL, NONCE, "512", false, 0 },
	{ "nothing_at_all_is_no_offer", NULL, NULL, NULL, false, 0 },
	{ "feature_zero_is_no_offer", "0", NONCE, "512", false, 0 },
	{ "only_newer_versions_are_no_offer", "6", NONCE, "512", false, 0 },
	{ "empty_feature_is_refused", "", NONCE, "512", false, 0 },
	{ "negative_feature_is_refused", "-1", NONCE, "512", false, 0 },
	{ "hex_feature_is_refused", "0x1", NONCE, "512", false, 0 },
	{ "feature_with_junk_is_refused", "1x", NONCE, "512", false, 0 },
	{ "feature_with_space_is_refused", " 1", NONCE, "512", false, 0 },
	{ "feature_of_33_bits_is_refused", "4294967297", NONCE, "512", false, 0 },
	{ "feature_of_65_bits_is_refused", "18446744073709551617", NONCE, "512", false, 0 },
	{ "no_nonce_is_refused", "1", NULL, "512", false, 0 },
	{ "empty_nonce_is_refused", "1", "", "512", false, 0 },
	{ "short_nonce_is_refused", "1", "0123456789abcde", "512", false, 0 },
	{ "long_nonce_is_refused", "1", NONCE "0", "512", false, 0 },
	{ "very_long_nonce_is_refused", "1", NONCE NONCE NONCE NONCE, "512", false, 0 },
	{ "upper_case_nonce_is_refused", "1", "0123456789ABCDEF", "512", false, 0 },
	{ "nonce_with_newline_is_refused", "1", "0123456789abcde\n", "512", false, 0 },
	{ "nonce_with_comma_is_refused", "1", "0123456789abcd,f", "512", false, 0 },
	{ "nonce_with_format_is_refused", "1", "%s%s%s%s%s%s%s%s", "512", false, 0 },
	{ "nonce_beyond_ascii_is_refused", "1", "0123456789abcd\xc3\xa9", "512", false, 0 },
	{ "no_pages_are_refused", "1", NONCE, "0", false, 0 },
	{ "empty_pages_are_refused", "1", NONCE, "", false, 0 },
	{ "negative_pages_are_refused", "1", NONCE, "-5", false, 0 },
	{ "pages_with_junk_are_refused", "1", NONCE, "256 pages", false, 0 },
	{ "pages_of_33_bits_are_refused", "1", NONCE, "4294967296", false, 0 },
};

KUNIT_ARRAY_PARAM_DESC(offer, offer_cases, name);

static void offer(struct kunit *test)
{
	const struct offer_case *c = test->param_value;
	struct nc2f_offer o = {};
	const char *why;

	why = nc2f_nego_offer(&o, c->feature, c->nonce, c->pages);
	if (!c->good) {
		KUNIT_EXPECT_NOT_NULL(test, why);
		return;
	}
	KUNIT_ASSERT_STREQ(test, why ?: "good", "good");
	KUNIT_EXPECT_EQ(test, o.version, XEN_NC2_VERSION);
	KUNIT_EXPECT_EQ(test, o.max_pool_pages, c->max);
	KUNIT_EXPECT_STREQ(test, o.nonce, NONCE);
}

struct choice_case {
	const char *name;
	u32 max, pages, tx;
	struct nc2f_params want;
};

static const struct choice_case choice_cases[] = {
	{ "usual_is_granted", 256, 256, 256, { 512, 256, 256, 2048 } },
	{ "no_page_becomes_one", 256, 0, 256, { 64, 256, 1, 2048 } },
	{ "more_than_offered_is_cut", 100, 256, 256, { 256, 256, 100, 2048 } },
	{ "more_than_possible_is_cut", U32_MAX, U32_MAX, U32_MAX, { 2048, 1024, 1024, 2048 } },
	{ "half_of_32_bits_is_cut", 1u << 31, 1u << 31, 1u << 31, { 2048, 1024, 1024, 2048 } },
	{ "one_page_offered_is_used", 1, 1024, 1024, { 64, 1024, 1, 2048 } },
	{ "small_pool_keeps_least_ring", 256, 31, 0, { 64, 64, 31, 2048 } },
	{ "full_ring_is_not_doubled", 256, 32, 64, { 64, 64, 32, 2048 } },
	{ "one_page_more_doubles_the_ring", 256, 33, 65, { 128, 128, 33, 2048 } },
	{ "uneven_tx_is_rounded_up", 256, 256, 600, { 512, 1024, 256, 2048 } },
	{ "tx_beyond_largest_is_cut", 256, 256, 1025, { 512, 1024, 256, 2048 } },
};

KUNIT_ARRAY_PARAM_DESC(choice, choice_cases, name);

static void choice(struct kunit *test)
{
	const struct choice_case *c = test->param_value;
	struct nc2f_offer o = { .max_pool_pages = c->max };
	struct nc2f_params p;

	nc2f_nego_choose(&p, &o, c->pages, c->tx);
	KUNIT_EXPECT_EQ(test, p.rx_entries, c->want.rx_entries);
	KUNIT_EXPECT_EQ(test, p.tx_entries, c->want.tx_entries);
	KUNIT_EXPECT_EQ(test, p.pool_pages, c->want.pool_pages);
	KUNIT_EXPECT_EQ(test, p.buf_size, c->want.buf_size);
}

struct buffers_case {
	const char *name;
	u32 buffers, pages;
};

static const struct buffers_case buffers_cases[] = {
	{ "two_buffers_take_a_page", 2, 1 },
	{ "one_buffer_takes_a_page", 1, 1 },
	{ "odd_buffer_takes_a_page_more", 65, 33 },
	{ "most_buffers_take_all_pages", 2048, 1024 },
};

KUNIT_ARRAY_PARAM_DESC(buffers, buffers_cases, name);

static void buffers(struct kunit *test)
{
	const struct buffers_case *c = test->param_value;
	struct nc2f_offer o = { .max_pool_pages = U32_MAX };
	struct nc2f_params p;

	KUNIT_EXPECT_EQ(test, nc2f_nego_pages(c->buffers), c->pages);
	nc2f_nego_choose(&p, &o, c->pages, 64);
	KUNIT_EXPECT_EQ(test, nc2f_nego_buffers(&p), 2 * c->pages);
}

static void request_repeats_the_nonce(struct kunit *test)
{
	struct nc2f_offer o = { .version = 1, .nonce = NONCE };
	char request[NC2F_REQUEST_MAX + 1];

	memset(request, '!', sizeof(request));
	nc2f_nego_request(&o, request);
	KUNIT_EXPECT_STREQ(test, request, "1," NONCE);
	KUNIT_EXPECT_EQ(test, request[NC2F_REQUEST_MAX], '!');
}

static void longest_request_fits(struct kunit *test)
{
	struct nc2f_offer o = { .version = U32_MAX, .nonce = NONCE };
	char request[NC2F_REQUEST_MAX + 1];

	memset(request, '!', sizeof(request));
	nc2f_nego_request(&o, request);
	KUNIT_EXPECT_STREQ(test, request, "4294967295," NONCE);
	KUNIT_EXPECT_EQ(test, request[NC2F_REQUEST_MAX], '!');
}

static struct kunit_case nego_cases[] = {
	KUNIT_CASE_PARAM(offer, offer_gen_params),
	KUNIT_CASE_PARAM(choice, choice_gen_params),
	KUNIT_CASE_PARAM(buffers, buffers_gen_params),
	KUNIT_CASE(request_repeats_the_nonce),
	KUNIT_CASE(longest_request_fits),
	{}
};

static struct kunit_suite nego_suite = {
	.name = "nc2f_nego",
	.test_cases = nego_cases,
};

kunit_test_suite(nego_suite);

MODULE_DESCRIPTION("KUnit: the front's reading of the offer, and its choice");
MODULE_LICENSE("GPL");
