// SPDX-License-Identifier: GPL-2.0
/*
 * The mailbox of a VF, against a physical function played by the test: the
 * register as the datasheet has it, the driver behind it as igb behaves.
 */
#include <kunit/test.h>
#include <linux/module.h>

#include "netback/igbvf.c"
#include "netback/ivf_mbx.c"

#define V2PMAILBOX	0x0c40
#define VMBMEM(i)	(0x0800 + 4 * (i))

#define CTS	0x20000000u
#define NACK	0x40000000u
#define ACK	0x80000000u
#define PING	0x0100u

#define OUT_MAX	8
#define LONG	0xffffffffu

/**
 * struct fake_pf - the other end
 * @v2p: V2PMAILBOX
 * @mem: the buffer
 * @got: last request
 * @got_n: requests in all
 * @out: messages that the PF wants to send
 * @out_n: how many
 * @mac: address given to the VF
 * @us: time that has passed in @delay
 * @hold_us: PFU is held until then
 * @reset_us: RSTI is set until then
 * @pings: control messages to send before each answer
 * @cts: the PF knows the VF
 * @ping_lost: those pings lack CTS
 * @req: a request waits
 * @silent: requests are not answered
 * @refuse: they are answered with no
 * @gone: no device
 * @foul: the VF touched the buffer without having taken it
 */
struct fake_pf {
	u32 v2p;
	u32 mem[NC2B_IVF_MBX_WORDS];
	u32 got[NC2B_IVF_MBX_WORDS];
	unsigned int got_n;
	u32 out[OUT_MAX][3];
	unsigned int out_n;
	u8 mac[6];
	unsigned int us;
	unsigned int hold_us;
	unsigned int reset_us;
	unsigned int pings;
	bool cts;
	bool ping_lost;
	bool req;
	bool silent;
	bool refuse;
	bool gone;
	bool foul;
};

static void pf_say(struct fake_pf *pf, u32 a, u32 b, u32 c)
{
	if (pf->out_n == OUT_MAX)
		return;
	pf->out[pf->out_n][0] = a;
	pf->out[pf->out_n][1] = b;
	pf->out[pf->out_n][2] = c;
	pf->out_n++;
}

static void pf_answer(struct fake_pf *pf)
{
	u32 msg = pf->got[0];
	unsigned int i;
	bool has_mac = false;

	for (i = 0; i < pf->pings; i++)
		pf_say(pf, PING | (pf->ping_lost ? 0 : CTS), 0, 0);
	if (pf->ping_lost && pf->pings)
		pf->cts = false;

	for (i = 0; i < 6; i++)
		has_mac |= pf->mac[i];
	if (msg == NC2B_IVF_MSG_RESET) {
		pf->cts = true;
		if (has_mac)
			pf_say(pf, msg | ACK,
			       pf->mac[0] | pf->mac[1] << 8 | pf->mac[2] << 16 |
			       (u32)pf->mac[3] << 24,
			       pf->mac[4] | pf->mac[5] << 8);
		else
			pf_say(pf, msg | NACK, 0xffffffff, 0xffffffff);
	} else if (!pf->cts) {
		pf_say(pf, msg | NACK, 0, 0);
	} else {
		pf_say(pf, msg | CTS | (pf->refuse ? NACK : ACK), 0, 0);
	}
}

/* The PF's interrupt handler, and its wish to speak. */
static void pf_run(struct fake_pf *pf)
{
	if (pf->v2p & NC2B_IVF_MBX_VFU)
		return;
	if (pf->req && !pf->silent) {
		pf->req = false;
		pf->got_n++;
		memcpy(pf->got, pf->mem, sizeof(pf->got));
		pf->v2p |= NC2B_IVF_MBX_PFACK;
		pf_answer(pf);
		return;
	}
	if (!pf->out_n)
		return;
	memcpy(pf->mem, pf->out[0], sizeof(pf->out[0]));
	memmove(pf->out[0], pf->out[1], sizeof(pf->out) - sizeof(pf->out[0]));
	pf->out_n--;
	pf->v2p |= NC2B_IVF_MBX_PFSTS;
}

