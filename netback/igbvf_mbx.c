// SPDX-License-Identifier: GPL-2.0
/*
 * The mailbox between a virtual function and the driver of its physical
 * function.
 *
 * One buffer serves both directions (82576EB datasheet, 7.10).  Whoever writes
 * or reads it takes it first (VFU, PFU), and gives it back with the bit that
 * tells the other end (REQ or STS: written, ACK: read).  Nothing else protects
 * a message: the PF may put a control message where we expect an answer, or
 * take no notice of us at all.
 *
 * The bits by which the PF tells us something are cleared by any read of the
 * register, also by one that looks for another bit; so each read is kept in
 * &nc2b_igbvf_mbx.r2c until somebody has used it.
 */
#include "igbvf_mbx.h"
#include "igbvf_regs.h"

#include <linux/bits.h>
#include <linux/build_bug.h>
#include <linux/errno.h>
#include <linux/string.h>

/* First word of a message: type, then its argument, then these. */
#define MSG_TYPE		GENMASK(15, 0)
#define MSG_INFO_SHIFT		16
#define MSG_CTS			BIT(29)	/* PF takes requests of this VF */
#define MSG_NACK		BIT(30)
#define MSG_ACK			BIT(31)

#define MSG_VF_RESET		0x01
#define MSG_VF_SET_MULTICAST	0x03
#define MSG_VF_SET_LPE		0x05
#define MSG_VF_SET_PROMISC	0x06
#define MSG_PROMISC_MULTICAST	(2u << MSG_INFO_SHIFT)
#define MSG_PF_CONTROL		0x0100	/* from the PF, unasked */

/* The PF answers from its interrupt handler; a busy machine may delay that. */
#define POLL_US			100
#define ANSWER_LIMIT_US		1000000
/* A PF holds the buffer for some register accesses only. */
#define LOCK_TRIES		10
#define LOCK_US			1000
/* A PF's reset takes a few ms; with its interface down it lasts. */
#define RESET_LIMIT_US		200000
/* Messages in a row that are not the answer: the PF sends them singly. */
#define STRAY_LIMIT		4

static_assert(1 + NC2B_IGBVF_MAX_MC / 2 <= IGBVF_VMBMEM_WORDS);

/* Reads V2PMAILBOX without losing what the read clears. */
static u32 mbx_ctrl(struct nc2b_igbvf_mbx *m)
{
	u32 v = m->read(m->ctx, IGBVF_V2PMAILBOX);

	if (v == IGBVF_GONE)
		return v;
	m->r2c |= v & IGBVF_V2PMAILBOX_R2C;
	return v | m->r2c;
}

/* Takes the buffer.  Returns 0, -EBUSY or -ENODEV. */
static int mbx_lock(struct nc2b_igbvf_mbx *m)
{
	unsigned int i;
	u32 v;

	for (i = 0; i < LOCK_TRIES; i++) {
		m->write(m->ctx, IGBVF_V2PMAILBOX, IGBVF_V2PMAILBOX_VFU);
		v = mbx_ctrl(m);
		if (v == IGBVF_GONE)
			return -ENODEV;
		if (v & IGBVF_V2PMAILBOX_VFU)
			return 0;
		m->delay(m->ctx, LOCK_US);
	}
	return -EBUSY;
}

/* Waits for @bit of the PF and uses it up. */
static int mbx_wait(struct nc2b_igbvf_mbx *m, u32 bit)
{
	unsigned int us;
	u32 v;

	for (us = 0; us < ANSWER_LIMIT_US; us += POLL_US) {
		v = mbx_ctrl(m);
		if (v == IGBVF_GONE)
			return -ENODEV;
		/* A PF in reset has forgotten what we asked. */
		if (v & IGBVF_V2PMAILBOX_RSTI)
			return -EIO;
		if (v & bit) {
			m->r2c &= ~bit;
			return 0;
		}
		m->delay(m->ctx, POLL_US);
	}
	return -ETIMEDOUT;
}

/*
 * Remembers whether a message tells that the PF no longer knows us.  Only the
 * answer to a reset may lack CTS for another reason.
 */
