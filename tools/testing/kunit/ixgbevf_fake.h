/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A VF of the 82599 family, its register file and the driver of its physical
 * function, played for KUnit.  Registers and messages are written as the
 * datasheet and the stock ixgbe have them, not with the constants of the code.
 *
 * Like the real one it keeps what a reset of the VF does not touch: queues stay
 * enabled, unless @reset_ends, and whatever has been set up for them.
 */
#ifndef IXGBEVF_FAKE_H
#define IXGBEVF_FAKE_H

#include <kunit/test.h>
#include <linux/bits.h>
#include <linux/if_ether.h>
#include <linux/string.h>

#include "netback/ixgbevf.h"

#define FAKE_CTS	0x20000000u
#define FAKE_NACK	0x40000000u
#define FAKE_ACK	0x80000000u
#define FAKE_PING	0x0100u
#define FAKE_LONG	0x7fffffffu
#define FAKE_ENABLE	0x02000000u

#define VFCTRL		0x0000
#define VFSTATUS	0x0008
#define VFLINKS		0x0010
#define VFMBMEM		0x0200
#define VFMAILBOX	0x02fc
#define RXDCTL(n)	(0x1028 + 0x40 * (n))
#define TXDCTL(n)	(0x2028 + 0x40 * (n))
#define FAKE_REGS	0x4000
#define FAKE_PAIRS	8

/* What happens beside register writes, in the log. */
#define EV_MASTER_ON	0xf0000001u
#define EV_MASTER_OFF	0xf0000002u
#define EV_IRQS_GET	0xf0000003u
#define EV_IRQS_PUT	0xf0000004u
#define EV_IDLE		0xf0000005u
#define FAKE_LOG	512
#define FAKE_OUT	8

/**
 * struct fake_queue - ENABLE of one queue
 * @want: as written
 * @is: as read
 * @at: time when @is follows
 * @on_us: what that takes
 * @off_us: the same for the other way
 */
struct fake_queue {
	bool want;
	bool is;
	unsigned int at;
	unsigned int on_us;
	unsigned int off_us;
};

/**
 * struct fake_pf - the driver of the physical function
 * @apis: bit n: API n of the messages is known
 * @deaf: bit n: requests of type n get no answer
 * @refuse: bit n: they are refused
 * @is_82599: the rule about jumbo frames
 * @mtu: its own MTU
 * @trusts: the VF may have every multicast frame
 * @tcs: traffic classes, or 1: a VLAN is set
 * @pairs: queue pairs of the VF
 * @link_off: the VF's link has been switched off by the administrator
 * @link_down: as told by messages (E610)
 * @hash: kind of multicast filter
 * @mac: address of the VF
 * @pings: stray control messages before each answer
 * @ping_lost: they lack CTS
 * @cts: the VF is known
 * @api: what has been agreed on
 * @newer: the handshake of API 1.5 is in use: from the answer that agrees on it on
 * @xcast: mode, as its driver has noted it
 * @gives: mode, as the NIC has it
 * @changes: how often that has changed
 * @lpe: last frame size asked for
 * @rx_off: receive is off for the VF
 * @mc: last multicast message
 * @got: requests by type
 * @req: a request waits
 * @holds: it has written and waits for ACK (@newer)
 * @out: what it wants to say
 * @out_n: how much of that
 */
struct fake_pf {
	u32 apis;
	u32 deaf;
	u32 refuse;
	bool is_82599;
	u32 mtu;
	bool trusts;
	u32 tcs;
	u32 pairs;
	bool link_off;
	bool link_down;
	u32 hash;
	u8 mac[6];
	unsigned int pings;
	bool ping_lost;
	bool cts;
	u32 api;
	bool newer;
	u32 xcast;
	u32 gives;
	unsigned int changes;
	u32 lpe;
	bool rx_off;
	u32 mc[16];
	u32 got[32];
	bool req;
	bool holds;
	u32 out[FAKE_OUT][16];
	unsigned int out_n;
};

/**
 * struct fake - all of it
 * @vf: under test
 * @host: how it reaches us
 * @pf: the other end of the mailbox
 * @reg: plain registers
 * @mbx: the mailbox's control register
 * @rx: receive queues
 * @tx: transmit queues
 * @us: time
 * @reset_at: RSTI from then on ...
 * @reset_us: ... for so long, then RSTD; 0: no reset
 * @reset_ends: queues that are not off are, after a reset of the VF
 * @keep_us: the PF has the buffer until then
 * @gone_at: no device from then on; 0: it stays
 * @back_at: there again from then on; 0: never
 * @reset_by_pci: a reset has taken the bus and the interrupts away
 * @busy: transactions stay pending
 * @no_irq: interrupts are not to be had
 * @master: the bus is the device's
 * @irqs: interrupts are requested
 * @foul: a rule was broken
 * @log: register writes and events: what, value
 * @log_n: how many
 * @reads: register reads
 */
