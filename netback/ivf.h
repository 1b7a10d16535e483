/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A virtual function of an Intel NIC ("ivf"): how it is started, stopped and
 * looked after.
 *
 * Pure: the device is reached through functions that the caller gives, so that
 * KUnit can play it.  All that is peculiar to a family of NICs is in a
 * &struct nc2b_ivf_model and the functions that it names: igbvf.c, ixgbevf.c.
 */
#ifndef NC2B_IVF_H
#define NC2B_IVF_H

#include "ivf_mbx.h"
#include "ivf_ring.h"
#include "rxq.h"

#include <linux/types.h>

struct nc2b_ivf;

/*
 * MSI-X vectors, of three that there are.  QEMU takes the vector of the mailbox
 * for a mask of vectors, so there the data interrupt comes in its place: it
 * finds nothing to do, and the mailbox is looked at twice a second in any case.
 */
#define NC2B_IVF_VEC_DATA	0
#define NC2B_IVF_VEC_MBX	1
#define NC2B_IVF_VECTORS	2
#define NC2B_IVF_VECTORS_ALL	GENMASK(2, 0)

/* Bits that the registers have in common. */
#define NC2B_IVF_CTRL_RST	BIT(26)	/* queues and interrupts; clears itself */
#define NC2B_IVF_IVAR_VALID	BIT(7)
#define NC2B_IVF_EITR_SHIFT	2	/* in us */
/* A write leaves the time that runs alone: without it, it ends at once. */
#define NC2B_IVF_EITR_RUNS_ON	BIT(31)
#define NC2B_IVF_SRRCTL_BSIZEPKT_SHIFT 10	/* in KiB */
#define NC2B_IVF_SRRCTL_DESCTYPE_ADV BIT(25)	/* advanced, one buffer */
/* RXDCTL and TXDCTL are alike. */
#define NC2B_IVF_XDCTL_PTHRESH(n) ((n) << 0)	/* prefetch below n held */
#define NC2B_IVF_XDCTL_HTHRESH(n) ((n) << 8)	/* ... if n can be had */
#define NC2B_IVF_XDCTL_WTHRESH(n) ((n) << 16)	/* write back n at once */
#define NC2B_IVF_XDCTL_ENABLE	BIT(25)

/**
 * struct nc2b_ivf_regs - where a family has its registers
 * @ctrl: reset
 * @status: read to see whether the device is there and writes have arrived
 * @link: tells of the link
 * @mbx: mailbox, control
 * @mbmem: mailbox, buffer
 * @eims: interrupts: enable
 * @eimc: disable
 * @eiac: cause clears itself when sent
 * @eiam: disabled by itself when sent
 * @eitr: least time between interrupts, by vector
 * @ivar: vectors of the queue pair
 * @ivar_misc: vector of the mailbox
 * @rx: the receive queue's group of registers
 * @tx: the transmit queue's group of registers
 */
struct nc2b_ivf_regs {
	u16 ctrl;
	u16 status;
	u16 link;
	u16 mbx;
	u16 mbmem;
	u16 eims;
	u16 eimc;
	u16 eiac;
	u16 eiam;
	u16 eitr;
	u16 ivar;
	u16 ivar_misc;
	u16 rx;
	u16 tx;
};

/* Within a queue's group of registers. */
#define NC2B_IVF_BAL		0x00	/* base address */
#define NC2B_IVF_BAH		0x04
#define NC2B_IVF_LEN		0x08
#define NC2B_IVF_HEAD		0x10
#define NC2B_IVF_TAIL		0x18
#define NC2B_IVF_XDCTL		0x28

/**
 * struct nc2b_ivf_model - one kind of virtual function
 * @quirks: as the family likes
 * @regs: where the registers are
 * @fmt: format of descriptors
 * @link_up: bit of @regs->link
 * @srrctl: offset of the register that says how to receive
 * @srrctl_val: its value, without the size of a buffer
 * @rxdctl: value of the receive queue's XDCTL, without ENABLE
 * @txdctl: value of the transmit queue's XDCTL, without ENABLE
 * @itr_mask: bits of EITR that hold a time
 * @overhead: what the PF wants to have counted beside the MTU
 * @max_mtu: largest MTU
 * @tells_hash: see &nc2b_ivf_mbx.tells_hash
 * @greet: called when the PF has answered a reset, before the bus is ours: find
 *	out what it can do, make the VF quiet; or NULL
 * @set_allmulti: have the PF deliver every multicast frame, or not
 * @ask_link: for a NIC whose register does not know of the link: 0, -ENETDOWN,
 *	-EOPNOTSUPP if the register is all there is, or another error; or NULL
 */
