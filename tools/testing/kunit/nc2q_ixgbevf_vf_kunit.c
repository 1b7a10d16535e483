// SPDX-License-Identifier: GPL-2.0
/*
 * Start, stop and care of a VF of the 82599 family, on a register file with
 * queues that come and go late or never, and a device that may vanish.
 */
#include <kunit/test.h>
#include <linux/module.h>

#include "tools/testing/kunit/ixgbevf_fake.h"

#define RXDCTL_VME	0x40000000u

/* First entry of the log at or after @from that says so, or -1. */
static int find(const struct fake *f, int from, u32 what)
{
	int i;

	for (i = from; i >= 0 && i < f->log_n; i++)
		if (f->log[i][0] == what)
			return i;
	return -1;
}

struct reg_case {
	u32 reg;
	u32 val;
};

/* What a started VF has in its registers. */
static const struct reg_case reg_cases[] = {
	{ 0x0300, 0x00001330 },		/* VFPSRTYPE: no spreading */
	{ 0x100c, 0x00000200 },		/* VFDCA_RXCTRL, VFDCA_TXCTRL */
	{ 0x200c, 0x00002200 },
	{ 0x1000, 0x34567000 },		/* VFRDBAL, VFRDBAH, VFRDLEN */
	{ 0x1004, 0x12 },
	{ 0x1008, 32768 },
	{ 0x1014, 0x12000402 },		/* VFSRRCTL: drop, advanced, 2 KiB */
	{ 0x1010, 0 },			/* VFRDH, VFRDT */
	{ 0x1018, 0 },
	{ 0x1028, FAKE_ENABLE | RXDCTL_VME },
	{ 0x2000, 0xabcde000 },		/* VFTDBAL, VFTDBAH, VFTDLEN */
	{ 0x2004, 0x89 },
	{ 0x2008, 8192 },
	{ 0x2010, 0 },			/* VFTDH, VFTDT */
	{ 0x2018, 0 },
	{ 0x2028, FAKE_ENABLE | 0x0120 },
	{ 0x2038, 0 },			/* VFTDWBAL, VFTDWBAH */
	{ 0x203c, 0 },
	{ 0x0820, 80 },			/* VTEITR: 20 us, 0 */
	{ 0x0824, 0 },
	{ 0x0120, 0x8080 },		/* VTIVAR, VTIVAR_MISC */
	{ 0x0140, 0x81 },
	{ 0x0110, 3 },			/* VTEIAC, VTEIAM, VTEIMS */
	{ 0x0114, 1 },
	{ 0x0108, 3 },
};

static void started_vf_is_set_up(struct kunit *test)
{
	struct fake *f = test->priv;
	int i, model;

	for (model = 0; model < NC2B_IXGBEVF_MODELS; model++) {
		fake_make(f, model);
		memset(&f->reg[0x1000 / 4], 0x5a, 0x2200);
		f->reg[0x3000 / 4] = 1;
		f->log_n = 0;
		KUNIT_ASSERT_EQ(test, fake_start(f, 1500), 0);
		for (i = 0; i < ARRAY_SIZE(reg_cases); i++)
			KUNIT_EXPECT_EQ_MSG(test, f->reg[reg_cases[i].reg / 4],
					    reg_cases[i].val, "register %x",
					    reg_cases[i].reg);
		/* VFMRQC is there in later members only. */
		KUNIT_EXPECT_EQ(test, find(f, 0, 0x3000) >= 0,
				model != NC2B_IXGBEVF_82599);
		KUNIT_EXPECT_EQ(test, f->reg[0x3000 / 4],
				model == NC2B_IXGBEVF_82599 ? 1u : 0u);
		KUNIT_EXPECT_EQ(test, nc2b_ivf_stop(&f->vf), 0);
	}
}

