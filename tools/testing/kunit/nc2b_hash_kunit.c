// SPDX-License-Identifier: GPL-2.0
/* The hash that steers frames, and the requests of the control ring. */
#include <kunit/test.h>
#include <linux/module.h>

#include "netback/hash.c"

#define QUEUES	4

/* The key and the table of Microsoft's "Verifying the RSS Hash Calculation". */
static const u8 ms_key[NC2B_HASH_KEY_MAX] = {
	0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67,
	0x25, 0x3d, 0x43, 0xa3, 0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb,
	0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3, 0x80, 0x30,
	0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa,
};

struct vector {
	const char *name;
	bool v6;
	u8 from[16];
	u8 to[16];
	u16 from_port;
	u16 to_port;
	u32 addresses;
	u32 with_ports;
};

static const struct vector vectors[] = {
	{ "v4_66_9_149_187", false, { 66, 9, 149, 187 }, { 161, 142, 100, 80 },
	  2794, 1766, 0x323e8fc2, 0x51ccc178 },
	{ "v4_199_92_111_2", false, { 199, 92, 111, 2 }, { 65, 69, 140, 83 },
	  14230, 4739, 0xd718262a, 0xc626b0ea },
	{ "v4_24_19_198_95", false, { 24, 19, 198, 95 }, { 12, 22, 207, 184 },
	  12898, 38024, 0xd2d0a5de, 0x5c2b394a },
	{ "v4_38_27_205_30", false, { 38, 27, 205, 30 }, { 209, 142, 163, 6 },
	  48228, 2217, 0x82989176, 0xafc7327f },
	{ "v4_153_39_163_191", false, { 153, 39, 163, 191 }, { 202, 188, 127, 2 },
	  44251, 1303, 0x5d1809c5, 0x10e828a2 },
	{ "v6_3ffe_2501", true,
	  { 0x3f, 0xfe, 0x25, 0x01, 0x02, 0x00, 0x1f, 0xff, [15] = 7 },
	  { 0x3f, 0xfe, 0x25, 0x01, 0x02, 0x00, 0x00, 0x03, [15] = 1 },
	  2794, 1766, 0x2cc18cd5, 0x40207d3d },
	{ "v6_3ffe_501", true,
	  { 0x3f, 0xfe, 0x05, 0x01, 0, 8, 0, 0, 0x02, 0x60, 0x97, 0xff, 0xfe, 0x40, 0xef, 0xab },
	  { 0xff, 0x02, [15] = 1 },
	  14230, 4739, 0x0f0c461c, 0xdde51bbf },
	{ "v6_3ffe_1900", true,
	  { 0x3f, 0xfe, 0x19, 0, 0x45, 0x45, 0, 3, 0x02, 0, 0xf8, 0xff, 0xfe, 0x21, 0x67, 0xcf },
	  { 0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0x02, 0x00, 0xf8, 0xff, 0xfe, 0x21, 0x67, 0xcf },
	  44251, 38024, 0x4b61e985, 0x02d1feef },
};

KUNIT_ARRAY_PARAM_DESC(vector, vectors, name);

static u32 ask(struct nc2b_hash *h, u16 type, u32 a, u32 b, u32 c)
{
	struct nc2b_hash_fetch fetch;
	u32 data[3] = { a, b, c }, result;

	return nc2b_hash_request(h, type, data, &result, &fetch);
}

static u32 set_ms_key(struct nc2b_hash *h, u32 len)
{
	struct nc2b_hash_fetch fetch;
	u32 data[3] = { 17, len }, result, status;

	status = nc2b_hash_request(h, NC2B_CTRL_SET_KEY, data, &result, &fetch);
	return status ?: nc2b_hash_fetched(h, &fetch, ms_key);
}

static u32 map(struct nc2b_hash *h, const u32 *entries, u32 n, u32 first)
{
	struct nc2b_hash_fetch fetch;
	u32 data[3] = { 17, n, first }, result, status;

	status = nc2b_hash_request(h, NC2B_CTRL_SET_MAP, data, &result, &fetch);
	return status ?: nc2b_hash_fetched(h, &fetch, entries);
}

