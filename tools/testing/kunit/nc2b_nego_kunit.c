// SPDX-License-Identifier: GPL-2.0
/*
 * What the back makes of the front's xenstore keys: a front can write any
 * string at all there.
 */
#include <kunit/test.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "netback/nego.c"

#define NONCE	"0123456789abcdef"

struct text_case {
	const char *name;
	const char *text;
	int want;
	u32 value;
};

static const struct text_case number_cases[] = {
	{ "absent_is_told", NULL, -ENOENT, 0 },
	{ "empty_is_refused", "", -EINVAL, 0 },
	{ "zero_is_read", "0", 0, 0 },
	{ "one_is_read", "1", 0, 1 },
	{ "largest_is_read", "4294967295", 0, U32_MAX },
	{ "one_too_large_is_refused", "4294967296", -ERANGE, 0 },
	{ "wrap_of_32_bits_is_refused", "4294967297", -ERANGE, 0 },
	{ "wrap_of_64_bits_is_refused", "18446744073709551616", -ERANGE, 0 },
	{ "wrap_of_64_bits_to_one_is_refused", "18446744073709551617", -ERANGE, 0 },
	{ "forty_digits_are_refused", "9999999999999999999999999999999999999999", -ERANGE, 0 },
	{ "leading_zeros_are_read", "0000000000000000000000000000000000000256", 0, 256 },
	{ "minus_is_refused", "-1", -EINVAL, 0 },
	{ "plus_is_refused", "+1", -EINVAL, 0 },
	{ "minus_zero_is_refused", "-0", -EINVAL, 0 },
	{ "sign_alone_is_refused", "-", -EINVAL, 0 },
	{ "leading_space_is_refused", " 1", -EINVAL, 0 },
	{ "trailing_space_is_refused", "1 ", -EINVAL, 0 },
	{ "trailing_newline_is_refused", "1\n", -EINVAL, 0 },
	{ "trailing_letter_is_refused", "256k", -EINVAL, 0 },
	{ "hex_is_refused", "0x10", -EINVAL, 0 },
	{ "hex_digits_are_refused", "ff", -EINVAL, 0 },
	{ "point_is_refused", "1.5", -EINVAL, 0 },
	{ "comma_is_refused", "1,2", -EINVAL, 0 },
	{ "format_is_refused", "%n%s", -EINVAL, 0 },
	{ "byte_255_is_refused", "\xff", -EINVAL, 0 },
	{ "byte_beyond_ascii_is_refused", "1\xb2", -EINVAL, 0 },
	{ "junk_after_overflow_is_refused", "99999999999x", -ERANGE, 0 },
};

KUNIT_ARRAY_PARAM_DESC(number, number_cases, name);

static void number(struct kunit *test)
{
	const struct text_case *c = test->param_value;
	u32 value = 0x5a5a5a5a;

	KUNIT_EXPECT_EQ(test, nc2b_nego_u32(c->text, &value), c->want);
	/* Nothing is stored on failure. */
	KUNIT_EXPECT_EQ(test, value, c->want ? 0x5a5a5a5a : c->value);
}

/* xenstore values go up to 4 KiB; this is far more. */
static void huge_number_is_refused(struct kunit *test)
{
	const size_t len = 100000;
	char *text = kunit_kmalloc(test, len + 1, GFP_KERNEL);
	u32 value = 7;

	KUNIT_ASSERT_NOT_NULL(test, text);
	memset(text, '9', len);
	text[len] = 0;
	KUNIT_EXPECT_EQ(test, nc2b_nego_u32(text, &value), -ERANGE);
	memset(text, '0', len);
	text[len - 1] = '3';
	KUNIT_EXPECT_EQ(test, nc2b_nego_u32(text, &value), 0);
	KUNIT_EXPECT_EQ(test, value, 3);
}

struct headroom_case {
	const char *name;
	u32 wish, want;
};

