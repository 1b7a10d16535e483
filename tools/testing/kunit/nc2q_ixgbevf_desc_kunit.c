// SPDX-License-Identifier: GPL-2.0
/*
 * Descriptors of the 82599 family, where they are not those of the 82576.
 * Expected words are written out as the datasheet has them.
 */
#include <kunit/test.h>
#include <linux/module.h>
#include <linux/string.h>

#include "netback/ixgbevf.h"

#define FMT	(nc2b_ixgbevf_models[NC2B_IXGBEVF_82599].fmt)

struct rx_case {
	const char *name;
	u32 status;
	u16 info;
	u16 vlan;
	u16 want;
	u16 want_vlan;
};

static const struct rx_case rx_cases[] = {
	{ "no verdict", 0x3, .info = 0 },
	{ "tcp over ipv4, right", 0x63, 0x110, .want = NC2Q_RX_CSUM_OK },
	{ "udp over ipv4, right", 0x73, 0x210, .want = NC2Q_RX_CSUM_OK },
	{ "tcp over ipv6, right", 0x23, 0x140, .want = NC2Q_RX_CSUM_OK },
	{ "flow director bit is no verdict", 0x67, 0x110, .want = NC2Q_RX_CSUM_OK },
	{ "ipv4, header not looked at", 0x23, 0x110 },
	{ "ipv4, only header looked at", 0x43, 0x10 },
	{ "l4 checksum wrong", 0x40000063, 0x110 },
	{ "l3 checksum wrong", 0x80000063, 0x110 },
	{ "both wrong", 0xc0000063, 0x110 },
	{ "tunnel, right inside", 0x63, 0x910 },
	{ "tunnel, outer header wrong", 0x04000063, 0x110 },
	{ "type taken by an EtherType filter", 0x63, 0x8000 },
	{ "crc error", 0x01000003, .want = NC2Q_RX_ERR },
	{ "length error", 0x02000003, .want = NC2Q_RX_ERR },
	{ "packet error", 0x08000003, .want = NC2Q_RX_ERR },
	{ "oversize", 0x10000003, .want = NC2Q_RX_ERR },
	{ "undersize", 0x20000003, .want = NC2Q_RX_ERR },
	{ "flow director errors", 0x00700003, .info = 0 },
	{ "vlan", 0xb, .vlan = 0x2064, .want = NC2Q_RX_VLAN, .want_vlan = 0x2064 },
	{ "vlan of local traffic", 0x4000b, .vlan = 0x2064, .want = NC2Q_RX_VLAN,
	  .want_vlan = 0x2064 },
	{ "verdict of a part is not read", 0xf0000069, 0x111, .vlan = 9,
	  .want = NC2Q_RX_MORE },
};

static void rx_is_decoded(struct kunit *test)
{
	const struct rx_case *c = test->param_value;
	union nc2b_ivf_rxd d = { .wb = {
		.info = cpu_to_le16(c->info),
		.status = cpu_to_le32(c->status),
		.len = cpu_to_le16(1514),
		.vlan = cpu_to_le16(c->vlan),
	} };
	struct nc2q_rx rx;

	KUNIT_ASSERT_TRUE(test, nc2b_ivf_rxd_reap(FMT, &d, 2048, &rx));
	KUNIT_EXPECT_EQ(test, rx.len, 1514);
	KUNIT_EXPECT_EQ(test, rx.flags, c->want);
	KUNIT_EXPECT_EQ(test, rx.vlan, c->want_vlan);
}

