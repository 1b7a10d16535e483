// SPDX-License-Identifier: GPL-2.0
/*
 * The rings of a VF: a NIC played by the test reads and writes descriptors.
 */
#include <kunit/test.h>
#include <linux/module.h>
#include <linux/string.h>

#include "netback/igbvf.h"
#include "netback/ivf_ring.c"
#include "netback/ixgbevf.h"

/**
 * struct rig - rings, their registers, and how far the NIC is
 * @r: under test
 * @rdt: receive tail
 * @tdt: transmit tail
 */
struct rig {
	struct nc2b_ivf_rings r;
	u32 rdt;
	u32 tdt;
};

static int rig_init(struct kunit *test)
{
	struct rig *g = kunit_kzalloc(test, sizeof(*g), GFP_KERNEL);

	if (!g)
		return -ENOMEM;
	g->r.fmt = nc2b_igbvf_models[NC2B_IGBVF_82576].fmt;
	g->r.rx = kunit_kzalloc(test, NC2B_IVF_RX_BYTES, GFP_KERNEL);
	g->r.tx = kunit_kzalloc(test, NC2B_IVF_TX_BYTES, GFP_KERNEL);
	g->r.rx_tail = (void __force __iomem *)&g->rdt;
	g->r.tx_tail = (void __force __iomem *)&g->tdt;
	test->priv = g;
	if (!g->r.rx || !g->r.tx)
		return -ENOMEM;
	nc2b_ivf_rings_empty(&g->r, 2048);
	return 0;
}

/* The NIC has received @len bytes into slot @n. */
static void nic_receive(struct rig *g, u32 n, u16 len)
{
	union nc2b_ivf_rxd *d = &g->r.rx[n % NC2B_IVF_RX_SLOTS];

	memset(d, 0, sizeof(*d));
	d->wb.len = cpu_to_le16(len);
	d->wb.status = cpu_to_le32(0x3);
}

static void buffers_come_back_in_order(struct kunit *test)
{
	struct rig *g = test->priv;
	struct nc2q_buf buf;
	struct nc2q_rx rx;
	u32 i, bad = 0;

	/* More than twice around. */
	for (i = 0; i < 5000; i++) {
		buf.dma = 0x100000ULL + i;
		buf.id = i & 0x7ff;
		nc2b_ivf_rx_post(&g->r, &buf, 1);
		bad += g->rdt != (i + 1) % NC2B_IVF_RX_SLOTS;
		bad += le64_to_cpu(g->r.rx[i % NC2B_IVF_RX_SLOTS].read.addr) != buf.dma;
		bad += nc2b_ivf_rx_reap(&g->r, &rx, 1) != 0;
		nic_receive(g, i, i % 2048 + 1);
		bad += nc2b_ivf_rx_reap(&g->r, &rx, 1) != 1;
		bad += rx.id != buf.id || rx.len != i % 2048 + 1;
	}
	KUNIT_EXPECT_EQ(test, bad, 0u);
}

static void receive_ring_keeps_one_slot(struct kunit *test)
{
	struct rig *g = test->priv;
	struct nc2q_buf buf = { .dma = 0x1000 };
	struct nc2q_rx rx[3];
	u32 i;

	KUNIT_EXPECT_EQ(test, nc2b_ivf_rx_room(&g->r), 2047u);
	for (i = 0; i < 2047; i++) {
		buf.id = i;
		nc2b_ivf_rx_post(&g->r, &buf, 1);
	}
	KUNIT_EXPECT_EQ(test, nc2b_ivf_rx_room(&g->r), 0u);
	KUNIT_EXPECT_EQ(test, g->rdt, 2047u);
	nic_receive(g, 0, 60);
	nic_receive(g, 1, 61);
	nic_receive(g, 3, 63);
	/* Not past the one that is not done. */
	KUNIT_EXPECT_EQ(test, nc2b_ivf_rx_reap(&g->r, rx, 3), 2u);
	KUNIT_EXPECT_EQ(test, rx[1].id, 1);
	KUNIT_EXPECT_EQ(test, nc2b_ivf_rx_room(&g->r), 2u);
}

/* The NIC has sent all that it was shown, from slot @n on. */
static void nic_send(struct rig *g, u32 *n)
{
	for (; *n % NC2B_IVF_TX_SLOTS != g->tdt; ++*n) {
		union nc2b_ivf_txd *d = &g->r.tx[*n % NC2B_IVF_TX_SLOTS];

		if (le32_to_cpu(d->data.cmd) & BIT(27))
			d->data.status = cpu_to_le32(1);
	}
}