static struct nc2b_hash *make(struct kunit *test, u32 flags)
{
	struct nc2b_hash *h = kunit_kzalloc(test, sizeof(*h), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, h);
	nc2b_hash_reset(h, QUEUES);
	KUNIT_ASSERT_EQ(test, ask(h, NC2B_CTRL_SET_ALGORITHM, NC2B_HASH_TOEPLITZ, 0, 0), 0);
	KUNIT_ASSERT_EQ(test, set_ms_key(h, NC2B_HASH_KEY_MAX), 0);
	KUNIT_ASSERT_EQ(test, ask(h, NC2B_CTRL_SET_FLAGS, flags, 0, 0), 0);
	return h;
}

/* A frame with @options bytes of IPv4 options; its length. */
static u32 build(u8 *frame, const struct vector *v, u8 proto, u32 options)
{
	u32 head = v->v6 ? 40 : 20 + options;
	u8 *ip = frame + ETH_HEAD;

	memset(frame, 0, NC2B_HASH_HEAD);
	put_unaligned_be16(v->v6 ? TYPE_IPV6 : TYPE_IPV4, frame + 12);
	if (v->v6) {
		ip[0] = 0x60;
		ip[6] = proto;
		memcpy(ip + 8, v->from, 16);
		memcpy(ip + 24, v->to, 16);
	} else {
		ip[0] = 0x40 | head / 4;
		ip[9] = proto;
		memcpy(ip + 12, v->from, 4);
		memcpy(ip + 16, v->to, 4);
	}
	put_unaligned_be16(v->from_port, ip + head);
	put_unaligned_be16(v->to_port, ip + head + 2);
	return ETH_HEAD + head + 4;
}

static void known_vectors(struct kunit *test)
{
	const struct vector *v = test->param_value;
	struct nc2b_hash *h = make(test, NC2B_HASH_FLAGS);
	u8 frame[NC2B_HASH_HEAD];
	u32 hash, len;
	u8 type;

	len = build(frame, v, PROTO_TCP, 0);
	KUNIT_ASSERT_TRUE(test, nc2b_hash_frame(h, frame, len, &hash, &type));
	KUNIT_EXPECT_EQ(test, hash, v->with_ports);
	KUNIT_EXPECT_EQ(test, type, v->v6 ? NC2B_HASH_IPV6_TCP : NC2B_HASH_IPV4_TCP);

	/* The same addresses, and not TCP. */
	len = build(frame, v, 17, 0);
	KUNIT_ASSERT_TRUE(test, nc2b_hash_frame(h, frame, len, &hash, &type));
	KUNIT_EXPECT_EQ(test, hash, v->addresses);
	KUNIT_EXPECT_EQ(test, type, v->v6 ? NC2B_HASH_IPV6 : NC2B_HASH_IPV4);

	/* TCP, and the guest wants addresses only. */
	KUNIT_EXPECT_EQ(test, ask(h, NC2B_CTRL_SET_FLAGS, BIT(NC2B_HASH_IPV4) | BIT(NC2B_HASH_IPV6),
				  0, 0), 0);
	len = build(frame, v, PROTO_TCP, 0);
	KUNIT_ASSERT_TRUE(test, nc2b_hash_frame(h, frame, len, &hash, &type));
	KUNIT_EXPECT_EQ(test, hash, v->addresses);
}

/* Nothing behind the length is looked at, and every length gives some verdict. */
static void every_length_is_safe(struct kunit *test)
{
	const struct vector *v = test->param_value;
	struct nc2b_hash *h = make(test, NC2B_HASH_FLAGS);
	u32 hash, full, len, n = 0;
	u8 frame[NC2B_HASH_HEAD];
	u8 type, *exact;

	full = build(frame, v, PROTO_TCP, 0);
	for (len = 0; len <= full; len++) {
		/* KASAN sees a byte too many. */
		exact = kmemdup(frame, len ?: 1, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, exact);
		n += nc2b_hash_frame(h, exact, len, &hash, &type);
		kfree(exact);
	}
	/* The addresses are whole for four lengths before the ports are. */
	KUNIT_EXPECT_EQ(test, n, 5);
	KUNIT_EXPECT_EQ(test, hash, v->with_ports);
}