/* Reset, quiet, bus, interrupts, queues, and interrupts armed last. */
static void start_has_its_order(struct kunit *test)
{
	static const u32 steps[] = {
		VFCTRL, VFMAILBOX, RXDCTL(0), RXDCTL(7), EV_MASTER_ON, EV_IRQS_GET,
		0x1000, 0x1014, RXDCTL(0), TXDCTL(0), 0x0110, 0x0108,
	};
	struct fake *f = test->priv;
	int i, at = 0;

	fake_make(f, NC2B_IXGBEVF_82599);
	KUNIT_ASSERT_EQ(test, fake_start(f, 1500), 0);
	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		at = find(f, at, steps[i]);
		KUNIT_ASSERT_GE_MSG(test, at, 0, "step %d", i);
		at++;
	}
	KUNIT_EXPECT_EQ_MSG(test, at, f->log_n, "something after the last step");
	KUNIT_EXPECT_EQ(test, fake_start(f, 1500), -EALREADY);
}

/* A driver before us has left all on, with a head write-back somewhere. */
static void nothing_is_left_of_the_past(struct kunit *test)
{
	struct fake *f = test->priv;
	int i;

	fake_make(f, NC2B_IXGBEVF_82599);
	f->pf.pairs = FAKE_PAIRS;
	for (i = 0; i < FAKE_PAIRS; i++) {
		f->rx[i] = (struct fake_queue){ .want = true, .is = true, .off_us = 200 };
		f->tx[i] = (struct fake_queue){ .want = true, .is = true, .off_us = 300 };
		f->reg[(0x2038 + 0x40 * i) / 4] = 0xdead0001;
		f->reg[(0x203c + 0x40 * i) / 4] = 0xdead;
	}
	KUNIT_ASSERT_EQ(test, fake_start(f, 1500), 0);
	for (i = 0; i < FAKE_PAIRS; i++) {
		KUNIT_EXPECT_EQ(test, f->rx[i].is, !i);
		KUNIT_EXPECT_EQ(test, f->tx[i].is, !i);
		KUNIT_EXPECT_EQ(test, f->reg[(0x2038 + 0x40 * i) / 4], 0u);
		KUNIT_EXPECT_EQ(test, f->reg[(0x203c + 0x40 * i) / 4], 0u);
	}
}

struct fail_case {
	const char *name;
	u32 buf_size;
	u32 mtu;
	unsigned int rx_on;
	unsigned int tx_on;
	/* Queue pair 1 was on. */
	unsigned int old_off;
	bool no_irq;
	bool no_link;
	int want;
	bool want_master;
	unsigned int limit_us;
};

static const struct fail_case fail_cases[] = {
	{ "all is well", 2048, 1500, .limit_us = 20000 },
	{ "larger buffers", 4096, 1500, .limit_us = 20000 },
	{ "odd buffers", 1024, 1500, .want = -EINVAL },
	{ "too large an MTU", 2048, 9199, .want = -EINVAL },
	{ "receive on late", 2048, 1500, .rx_on = 9000, .limit_us = 40000 },
	{ "receive never on", 2048, 1500, .rx_on = FAKE_LONG, .want = -EBUSY,
	  .want_master = true, .limit_us = 300000 },
	{ "transmit on late", 2048, 1500, .tx_on = 9000, .limit_us = 40000 },
	{ "transmit never on", 2048, 1500, .tx_on = FAKE_LONG, .want = -EBUSY,
	  .want_master = true, .limit_us = 300000 },
	{ "old queue off late", 2048, 1500, .old_off = 90000, .limit_us = 200000 },
	{ "old queue never off", 2048, 1500, .old_off = FAKE_LONG,
	  .want = -EBUSY, .limit_us = 300000 },
	{ "no interrupts", 2048, 1500, .no_irq = true, .want = -ENOSPC,
	  .want_master = true, .limit_us = 300000 },
	{ "no link", 2048, 1500, .no_link = true, .want = -ENETDOWN,
	  .limit_us = 300000 },
};