static u32 fake_read(void *ctx, u32 reg)
{
	struct fake_pf *pf = ctx;
	u32 v;

	if (pf->gone)
		return 0xffffffff;
	if (reg != V2PMAILBOX) {
		if (!(pf->v2p & NC2B_IVF_MBX_VFU))
			pf->foul = true;
		return pf->mem[(reg - VMBMEM(0)) / 4];
	}
	v = pf->v2p;
	pf->v2p &= ~NC2B_IVF_MBX_R2C;
	if (pf->us < pf->hold_us)
		v |= NC2B_IVF_MBX_PFU;
	if (pf->us < pf->reset_us)
		v |= NC2B_IVF_MBX_RSTI;
	return v;
}

static void fake_write(void *ctx, u32 reg, u32 val)
{
	struct fake_pf *pf = ctx;

	if (reg != V2PMAILBOX) {
		if (!(pf->v2p & NC2B_IVF_MBX_VFU))
			pf->foul = true;
		pf->mem[(reg - VMBMEM(0)) / 4] = val;
		return;
	}
	pf->v2p &= ~NC2B_IVF_MBX_VFU;
	if ((val & NC2B_IVF_MBX_VFU) && pf->us >= pf->hold_us)
		pf->v2p |= NC2B_IVF_MBX_VFU;
	if (val & NC2B_IVF_MBX_REQ)
		pf->req = true;
}

static void fake_delay(void *ctx, unsigned int us)
{
	struct fake_pf *pf = ctx;

	pf->us += us;
	if (!pf->gone && pf->us >= pf->reset_us)
		pf_run(pf);
}

struct rig {
	struct fake_pf pf;
	struct nc2b_ivf_host host;
	struct nc2b_ivf vf;
	u8 mac[6];
};

static int rig_init(struct kunit *test)
{
	struct rig *r = kunit_kzalloc(test, sizeof(*r), GFP_KERNEL);

	if (!r)
		return -ENOMEM;
	r->host.io = (struct nc2b_ivf_io){ fake_read, fake_write, fake_delay, &r->pf };
	nc2b_ivf_init(&r->vf, &nc2b_igbvf_models[NC2B_IGBVF_82576], &r->host);
	test->priv = r;
	return 0;
}

static void rig_exit(struct kunit *test)
{
	struct rig *r = test->priv;

	if (r)
		KUNIT_EXPECT_FALSE(test, r->pf.foul);
}

/* A mailbox after the first reset. */
static struct rig *ready(struct kunit *test)
{
	struct rig *r = test->priv;

	KUNIT_ASSERT_EQ(test, nc2b_ivf_mbx_reset(&r->vf.mbx, r->mac), 0);
	r->pf.got_n = 0;
	r->pf.us = 0;
	return r;
}

static void reset_gives_the_address(struct kunit *test)
{
	static const u8 mac[6] = { 0x00, 0x16, 0x3e, 0xfe, 0x80, 0xff };
	struct rig *r = test->priv;

	memcpy(r->pf.mac, mac, 6);
	KUNIT_EXPECT_EQ(test, nc2b_ivf_mbx_reset(&r->vf.mbx, r->mac), 0);
	KUNIT_EXPECT_MEMEQ(test, r->mac, mac, 6);
	KUNIT_EXPECT_EQ(test, r->pf.got[0], 1u);
}

static void reset_without_an_address_is_fine(struct kunit *test)
{
	static const u8 none[6];
	struct rig *r = test->priv;

	memset(r->mac, 0xff, 6);
	KUNIT_EXPECT_EQ(test, nc2b_ivf_mbx_reset(&r->vf.mbx, r->mac), 0);
	KUNIT_EXPECT_MEMEQ(test, r->mac, none, 6);
	KUNIT_EXPECT_EQ(test, nc2b_ivf_mbx_set_lpe(&r->vf.mbx, 1522), 0);
}

static void reset_forgets_what_was_said_before(struct kunit *test)
{
	struct rig *r = test->priv;

	r->pf.v2p = NC2B_IVF_MBX_RSTD | NC2B_IVF_MBX_PFSTS |
		    NC2B_IVF_MBX_PFACK;
	r->pf.mem[0] = PING;
	KUNIT_EXPECT_EQ(test, nc2b_ivf_mbx_reset(&r->vf.mbx, r->mac), 0);
	KUNIT_EXPECT_EQ(test, nc2b_ivf_mbx_peek(&r->vf.mbx), 0);
}