static void options_and_fragments(struct kunit *test)
{
	struct nc2b_hash *h = make(test, NC2B_HASH_FLAGS);
	const struct vector *v = &vectors[0];
	u8 frame[NC2B_HASH_HEAD];
	u32 hash, len, options;
	u8 type;

	for (options = 0; options <= 40; options += 4) {
		len = build(frame, v, PROTO_TCP, options);
		KUNIT_ASSERT_TRUE(test, nc2b_hash_frame(h, frame, len, &hash, &type));
		KUNIT_EXPECT_EQ(test, hash, v->with_ports);
	}
	len = build(frame, v, PROTO_TCP, 0);
	frame[ETH_HEAD + 6] = 0x20;
	KUNIT_ASSERT_TRUE(test, nc2b_hash_frame(h, frame, len, &hash, &type));
	KUNIT_EXPECT_EQ(test, hash, v->addresses);
	frame[ETH_HEAD + 6] = 0;
	frame[ETH_HEAD + 7] = 1;
	KUNIT_ASSERT_TRUE(test, nc2b_hash_frame(h, frame, len, &hash, &type));
	KUNIT_EXPECT_EQ(test, hash, v->addresses);
	/* "Do not fragment" is no fragment. */
	frame[ETH_HEAD + 6] = 0x40;
	frame[ETH_HEAD + 7] = 0;
	KUNIT_ASSERT_TRUE(test, nc2b_hash_frame(h, frame, len, &hash, &type));
	KUNIT_EXPECT_EQ(test, hash, v->with_ports);
	/* A header that says it is shorter than any. */
	frame[ETH_HEAD] = 0x44;
	KUNIT_EXPECT_FALSE(test, nc2b_hash_frame(h, frame, len, &hash, &type));
	/* ARP. */
	put_unaligned_be16(0x0806, frame + 12);
	KUNIT_EXPECT_FALSE(test, nc2b_hash_frame(h, frame, len, &hash, &type));
}

struct request_case {
	const char *name;
	u16 type;
	u32 data[3];
	u32 want;
	u32 result;
	u32 fetch;
};

/* With an algorithm, and a table of 100 entries. */
static const struct request_case request_cases[] = {
	{ "flags_are_told", NC2B_CTRL_GET_FLAGS, {}, 0, NC2B_HASH_FLAGS },
	{ "all_flags_are_taken", NC2B_CTRL_SET_FLAGS, { NC2B_HASH_FLAGS } },
	{ "no_flags_are_taken", NC2B_CTRL_SET_FLAGS, { 0 } },
	{ "unknown_flag_is_refused", NC2B_CTRL_SET_FLAGS, { BIT(4) }, NC2B_CTRL_INVALID },
	{ "all_bits_are_refused", NC2B_CTRL_SET_FLAGS, { U32_MAX }, NC2B_CTRL_INVALID },
	{ "unknown_algorithm_is_refused", NC2B_CTRL_SET_ALGORITHM, { 2 }, NC2B_CTRL_INVALID },
	{ "large_algorithm_is_refused", NC2B_CTRL_SET_ALGORITHM, { U32_MAX },
	  NC2B_CTRL_INVALID },
	{ "key_is_fetched", NC2B_CTRL_SET_KEY, { 9, 40 }, 0, 0, 40 },
	{ "short_key_is_fetched", NC2B_CTRL_SET_KEY, { 9, 1 }, 0, 0, 1 },
	{ "empty_key_is_not_fetched", NC2B_CTRL_SET_KEY, { 9, 0 } },
	{ "long_key_is_refused", NC2B_CTRL_SET_KEY, { 9, 41 }, NC2B_CTRL_OVERFLOW },
	{ "endless_key_is_refused", NC2B_CTRL_SET_KEY, { 9, U32_MAX }, NC2B_CTRL_OVERFLOW },
	{ "size_is_told", NC2B_CTRL_GET_MAP_SIZE, {}, 0, NC2B_HASH_MAP_MAX },
	{ "largest_size_is_taken", NC2B_CTRL_SET_MAP_SIZE, { 128 } },
	{ "larger_size_is_refused", NC2B_CTRL_SET_MAP_SIZE, { 129 }, NC2B_CTRL_INVALID },
	{ "endless_size_is_refused", NC2B_CTRL_SET_MAP_SIZE, { U32_MAX }, NC2B_CTRL_INVALID },
	{ "whole_map_is_fetched", NC2B_CTRL_SET_MAP, { 9, 100, 0 }, 0, 0, 400 },
	{ "last_entry_is_fetched", NC2B_CTRL_SET_MAP, { 9, 1, 99 }, 0, 0, 4 },
	{ "nothing_at_the_end_is_not_fetched", NC2B_CTRL_SET_MAP, { 9, 0, 100 } },
	{ "entry_behind_is_refused", NC2B_CTRL_SET_MAP, { 9, 1, 100 }, NC2B_CTRL_INVALID },
	{ "nothing_behind_is_refused", NC2B_CTRL_SET_MAP, { 9, 0, 101 }, NC2B_CTRL_INVALID },
	{ "one_too_many_is_refused", NC2B_CTRL_SET_MAP, { 9, 101, 0 }, NC2B_CTRL_INVALID },
	{ "more_than_we_have_is_refused", NC2B_CTRL_SET_MAP, { 9, 129, 0 },
	  NC2B_CTRL_OVERFLOW },
	/* Sums and products that wrap. */
	{ "sum_that_wraps_is_refused", NC2B_CTRL_SET_MAP, { 9, 2, U32_MAX }, NC2B_CTRL_INVALID },
	{ "sum_that_wraps_to_zero_is_refused", NC2B_CTRL_SET_MAP, { 9, 100, U32_MAX - 99 },
	  NC2B_CTRL_INVALID },
	{ "length_that_wraps_is_refused", NC2B_CTRL_SET_MAP, { 9, 0x40000001, 0 },
	  NC2B_CTRL_OVERFLOW },
	{ "endless_length_is_refused", NC2B_CTRL_SET_MAP, { 9, U32_MAX, 1 },
	  NC2B_CTRL_OVERFLOW },
	{ "type_0_is_not_supported", 0, {}, NC2B_CTRL_NOT_SUPPORTED },
	{ "type_8_is_not_supported", 8, {}, NC2B_CTRL_NOT_SUPPORTED },
	{ "largest_type_is_not_supported", U16_MAX, {}, NC2B_CTRL_NOT_SUPPORTED },
};

