// SPDX-License-Identifier: GPL-2.0
/*
 * Start and stop of a VF of the 82576: every register write, in its order, as
 * the datasheet has the registers.  The PF answers at once; what it may do
 * otherwise is in the suite of the mailbox.
 */
#include <kunit/test.h>
#include <linux/bits.h>
#include <linux/module.h>
#include <linux/string.h>

#include "netback/igbvf.h"
#include "netback/ivf.c"

#define VTSTATUS	0x0008
#define VMBMEM		0x0800
#define V2PMAILBOX	0x0c40
#define RXDCTL		0x2828
#define TXDCTL		0x3828
#define TDH		0x3810

/* What happens beside register writes. */
#define MASTER_ON	0xf0000001u
#define MASTER_OFF	0xf0000002u
#define IRQS_GET	0xf0000003u
#define IRQS_PUT	0xf0000004u
#define IDLE		0xf0000005u

/* The mailbox's own writes are not what this suite is about. */
#define MAILBOX		0xf0000006u

struct event {
	u32 what;
	u32 val;
};

struct rig {
	struct nc2b_ivf vf;
	struct nc2b_ivf_host host;
	u32 reg[0x4000 / 4];
	u32 mbx;
	unsigned int us;
	struct event log[128];
	unsigned int log_n;
};

static void note(struct rig *r, u32 what, u32 val)
{
	if (r->log_n < ARRAY_SIZE(r->log))
		r->log[r->log_n++] = (struct event){ what, val };
}

static u32 rig_read(void *ctx, u32 reg)
{
	struct rig *r = ctx;
	u32 v;

	if (reg != V2PMAILBOX)
		return r->reg[reg / 4];
	v = r->mbx;
	r->mbx &= BIT(2);
	return v;
}

static void rig_write(void *ctx, u32 reg, u32 val)
{
	struct rig *r = ctx;

	if (reg == V2PMAILBOX) {
		r->mbx = val & BIT(2);
		if (val & BIT(0)) {
			note(r, MAILBOX, r->reg[VMBMEM / 4]);
			r->reg[VMBMEM / 4] |= 0xa0000000;
			r->mbx |= BIT(5) | BIT(4);
		}
		return;
	}
	r->reg[reg / 4] = val;
	if (reg < VMBMEM || reg >= VMBMEM + 64)
		note(r, reg, val);
}

static void rig_delay(void *ctx, unsigned int us)
{
	struct rig *r = ctx;

	r->us += us;
}

static void rig_set_master(void *ctx, bool on)
{
	note(ctx, on ? MASTER_ON : MASTER_OFF, 0);
}

/* Nobody resets it. */
static bool rig_configured(void *ctx)
{
	return true;
}

static bool rig_idle(void *ctx)
{
	note(ctx, IDLE, 0);
	return true;
}

static int rig_irqs_get(void *ctx)
{
	note(ctx, IRQS_GET, 0);
	return 0;
}

static void rig_irqs_put(void *ctx)
{
	note(ctx, IRQS_PUT, 0);
}

static int rig_init(struct kunit *test)
{
	struct rig *r = kunit_kzalloc(test, sizeof(*r), GFP_KERNEL);

	if (!r)
		return -ENOMEM;
	r->host = (struct nc2b_ivf_host){
		.io = { rig_read, rig_write, rig_delay, r },
		.set_master = rig_set_master,
		.configured = rig_configured,
		.back = rig_configured,
		.idle = rig_idle,
		.irqs_get = rig_irqs_get,
		.irqs_put = rig_irqs_put,
	};
	nc2b_ivf_init(&r->vf, &nc2b_igbvf_models[NC2B_IGBVF_82576], &r->host);
	r->vf.rings.rx = kunit_kzalloc(test, NC2B_IVF_RX_BYTES, GFP_KERNEL);
	r->vf.rings.tx = kunit_kzalloc(test, NC2B_IVF_TX_BYTES, GFP_KERNEL);
	r->vf.rx_dma = 0x1234567000ULL;
	r->vf.tx_dma = 0x89abcde000ULL;
	r->reg[VTSTATUS / 4] = BIT(1);
	test->priv = r;
	return r->vf.rings.rx && r->vf.rings.tx ? 0 : -ENOMEM;
}

static void expect_log(struct kunit *test, const struct event *want, unsigned int n)
{
	struct rig *r = test->priv;
	unsigned int i;

	KUNIT_EXPECT_EQ(test, r->log_n, n);
	for (i = 0; i < n && i < r->log_n; i++) {
		KUNIT_EXPECT_EQ_MSG(test, r->log[i].what, want[i].what,
				    "step %u", i);
		KUNIT_EXPECT_EQ_MSG(test, r->log[i].val, want[i].val,
				    "step %u", i);
	}
	r->log_n = 0;
}

static const struct nc2q_start params = { .buf_size = 2048, .mtu = 1500, .coalesce_us = 20 };