struct nc2b_ivf_model {
	u16 quirks;
	const struct nc2b_ivf_regs *regs;
	const struct nc2b_ivf_fmt *fmt;
	u32 link_up;
	u32 srrctl;
	u32 srrctl_val;
	u32 rxdctl;
	u32 txdctl;
	u32 itr_mask;
	u32 overhead;
	u32 max_mtu;
	bool tells_hash;
	int (*greet)(struct nc2b_ivf *vf);
	int (*set_allmulti)(struct nc2b_ivf *vf, bool on);
	int (*ask_link)(struct nc2b_ivf *vf);
};

/**
 * struct nc2b_ivf_host - what the bus and the kernel do for a VF
 * @io: registers and time; its context is that of all functions here
 * @set_master: let the device use the bus, or not
 * @configured: whether it still may use the bus and send interrupts, once it has been let;
 *	a reset as PCI has it (FLR) takes both away
 * @back: wait until it answers, if a reset has taken it away; false: in vain
 * @idle: wait until no transaction of the device is pending; false: in vain
 * @irqs_get: have interrupts delivered
 * @irqs_put: when it returns no handler is running and none will be called
 */
struct nc2b_ivf_host {
	struct nc2b_ivf_io io;
	void (*set_master)(void *ctx, bool on);
	bool (*configured)(void *ctx);
	bool (*back)(void *ctx);
	bool (*idle)(void *ctx);
	int (*irqs_get)(void *ctx);
	void (*irqs_put)(void *ctx);
};

/**
 * struct nc2b_ivf - a virtual function
 * @rings: its one pair of rings; see there
 * @model: what it is
 * @host: how it is reached
 * @mbx: mailbox
 * @rx_dma: bus address of the receive ring
 * @tx_dma: bus address of the transmit ring
 * @api: version of the mailbox's language, as the family counts
 * @mode_told: the PF has been told a multicast mode since the VF was reset
 * @started: queues and interrupts are on
 *
 * All but @rings belongs to the caller of nc2b_ivf_start() and so on,
 * one at a time, who may sleep.
 */
struct nc2b_ivf {
	struct nc2b_ivf_rings rings;
	const struct nc2b_ivf_model *model;
	const struct nc2b_ivf_host *host;
	struct nc2b_ivf_mbx mbx;
	dma_addr_t rx_dma;
	dma_addr_t tx_dma;
	u8 api;
	bool mode_told;
	bool started;
};

static inline u32 nc2b_ivf_rd(const struct nc2b_ivf *vf, u32 reg)
{
	return vf->host->io.read(vf->host->io.ctx, reg);
}

static inline void nc2b_ivf_wr(const struct nc2b_ivf *vf, u32 reg, u32 val)
{
	vf->host->io.write(vf->host->io.ctx, reg, val);
}

void nc2b_ivf_init(struct nc2b_ivf *vf, const struct nc2b_ivf_model *model,
		   const struct nc2b_ivf_host *host);
int nc2b_ivf_start(struct nc2b_ivf *vf, const struct nc2q_start *params);
int nc2b_ivf_stop(struct nc2b_ivf *vf);
int nc2b_ivf_check(struct nc2b_ivf *vf);
int nc2b_ivf_set_filter(struct nc2b_ivf *vf, const struct nc2q_filter *filter);
int nc2b_ivf_set_mtu(struct nc2b_ivf *vf, u32 mtu);
u32 nc2b_ivf_eitr(const struct nc2b_ivf_model *model, u32 us);
bool nc2b_ivf_queue_is_off(const struct nc2b_ivf *vf, u32 xdctl);

#endif /* NC2B_IVF_H */