static void failed_start_leaves_no_dma(struct kunit *test)
{
	const struct fail_case *c = test->param_value;
	struct nc2q_start params = { .buf_size = c->buf_size, .mtu = c->mtu };
	struct fake *f = test->priv;

	fake_make(f, NC2B_IXGBEVF_X550);
	f->rx[0].on_us = c->rx_on;
	f->tx[0].on_us = c->tx_on;
	if (c->old_off)
		f->rx[1] = (struct fake_queue){ true, true, .off_us = c->old_off };
	f->no_irq = c->no_irq;
	f->reg[VFLINKS / 4] = c->no_link ? 0 : BIT(30);
	KUNIT_EXPECT_EQ(test, nc2b_ivf_start(&f->vf, &params), c->want);
	KUNIT_EXPECT_EQ(test, f->vf.started, !c->want);
	KUNIT_EXPECT_EQ(test, f->master, !c->want);
	KUNIT_EXPECT_EQ(test, f->irqs, !c->want);
	KUNIT_EXPECT_EQ(test, find(f, 0, EV_MASTER_ON) >= 0,
			!c->want || c->want_master);
	KUNIT_EXPECT_LE(test, f->us, c->limit_us);
	/* An argument that cannot be is refused before anything is done. */
	if (c->want == -EINVAL)
		KUNIT_EXPECT_EQ(test, f->log_n, 0u);
}