KUNIT_ARRAY_PARAM_DESC(request, request_cases, name);

static void requests(struct kunit *test)
{
	const struct request_case *c = test->param_value;
	struct nc2b_hash *h = make(test, NC2B_HASH_FLAGS);
	struct nc2b_hash_fetch fetch;
	u32 result = 7;

	KUNIT_ASSERT_EQ(test, ask(h, NC2B_CTRL_SET_MAP_SIZE, 100, 0, 0), 0);
	KUNIT_EXPECT_EQ(test, nc2b_hash_request(h, c->type, c->data, &result, &fetch), c->want);
	KUNIT_EXPECT_EQ(test, result, c->result);
	KUNIT_EXPECT_EQ(test, fetch.len, c->fetch);
	if (c->fetch)
		KUNIT_EXPECT_EQ(test, fetch.ref, 9);
}

static void without_algorithm_nothing_is_hashed(struct kunit *test)
{
	struct nc2b_hash *h = make(test, NC2B_HASH_FLAGS);
	u8 frame[NC2B_HASH_HEAD];
	u32 hash, len;
	u8 type;

	len = build(frame, &vectors[0], PROTO_TCP, 0);
	KUNIT_EXPECT_TRUE(test, nc2b_hash_active(h));
	KUNIT_EXPECT_EQ(test, ask(h, NC2B_CTRL_SET_ALGORITHM, NC2B_HASH_NONE, 0, 0), 0);
	KUNIT_EXPECT_FALSE(test, nc2b_hash_active(h));
	KUNIT_EXPECT_FALSE(test, nc2b_hash_frame(h, frame, len, &hash, &type));
	KUNIT_EXPECT_EQ(test, ask(h, NC2B_CTRL_GET_FLAGS, 0, 0, 0), NC2B_CTRL_NOT_SUPPORTED);
	KUNIT_EXPECT_EQ(test, ask(h, NC2B_CTRL_SET_FLAGS, 1, 0, 0), NC2B_CTRL_INVALID);

	h = make(test, 0);
	KUNIT_EXPECT_FALSE(test, nc2b_hash_active(h));
	KUNIT_EXPECT_FALSE(test, nc2b_hash_frame(h, frame, len, &hash, &type));

	h = make(test, NC2B_HASH_FLAGS);
	nc2b_hash_reset(h, 1);
	KUNIT_EXPECT_FALSE(test, nc2b_hash_active(h));
	KUNIT_EXPECT_EQ(test, nc2b_hash_queue(h, 12345), 0);
}