static void mbx_note(struct nc2b_igbvf_mbx *m, u32 msg)
{
	u32 type = msg & MSG_TYPE;

	if ((msg & MSG_CTS) || type == MSG_VF_RESET)
		return;
	if (type == MSG_PF_CONTROL || (msg & MSG_NACK))
		m->lost = true;
}

static int mbx_send(struct nc2b_igbvf_mbx *m, const u32 *msg, unsigned int n)
{
	unsigned int i;
	int err;

	err = mbx_lock(m);
	if (err)
		return err;

	/* What the PF has left here is about to be overwritten. */
	if (m->r2c & IGBVF_V2PMAILBOX_PFSTS)
		mbx_note(m, m->read(m->ctx, IGBVF_VMBMEM(0)));
	m->r2c &= ~(IGBVF_V2PMAILBOX_PFSTS | IGBVF_V2PMAILBOX_PFACK);

	for (i = 0; i < n; i++)
		m->write(m->ctx, IGBVF_VMBMEM(i), msg[i]);

	/* VFU is not set again: this also gives the buffer back. */
	m->write(m->ctx, IGBVF_V2PMAILBOX, IGBVF_V2PMAILBOX_REQ);
	return 0;
}

static int mbx_recv(struct nc2b_igbvf_mbx *m, u32 *msg, unsigned int n)
{
	unsigned int i;
	int err;

	err = mbx_lock(m);
	if (err)
		return err;

	for (i = 0; i < n; i++)
		msg[i] = m->read(m->ctx, IGBVF_VMBMEM(i));

	m->write(m->ctx, IGBVF_V2PMAILBOX, IGBVF_V2PMAILBOX_ACK);
	return 0;
}

/*
 * Sends @out words of @msg and waits for the answer, of which @in words are put
 * into @msg.
 */
static int mbx_call(struct nc2b_igbvf_mbx *m, u32 *msg, unsigned int out,
		    unsigned int in)
{
	u32 type = msg[0] & MSG_TYPE;
	unsigned int i;
	int err;

	err = mbx_send(m, msg, out);
	if (!err)
		err = mbx_wait(m, IGBVF_V2PMAILBOX_PFACK);

	for (i = 0; !err && i < STRAY_LIMIT; i++) {
		err = mbx_wait(m, IGBVF_V2PMAILBOX_PFSTS);
		if (!err)
			err = mbx_recv(m, msg, in);
		if (err)
			break;
		if ((msg[0] & MSG_TYPE) == type &&
		    (msg[0] & (MSG_ACK | MSG_NACK)))
			return 0;
		mbx_note(m, msg[0]);
	}
	return err ?: -EPROTO;
}

/* A request whose answer is yes or no. */
static int mbx_request(struct nc2b_igbvf_mbx *m, u32 *msg, unsigned int n)
{
	int err;

	if (m->lost)
		return -EIO;
	err = mbx_call(m, msg, n, 1);
	if (err)
		return err;

	mbx_note(m, msg[0]);
	if (m->lost)
		return -EIO;
	return msg[0] & MSG_NACK ? -EPERM : 0;
}

/**
 * nc2b_igbvf_mbx_reset - make the PF begin anew with this VF
 * @m: the mailbox
 * @mac: filled in with the address that the administrator has set, or zeros
 *
 * To be called after the VF has reset itself (VTCTRL.RST), and before anything
 * else here.  The PF drops all filters of the VF but its address and enables
 * its queues.  It does so with and without an address: a refusal (NACK) means
 * no more than that there is none.
 *
 * Return: 0, -EBUSY if the PF is in reset (its interface may be down),
 * -ETIMEDOUT if it does not answer, -ENODEV if the device is gone, or another
 * error.
 */
int nc2b_igbvf_mbx_reset(struct nc2b_igbvf_mbx *m, u8 mac[6])
{
	u32 msg[3] = { MSG_VF_RESET };
	unsigned int us, i;
	u32 v;
	int err;

	for (us = 0; ; us += POLL_US) {
		v = mbx_ctrl(m);
		if (v == IGBVF_GONE)
			return -ENODEV;
		if (!(v & IGBVF_V2PMAILBOX_RSTI))
			break;
		if (us >= RESET_LIMIT_US)
			return -EBUSY;
		m->delay(m->ctx, POLL_US);
	}
	/* Whatever has been said before does not count any more. */
	m->r2c = 0;
	m->lost = false;

	err = mbx_call(m, msg, 1, 3);
	if (err)
		return err;

	/* A control message from before the PF's answer is out of date. */
	m->lost = false;
	for (i = 0; i < 6; i++)
		mac[i] = msg[0] & MSG_ACK ? msg[1 + i / 4] >> (8 * (i % 4)) : 0;
	return 0;
}