static const struct headroom_case headroom_cases[] = {
	{ "none_is_none", 0, 0 },
	{ "one_byte_is_left", 1, 1 },
	{ "what_linux_wants_is_left", 256, 256 },
	{ "room_for_a_frame_is_kept", 4096 - 1518, 4096 - 1518 },
	{ "one_byte_more_is_refused", 4096 - 1517, 0 },
	{ "page_is_refused", 4096, 0 },
	{ "largest_of_netif_h_is_refused", 0x7fff, 0 },
	{ "sixteen_bits_and_more_are_refused", 0x10100, 0 },
	{ "all_bits_are_refused", U32_MAX, 0 },
};

KUNIT_ARRAY_PARAM_DESC(headroom, headroom_cases, name);

static void headroom(struct kunit *test)
{
	const struct headroom_case *c = test->param_value;

	KUNIT_EXPECT_EQ(test, nc2b_nego_headroom(c->wish), c->want);
}

struct request_case {
	const char *name;
	const char *text;
	bool good;
};

static const struct request_case request_cases[] = {
	{ "this_offer_is_accepted", "1," NONCE, true },
	{ "absent_is_refused", NULL, false },
	{ "empty_is_refused", "", false },
	{ "version_alone_is_refused", "1", false },
	{ "no_nonce_is_refused", "1,", false },
	{ "nonce_alone_is_refused", NONCE, false },
	{ "comma_alone_is_refused", "," NONCE, false },
	{ "version_zero_is_refused", "0," NONCE, false },
	{ "version_two_is_refused", "2," NONCE, false },
	{ "version_eleven_is_refused", "11," NONCE, false },
	{ "version_with_zero_is_refused", "01," NONCE, false },
	{ "version_with_sign_is_refused", "+1," NONCE, false },
	{ "version_with_space_is_refused", " 1," NONCE, false },
	{ "space_after_comma_is_refused", "1, " NONCE, false },
	{ "older_nonce_is_refused", "1,0123456789abcdee", false },
	{ "upper_case_is_refused", "1,0123456789ABCDEF", false },
	{ "short_nonce_is_refused", "1,0123456789abcde", false },
	{ "long_nonce_is_refused", "1," NONCE "0", false },
	{ "newline_is_refused", "1," NONCE "\n", false },
	{ "trailing_junk_is_refused", "1," NONCE ",1", false },
	{ "two_requests_are_refused", "1," NONCE "1," NONCE, false },
};

KUNIT_ARRAY_PARAM_DESC(request, request_cases, name);

static void request(struct kunit *test)
{
	const struct request_case *c = test->param_value;
	const char *why = nc2b_nego_request(c->text, NONCE);

	if (c->good)
		KUNIT_EXPECT_STREQ(test, why ?: "good", "good");
	else
		KUNIT_EXPECT_NOT_NULL(test, why);
}

struct params_case {
	const char *name;
	struct nc2b_params p;
	u32 max;
	const char *word;	/* in the reason, or NULL for good */
};

#define PARAMS(rx, tx, pages, size) { rx, tx, pages, size }

