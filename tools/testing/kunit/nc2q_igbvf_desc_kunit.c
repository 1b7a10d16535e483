// SPDX-License-Identifier: GPL-2.0
/*
 * Descriptors of the 82576 and I350.  Expected words are written out as the
 * datasheet has them, not made from the constants of the code.
 */
#include <kunit/test.h>
#include <linux/module.h>

#include "netback/igbvf.h"
#include "netback/ivf_desc.c"

#define FMT(m)	(nc2b_igbvf_models[NC2B_IGBVF_ ## m].fmt)

struct rx_case {
	const char *name;
	u32 status;
	u16 info;
	u16 len;
	u16 vlan;
	u32 rss;
	u32 buf_size;
	bool be;
	bool pending;
	struct nc2q_rx want;
};

static const struct rx_case rx_cases[] = {
	{ "not done", .status = 0, .len = 60, .buf_size = 2048, .pending = true },
	{ "all bits but done", .status = 0xfffffffe, .len = 60, .buf_size = 2048,
	  .pending = true },
	{ "whole frame, no verdict", .status = 0x3, .len = 60, .buf_size = 2048,
	  .want = { .len = 60 } },
	{ "frame goes on", .status = 0x1, .len = 2048, .buf_size = 2048,
	  .want = { .len = 2048, .flags = NC2Q_RX_MORE } },
	{ "verdict of a part is not read", .status = 0xe0000079, .info = 0x111,
	  .len = 2048, .rss = 7, .vlan = 9, .buf_size = 2048,
	  .want = { .len = 2048, .flags = NC2Q_RX_MORE } },
	{ "tcp over ipv4, right", .status = 0x63, .info = 0x110, .len = 1514,
	  .buf_size = 2048,
	  .want = { .len = 1514, .flags = NC2Q_RX_CSUM_OK } },
	{ "udp over ipv4, right", .status = 0x73, .info = 0x210, .len = 1514,
	  .buf_size = 2048,
	  .want = { .len = 1514, .flags = NC2Q_RX_CSUM_OK } },
	{ "tcp over ipv6, right", .status = 0x23, .info = 0x140, .len = 1514,
	  .buf_size = 2048,
	  .want = { .len = 1514, .flags = NC2Q_RX_CSUM_OK } },
	{ "ipv4, header not looked at", .status = 0x23, .info = 0x110,
	  .len = 1514, .buf_size = 2048, .want = { .len = 1514 } },
	{ "ipv4, only header looked at", .status = 0x43, .info = 0x10,
	  .len = 1514, .buf_size = 2048, .want = { .len = 1514 } },
	{ "l4 checksum wrong", .status = 0x20000063, .info = 0x110,
	  .len = 1514, .buf_size = 2048, .want = { .len = 1514 } },
	{ "l3 checksum wrong", .status = 0x40000063, .info = 0x110,
	  .len = 1514, .buf_size = 2048, .want = { .len = 1514 } },
	{ "verdict void", .status = 0x67, .info = 0x110,
	  .len = 1514, .buf_size = 2048, .want = { .len = 1514 } },
	{ "type taken by an EtherType filter", .status = 0x63, .info = 0x8000,
	  .len = 1514, .buf_size = 2048, .want = { .len = 1514 } },
	{ "vlan", .status = 0xb, .len = 60, .vlan = 0x2064, .buf_size = 2048,
	  .want = { .len = 60, .flags = NC2Q_RX_VLAN, .vlan = 0x2064 } },
	{ "vlan field without a tag", .status = 0x3, .len = 60, .vlan = 0x2064,
	  .buf_size = 2048, .want = { .len = 60 } },
	{ "vlan of local traffic, 82576", .status = 0x4000b, .len = 60,
	  .vlan = 0x2064, .buf_size = 2048,
	  .want = { .len = 60, .flags = NC2Q_RX_VLAN, .vlan = 0x2064 } },
	{ "vlan of local traffic, I350", .status = 0x4000b, .len = 60,
	  .vlan = 0x6420, .buf_size = 2048, .be = true,
	  .want = { .len = 60, .flags = NC2Q_RX_VLAN, .vlan = 0x2064 } },
	{ "vlan from the wire, I350", .status = 0xb, .len = 60,
	  .vlan = 0x2064, .buf_size = 2048, .be = true,
	  .want = { .len = 60, .flags = NC2Q_RX_VLAN, .vlan = 0x2064 } },
	{ "hash", .status = 0x3, .info = 0x1, .rss = 0xdeadbeef, .len = 60,
	  .buf_size = 2048,
	  .want = { .len = 60, .flags = NC2Q_RX_HASH, .hash = 0xdeadbeef } },
	{ "a hash of the addresses alone", .status = 0x3, .info = 0x2, .rss = 0xdeadbeef,
	  .len = 60, .buf_size = 2048, .want = { .len = 60 } },
	{ "no kind of hash", .status = 0x3, .info = 0x110, .rss = 0xdeadbeef,
	  .len = 60, .buf_size = 2048, .want = { .len = 60 } },
	{ "receive error", .status = 0x80000003, .len = 60, .buf_size = 2048,
	  .want = { .len = 60, .flags = NC2Q_RX_ERR } },
	{ "crc error", .status = 0x01000003, .len = 60, .buf_size = 2048,
	  .want = { .len = 60, .flags = NC2Q_RX_ERR } },
	{ "longer than the buffer", .status = 0x3, .len = 2049, .buf_size = 2048,
	  .want = { .len = 2048, .flags = NC2Q_RX_ERR } },
	{ "part longer than the buffer", .status = 0x1, .len = 0xffff,
	  .buf_size = 4096,
	  .want = { .len = 4096, .flags = NC2Q_RX_ERR | NC2Q_RX_MORE } },
	{ "fills a page", .status = 0x3, .len = 4096, .buf_size = 4096,
	  .want = { .len = 4096 } },
	{ "empty", .status = 0x3, .len = 0, .buf_size = 2048,
	  .want = { .len = 0, .flags = NC2Q_RX_ERR } },
};