struct tx_case {
	const char *name;
	bool ixgbe;
	u16 flags;
	/* Descriptors that a frame of two pieces takes. */
	u32 need;
};

static const struct tx_case tx_cases[] = {
	{ "82576, as it is", .need = 2 },
	{ "82576, checksum", .flags = NC2Q_TX_CSUM, .need = 3 },
	{ "82599, as it is", .ixgbe = true, .need = 3 },
	{ "82599, checksum", .ixgbe = true, .flags = NC2Q_TX_CSUM, .need = 3 },
};

static void sent_frames_are_counted(struct kunit *test)
{
	const struct nc2q_frag frags[2] = { { 0x1000, 100 }, { 0x2000, 200 } };
	const struct tx_case *c = test->param_value;
	struct nc2q_tx tx = {
		.frags = frags, .nr_frags = 2, .total = 300, .flags = c->flags,
		.l2_len = 14, .l3_len = 20,
	};
	struct rig *g = test->priv;
	u32 n, nic = 0, round, bad = 0;

	if (c->ixgbe)
		g->r.fmt = nc2b_ixgbevf_models[NC2B_IXGBEVF_82599].fmt;
	for (round = 0; round < 20; round++) {
		for (n = 0; !nc2b_ivf_tx_frame(&g->r, &tx); n++)
			;
		bad += n != 511 / c->need;
		/* Not shown, so not sent. */
		bad += nc2b_ivf_tx_reap(&g->r) != 0;
		nc2b_ivf_tx_kick(&g->r);
		bad += g->tdt != (round + 1) * n * c->need % NC2B_IVF_TX_SLOTS;
		bad += nc2b_ivf_tx_reap(&g->r) != 0;
		nic_send(g, &nic);
		bad += nc2b_ivf_tx_reap(&g->r) != 2 * n;
		bad += nc2b_ivf_tx_reap(&g->r) != 0;
	}
	KUNIT_EXPECT_EQ(test, bad, 0u);
}

static void tx_name(const struct tx_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(tx, tx_cases, tx_name);

static void kick_without_a_frame_is_no_write(struct kunit *test)
{
	struct rig *g = test->priv;

	g->tdt = 77;
	nc2b_ivf_tx_kick(&g->r);
	KUNIT_EXPECT_EQ(test, g->tdt, 77u);
}

static void emptied_rings_begin_anew(struct kunit *test)
{
	const struct nc2q_frag frag = { 0x1000, 100 };
	struct nc2q_tx tx = { .frags = &frag, .nr_frags = 1, .total = 100 };
	struct nc2q_buf buf = { .dma = 0x1000, .id = 5 };
	struct rig *g = test->priv;
	struct nc2q_rx rx;

	nc2b_ivf_rx_post(&g->r, &buf, 1);
	nic_receive(g, 0, 60);
	KUNIT_EXPECT_EQ(test, nc2b_ivf_tx_frame(&g->r, &tx), 0);
	nc2b_ivf_tx_kick(&g->r);
	nc2b_ivf_rings_empty(&g->r, 4096);
	KUNIT_EXPECT_EQ(test, nc2b_ivf_rx_reap(&g->r, &rx, 1), 0u);
	KUNIT_EXPECT_EQ(test, nc2b_ivf_tx_reap(&g->r), 0u);
	KUNIT_EXPECT_EQ(test, nc2b_ivf_rx_room(&g->r), 2047u);
	KUNIT_EXPECT_EQ(test, le64_to_cpu(g->r.rx[0].read.addr), 0ULL);
	KUNIT_EXPECT_EQ(test, le64_to_cpu(g->r.tx[0].data.addr), 0ULL);
	KUNIT_EXPECT_EQ(test, g->r.buf_size, 4096u);
}

static struct kunit_case ring_cases[] = {
	KUNIT_CASE(buffers_come_back_in_order),
	KUNIT_CASE(receive_ring_keeps_one_slot),
	KUNIT_CASE_PARAM(sent_frames_are_counted, tx_gen_params),
	KUNIT_CASE(kick_without_a_frame_is_no_write),
	KUNIT_CASE(emptied_rings_begin_anew),
	{ }
};

static struct kunit_suite ring_suite = {
	.name = "nc2q_ivf_ring",
	.init = rig_init,
	.test_cases = ring_cases,
};

kunit_test_suite(ring_suite);

MODULE_DESCRIPTION("KUnit: rings of an Intel VF");
MODULE_LICENSE("GPL");