static const struct params_case params_cases[] = {
	{ "usual_is_good", PARAMS(512, 256, 256, 2048), 256, NULL },
	{ "largest_is_good", PARAMS(2048, 1024, 1024, 2048), 1024, NULL },
	{ "smallest_is_good", PARAMS(64, 64, 1, 4096), 256, NULL },
	{ "exactly_full_is_good", PARAMS(64, 64, 32, 2048), 256, NULL },
	{ "whole_pages_are_good", PARAMS(1024, 64, 1024, 4096), 1024, NULL },
	{ "one_buffer_too_many_is_refused", PARAMS(64, 64, 33, 2048), 256, "less than" },
	{ "one_page_too_many_for_ring_is_refused", PARAMS(64, 64, 65, 4096), 256, "less than" },
	{ "no_rx_entries_are_refused", PARAMS(0, 64, 1, 2048), 256, "nc2-rx-entries" },
	{ "few_rx_entries_are_refused", PARAMS(32, 64, 1, 2048), 256, "nc2-rx-entries" },
	{ "odd_rx_entries_are_refused", PARAMS(65, 64, 1, 2048), 256, "nc2-rx-entries" },
	{ "uneven_rx_entries_are_refused", PARAMS(96, 64, 1, 2048), 256, "nc2-rx-entries" },
	{ "many_rx_entries_are_refused", PARAMS(4096, 64, 1, 2048), 256, "nc2-rx-entries" },
	{ "huge_rx_entries_are_refused", PARAMS(0x80000000, 64, 1, 2048), 256, "nc2-rx-entries" },
	{ "all_ones_rx_entries_are_refused", PARAMS(U32_MAX, 64, 1, 2048), 256, "nc2-rx-entries" },
	{ "no_tx_entries_are_refused", PARAMS(512, 0, 1, 2048), 256, "nc2-tx-entries" },
	{ "few_tx_entries_are_refused", PARAMS(512, 63, 1, 2048), 256, "nc2-tx-entries" },
	{ "odd_tx_entries_are_refused", PARAMS(512, 100, 1, 2048), 256, "nc2-tx-entries" },
	{ "many_tx_entries_are_refused", PARAMS(512, 2048, 1, 2048), 256, "nc2-tx-entries" },
	{ "huge_tx_entries_are_refused", PARAMS(512, 1u << 30, 1, 2048), 256, "nc2-tx-entries" },
	{ "no_pool_is_refused", PARAMS(512, 256, 0, 2048), 256, "nc2-pool-pages" },
	{ "more_than_offered_is_refused", PARAMS(2048, 256, 257, 2048), 256, "nc2-pool-pages" },
	{ "pool_that_overflows_is_refused", PARAMS(512, 256, 0x80000001, 2048), 1024,
	  "nc2-pool-pages" },
	{ "pool_all_ones_is_refused", PARAMS(512, 256, U32_MAX, 4096), 1024, "nc2-pool-pages" },
	{ "nothing_offered_is_refused", PARAMS(512, 256, 1, 2048), 0, "nc2-pool-pages" },
	{ "no_buf_size_is_refused", PARAMS(512, 256, 1, 0), 256, "nc2-buf-size" },
	{ "buf_size_one_is_refused", PARAMS(512, 256, 1, 1), 256, "nc2-buf-size" },
	{ "buf_size_1024_is_refused", PARAMS(512, 256, 1, 1024), 256, "nc2-buf-size" },
	{ "buf_size_8192_is_refused", PARAMS(512, 256, 1, 8192), 256, "nc2-buf-size" },
	{ "buf_size_all_ones_is_refused", PARAMS(512, 256, 1, U32_MAX), 256, "nc2-buf-size" },
};

KUNIT_ARRAY_PARAM_DESC(params, params_cases, name);

static void params(struct kunit *test)
{
	const struct params_case *c = test->param_value;
	const char *why = nc2b_nego_params(&c->p, c->max);

	if (!c->word) {
		KUNIT_EXPECT_STREQ(test, why ?: "good", "good");
		return;
	}
	KUNIT_ASSERT_NOT_NULL(test, why);
	KUNIT_EXPECT_NOT_NULL_MSG(test, strstr(why, c->word), "reason: %s", why);
}

static void nonce_is_sixteen_digits(struct kunit *test)
{
	char nonce[XEN_NC2_NONCE_DIGITS + 2];

	memset(nonce, '!', sizeof(nonce));
	nc2b_nego_nonce(0, nonce);
	KUNIT_EXPECT_STREQ(test, nonce, "0000000000000000");
	nc2b_nego_nonce(U64_MAX, nonce);
	KUNIT_EXPECT_STREQ(test, nonce, "ffffffffffffffff");
	nc2b_nego_nonce(0x0123456789abcdefULL, nonce);
	KUNIT_EXPECT_STREQ(test, nonce, NONCE);
	KUNIT_EXPECT_EQ(test, nonce[XEN_NC2_NONCE_DIGITS + 1], '!');
}

