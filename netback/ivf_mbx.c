// SPDX-License-Identifier: GPL-2.0
/*
 * The mailbox between a virtual function and the driver of its physical
 * function.
 *
 * One buffer serves both directions (82576EB datasheet, 7.10; 82599 datasheet,
 * 7.10).  Whoever writes or reads it takes it first (VFU, PFU), and gives it back
 * with the bit that tells the other end (REQ or STS: written, ACK: read).
 * Nothing else protects a message: the PF may put a control message where we
 * expect an answer, or take no notice of us at all.
 *
 * The newer handshake (&nc2b_ivf_mbx.hold) lets the writer keep the buffer until
 * the reader has said ACK, and the reader reads without taking it.
 *
 * The bits by which the PF tells us something are cleared by any read of the
 * register, also by one that looks for another bit; so each read is kept in
 * &nc2b_ivf_mbx.r2c until somebody has used it.
 */
#include "ivf_mbx.h"

#include <linux/build_bug.h>
#include <linux/errno.h>
#include <linux/string.h>

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
/* Ways to take 12 bits of a multicast address. */
#define HASH_KINDS		4

static_assert(1 + NC2B_IVF_MAX_MC / 2 <= NC2B_IVF_MBX_WORDS);

/* Reads the control register without losing what the read clears. */
static u32 mbx_ctrl(struct nc2b_ivf_mbx *m)
{
	u32 v = m->io->read(m->io->ctx, m->ctl);

	if (v == NC2B_IVF_GONE)
		return v;
	m->r2c |= v & NC2B_IVF_MBX_R2C;
	return v | m->r2c;
}

/*
 * Remembers whether a message tells that the PF no longer knows us.  Only the
 * answer to a reset may lack CTS for another reason.
 */
static void mbx_note(struct nc2b_ivf_mbx *m, u32 msg)
{
	u32 type = msg & NC2B_IVF_MSG_TYPE;

	if ((msg & NC2B_IVF_MSG_CTS) || type == NC2B_IVF_MSG_RESET)
		return;
	if (type == NC2B_IVF_MSG_PF_CONTROL || (msg & NC2B_IVF_MSG_NACK))
		m->lost = true;
}

/* Takes the buffer.  Returns 0, -EBUSY or -ENODEV. */
static int mbx_lock(struct nc2b_ivf_mbx *m)
{
	unsigned int i;
	u32 v;

	for (i = 0; i < LOCK_TRIES; i++) {
		m->io->write(m->io->ctx, m->ctl, NC2B_IVF_MBX_VFU);
		v = mbx_ctrl(m);
		if (v == NC2B_IVF_GONE)
			return -ENODEV;
		if (v & NC2B_IVF_MBX_VFU)
			return 0;
		/* A PF that waits for us to read does not let go before. */
		if (m->hold && (v & NC2B_IVF_MBX_PFSTS)) {
			m->r2c &= ~NC2B_IVF_MBX_PFSTS;
			mbx_note(m, m->io->read(m->io->ctx, m->mem));
			m->io->write(m->io->ctx, m->ctl, NC2B_IVF_MBX_ACK);
		}
		m->io->delay(m->io->ctx, LOCK_US);
	}
	return -EBUSY;
}

/* Waits for @bit of the PF and uses it up. */
static int mbx_wait(struct nc2b_ivf_mbx *m, u32 bit)
{
	unsigned int us;
	u32 v;

	for (us = 0; us < ANSWER_LIMIT_US; us += POLL_US) {
		v = mbx_ctrl(m);
		if (v == NC2B_IVF_GONE)
			return -ENODEV;
		/* A PF in reset has forgotten what we asked. */
		if (v & NC2B_IVF_MBX_RSTI)
			return -EIO;
		if (v & bit) {
			m->r2c &= ~bit;
			return 0;
		}
		m->io->delay(m->io->ctx, POLL_US);
	}
	return -ETIMEDOUT;
}

