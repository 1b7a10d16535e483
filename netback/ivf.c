// SPDX-License-Identifier: GPL-2.0
/*
 * A virtual function of an Intel NIC: how it is started, stopped and looked
 * after.
 */
#include "ivf.h"

#include <linux/bits.h>
#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/wordpart.h>

/* From the reset of the VF until the PF's interrupt handler has run, and more. */
#define RESET_US		1000

/*
 * Limits of waits.  To drain: what fits a full transmit ring, 512 * 4 KiB,
 * takes 17 ms at 1 Gbit/s.  To disable: until the last access to memory is
 * over; a PCIe completion may take 50 ms.
 */
#define DRAIN_LIMIT_US		20000
#define DISABLE_LIMIT_US	100000
#define ENABLE_LIMIT_US		10000
#define POLL_US			50
/* The bit that says "off" may be ahead of the last write's way to memory. */
#define SETTLE_US		100

static void wait_us(const struct nc2b_ivf *vf, unsigned int us)
{
	vf->host->io.delay(vf->host->io.ctx, us);
}

/**
 * nc2b_ivf_init - fill in a virtual function
 * @vf: zeroed; its rings' memory and tails are the caller's to set
 * @model: what it is
 * @host: how it is reached
 */
void nc2b_ivf_init(struct nc2b_ivf *vf, const struct nc2b_ivf_model *model,
		   const struct nc2b_ivf_host *host)
{
	vf->model = model;
	vf->host = host;
	vf->rings.fmt = model->fmt;
	vf->mbx.io = &host->io;
	vf->mbx.ctl = model->regs->mbx;
	vf->mbx.mem = model->regs->mbmem;
	vf->mbx.tells_hash = model->tells_hash;
}

/* Whether ENABLE of a queue becomes what it should within @limit us. */
static bool wait_enable(const struct nc2b_ivf *vf, u32 xdctl, u32 want,
			unsigned int limit)
{
	unsigned int us;
	u32 v;

	for (us = 0;; us += POLL_US) {
		v = nc2b_ivf_rd(vf, xdctl);
		if (v == NC2B_IVF_GONE)
			return false;
		if ((v & NC2B_IVF_XDCTL_ENABLE) == want)
			return true;
		if (us >= limit)
			return false;
		wait_us(vf, POLL_US);
	}
}

/**
 * nc2b_ivf_queue_is_off - wait until a queue that was disabled is off
 * @vf: the virtual function
 * @xdctl: offset of the queue's XDCTL
 *
 * Return: true; false if it takes longer than any access to memory.
 */
bool nc2b_ivf_queue_is_off(const struct nc2b_ivf *vf, u32 xdctl)
{
	return wait_enable(vf, xdctl, 0, DISABLE_LIMIT_US);
}

static bool queue_on(const struct nc2b_ivf *vf, u32 xdctl, u32 val)
{
	nc2b_ivf_wr(vf, xdctl, val | NC2B_IVF_XDCTL_ENABLE);
	/* The tail may move only once the queue says that it is on. */
	return wait_enable(vf, xdctl, NC2B_IVF_XDCTL_ENABLE, ENABLE_LIMIT_US);
}

/* ENABLE reads 1 until the NIC is done with the ring and the buffers. */
static bool queue_off(const struct nc2b_ivf *vf, u32 xdctl)
{
	nc2b_ivf_wr(vf, xdctl, nc2b_ivf_rd(vf, xdctl) & ~NC2B_IVF_XDCTL_ENABLE);
	return nc2b_ivf_queue_is_off(vf, xdctl);
}

static void queue_base(const struct nc2b_ivf *vf, u32 queue, dma_addr_t dma,
		       u32 bytes)
{
	nc2b_ivf_wr(vf, queue + NC2B_IVF_BAL, lower_32_bits(dma));
	nc2b_ivf_wr(vf, queue + NC2B_IVF_BAH, upper_32_bits(dma));
	nc2b_ivf_wr(vf, queue + NC2B_IVF_LEN, bytes);
}