static void start_is_step_by_step(struct kunit *test)
{
	static const struct event want[] = {
		{ 0x0000, 0x04000000 },		/* VTCTRL: reset */
		{ MAILBOX, 0x1 },
		{ MAILBOX, 0x10002 },		/* forget a former driver's addresses */
		{ MAILBOX, 0x5 },
		{ MASTER_ON },
		{ IRQS_GET },
		{ 0x2800, 0x34567000 },		/* RDBAL, RDBAH, RDLEN */
		{ 0x2804, 0x12 },
		{ 0x2808, 32768 },
		{ 0x280c, 0x82000002 },		/* SRRCTL: drop, advanced, 2 KiB */
		{ 0x2810, 0 },			/* RDH, RDT */
		{ 0x2818, 0 },
		{ 0x3800, 0xabcde000 },		/* TDBAL, TDBAH, TDLEN */
		{ 0x3804, 0x89 },
		{ 0x3808, 8192 },
		{ 0x3810, 0 },			/* TDH, TDT */
		{ 0x3818, 0 },
		{ RXDCTL, 0x02010808 },
		{ TXDCTL, 0x02010108 },
		{ 0x1680, 80 },			/* VTEITR: 20 us, 0 */
		{ 0x1684, 0 },
		{ 0x1700, 0x8080 },		/* VTIVAR, VTIVAR_MISC */
		{ 0x1740, 0x81 },
		{ 0x152c, 3 },			/* VTEIAC, VTEIAM, VTEIMS */
		{ 0x1530, 1 },
		{ 0x1524, 3 },
	};
	struct rig *r = test->priv;

	KUNIT_ASSERT_EQ(test, nc2b_ivf_start(&r->vf, &params), 0);
	expect_log(test, want, ARRAY_SIZE(want));
	/* Header, tag and FCS are counted. */
	KUNIT_EXPECT_EQ(test, r->reg[VMBMEM / 4 + 1], 1522u);
	KUNIT_EXPECT_EQ(test, nc2b_ivf_start(&r->vf, &params), -EALREADY);
}

static void stop_is_step_by_step(struct kunit *test)
{
	static const struct event want[] = {
		{ 0x1528, 7 },			/* VTEIMC */
		{ IRQS_PUT },
		{ RXDCTL, 0x00010808 },
		{ TXDCTL, 0x00010108 },
		{ 0x0000, 0x04000000 },
		{ IDLE },
		{ MASTER_OFF },
	};
	struct rig *r = test->priv;

	KUNIT_ASSERT_EQ(test, nc2b_ivf_start(&r->vf, &params), 0);
	r->log_n = 0;
	KUNIT_EXPECT_EQ(test, nc2b_ivf_stop(&r->vf), 0);
	expect_log(test, want, ARRAY_SIZE(want));
	KUNIT_EXPECT_EQ(test, nc2b_ivf_stop(&r->vf), 0);
	KUNIT_EXPECT_EQ(test, r->log_n, 0u);
}

static void frames_that_do_not_leave_are_not_waited_for_long(struct kunit *test)
{
	struct rig *r = test->priv;

	KUNIT_ASSERT_EQ(test, nc2b_ivf_start(&r->vf, &params), 0);
	r->reg[TDH / 4] = 1;
	r->us = 0;
	KUNIT_EXPECT_EQ(test, nc2b_ivf_stop(&r->vf), 0);
	KUNIT_EXPECT_GE(test, r->us, 20000u);
	KUNIT_EXPECT_LE(test, r->us, 30000u);
}

static void check_sees_link_and_queue(struct kunit *test)
{
	struct rig *r = test->priv;

	KUNIT_EXPECT_EQ(test, nc2b_ivf_check(&r->vf), -EIO);
	KUNIT_ASSERT_EQ(test, nc2b_ivf_start(&r->vf, &params), 0);
	KUNIT_EXPECT_EQ(test, nc2b_ivf_check(&r->vf), 0);
	r->reg[VTSTATUS / 4] = 0;
	KUNIT_EXPECT_EQ(test, nc2b_ivf_check(&r->vf), -ENETDOWN);
	r->reg[VTSTATUS / 4] = BIT(1);
	KUNIT_EXPECT_EQ(test, nc2b_ivf_check(&r->vf), 0);
	r->reg[RXDCTL / 4] = 0;
	KUNIT_EXPECT_EQ(test, nc2b_ivf_check(&r->vf), -EIO);
}

struct itr_case {
	unsigned int us;
	u32 want;
};

static const struct itr_case itr_cases[] = {
	{ 0, 0 }, { 1, 4 }, { 20, 80 }, { 8191, 0x7ffc }, { 8192, 0x7ffc },
	{ UINT_MAX, 0x7ffc },
};

static void interval_is_clamped(struct kunit *test)
{
	struct nc2q_start start = params;
	struct rig *r = test->priv;
	int i;

	for (i = 0; i < ARRAY_SIZE(itr_cases); i++) {
		start.coalesce_us = itr_cases[i].us;
		KUNIT_ASSERT_EQ(test, nc2b_ivf_start(&r->vf, &start), 0);
		KUNIT_EXPECT_EQ(test, r->reg[0x1680 / 4], itr_cases[i].want);
		KUNIT_ASSERT_EQ(test, nc2b_ivf_stop(&r->vf), 0);
	}
}

static struct kunit_case vf_cases[] = {
	KUNIT_CASE(start_is_step_by_step),
	KUNIT_CASE(stop_is_step_by_step),
	KUNIT_CASE(frames_that_do_not_leave_are_not_waited_for_long),
	KUNIT_CASE(check_sees_link_and_queue),
	KUNIT_CASE(interval_is_clamped),
	{ }
};

static struct kunit_suite vf_suite = {
	.name = "nc2q_igbvf_vf",
	.init = rig_init,
	.test_cases = vf_cases,
};

kunit_test_suite(vf_suite);

MODULE_DESCRIPTION("KUnit: start and stop of an 82576 VF");
MODULE_LICENSE("GPL");