struct reset_case {
	const char *name;
	unsigned int reset_us;
	unsigned int hold_us;
	unsigned int pings;
	bool ping_lost;
	bool silent;
	bool gone;
	int want;
	unsigned int limit_us;
};

static const struct reset_case reset_cases[] = {
	{ "pf comes out of reset", .reset_us = 50000, .limit_us = 100000 },
	{ "pf stays in reset", .reset_us = LONG, .want = -EBUSY,
	  .limit_us = 300000 },
	{ "pf has the buffer for a while", .hold_us = 3000, .limit_us = 10000 },
	{ "pf keeps the buffer", .hold_us = LONG, .want = -EBUSY,
	  .limit_us = 20000 },
	{ "pf says nothing", .silent = true, .want = -ETIMEDOUT,
	  .limit_us = 1100000 },
	{ "device gone", .gone = true, .want = -ENODEV, .limit_us = 0 },
	{ "pings before the answer", .pings = 2, .limit_us = 10000 },
	{ "pings of a pf that has not seen us", .pings = 2, .ping_lost = true,
	  .limit_us = 10000 },
	{ "nothing but pings", .pings = OUT_MAX, .want = -EPROTO,
	  .limit_us = 10000 },
};

static void reset_copes(struct kunit *test)
{
	const struct reset_case *c = test->param_value;
	struct rig *r = test->priv;

	r->pf.reset_us = c->reset_us;
	r->pf.hold_us = c->hold_us;
	r->pf.pings = c->pings;
	r->pf.ping_lost = c->ping_lost;
	r->pf.silent = c->silent;
	r->pf.gone = c->gone;
	KUNIT_EXPECT_EQ(test, nc2b_ivf_mbx_reset(&r->vf.mbx, r->mac), c->want);
	KUNIT_EXPECT_LE(test, r->pf.us, c->limit_us);
}