static void queue_rewind(const struct nc2b_ivf *vf, u32 queue)
{
	nc2b_ivf_wr(vf, queue + NC2B_IVF_HEAD, 0);
	nc2b_ivf_wr(vf, queue + NC2B_IVF_TAIL, 0);
}

/* Program and enable both queues, with empty rings; false if one stays off. */
static bool rings_on(struct nc2b_ivf *vf, u32 buf_size)
{
	const struct nc2b_ivf_model *m = vf->model;
	u32 rx = m->regs->rx, tx = m->regs->tx;

	nc2b_ivf_rings_empty(&vf->rings, buf_size);

	queue_base(vf, rx, vf->rx_dma, NC2B_IVF_RX_BYTES);
	/* A guest that gives no buffers must not fill the FIFO that all share. */
	nc2b_ivf_wr(vf, m->srrctl, m->srrctl_val |
		    buf_size >> NC2B_IVF_SRRCTL_BSIZEPKT_SHIFT);
	queue_rewind(vf, rx);
	queue_base(vf, tx, vf->tx_dma, NC2B_IVF_TX_BYTES);
	queue_rewind(vf, tx);

	return queue_on(vf, rx + NC2B_IVF_XDCTL, m->rxdctl) &&
	       queue_on(vf, tx + NC2B_IVF_XDCTL, m->txdctl);
}

/*
 * Disable both queues.  Frames that have not left in time (no link, say) are
 * lost.  Returns whether the NIC has confirmed that it uses neither ring.
 */
static bool rings_off(struct nc2b_ivf *vf)
{
	u32 rx = vf->model->regs->rx, tx = vf->model->regs->tx;
	bool off = queue_off(vf, rx + NC2B_IVF_XDCTL);
	unsigned int us;

	for (us = 0; us < DRAIN_LIMIT_US; us += POLL_US) {
		if (nc2b_ivf_rd(vf, tx + NC2B_IVF_HEAD) ==
		    nc2b_ivf_rd(vf, tx + NC2B_IVF_TAIL))
			break;
		wait_us(vf, POLL_US);
	}
	off &= queue_off(vf, tx + NC2B_IVF_XDCTL);
	wait_us(vf, SETTLE_US);
	return off;
}

/**
 * nc2b_ivf_eitr - value of EITR for a time between interrupts
 * @model: what the virtual function is
 * @us: least time, us; what is too long is made as long as it can be
 *
 * Return: the value.
 */
u32 nc2b_ivf_eitr(const struct nc2b_ivf_model *model, u32 us)
{
	u32 max_us = model->itr_mask >> NC2B_IVF_EITR_SHIFT;

	return (min(us, max_us) << NC2B_IVF_EITR_SHIFT) & model->itr_mask;
}

/* Auto-clear before enable: QEMU never sends a cause twice that is not cleared. */
static void irqs_arm(const struct nc2b_ivf *vf, u32 us)
{
	const struct nc2b_ivf_regs *r = vf->model->regs;
	u32 data = NC2B_IVF_IVAR_VALID | NC2B_IVF_VEC_DATA;

	nc2b_ivf_wr(vf, r->eitr + 4 * NC2B_IVF_VEC_DATA, nc2b_ivf_eitr(vf->model, us));
	nc2b_ivf_wr(vf, r->eitr + 4 * NC2B_IVF_VEC_MBX, 0);
	nc2b_ivf_wr(vf, r->ivar, data | data << 8);
	nc2b_ivf_wr(vf, r->ivar_misc, NC2B_IVF_IVAR_VALID | NC2B_IVF_VEC_MBX);
	nc2b_ivf_wr(vf, r->eiac, BIT(NC2B_IVF_VEC_DATA) | BIT(NC2B_IVF_VEC_MBX));
	nc2b_ivf_wr(vf, r->eiam, BIT(NC2B_IVF_VEC_DATA));
	nc2b_ivf_wr(vf, r->eims, BIT(NC2B_IVF_VEC_DATA) | BIT(NC2B_IVF_VEC_MBX));
}