static void new_key_replaces_the_old_one(struct kunit *test)
{
	struct nc2b_hash *h = make(test, NC2B_HASH_FLAGS);
	u8 frame[NC2B_HASH_HEAD];
	u32 hash, len;
	u8 type;

	len = build(frame, &vectors[0], PROTO_TCP, 0);
	KUNIT_EXPECT_EQ(test, set_ms_key(h, 8), 0);
	KUNIT_ASSERT_TRUE(test, nc2b_hash_frame(h, frame, len, &hash, &type));
	KUNIT_EXPECT_NE(test, hash, vectors[0].with_ports);
	KUNIT_EXPECT_EQ(test, ask(h, NC2B_CTRL_SET_KEY, 0, 0, 0), 0);
	KUNIT_ASSERT_TRUE(test, nc2b_hash_frame(h, frame, len, &hash, &type));
	KUNIT_EXPECT_EQ(test, hash, 0);
}

static void map_leads_to_queues(struct kunit *test)
{
	static const u32 queues[] = { 3, 2, 1, 0 }, bad[] = { 1, QUEUES }, worse[] = { U32_MAX };
	struct nc2b_hash *h = make(test, NC2B_HASH_FLAGS);
	u32 i;

	for (i = 0; i < 9; i++)
		KUNIT_EXPECT_EQ(test, nc2b_hash_queue(h, i), i % QUEUES);
	KUNIT_EXPECT_EQ(test, ask(h, NC2B_CTRL_SET_MAP_SIZE, 8, 0, 0), 0);
	for (i = 0; i < 9; i++)
		KUNIT_EXPECT_EQ(test, nc2b_hash_queue(h, i), 0);
	KUNIT_EXPECT_EQ(test, map(h, queues, 4, 4), 0);
	for (i = 0; i < 8; i++)
		KUNIT_EXPECT_EQ(test, nc2b_hash_queue(h, i + 80), i < 4 ? 0 : 7 - i);
	/* A part does not touch the rest, and a bad one nothing at all. */
	KUNIT_EXPECT_EQ(test, map(h, queues, 1, 0), 0);
	KUNIT_EXPECT_EQ(test, map(h, bad, 2, 0), NC2B_CTRL_INVALID);
	KUNIT_EXPECT_EQ(test, map(h, worse, 1, 7), NC2B_CTRL_INVALID);
	KUNIT_EXPECT_EQ(test, nc2b_hash_queue(h, 0), 3);
	KUNIT_EXPECT_EQ(test, nc2b_hash_queue(h, 1), 0);
	KUNIT_EXPECT_EQ(test, nc2b_hash_queue(h, 7), 0);
	KUNIT_EXPECT_EQ(test, nc2b_hash_queue(h, 4), 3);
	/* A new size makes it all zero again. */
	KUNIT_EXPECT_EQ(test, ask(h, NC2B_CTRL_SET_MAP_SIZE, 8, 0, 0), 0);
	KUNIT_EXPECT_EQ(test, nc2b_hash_queue(h, 4), 0);
}

static struct kunit_case nc2b_hash_cases[] = {
	KUNIT_CASE_PARAM(known_vectors, vector_gen_params),
	KUNIT_CASE_PARAM(every_length_is_safe, vector_gen_params),
	KUNIT_CASE(options_and_fragments),
	KUNIT_CASE_PARAM(requests, request_gen_params),
	KUNIT_CASE(without_algorithm_nothing_is_hashed),
	KUNIT_CASE(new_key_replaces_the_old_one),
	KUNIT_CASE(map_leads_to_queues),
	{}
};

static struct kunit_suite nc2b_hash_suite = {
	.name = "nc2b_hash",
	.test_cases = nc2b_hash_cases,
};

kunit_test_suite(nc2b_hash_suite);

MODULE_DESCRIPTION("KUnit tests of the back's hash");
MODULE_LICENSE("GPL");