struct fake {
	struct nc2b_ivf vf;
	struct nc2b_ivf_host host;
	struct fake_pf pf;
	u32 reg[FAKE_REGS / 4];
	u32 mbx;
	struct fake_queue rx[FAKE_PAIRS];
	struct fake_queue tx[FAKE_PAIRS];
	unsigned int us;
	unsigned int reset_at;
	unsigned int reset_us;
	bool reset_ends;
	unsigned int keep_us;
	unsigned int gone_at;
	unsigned int back_at;
	bool reset_by_pci;
	bool busy;
	bool no_irq;
	bool master;
	bool irqs;
	const char *foul;
	u32 log[FAKE_LOG][2];
	unsigned int log_n;
	unsigned int reads;
};

static void fake_note(struct fake *f, u32 what, u32 val)
{
	if (f->log_n == FAKE_LOG) {
		f->foul = "too much to log";
		return;
	}
	f->log[f->log_n][0] = what;
	f->log[f->log_n++][1] = val;
}

static bool fake_gone(const struct fake *f)
{
	return f->gone_at && f->us >= f->gone_at && !(f->back_at && f->us >= f->back_at);
}

static bool fake_in_reset(const struct fake *f)
{
	return f->reset_us && f->us >= f->reset_at &&
	       f->us - f->reset_at < f->reset_us;
}

static void pf_say(struct fake_pf *pf, const u32 *msg)
{
	if (pf->out_n < FAKE_OUT)
		memcpy(pf->out[pf->out_n++], msg, sizeof(pf->out[0]));
}

static bool pf_lpe(struct fake_pf *pf, u32 max_frame)
{
	bool jumbo_pf = pf->mtu > 1500, jumbo = max_frame > 1518;

	pf->lpe = max_frame;
	if (max_frame < 68 || max_frame > 9728)
		return false;
	if (!pf->is_82599)
		return true;
	pf->rx_off = jumbo_pf ? pf->api < 2 : jumbo;
	return !pf->rx_off;
}

static bool pf_xcast(struct fake_pf *pf, u32 *mode)
{
	if (pf->api < 3 || *mode > 2)
		return false;
	if (*mode > 1 && !pf->trusts)
		*mode = 1;
	/* What it has noted already it does not do once more. */
	if (pf->xcast != *mode) {
		pf->gives = *mode;
		pf->changes++;
	}
	pf->xcast = *mode;
	return true;
}

/* Whether the answer is yes. */
static bool pf_decide(struct fake_pf *pf, u32 *msg)
{
	switch (msg[0] & 0xffff) {
	case 0x03:
		memcpy(pf->mc, msg, sizeof(pf->mc));
		return true;
	case 0x05:
		return pf_lpe(pf, msg[1]);
	case 0x08:
		if (msg[1] > 31 || !(pf->apis & BIT(msg[1])))
			return false;
		pf->api = msg[1];
		return true;
	case 0x09:
		msg[1] = pf->pairs;
		msg[2] = pf->pairs;
		msg[3] = pf->tcs;
		msg[4] = 0;
		return pf->api >= 2;
	case 0x0c:
		return pf_xcast(pf, &msg[1]);
	case 0x10:
		msg[1] = !pf->link_off;
		return pf->api >= 3;
	case 0x11:
		msg[1] = 0x80;
		msg[2] = !pf->link_down;
		return pf->api >= 7;
	}
	return false;
}

static void pf_reset_msg(struct fake_pf *pf, u32 *msg)
{
	static const u8 none[6];
	bool has_mac = memcmp(pf->mac, none, 6);

	pf->cts = true;
	pf->rx_off = pf->is_82599 && pf->mtu > 1500;
	memset(msg, 0, 16 * sizeof(*msg));
	msg[0] = 0x01 | (has_mac ? FAKE_ACK : FAKE_NACK);
	if (has_mac) {
		msg[1] = pf->mac[0] | pf->mac[1] << 8 | pf->mac[2] << 16 |
			 (u32)pf->mac[3] << 24;
		msg[2] = pf->mac[4] | pf->mac[5] << 8;
	}
	msg[3] = pf->hash;
}