static void reset_name(const struct reset_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(reset, reset_cases, reset_name);

static void multicast_is_packed(struct kunit *test)
{
	static const u8 mc[3][6] = {
		{ 0x01, 0x00, 0x5e, 0x00, 0x00, 0x01 },
		{ 0x33, 0x33, 0x00, 0x00, 0x00, 0xfb },
		{ 0x33, 0x33, 0xff, 0x12, 0x34, 0x56 },
	};
	struct rig *r = ready(test);

	KUNIT_EXPECT_EQ(test, nc2b_ivf_mbx_set_multicast(&r->vf.mbx, mc, 3), 0);
	KUNIT_EXPECT_EQ(test, r->pf.got[0], 0x00030003u);
	KUNIT_EXPECT_EQ(test, r->pf.got[1], 0x0fb00010u);
	KUNIT_EXPECT_EQ(test, r->pf.got[2], 0x00000563u);
}

static void multicast_list_may_be_empty(struct kunit *test)
{
	struct rig *r = ready(test);

	KUNIT_EXPECT_EQ(test, nc2b_ivf_mbx_set_multicast(&r->vf.mbx, NULL, 0), 0);
	KUNIT_EXPECT_EQ(test, r->pf.got[0], 0x00000003u);
}

static void multicast_list_has_a_limit(struct kunit *test)
{
	static u8 mc[31][6];
	struct rig *r = ready(test);

	memset(mc, 0xff, sizeof(mc));
	KUNIT_EXPECT_EQ(test, nc2b_ivf_mbx_set_multicast(&r->vf.mbx, mc, 31), -E2BIG);
	KUNIT_EXPECT_EQ(test, r->pf.got_n, 0u);
	KUNIT_EXPECT_EQ(test, nc2b_ivf_mbx_set_multicast(&r->vf.mbx, mc, 30), 0);
	KUNIT_EXPECT_EQ(test, r->pf.got[0], 0x001e0003u);
	KUNIT_EXPECT_EQ(test, r->pf.got[15], 0x0fff0fffu);
}

static void requests_are_as_the_pf_wants_them(struct kunit *test)
{
	struct rig *r = ready(test);

	KUNIT_EXPECT_EQ(test, nc2b_ivf_mbx_set_lpe(&r->vf.mbx, 9238), 0);
	KUNIT_EXPECT_EQ(test, r->pf.got[0], 0x5u);
	KUNIT_EXPECT_EQ(test, r->pf.got[1], 9238u);
	KUNIT_EXPECT_EQ(test, r->vf.model->set_allmulti(&r->vf, true), 0);
	KUNIT_EXPECT_EQ(test, r->pf.got[0], 0x00020006u);
	KUNIT_EXPECT_EQ(test, r->vf.model->set_allmulti(&r->vf, false), 0);
	KUNIT_EXPECT_EQ(test, r->pf.got[0], 0x6u);
	KUNIT_EXPECT_EQ(test, r->pf.got_n, 3u);
}

static void refusal_is_not_loss(struct kunit *test)
{
	struct rig *r = ready(test);

	r->pf.refuse = true;
	KUNIT_EXPECT_EQ(test, nc2b_ivf_mbx_set_lpe(&r->vf.mbx, 1522), -EPERM);
	KUNIT_EXPECT_EQ(test, nc2b_ivf_mbx_peek(&r->vf.mbx), 0);
	r->pf.refuse = false;
	KUNIT_EXPECT_EQ(test, nc2b_ivf_mbx_set_lpe(&r->vf.mbx, 1522), 0);
}

static void pf_that_forgot_us_needs_a_reset(struct kunit *test)
{
	struct rig *r = ready(test);

	r->pf.cts = false;
	KUNIT_EXPECT_EQ(test, nc2b_ivf_mbx_set_lpe(&r->vf.mbx, 1522), -EIO);
	r->pf.got_n = 0;
	KUNIT_EXPECT_EQ(test, nc2b_ivf_mbx_set_lpe(&r->vf.mbx, 1522), -EIO);
	KUNIT_EXPECT_EQ(test, r->pf.got_n, 0u);
	KUNIT_EXPECT_EQ(test, nc2b_ivf_mbx_peek(&r->vf.mbx), -EIO);
	KUNIT_EXPECT_EQ(test, nc2b_ivf_mbx_reset(&r->vf.mbx, r->mac), 0);
	KUNIT_EXPECT_EQ(test, nc2b_ivf_mbx_peek(&r->vf.mbx), 0);
}

static void ping_before_an_answer_is_passed_over(struct kunit *test)
{
	struct rig *r = ready(test);

	r->pf.pings = 2;
	KUNIT_EXPECT_EQ(test, nc2b_ivf_mbx_set_lpe(&r->vf.mbx, 1522), 0);
}

static void ping_without_cts_before_an_answer_counts(struct kunit *test)
{
	struct rig *r = ready(test);

	r->pf.pings = 1;
	r->pf.ping_lost = true;
	KUNIT_EXPECT_EQ(test, nc2b_ivf_mbx_set_lpe(&r->vf.mbx, 1522), -EIO);
}

static void message_in_the_way_is_looked_at(struct kunit *test)
{
	struct rig *r = ready(test);

	pf_say(&r->pf, PING, 0, 0);
	pf_run(&r->pf);
	/* The answer to the request itself is good. */
	KUNIT_EXPECT_EQ(test, nc2b_ivf_mbx_set_lpe(&r->vf.mbx, 1522), -EIO);
}

static void reset_of_the_pf_ends_a_request(struct kunit *test)
{
	struct rig *r = ready(test);

	r->pf.reset_us = LONG;
	KUNIT_EXPECT_EQ(test, nc2b_ivf_mbx_set_lpe(&r->vf.mbx, 1522), -EIO);
	KUNIT_EXPECT_LE(test, r->pf.us, 1000u);
}

static void request_of_a_silent_pf_times_out(struct kunit *test)
{
	struct rig *r = ready(test);

	r->pf.silent = true;
	KUNIT_EXPECT_EQ(test, r->vf.model->set_allmulti(&r->vf, true), -ETIMEDOUT);
	KUNIT_EXPECT_LE(test, r->pf.us, 1100000u);
}

struct peek_case {
	const char *name;
	u32 v2p;
	u32 msg;
	bool rsti;
	bool gone;
	int want;
	int again;
};

static const struct peek_case peek_cases[] = {
	{ "nothing" },
	{ "ping", .v2p = NC2B_IVF_MBX_PFSTS, .msg = PING | CTS },
	{ "ping without cts", .v2p = NC2B_IVF_MBX_PFSTS, .msg = PING,
	  .want = -EIO, .again = -EIO },
	{ "bare refusal", .v2p = NC2B_IVF_MBX_PFSTS, .msg = NACK,
	  .want = -EIO, .again = -EIO },
	{ "late answer", .v2p = NC2B_IVF_MBX_PFSTS, .msg = 5 | ACK | CTS },
	{ "late answer to a reset", .v2p = NC2B_IVF_MBX_PFSTS,
	  .msg = 1 | NACK },
	{ "stray ack", .v2p = NC2B_IVF_MBX_PFACK },
	{ "pf in reset", .rsti = true, .want = -EIO, .again = -EIO },
	{ "pf out of reset", .v2p = NC2B_IVF_MBX_RSTD, .want = -EIO,
	  .again = -EIO },
	{ "gone", .gone = true, .want = -ENODEV, .again = -ENODEV },
};

static void peek_tells(struct kunit *test)
{
	const struct peek_case *c = test->param_value;
	struct rig *r = ready(test);

	r->pf.v2p |= c->v2p;
	r->pf.mem[0] = c->msg;
	r->pf.reset_us = c->rsti ? LONG : 0;
	r->pf.gone = c->gone;
	KUNIT_EXPECT_EQ(test, nc2b_ivf_mbx_peek(&r->vf.mbx), c->want);
	r->pf.reset_us = 0;
	KUNIT_EXPECT_EQ(test, nc2b_ivf_mbx_peek(&r->vf.mbx), c->again);
}

static void peek_name(const struct peek_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(peek, peek_cases, peek_name);

/* The request's own reads clear the bit in the register. */
static void reset_seen_by_another_read_is_kept(struct kunit *test)
{
	struct rig *r = ready(test);

	r->pf.v2p |= NC2B_IVF_MBX_RSTD;
	KUNIT_EXPECT_EQ(test, nc2b_ivf_mbx_set_lpe(&r->vf.mbx, 1522), 0);
	KUNIT_EXPECT_EQ(test, nc2b_ivf_mbx_peek(&r->vf.mbx), -EIO);
}

static void peek_comes_back_to_a_held_buffer(struct kunit *test)
{
	struct rig *r = ready(test);

	r->pf.v2p |= NC2B_IVF_MBX_PFSTS;
	r->pf.mem[0] = PING;
	r->pf.hold_us = LONG;
	KUNIT_EXPECT_EQ(test, nc2b_ivf_mbx_peek(&r->vf.mbx), 0);
	r->pf.hold_us = 0;
	KUNIT_EXPECT_EQ(test, nc2b_ivf_mbx_peek(&r->vf.mbx), -EIO);
}

static struct kunit_case mbx_cases[] = {
	KUNIT_CASE(reset_gives_the_address),
	KUNIT_CASE(reset_without_an_address_is_fine),
	KUNIT_CASE(reset_forgets_what_was_said_before),
	KUNIT_CASE_PARAM(reset_copes, reset_gen_params),
	KUNIT_CASE(multicast_is_packed),
	KUNIT_CASE(multicast_list_may_be_empty),
	KUNIT_CASE(multicast_list_has_a_limit),
	KUNIT_CASE(requests_are_as_the_pf_wants_them),
	KUNIT_CASE(refusal_is_not_loss),
	KUNIT_CASE(pf_that_forgot_us_needs_a_reset),
	KUNIT_CASE(ping_before_an_answer_is_passed_over),
	KUNIT_CASE(ping_without_cts_before_an_answer_counts),
	KUNIT_CASE(message_in_the_way_is_looked_at),
	KUNIT_CASE(reset_of_the_pf_ends_a_request),
	KUNIT_CASE(request_of_a_silent_pf_times_out),
	KUNIT_CASE_PARAM(peek_tells, peek_gen_params),
	KUNIT_CASE(reset_seen_by_another_read_is_kept),
	KUNIT_CASE(peek_comes_back_to_a_held_buffer),
	{ }
};

static struct kunit_suite mbx_suite = {
	.name = "nc2q_igbvf_mbx",
	.init = rig_init,
	.exit = rig_exit,
	.test_cases = mbx_cases,
};

kunit_test_suite(mbx_suite);

MODULE_DESCRIPTION("KUnit: mailbox of an 82576 or I350 VF");
MODULE_LICENSE("GPL");