static void irqs_off(const struct nc2b_ivf *vf)
{
	nc2b_ivf_wr(vf, vf->model->regs->eimc, NC2B_IVF_VECTORS_ALL);
	/* The read comes back after the write has arrived. */
	nc2b_ivf_rd(vf, vf->model->regs->status);
	vf->host->irqs_put(vf->host->io.ctx);
}

/* Whether neither queue may begin anything; does not wait. */
static bool are_off(const struct nc2b_ivf *vf)
{
	const struct nc2b_ivf_regs *r = vf->model->regs;

	return wait_enable(vf, r->rx + NC2B_IVF_XDCTL, 0, 0) &&
	       wait_enable(vf, r->tx + NC2B_IVF_XDCTL, 0, 0);
}

/* Returns false if the device is gone. */
static bool reset(const struct nc2b_ivf *vf)
{
	u32 status;

	nc2b_ivf_wr(vf, vf->model->regs->ctrl, NC2B_IVF_CTRL_RST);
	status = nc2b_ivf_rd(vf, vf->model->regs->status);
	/*
	 * Let the PF take notice of the reset before it gets a message: should
	 * it come to them in the other order it would forget the message.
	 */
	if (status != NC2B_IVF_GONE)
		wait_us(vf, RESET_US);
	return status != NC2B_IVF_GONE;
}

/*
 * End all DMA.  Each step proves more than the one before, and the last, the
 * switch that PCI itself provides, is thrown whatever they have said.
 * Returns false if it was needed.
 */
static bool quiesce(struct nc2b_ivf *vf)
{
	bool clean = nc2b_ivf_rd(vf, vf->model->regs->status) != NC2B_IVF_GONE;

	if (clean) {
		clean = rings_off(vf);
		/*
		 * The PF hears of it and forgets what this VF has asked for.  It also ends
		 * a queue that does not obey, because its frames cannot leave (pause).
		 */
		reset(vf);
		clean = clean || are_off(vf);
	}
	clean &= vf->host->idle(vf->host->io.ctx);
	vf->host->set_master(vf->host->io.ctx, false);
	/* A read's completion pushes writes of the device before it. */
	nc2b_ivf_rd(vf, vf->model->regs->status);
	return clean;
}

/* 0 or -ENETDOWN, -ENODEV, or what the PF's answer to a question was. */
static int look_at_link(struct nc2b_ivf *vf)
{
	u32 v = nc2b_ivf_rd(vf, vf->model->regs->link);
	int err = -EOPNOTSUPP;

	if (v == NC2B_IVF_GONE)
		err = -ENODEV;
	else if (vf->model->ask_link)
		err = vf->model->ask_link(vf);
	if (err == -EOPNOTSUPP)
		err = v & vf->model->link_up ? 0 : -ENETDOWN;
	return err;
}

static int tell_mtu(struct nc2b_ivf *vf, u32 mtu)
{
	int err = nc2b_ivf_mbx_set_lpe(&vf->mbx, mtu + vf->model->overhead);

	return err == -EPERM ? -EMSGSIZE : err;
}

static int hello(struct nc2b_ivf *vf, u32 mtu)
{
	u8 mac[6];
	int err;

	if (!reset(vf))
		return -ENODEV;
	/* The address is the administrator's business and may come later. */
	err = nc2b_ivf_mbx_reset(&vf->mbx, mac);
	if (!err && vf->model->greet)
		err = vf->model->greet(vf);
	if (!err)
		err = tell_mtu(vf, mtu);
	if (!err)
		err = look_at_link(vf);

	switch (err) {
	case 0:
	case -ENODEV:
	case -ENETDOWN:
	case -EMSGSIZE:
	case -EOPNOTSUPP:
		return err;
	default:
		return -EBUSY;
	}
}

/**
 * nc2b_ivf_start - &nc2q_ops.start
 * @vf: the virtual function
 * @params: what to start it with
 *
 * The bus is given to the device only when it has been reset and found quiet:
 * nothing that was set up before may be used.
 *
 * Return: 0 or an error as &nc2q_ops.start says; the device is quiet then.
 */