static void largest_layout_fits_the_directory(struct kunit *test)
{
	const struct nc2b_params p = PARAMS(2048, 1024, 1024, 2048);
	struct nc2b_layout l;

	nc2b_nego_layout(&p, &l);
	KUNIT_EXPECT_EQ(test, l.fill, 0);
	KUNIT_EXPECT_EQ(test, l.comp, 2);
	KUNIT_EXPECT_EQ(test, l.tx, 10);
	KUNIT_EXPECT_EQ(test, l.pool, 14);
	KUNIT_EXPECT_EQ(test, l.txpool, 1038);
	KUNIT_EXPECT_EQ(test, l.total, 2062);
	KUNIT_EXPECT_EQ(test, l.dir_pages, XEN_NC2_MAX_DIR_PAGES);
}

static void smallest_layout_has_a_page_for_each(struct kunit *test)
{
	const struct nc2b_params p = PARAMS(64, 64, 1, 4096);
	struct nc2b_layout l;

	nc2b_nego_layout(&p, &l);
	KUNIT_EXPECT_EQ(test, l.comp, 1);
	KUNIT_EXPECT_EQ(test, l.tx, 2);
	KUNIT_EXPECT_EQ(test, l.pool, 3);
	KUNIT_EXPECT_EQ(test, l.txpool, 4);
	KUNIT_EXPECT_EQ(test, l.total, 68);
	KUNIT_EXPECT_EQ(test, l.dir_pages, 1);
}

static struct nc2b_layout layout_of(const struct nc2b_params *p)
{
	struct nc2b_layout l;

	nc2b_nego_layout(p, &l);
	return l;
}

/* Whatever is found good has room for all of its entries, and a directory. */
static void every_good_layout_holds_its_rings(struct kunit *test)
{
	struct nc2b_params p;
	u32 bad = 0, good = 0;

	for (p.rx_entries = 64; p.rx_entries <= 4096; p.rx_entries *= 2)
		for (p.tx_entries = 64; p.tx_entries <= 2048; p.tx_entries *= 2)
			for (p.buf_size = 2048; p.buf_size <= 4096; p.buf_size *= 2)
				for (p.pool_pages = 0; p.pool_pages < 1030; p.pool_pages++) {
					struct nc2b_layout l;

					if (nc2b_nego_params(&p, XEN_NC2_MAX_POOL_PAGES))
						continue;
					good++;
					l = layout_of(&p);
					bad += (l.comp - l.fill) * 4096 < p.rx_entries * 4 ||
					       (l.tx - l.comp) * 4096 < p.rx_entries * 16 ||
					       (l.pool - l.tx) * 4096 < p.tx_entries * 16 ||
					       l.txpool - l.pool != p.pool_pages ||
					       l.total - l.txpool != p.tx_entries ||
					       l.dir_pages * 1024 < l.total ||
					       l.dir_pages > XEN_NC2_MAX_DIR_PAGES;
				}
	KUNIT_EXPECT_EQ(test, bad, 0);
	/* For each of 5 transmit sizes: sum of 2^n for n = 5..10, and of 2^n for
	 * 6..10 and once more 1024.
	 */
	KUNIT_EXPECT_EQ(test, good, 5 * (2016 + 1984 + 1024));
}

static struct kunit_case nego_cases[] = {
	KUNIT_CASE_PARAM(number, number_gen_params),
	KUNIT_CASE(huge_number_is_refused),
	KUNIT_CASE_PARAM(request, request_gen_params),
	KUNIT_CASE_PARAM(params, params_gen_params),
	KUNIT_CASE_PARAM(headroom, headroom_gen_params),
	KUNIT_CASE(nonce_is_sixteen_digits),
	KUNIT_CASE(largest_layout_fits_the_directory),
	KUNIT_CASE(smallest_layout_has_a_page_for_each),
	KUNIT_CASE(every_good_layout_holds_its_rings),
	{}
};

static struct kunit_suite nego_suite = {
	.name = "nc2b_nego",
	.test_cases = nego_cases,
};

kunit_test_suite(nego_suite);

MODULE_DESCRIPTION("KUnit: the back's reading of the front's keys");
MODULE_LICENSE("GPL");