static void fail_name(const struct fail_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(fail, fail_cases, fail_name);

struct stop_case {
	const char *name;
	unsigned int rx_off;
	unsigned int tx_off;
	bool full;
	bool busy;
	bool gone;
	unsigned int goes_at;
	unsigned int back_at;
	bool pf_reset;
	bool reset_ends;
	int want;
	unsigned int limit_us;
};

static const struct stop_case stop_cases[] = {
	{ "at once", .limit_us = 2000 },
	{ "receive off late", .rx_off = 90000, .limit_us = 100000 },
	{ "receive never off", .rx_off = FAKE_LONG, .want = -ETIMEDOUT,
	  .limit_us = 120000 },
	{ "transmit off late", .tx_off = 90000, .limit_us = 100000 },
	{ "transmit never off", .tx_off = FAKE_LONG, .want = -ETIMEDOUT,
	  .limit_us = 120000 },
	{ "neither ever off", .rx_off = FAKE_LONG, .tx_off = FAKE_LONG,
	  .want = -ETIMEDOUT, .limit_us = 220000 },
	{ "neither off before the reset", .rx_off = FAKE_LONG, .tx_off = FAKE_LONG,
	  .reset_ends = true, .limit_us = 220000 },
	{ "frames that do not leave", .full = true, .limit_us = 30000 },
	{ "transactions pending", .busy = true, .want = -ETIMEDOUT,
	  .limit_us = 2000 },
	{ "device gone", .gone = true, .want = -ETIMEDOUT, .limit_us = 1022000 },
	{ "away for a reset", .gone = true, .back_at = 100000, .limit_us = 122000 },
	{ "taken away by a reset on the way", .rx_off = 1000, .goes_at = 50,
	  .back_at = 100000, .limit_us = 122000 },
	{ "pf in reset", .pf_reset = true, .limit_us = 2000 },
};

/* However the device behaves, the bus is not its any more at the end. */
static void stop_ends_dma(struct kunit *test)
{
	const struct stop_case *c = test->param_value;
	struct fake *f = test->priv;
	int irqs, rx, idle, master;

	fake_make(f, NC2B_IXGBEVF_82599);
	KUNIT_ASSERT_EQ(test, fake_start(f, 1500), 0);
	f->rx[0].off_us = c->rx_off;
	f->tx[0].off_us = c->tx_off;
	f->reg[0x2010 / 4] = c->full;
	f->busy = c->busy;
	f->reset_ends = c->reset_ends;
	f->us = 0;
	f->gone_at = c->gone ? 1 : c->goes_at;
	f->back_at = c->back_at;
	f->us = c->gone;
	f->reset_us = c->pf_reset ? FAKE_LONG : 0;
	f->log_n = 0;

	KUNIT_EXPECT_EQ(test, nc2b_ivf_stop(&f->vf), c->want);
	KUNIT_EXPECT_FALSE(test, f->master);
	KUNIT_EXPECT_FALSE(test, f->irqs);
	KUNIT_EXPECT_FALSE(test, f->vf.started);
	KUNIT_EXPECT_LE(test, f->us, c->limit_us);

	/* No handler may run when the queue goes; the bus goes last. */
	irqs = find(f, 0, EV_IRQS_PUT);
	idle = find(f, 0, EV_IDLE);
	master = find(f, 0, EV_MASTER_OFF);
	KUNIT_EXPECT_GE(test, irqs, 0);
	KUNIT_EXPECT_GT(test, idle, irqs);
	KUNIT_EXPECT_GT(test, master, idle);
	KUNIT_EXPECT_EQ(test, f->log[f->log_n - 1][0], EV_MASTER_OFF);
	/* Once, but of one that is stopped a second time. */
	if (!c->goes_at)
		KUNIT_EXPECT_EQ(test, master, f->log_n - 1);
	if (!c->gone && !c->goes_at) {
		KUNIT_EXPECT_EQ(test, f->reg[0x010c / 4], 7u);
		rx = find(f, 0, RXDCTL(0));
		KUNIT_EXPECT_GT(test, rx, irqs);
		KUNIT_EXPECT_GT(test, find(f, rx, TXDCTL(0)), rx);
		KUNIT_EXPECT_GT(test, find(f, rx, VFCTRL), rx);
		KUNIT_EXPECT_LT(test, find(f, rx, VFCTRL), idle);
	}

	/* Once more is nothing. */
	f->log_n = 0;
	KUNIT_EXPECT_EQ(test, nc2b_ivf_stop(&f->vf), 0);
	KUNIT_EXPECT_EQ(test, f->log_n, 0u);
}

static void stop_name(const struct stop_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(stop, stop_cases, stop_name);

static void stopped_vf_is_left_alone(struct kunit *test)
{
	const struct nc2q_filter filter = {};
	struct fake *f = test->priv;

	fake_make(f, NC2B_IXGBEVF_82599);
	KUNIT_EXPECT_EQ(test, nc2b_ivf_stop(&f->vf), 0);
	KUNIT_EXPECT_EQ(test, nc2b_ivf_check(&f->vf), -EIO);
	KUNIT_EXPECT_EQ(test, nc2b_ivf_set_mtu(&f->vf, 1500), -EIO);
	KUNIT_EXPECT_EQ(test, nc2b_ivf_set_filter(&f->vf, &filter), -EIO);
	KUNIT_EXPECT_EQ(test, f->log_n + f->reads, 0u);
}

struct check_case {
	const char *name;
	enum nc2b_ixgbevf model;
	u32 mbx;
	u32 msg;
	bool rsti;
	bool no_link;
	bool pf_no_link;
	u32 deaf;
	bool rx_off;
	bool gone;
	bool reset_by_pci;
	int want;
	bool lasting;
};

static const struct check_case check_cases[] = {
	{ "all is well", NC2B_IXGBEVF_82599 },
	{ "all is well, E610", NC2B_IXGBEVF_E610 },
	{ "ping", NC2B_IXGBEVF_82599, .mbx = BIT(4), .msg = FAKE_PING | FAKE_CTS },
	{ "ping without cts", NC2B_IXGBEVF_82599, .mbx = BIT(4), .msg = FAKE_PING,
	  .want = -EIO, .lasting = true },
	{ "bare refusal", NC2B_IXGBEVF_82599, .mbx = BIT(4), .msg = FAKE_NACK,
	  .want = -EIO, .lasting = true },
	{ "late answer", NC2B_IXGBEVF_82599, .mbx = BIT(4),
	  .msg = 5 | FAKE_ACK | FAKE_CTS },
	{ "late answer to a reset", NC2B_IXGBEVF_82599, .mbx = BIT(4),
	  .msg = 1 | FAKE_NACK },
	{ "pf in reset", NC2B_IXGBEVF_82599, .rsti = true, .want = -EIO,
	  .lasting = true },
	{ "pf out of reset", NC2B_IXGBEVF_82599, .mbx = BIT(7), .want = -EIO,
	  .lasting = true },
	{ "link down", NC2B_IXGBEVF_82599, .no_link = true, .want = -ENETDOWN },
	{ "link down by message", NC2B_IXGBEVF_82599, .pf_no_link = true },
	{ "link down by message, E610", NC2B_IXGBEVF_E610, .pf_no_link = true,
	  .want = -ENETDOWN },
	{ "the register does not count, E610", NC2B_IXGBEVF_E610, .no_link = true },
	{ "link down, X550", NC2B_IXGBEVF_X550, .no_link = true, .want = -ENETDOWN },
	{ "no answer about link, E610", NC2B_IXGBEVF_E610, .deaf = BIT(0x11),
	  .want = -EIO },
	{ "queue off by itself", NC2B_IXGBEVF_82599, .rx_off = true, .want = -EIO },
	{ "gone", NC2B_IXGBEVF_82599, .gone = true, .want = -EIO },
	{ "reset by pci", NC2B_IXGBEVF_82599, .reset_by_pci = true, .want = -EIO,
	  .lasting = true },
};

static void check_sees(struct kunit *test)
{
	const struct check_case *c = test->param_value;
	struct fake *f = test->priv;

	fake_make(f, c->model);
	KUNIT_ASSERT_EQ(test, fake_start(f, 1500), 0);
	f->mbx |= c->mbx;
	f->reg[VFMBMEM / 4] = c->msg;
	f->us = c->gone;
	f->gone_at = c->gone;
	f->reset_us = c->rsti ? FAKE_LONG : 0;
	f->reg[VFLINKS / 4] = c->no_link ? 0 : BIT(30);
	f->pf.link_down = c->pf_no_link;
	f->pf.deaf = c->deaf;
	f->reset_by_pci = c->reset_by_pci;
	if (c->rx_off)
		memset(f->rx, 0, sizeof(f->rx));
	KUNIT_EXPECT_EQ(test, nc2b_ivf_check(&f->vf), c->want);

	/* All is well again, but a PF that forgot us does not remember. */
	f->reset_us = 0;
	f->gone_at = 0;
	f->pf.deaf = 0;
	f->pf.link_down = false;
	f->reg[VFLINKS / 4] = BIT(30);
	f->rx[0] = (struct fake_queue){ true, true };
	KUNIT_EXPECT_EQ(test, nc2b_ivf_check(&f->vf), c->lasting ? -EIO : 0);
	/* A new start is what helps. */
	nc2b_ivf_stop(&f->vf);
	KUNIT_EXPECT_EQ(test, fake_start(f, 1500), 0);
	KUNIT_EXPECT_EQ(test, nc2b_ivf_check(&f->vf), 0);
}

static void check_name(const struct check_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(check, check_cases, check_name);

struct mtu_case {
	const char *name;
	enum nc2b_ixgbevf model;
	u32 apis;
	u32 pf_mtu;
	u32 mtu;
	int want;
};

/* The 82599 knows one size of frames for all: what its PF driver makes of that. */
static const struct mtu_case mtu_cases[] = {
	{ "82599, none has jumbo", NC2B_IXGBEVF_82599, 0x3d, 1500, 1500 },
	{ "82599, smaller", NC2B_IXGBEVF_82599, 0x3d, 1500, 1280 },
	{ "82599, the vf wants it", NC2B_IXGBEVF_82599, 0x3d, 1500, 1501, -EMSGSIZE },
	{ "82599, both have it", NC2B_IXGBEVF_82599, 0x3d, 9000, 9000 },
	{ "82599, the pf has it", NC2B_IXGBEVF_82599, 0x3d, 9000, 1500 },
	{ "82599, the pf has it, 1.1", NC2B_IXGBEVF_82599, 0x05, 9000, 1500 },
	{ "82599, the pf has it, 1.0", NC2B_IXGBEVF_82599, 0x01, 9000, 1500,
	  -EMSGSIZE },
	{ "82599, both have it, 1.0", NC2B_IXGBEVF_82599, 0x01, 9000, 9000,
	  -EMSGSIZE },
	{ "X550, the vf wants it", NC2B_IXGBEVF_X550, 0x3d, 1500, 9000 },
	{ "X550, largest", NC2B_IXGBEVF_X550, 0x3d, 1500, 9198 },
	{ "X550, too large", NC2B_IXGBEVF_X550, 0x3d, 1500, 9199, -EINVAL },
	{ "X550, 1.0", NC2B_IXGBEVF_X550, 0x01, 9000, 9000 },
};

static void mtu_is_taken_or_refused(struct kunit *test)
{
	const struct mtu_case *c = test->param_value;
	struct fake *f = test->priv;

	fake_make(f, c->model);
	f->pf.apis = c->apis;
	f->pf.mtu = c->pf_mtu;
	KUNIT_EXPECT_EQ(test, fake_start(f, c->mtu), c->want);
	KUNIT_EXPECT_EQ(test, f->vf.started, !c->want);
	if (!c->want) {
		KUNIT_EXPECT_FALSE(test, f->pf.rx_off);
		KUNIT_EXPECT_EQ(test, f->pf.lpe, c->mtu + 18);
	}
}

static void mtu_name(const struct mtu_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(mtu, mtu_cases, mtu_name);

static void mtu_may_change_while_started(struct kunit *test)
{
	struct fake *f = test->priv;

	fake_make(f, NC2B_IXGBEVF_82599);
	KUNIT_ASSERT_EQ(test, fake_start(f, 1500), 0);
	KUNIT_EXPECT_EQ(test, nc2b_ivf_set_mtu(&f->vf, 1400), 0);
	KUNIT_EXPECT_EQ(test, nc2b_ivf_set_mtu(&f->vf, 9199), -EINVAL);
	KUNIT_EXPECT_FALSE(test, f->pf.rx_off);
	/* Receive is off after a refusal, until something else is accepted. */
	KUNIT_EXPECT_EQ(test, nc2b_ivf_set_mtu(&f->vf, 9000), -EMSGSIZE);
	KUNIT_EXPECT_TRUE(test, f->pf.rx_off);
	KUNIT_EXPECT_EQ(test, nc2b_ivf_set_mtu(&f->vf, 1500), 0);
	KUNIT_EXPECT_FALSE(test, f->pf.rx_off);
}

static void interval_is_clamped(struct kunit *test)
{
	static const u32 us[][2] = {
		{ 0, 0 }, { 1, 0 }, { 2, 8 }, { 20, 80 }, { 21, 80 },
		{ 1022, 0xff8 }, { 1023, 0xff8 }, { UINT_MAX, 0xff8 },
	};
	struct nc2q_start params = { .buf_size = 2048, .mtu = 1500 };
	struct fake *f = test->priv;
	int i;

	fake_make(f, NC2B_IXGBEVF_X550);
	for (i = 0; i < ARRAY_SIZE(us); i++) {
		f->log_n = 0;
		params.coalesce_us = us[i][0];
		KUNIT_ASSERT_EQ(test, nc2b_ivf_start(&f->vf, &params), 0);
		KUNIT_EXPECT_EQ(test, f->reg[0x0820 / 4], us[i][1]);
		KUNIT_ASSERT_EQ(test, nc2b_ivf_stop(&f->vf), 0);
	}
}

static struct kunit_case vf_cases[] = {
	KUNIT_CASE(started_vf_is_set_up),
	KUNIT_CASE(start_has_its_order),
	KUNIT_CASE(nothing_is_left_of_the_past),
	KUNIT_CASE_PARAM(failed_start_leaves_no_dma, fail_gen_params),
	KUNIT_CASE_PARAM(stop_ends_dma, stop_gen_params),
	KUNIT_CASE(stopped_vf_is_left_alone),
	KUNIT_CASE_PARAM(check_sees, check_gen_params),
	KUNIT_CASE_PARAM(mtu_is_taken_or_refused, mtu_gen_params),
	KUNIT_CASE(mtu_may_change_while_started),
	KUNIT_CASE(interval_is_clamped),
	{ }
};

static struct kunit_suite vf_suite = {
	.name = "nc2q_ixgbevf_vf",
	.init = fake_test_init,
	.exit = fake_test_exit,
	.test_cases = vf_cases,
};

kunit_test_suite(vf_suite);

MODULE_DESCRIPTION("KUnit: start, stop and care of an 82599 VF");
MODULE_LICENSE("GPL");