int nc2b_ivf_start(struct nc2b_ivf *vf, const struct nc2q_start *params)
{
	const struct nc2b_ivf_host *h = vf->host;
	int err;

	if (vf->started)
		return -EALREADY;
	if (params->mtu > vf->model->max_mtu ||
	    (params->buf_size != 2048 && params->buf_size != 4096))
		return -EINVAL;

	err = hello(vf, params->mtu);
	if (err)
		goto err_quiesce;
	h->set_master(h->io.ctx, true);
	err = h->irqs_get(h->io.ctx);
	if (err)
		goto err_quiesce;
	if (!rings_on(vf, params->buf_size)) {
		err = -EBUSY;
		goto err_irqs;
	}
	vf->started = true;
	irqs_arm(vf, params->coalesce_us);
	return 0;

err_irqs:
	irqs_off(vf);
err_quiesce:
	quiesce(vf);
	return err;
}

/**
 * nc2b_ivf_stop - &nc2q_ops.stop
 * @vf: the virtual function
 *
 * Return: 0; -ETIMEDOUT if DMA had to be ended by force.
 */
int nc2b_ivf_stop(struct nc2b_ivf *vf)
{
	const struct nc2b_ivf_host *h = vf->host;
	bool there, clean;

	if (!vf->started)
		return 0;
	vf->started = false;
	irqs_off(vf);
	there = h->back(h->io.ctx);
	clean = quiesce(vf);
	/* It may have been taken away on the way. */
	if (there && !clean && nc2b_ivf_rd(vf, vf->model->regs->status) == NC2B_IVF_GONE &&
	    h->back(h->io.ctx))
		clean = quiesce(vf);
	return clean ? 0 : -ETIMEDOUT;
}

/**
 * nc2b_ivf_check - &nc2q_ops.check
 * @vf: the virtual function
 *
 * Return: 0, -ENETDOWN: no link; -EIO: it must be stopped and started again.
 */
int nc2b_ivf_check(struct nc2b_ivf *vf)
{
	const struct nc2b_ivf_regs *r = vf->model->regs;
	int err;

	if (!vf->started)
		return -EIO;
	if (nc2b_ivf_rd(vf, r->status) == NC2B_IVF_GONE ||
	    !vf->host->configured(vf->host->io.ctx) || nc2b_ivf_mbx_peek(&vf->mbx))
		return -EIO;
	/* A reset of the PF takes the queue with it, however it came about. */
	if (!(nc2b_ivf_rd(vf, r->rx + NC2B_IVF_XDCTL) & NC2B_IVF_XDCTL_ENABLE))
		return -EIO;
	err = look_at_link(vf);
	return err && err != -ENETDOWN ? -EIO : err;
}

/**
 * nc2b_ivf_set_filter - &nc2q_ops.set_filter
 * @vf: the virtual function
 * @filter: what the guest listens to
 *
 * Return: 0, -E2BIG if the list is too long, -EOPNOTSUPP or -EPERM if not every
 * multicast frame can be had, or another error.
 */
int nc2b_ivf_set_filter(struct nc2b_ivf *vf, const struct nc2q_filter *filter)
{
	int err;

	/* Before anything is changed. */
	if (filter->nr_mc > NC2B_IVF_MAX_MC)
		return -E2BIG;
	if (!vf->started)
		return -EIO;
	err = vf->model->set_allmulti(vf, filter->allmulti);
	if (err)
		return err;
	return nc2b_ivf_mbx_set_multicast(&vf->mbx, filter->mc, filter->nr_mc);
}

/**
 * nc2b_ivf_set_mtu - &nc2q_ops.set_mtu
 * @vf: the virtual function
 * @mtu: the MTU
 *
 * Some NICs (82599) stop to receive for a VF whose request they refuse: after
 * an error the queue is of no use until a smaller MTU has been accepted.
 *
 * Return: 0, -EINVAL if it is more than there can be, -EMSGSIZE if the physical
 * function refuses, or another error.
 */
int nc2b_ivf_set_mtu(struct nc2b_ivf *vf, u32 mtu)
{
	if (mtu > vf->model->max_mtu)
		return -EINVAL;
	return vf->started ? tell_mtu(vf, mtu) : -EIO;
}