static void rx_is_decoded(struct kunit *test)
{
	const struct rx_case *c = test->param_value;
	union nc2b_ivf_rxd d = { .wb = {
		.info = cpu_to_le16(c->info),
		.rss = cpu_to_le32(c->rss),
		.status = cpu_to_le32(c->status),
		.len = cpu_to_le16(c->len),
		.vlan = cpu_to_le16(c->vlan),
	} };
	const struct nc2b_ivf_fmt *fmt = c->be ? FMT(I350) : FMT(82576);
	struct nc2q_rx rx;

	memset(&rx, 0xff, sizeof(rx));
	KUNIT_ASSERT_EQ(test, nc2b_ivf_rxd_reap(fmt, &d, c->buf_size, &rx),
			!c->pending);
	if (c->pending)
		return;
	KUNIT_EXPECT_EQ(test, rx.len, c->want.len);
	KUNIT_EXPECT_EQ(test, rx.flags, c->want.flags);
	KUNIT_EXPECT_EQ(test, rx.vlan, c->want.vlan);
	KUNIT_EXPECT_EQ(test, rx.hash, c->want.hash);
}

static void rx_name(const struct rx_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(rx, rx_cases, rx_name);

static void posting_clears_the_status(struct kunit *test)
{
	union nc2b_ivf_rxd d;
	struct nc2q_rx rx;

	memset(&d, 0xff, sizeof(d));
	nc2b_ivf_rxd_post(&d, 0x123456789000ULL);
	KUNIT_EXPECT_EQ(test, le64_to_cpu(d.read.addr), 0x123456789000ULL);
	KUNIT_EXPECT_EQ(test, le64_to_cpu(d.read.hdr), 0ULL);
	KUNIT_EXPECT_FALSE(test, nc2b_ivf_rxd_reap(FMT(82576), &d, 2048, &rx));
}

#define TX_RING		8
#define TX_FRAGS	4

struct tx_case {
	const char *name;
	struct nc2q_tx tx;
	u16 len[TX_FRAGS];
	u32 at;
	/* lens, seed, type, mss; all 0: no context descriptor wanted */
	u32 ctx[4];
	u32 cmd[TX_FRAGS];
	u32 status;
};

static const struct tx_case tx_cases[] = {
	{ "one piece", { .nr_frags = 1, .total = 60 }, { 60 }, 0,
	  {}, { 0x2b30003c }, 0x000f0000 },
	{ "three pieces over the end of the ring",
	  { .nr_frags = 3, .total = 600 }, { 100, 200, 300 }, 0xfffffffe,
	  {}, { 0x22300064, 0x223000c8, 0x2b30012c }, 0x00960000 },
	{ "checksum, tcp over ipv4",
	  { .nr_frags = 1, .total = 1514, .flags = NC2Q_TX_CSUM,
	    .l2_len = 14, .l3_len = 20 }, { 1514 }, 3,
	  { 0x1c14, 0, 0x20200c00, 0 }, { 0x2b3005ea }, 0x017a8200 },
	{ "checksum, udp over ipv6, tagged",
	  { .nr_frags = 1, .total = 1514,
	    .flags = NC2Q_TX_CSUM | NC2Q_TX_IPV6 | NC2Q_TX_UDP,
	    .l2_len = 18, .l3_len = 40 }, { 1514 }, 7,
	  { 0x2428, 0, 0x20200000, 0 }, { 0x2b3005ea }, 0x017a8200 },
	{ "segmentation, ipv4",
	  { .nr_frags = 2, .total = 2962, .flags = NC2Q_TX_CSUM | NC2Q_TX_TSO,
	    .mss = 1448, .l2_len = 14, .l3_len = 20, .l4_len = 32 },
	  { 66, 2896 }, 6,
	  { 0x1c14, 0, 0x20200c00, 0x05a82000 },
	  { 0xa2300042, 0xab300b50 }, 0x02d40300 },
	{ "segmentation, ipv6",
	  { .nr_frags = 1, .total = 1074, .flags = NC2Q_TX_TSO | NC2Q_TX_IPV6,
	    .mss = 500, .l2_len = 14, .l3_len = 40, .l4_len = 20 }, { 1074 }, 1,
	  { 0x1c28, 0, 0x20200800, 0x01f41400 }, { 0xab300432 }, 0x00fa0200 },
	{ "shorter than the NIC takes", { .nr_frags = 1, .total = 14 }, { 14 }, 0,
	  {}, { 0x2b300011 }, 0x00044000 },
	{ "shorter, in two pieces", { .nr_frags = 2, .total = 16 }, { 15, 1 }, 0,
	  {}, { 0x2230000f, 0x2b300002 }, 0x00044000 },
	{ "just not too short", { .nr_frags = 1, .total = 17 }, { 17 }, 0,
	  {}, { 0x2b300011 }, 0x00044000 },
	{ "largest frame",
	  { .nr_frags = 1, .total = 65536 + 54, .flags = NC2Q_TX_TSO,
	    .mss = 1460, .l2_len = 14, .l3_len = 20, .l4_len = 20 }, { 4096 }, 0,
	  { 0x1c14, 0, 0x20200c00, 0x05b41400 }, { 0xab301000 }, 0x40000300 },
};

static void tx_is_encoded(struct kunit *test)
{
	const struct tx_case *c = test->param_value;
	union nc2b_ivf_txd ring[TX_RING], *d;
	struct nc2q_frag frags[TX_FRAGS];
	struct nc2q_tx tx = c->tx;
	u32 at = c->at;
	unsigned int i, n;

	for (i = 0; i < TX_FRAGS; i++) {
		frags[i].dma = 0x1000 * (i + 1);
		frags[i].len = c->len[i];
	}
	tx.frags = frags;
	memset(ring, 0xff, sizeof(ring));

	n = nc2b_ivf_tx_encode(FMT(82576), ring, TX_RING - 1, at, &tx);
	KUNIT_EXPECT_EQ(test, n, nc2b_ivf_tx_need(FMT(82576), &tx));
	KUNIT_ASSERT_EQ(test, n, tx.nr_frags + !!c->ctx[0]);

	if (c->ctx[0]) {
		d = &ring[at++ % TX_RING];
		KUNIT_EXPECT_EQ(test, le32_to_cpu(d->ctx.lens), c->ctx[0]);
		KUNIT_EXPECT_EQ(test, le32_to_cpu(d->ctx.seed), c->ctx[1]);
		KUNIT_EXPECT_EQ(test, le32_to_cpu(d->ctx.type), c->ctx[2]);
		KUNIT_EXPECT_EQ(test, le32_to_cpu(d->ctx.mss), c->ctx[3]);
	}
	for (i = 0; i < tx.nr_frags; i++) {
		d = &ring[at++ % TX_RING];
		KUNIT_EXPECT_EQ(test, le64_to_cpu(d->data.addr), 0x1000ULL * (i + 1));
		KUNIT_EXPECT_EQ(test, le32_to_cpu(d->data.cmd), c->cmd[i]);
		KUNIT_EXPECT_EQ(test, le32_to_cpu(d->data.status), c->status);
		KUNIT_EXPECT_FALSE(test, nc2b_ivf_txd_done(d));
	}
	/* Nothing beyond it. */
	for (i = n; i < TX_RING; i++)
		KUNIT_EXPECT_EQ(test, ring[at++ % TX_RING].data.addr,
				cpu_to_le64(~0ULL));
}

static void tx_name(const struct tx_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(tx, tx_cases, tx_name);

static void sent_is_seen(struct kunit *test)
{
	union nc2b_ivf_txd d = {};

	KUNIT_EXPECT_FALSE(test, nc2b_ivf_txd_done(&d));
	d.data.status = cpu_to_le32(0xfffffffe);
	KUNIT_EXPECT_FALSE(test, nc2b_ivf_txd_done(&d));
	d.data.status = cpu_to_le32(0x1);
	KUNIT_EXPECT_TRUE(test, nc2b_ivf_txd_done(&d));
}

static struct kunit_case desc_cases[] = {
	KUNIT_CASE_PARAM(rx_is_decoded, rx_gen_params),
	KUNIT_CASE(posting_clears_the_status),
	KUNIT_CASE_PARAM(tx_is_encoded, tx_gen_params),
	KUNIT_CASE(sent_is_seen),
	{ }
};

static struct kunit_suite desc_suite = {
	.name = "nc2q_igbvf_desc",
	.test_cases = desc_cases,
};

kunit_test_suite(desc_suite);

MODULE_DESCRIPTION("KUnit: descriptors of the 82576 and I350");
MODULE_LICENSE("GPL");