static void pf_answer(struct fake_pf *pf, u32 *msg)
{
	u32 ping[16] = { FAKE_PING | (pf->ping_lost ? 0 : FAKE_CTS) };
	u32 type = msg[0] & 0x1f;
	unsigned int i;

	pf->got[type]++;
	if (pf->deaf & BIT(type))
		return;
	for (i = 0; i < pf->pings; i++)
		pf_say(pf, ping);
	if (pf->pings && pf->ping_lost)
		pf->cts = false;
	if (type == 1)
		pf_reset_msg(pf, msg);
	else if (!pf->cts)
		msg[0] |= FAKE_NACK;
	else if (!(pf->refuse & BIT(type)) && pf_decide(pf, msg))
		msg[0] |= FAKE_CTS | FAKE_ACK;
	else
		msg[0] |= FAKE_CTS | FAKE_NACK;
	pf_say(pf, msg);
}

/* The PF's interrupt handler, and its wish to speak. */
static void pf_run(struct fake *f)
{
	struct fake_pf *pf = &f->pf;
	u32 *mem = &f->reg[VFMBMEM / 4], msg[16];

	if (fake_in_reset(f) || f->us < f->keep_us)
		return;
	/* Only with the newer handshake may the VF keep what the PF reads. */
	if (pf->req && (pf->newer || !(f->mbx & BIT(2)))) {
		pf->req = false;
		memcpy(msg, mem, sizeof(msg));
		f->mbx |= BIT(5);
		pf_answer(pf, msg);
		return;
	}
	if (!pf->out_n || pf->holds || (f->mbx & BIT(2)))
		return;
	memcpy(mem, pf->out[0], sizeof(pf->out[0]));
	memmove(pf->out[0], pf->out[1], sizeof(pf->out) - sizeof(pf->out[0]));
	pf->out_n--;
	pf->holds = pf->newer;
	pf->newer |= (mem[0] & 0xffff) == 0x08 && pf->api == 6;
	f->mbx |= BIT(4);
}

static void mbx_write(struct fake *f, u32 val)
{
	bool pfu = f->pf.holds || f->us < f->keep_us;

	f->mbx &= ~BIT(2);
	if ((val & BIT(2)) && !pfu)
		f->mbx |= BIT(2);
	if (val & BIT(1))
		f->pf.holds = false;
	if (val & BIT(0))
		f->pf.req = true;
}

static u32 mbx_read(struct fake *f)
{
	u32 v = f->mbx;

	f->mbx &= ~(BIT(4) | BIT(5) | BIT(7));
	if (f->pf.holds || f->us < f->keep_us)
		v |= BIT(3);
	if (fake_in_reset(f))
		v |= BIT(6);
	return v;
}

static bool mbx_mem_is_ours(const struct fake *f)
{
	return f->mbx & BIT(2) || f->pf.holds;
}

static struct fake_queue *fake_queue(struct fake *f, u32 reg)
{
	unsigned int n = (reg >> 6) & 7;

	if (reg == RXDCTL(n))
		return &f->rx[n];
	return reg == TXDCTL(n) ? &f->tx[n] : NULL;
}

static void fake_queue_run(const struct fake *f, struct fake_queue *q)
{
	if (q->is != q->want && f->us >= q->at)
		q->is = q->want;
}

static u32 fake_read(void *ctx, u32 reg)
{
	struct fake *f = ctx;
	struct fake_queue *q = fake_queue(f, reg);

	f->reads++;
	if (fake_gone(f))
		return 0xffffffff;
	if (reg >= VFMBMEM && reg < VFMBMEM + 64 && !mbx_mem_is_ours(f))
		f->foul = "mailbox read without having it";
	if (reg == VFMAILBOX)
		return mbx_read(f);
	if (!q)
		return f->reg[reg / 4];
	fake_queue_run(f, q);
	return (f->reg[reg / 4] & ~FAKE_ENABLE) | (q->is ? FAKE_ENABLE : 0);
}

static void fake_write(void *ctx, u32 reg, u32 val)
{
	struct fake *f = ctx;
	struct fake_queue *q = fake_queue(f, reg);
	unsigned int n;

	if (fake_gone(f))
		return;
	fake_note(f, reg, val);
	if (reg >= VFMBMEM && reg < VFMBMEM + 64 && !(f->mbx & BIT(2)))
		f->foul = "mailbox written without having it";
	if (reg == VFMAILBOX) {
		mbx_write(f, val);
		return;
	}
	/* The reset clears itself, and the PF forgets. */
	if (reg == VFCTRL) {
		f->pf.api = 0;
		f->pf.newer = false;
		f->pf.holds = false;
		for (n = 0; f->reset_ends && n < ARRAY_SIZE(f->rx); n++) {
			f->rx[n].is = false;
			f->tx[n].is = false;
			f->rx[n].want = false;
			f->tx[n].want = false;
		}
		return;
	}
	f->reg[reg / 4] = val;
	if (!q)
		return;
	fake_queue_run(f, q);
	if (q->want == !!(val & FAKE_ENABLE))
		return;
	q->want = !q->want;
	q->at = f->us + (q->want ? q->on_us : q->off_us);
}