/*
 * The PF sets this bit of its 4096 bit table for us.  It uses the upper 12 of
 * an address's 48 bits, as filter type 0 does.
 */
static u16 mc_hash(const u8 mac[6])
{
	return ((mac[4] >> 4) | (mac[5] << 4)) & 0xfff;
}

/**
 * nc2b_igbvf_mbx_set_multicast - say what multicast the VF listens to
 * @m: the mailbox
 * @mc: the addresses
 * @n: how many
 *
 * The list replaces the one before.  Filtering is by hash: more may come.
 *
 * Return: 0, -E2BIG if @n is more than NC2B_IGBVF_MAX_MC, -EPERM if the PF
 * refuses, -EIO if the VF must be reset, or another error.
 */
int nc2b_igbvf_mbx_set_multicast(struct nc2b_igbvf_mbx *m, const u8 mc[][6],
				 unsigned int n)
{
	u32 msg[IGBVF_VMBMEM_WORDS] = {};
	unsigned int i;

	if (n > NC2B_IGBVF_MAX_MC)
		return -E2BIG;

	msg[0] = MSG_VF_SET_MULTICAST | (n << MSG_INFO_SHIFT);
	for (i = 0; i < n; i++)
		msg[1 + i / 2] |= (u32)mc_hash(mc[i]) << (16 * (i % 2));
	return mbx_request(m, msg, 1 + (n + 1) / 2);
}

/**
 * nc2b_igbvf_mbx_set_allmulti - have the VF get every multicast frame, or not
 * @m: the mailbox
 * @on: which
 *
 * Return: 0, -EPERM if the PF refuses, -EIO if the VF must be reset, or another
 * error.
 */
int nc2b_igbvf_mbx_set_allmulti(struct nc2b_igbvf_mbx *m, bool on)
{
	u32 msg[1] = { MSG_VF_SET_PROMISC | (on ? MSG_PROMISC_MULTICAST : 0) };

	return mbx_request(m, msg, 1);
}

/**
 * nc2b_igbvf_mbx_set_lpe - set the longest frame that the VF takes
 * @m: the mailbox
 * @max_frame: bytes, with the link layer header, a tag and the FCS
 *
 * Return: 0, -EPERM if the PF refuses, -EIO if the VF must be reset, or another
 * error.
 */
int nc2b_igbvf_mbx_set_lpe(struct nc2b_igbvf_mbx *m, u32 max_frame)
{
	u32 msg[2] = { MSG_VF_SET_LPE, max_frame };

	return mbx_request(m, msg, 2);
}

/**
 * nc2b_igbvf_mbx_peek - look whether the PF has something to say
 * @m: the mailbox
 *
 * Waits some ms at most, for a PF that holds the buffer.
 *
 * Return: 0, -EIO if the PF was or is in reset, or has said that it knows
 * nothing of this VF: it must be reset; -ENODEV if the device is gone.
 */
int nc2b_igbvf_mbx_peek(struct nc2b_igbvf_mbx *m)
{
	u32 v = mbx_ctrl(m);
	u32 msg;

	if (v == IGBVF_GONE)
		return -ENODEV;
	if (v & (IGBVF_V2PMAILBOX_RSTI | IGBVF_V2PMAILBOX_RSTD)) {
		m->r2c &= ~IGBVF_V2PMAILBOX_RSTD;
		m->lost = true;
	}

	/* PFSTS stays for the next time while the PF holds the buffer. */
	if (!m->lost && (v & IGBVF_V2PMAILBOX_PFSTS) && !mbx_recv(m, &msg, 1)) {
		m->r2c &= ~IGBVF_V2PMAILBOX_PFSTS;
		mbx_note(m, msg);
	}
	return m->lost ? -EIO : 0;
}