static void rx_name(const struct rx_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(rx, rx_cases, rx_name);

#define TX_RING		4
#define TX_FRAGS	2

struct tx_case {
	const char *name;
	struct nc2q_tx tx;
	u16 len[TX_FRAGS];
	/* lens, seed, type, mss */
	u32 ctx[4];
	u32 cmd[TX_FRAGS];
	u32 status;
};

static const struct tx_case tx_cases[] = {
	{ "as it is", { .nr_frags = 1, .total = 60 }, { 60 },
	  { 0x1c00, 0, 0x20200000, 0 }, { 0x2b30003c }, 0x000f0080 },
	{ "as it is, two pieces", { .nr_frags = 2, .total = 300 }, { 100, 200 },
	  { 0x1c00, 0, 0x20200000, 0 }, { 0x22300064, 0x2b3000c8 }, 0x004b0080 },
	{ "shorter than the NIC takes", { .nr_frags = 1, .total = 14 }, { 14 },
	  { 0x1c00, 0, 0x20200000, 0 }, { 0x2b300011 }, 0x00044080 },
	{ "checksum, tcp over ipv4",
	  { .nr_frags = 1, .total = 1514, .flags = NC2Q_TX_CSUM,
	    .l2_len = 14, .l3_len = 20 }, { 1514 },
	  { 0x1c14, 0, 0x20200c00, 0 }, { 0x2b3005ea }, 0x017a8280 },
	{ "checksum, udp over ipv6, tagged",
	  { .nr_frags = 1, .total = 1514,
	    .flags = NC2Q_TX_CSUM | NC2Q_TX_IPV6 | NC2Q_TX_UDP,
	    .l2_len = 18, .l3_len = 40 }, { 1514 },
	  { 0x2428, 0, 0x20200000, 0 }, { 0x2b3005ea }, 0x017a8280 },
	{ "segmentation, ipv4",
	  { .nr_frags = 2, .total = 2962, .flags = NC2Q_TX_CSUM | NC2Q_TX_TSO,
	    .mss = 1448, .l2_len = 14, .l3_len = 20, .l4_len = 32 },
	  { 66, 2896 },
	  { 0x1c14, 0, 0x20200c00, 0x05a82000 },
	  { 0xa2300042, 0xab300b50 }, 0x02d40380 },
};

static void tx_is_encoded(struct kunit *test)
{
	const struct tx_case *c = test->param_value;
	union nc2b_ivf_txd ring[TX_RING] = {};
	struct nc2q_frag frags[TX_FRAGS];
	struct nc2q_tx tx = c->tx;
	unsigned int i, n;

	for (i = 0; i < TX_FRAGS; i++) {
		frags[i].dma = 0x1000 * (i + 1);
		frags[i].len = c->len[i];
	}
	tx.frags = frags;

	n = nc2b_ivf_tx_encode(FMT, ring, TX_RING - 1, 0, &tx);
	KUNIT_EXPECT_EQ(test, n, nc2b_ivf_tx_need(FMT, &tx));
	KUNIT_ASSERT_EQ(test, n, tx.nr_frags + 1);
	KUNIT_EXPECT_EQ(test, le32_to_cpu(ring[0].ctx.lens), c->ctx[0]);
	KUNIT_EXPECT_EQ(test, le32_to_cpu(ring[0].ctx.seed), c->ctx[1]);
	KUNIT_EXPECT_EQ(test, le32_to_cpu(ring[0].ctx.type), c->ctx[2]);
	KUNIT_EXPECT_EQ(test, le32_to_cpu(ring[0].ctx.mss), c->ctx[3]);
	for (i = 0; i < tx.nr_frags; i++) {
		KUNIT_EXPECT_EQ(test, le64_to_cpu(ring[i + 1].data.addr),
				0x1000ULL * (i + 1));
		KUNIT_EXPECT_EQ(test, le32_to_cpu(ring[i + 1].data.cmd), c->cmd[i]);
		KUNIT_EXPECT_EQ(test, le32_to_cpu(ring[i + 1].data.status), c->status);
	}
}

static void tx_name(const struct tx_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(tx, tx_cases, tx_name);

/* The members of the family differ in registers, not in descriptors. */
static void one_format_for_all(struct kunit *test)
{
	int i;

	for (i = 0; i < NC2B_IXGBEVF_MODELS; i++)
		KUNIT_EXPECT_PTR_EQ(test, nc2b_ixgbevf_models[i].fmt, FMT);
}

static struct kunit_case desc_cases[] = {
	KUNIT_CASE_PARAM(rx_is_decoded, rx_gen_params),
	KUNIT_CASE_PARAM(tx_is_encoded, tx_gen_params),
	KUNIT_CASE(one_format_for_all),
	{ }
};

static struct kunit_suite desc_suite = {
	.name = "nc2q_ixgbevf_desc",
	.test_cases = desc_cases,
};

kunit_test_suite(desc_suite);

MODULE_DESCRIPTION("KUnit: descriptors of the 82599 family");
MODULE_LICENSE("GPL");