static void fake_delay(void *ctx, unsigned int us)
{
	struct fake *f = ctx;
	unsigned int was = f->us, end = f->reset_at + f->reset_us;

	f->us += us;
	if (f->reset_us && was < f->reset_at && f->us >= f->reset_at) {
		memset(f->rx, 0, sizeof(f->rx));
		memset(f->tx, 0, sizeof(f->tx));
		f->pf.cts = false;
		f->pf.req = false;
		f->pf.out_n = 0;
	}
	if (f->reset_us && was < end && f->us >= end)
		f->mbx |= BIT(7);
	if (!fake_gone(f))
		pf_run(f);
}

static void fake_set_master(void *ctx, bool on)
{
	struct fake *f = ctx;
	int i;

	fake_note(f, on ? EV_MASTER_ON : EV_MASTER_OFF, 0);
	f->master = on;
	f->reset_by_pci &= !on;
	for (i = 0; on && i < FAKE_PAIRS; i++)
		if (f->rx[i].is || f->tx[i].is)
			f->foul = "the bus given to a device that is not quiet";
}

static bool fake_configured(void *ctx)
{
	struct fake *f = ctx;

	return f->master && !f->reset_by_pci;
}

static bool fake_back(void *ctx)
{
	struct fake *f = ctx;
	unsigned int end = f->us + 1000000;

	while (fake_gone(f)) {
		if (f->us >= end)
			return false;
		fake_delay(f, 20000);
	}
	return true;
}

static bool fake_idle(void *ctx)
{
	struct fake *f = ctx;

	fake_note(f, EV_IDLE, 0);
	return !f->busy;
}

static int fake_irqs_get(void *ctx)
{
	struct fake *f = ctx;

	if (f->no_irq)
		return -ENOSPC;
	fake_note(f, EV_IRQS_GET, 0);
	f->irqs = true;
	return 0;
}

static void fake_irqs_put(void *ctx)
{
	struct fake *f = ctx;

	fake_note(f, EV_IRQS_PUT, 0);
	f->irqs = false;
}

/* A VF of the model, with link, behind a PF that knows all and refuses nothing. */
static void fake_make(struct fake *f, enum nc2b_ixgbevf model)
{
	f->host = (struct nc2b_ivf_host){
		.io = { fake_read, fake_write, fake_delay, f },
		.set_master = fake_set_master,
		.configured = fake_configured,
		.back = fake_back,
		.idle = fake_idle,
		.irqs_get = fake_irqs_get,
		.irqs_put = fake_irqs_put,
	};
	f->pf.apis = model == NC2B_IXGBEVF_E610 ? 0xbd : 0x3d;
	f->pf.is_82599 = model == NC2B_IXGBEVF_82599;
	f->pf.mtu = 1500;
	f->pf.pairs = 2;
	f->reg[VFLINKS / 4] = BIT(30);
	nc2b_ivf_init(&f->vf, &nc2b_ixgbevf_models[model], &f->host);
}

static int fake_test_init(struct kunit *test)
{
	struct fake *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);

	if (!f)
		return -ENOMEM;
	f->vf.rings.rx = kunit_kzalloc(test, NC2B_IVF_RX_BYTES, GFP_KERNEL);
	f->vf.rings.tx = kunit_kzalloc(test, NC2B_IVF_TX_BYTES, GFP_KERNEL);
	f->vf.rx_dma = 0x1234567000ULL;
	f->vf.tx_dma = 0x89abcde000ULL;
	test->priv = f;
	return f->vf.rings.rx && f->vf.rings.tx ? 0 : -ENOMEM;
}

static void fake_test_exit(struct kunit *test)
{
	struct fake *f = test->priv;

	if (f)
		KUNIT_EXPECT_NULL_MSG(test, f->foul, "%s", f->foul);
}

static int fake_start(struct fake *f, u32 mtu)
{
	struct nc2q_start params = { .buf_size = 2048, .mtu = mtu, .coalesce_us = 20 };

	return nc2b_ivf_start(&f->vf, &params);
}

#endif /* IXGBEVF_FAKE_H */