/* Writes a message and waits until the PF has read it. */
static int mbx_send(struct nc2b_ivf_mbx *m, const u32 *msg, unsigned int n)
{
	unsigned int i;
	int err;

	err = mbx_lock(m);
	if (err)
		return err;

	/* What the PF has left here is about to be overwritten. */
	if (m->r2c & NC2B_IVF_MBX_PFSTS)
		mbx_note(m, m->io->read(m->io->ctx, m->mem));
	m->r2c &= ~(NC2B_IVF_MBX_PFSTS | NC2B_IVF_MBX_PFACK);

	for (i = 0; i < n; i++)
		m->io->write(m->io->ctx, m->mem + 4 * i, msg[i]);

	/* Unless VFU is set again this also gives the buffer back. */
	m->io->write(m->io->ctx, m->ctl,
		     NC2B_IVF_MBX_REQ | (m->hold ? NC2B_IVF_MBX_VFU : 0));
	err = mbx_wait(m, NC2B_IVF_MBX_PFACK);
	if (m->hold)
		m->io->write(m->io->ctx, m->ctl, 0);
	return err;
}

static int mbx_recv(struct nc2b_ivf_mbx *m, u32 *msg, unsigned int n)
{
	unsigned int i;
	int err;

	err = m->hold ? 0 : mbx_lock(m);
	if (err)
		return err;

	for (i = 0; i < n; i++)
		msg[i] = m->io->read(m->io->ctx, m->mem + 4 * i);

	m->io->write(m->io->ctx, m->ctl, NC2B_IVF_MBX_ACK);
	return 0;
}

/*
 * Sends @out words of @msg and waits for the answer, of which @in words are put
 * into @msg.
 */
static int mbx_call(struct nc2b_ivf_mbx *m, u32 *msg, unsigned int out,
		    unsigned int in)
{
	u32 type = msg[0] & NC2B_IVF_MSG_TYPE;
	unsigned int i;
	int err;

	err = mbx_send(m, msg, out);
	for (i = 0; !err && i < STRAY_LIMIT; i++) {
		err = mbx_wait(m, NC2B_IVF_MBX_PFSTS);
		if (!err)
			err = mbx_recv(m, msg, in);
		if (err)
			break;
		if ((msg[0] & NC2B_IVF_MSG_TYPE) == type &&
		    (msg[0] & (NC2B_IVF_MSG_ACK | NC2B_IVF_MSG_NACK)))
			return 0;
		mbx_note(m, msg[0]);
	}
	return err ?: -EPROTO;
}

/**
 * nc2b_ivf_mbx_request - ask the PF for something
 * @m: the mailbox
 * @msg: the request, and filled in with the answer
 * @out: words of the request
 * @in: words of the answer that are wanted, at least 1
 *
 * Waits for the answer, a second at most for each step.
 *
 * Return: 0, -EPERM if the PF refuses, -EIO if the VF must be reset, or another
 * error.
 */
int nc2b_ivf_mbx_request(struct nc2b_ivf_mbx *m, u32 *msg, unsigned int out,
			 unsigned int in)
{
	int err;

	if (m->lost)
		return -EIO;
	err = mbx_call(m, msg, out, in);
	if (err)
		return err;

	mbx_note(m, msg[0]);
	if (m->lost)
		return -EIO;
	return msg[0] & NC2B_IVF_MSG_NACK ? -EPERM : 0;
}

/**
 * nc2b_ivf_mbx_reset - make the PF begin anew with this VF
 * @m: the mailbox
 * @mac: filled in with the address that the administrator has set, or zeros
 *
 * To be called after the VF has reset itself, and before anything else here.
 * The PF drops all that the VF has asked for, keeps the administrator's address,
 * and enables the VF's queues.  It does so with and without an address: a refusal
 * (NACK) means no more than that there is none.
 *
 * Return: 0, -EBUSY if the PF is in reset (its interface may be down),
 * -ETIMEDOUT if it does not answer, -ENODEV if the device is gone, or another
 * error.
 */
int nc2b_ivf_mbx_reset(struct nc2b_ivf_mbx *m, u8 mac[6])
{
	u32 msg[4] = { NC2B_IVF_MSG_RESET };
	unsigned int us, i;
	u32 v;
	int err;

	for (us = 0; ; us += POLL_US) {
		v = mbx_ctrl(m);
		if (v == NC2B_IVF_GONE)
			return -ENODEV;
		if (!(v & NC2B_IVF_MBX_RSTI))
			break;
		if (us >= RESET_LIMIT_US)
			return -EBUSY;
		m->io->delay(m->io->ctx, POLL_US);
	}
	/* Whatever has been said before does not count any more. */
	m->r2c = 0;
	m->lost = false;
	m->hold = false;

	err = mbx_call(m, msg, 1, m->tells_hash ? 4 : 3);
	if (err)
		return err;
	if (msg[3] >= HASH_KINDS)
		return -EPROTO;
	m->hash = msg[3];

	/* A control message from before the PF's answer is out of date. */
	m->lost = false;
	for (i = 0; i < 6; i++)
		mac[i] = msg[0] & NC2B_IVF_MSG_ACK ? msg[1 + i / 4] >> (8 * (i % 4)) : 0;
	return 0;
}

/*
 * The PF sets this bit of its 4096 bit table for us.  Of an address's 48 bits it
 * uses 12, which end 0, 1, 2 or 4 below the top.
 */
static u16 mc_hash(const struct nc2b_ivf_mbx *m, const u8 mac[6])
{
	static const u8 shift[HASH_KINDS] = { 4, 3, 2, 0 };

	return ((mac[4] | (mac[5] << 8)) >> shift[m->hash]) & 0xfff;
}

/**
 * nc2b_ivf_mbx_set_multicast - say what multicast the VF listens to
 * @m: the mailbox
 * @mc: the addresses
 * @n: how many
 *
 * The list replaces the one before.  Filtering is by hash: more may come.
 *
 * Return: 0, -E2BIG if @n is more than NC2B_IVF_MAX_MC, -EPERM if the PF
 * refuses, -EIO if the VF must be reset, or another error.
 */
int nc2b_ivf_mbx_set_multicast(struct nc2b_ivf_mbx *m, const u8 mc[][6],
			       unsigned int n)
{
	u32 msg[NC2B_IVF_MBX_WORDS] = {};
	unsigned int i;

	if (n > NC2B_IVF_MAX_MC)
		return -E2BIG;

	msg[0] = NC2B_IVF_MSG_MULTICAST | (n << NC2B_IVF_MSG_INFO_SHIFT);
	for (i = 0; i < n; i++)
		msg[1 + i / 2] |= (u32)mc_hash(m, mc[i]) << (16 * (i % 2));
	return nc2b_ivf_mbx_request(m, msg, 1 + (n + 1) / 2, 1);
}

/**
 * nc2b_ivf_mbx_set_lpe - set the longest frame that the VF takes
 * @m: the mailbox
 * @max_frame: bytes, counted as the family's PF does
 *
 * Return: 0, -EPERM if the PF refuses, -EIO if the VF must be reset, or another
 * error.
 */
int nc2b_ivf_mbx_set_lpe(struct nc2b_ivf_mbx *m, u32 max_frame)
{
	u32 msg[2] = { NC2B_IVF_MSG_LPE, max_frame };

	return nc2b_ivf_mbx_request(m, msg, 2, 1);
}

/**
 * nc2b_ivf_mbx_peek - look whether the PF has something to say
 * @m: the mailbox
 *
 * Waits some ms at most, for a PF that holds the buffer.
 *
 * Return: 0, -EIO if the PF was or is in reset, or has said that it knows
 * nothing of this VF: it must be reset; -ENODEV if the device is gone.
 */
int nc2b_ivf_mbx_peek(struct nc2b_ivf_mbx *m)
{
	u32 v = mbx_ctrl(m);
	u32 msg;

	if (v == NC2B_IVF_GONE)
		return -ENODEV;
	if (v & (NC2B_IVF_MBX_RSTI | NC2B_IVF_MBX_RSTD)) {
		m->r2c &= ~NC2B_IVF_MBX_RSTD;
		m->lost = true;
	}

	/* PFSTS stays for the next time while the PF holds the buffer. */
	if (!m->lost && (v & NC2B_IVF_MBX_PFSTS) && !mbx_recv(m, &msg, 1)) {
		m->r2c &= ~NC2B_IVF_MBX_PFSTS;
		mbx_note(m, msg);
	}
	return m->lost ? -EIO : 0;
}
