/* SPDX-License-Identifier: GPL-2.0 */
/*
 * NIC queue providers: hardware queue pairs that can be leased to a guest.
 *
 * DOC: what stands on which side
 *
 * A provider (the VF driver) finds queue pairs, registers each as a
 * &struct nc2q and moves descriptors.  The core leases one for an interface,
 * owns the guest's grants, their DMA mappings and the ledger of buffers, and
 * decides the order of every teardown.  A provider never sees a guest page's
 * contents, a grant or a shared ring; the core never sees a register.
 *
 * Filters that confine a queue to its guest (MAC, VLAN, anti-spoof, rate) are
 * not here: the core sets them on the physical function, see pf.h.
 *
 * Life of a queue: registered - leased - started - stopped - released -
 * unregistered.  All of it but the functions marked "NAPI only" and
 * "hard interrupt" runs in process context and may sleep.
 */
#ifndef NC2B_RXQ_H
#define NC2B_RXQ_H

#include <linux/list.h>
#include <linux/types.h>

struct device;
struct nc2q;

/* Flags in &nc2q_rx.flags. */
#define NC2Q_RX_MORE	BIT(0)	/* the frame goes on in the next descriptor */
#define NC2Q_RX_CSUM_OK	BIT(1)	/* L3 and L4 checksums verified */
#define NC2Q_RX_VLAN	BIT(2)	/* a tag was taken off, see @vlan */
#define NC2Q_RX_HASH	BIT(3)	/* @hash is valid */
#define NC2Q_RX_ERR	BIT(4)	/* damaged frame: give the buffer back, count it */

/**
 * struct nc2q_rx - one descriptor that the NIC has finished with
 * @id: the &nc2q_buf.id it was posted with
 * @len: bytes written, without FCS
 * @flags: NC2Q_RX_*; all but MORE and ERR are given with a frame's last descriptor
 * @vlan: VLAN tag taken off
 * @hash: receive hash
 */
struct nc2q_rx {
	u16 id;
	u16 len;
	u16 flags;
	u16 vlan;
	u32 hash;
};

/**
 * struct nc2q_buf - one receive buffer to post
 * @dma: bus address in the domain of &nc2q.dma_dev
 * @id: returned in &nc2q_rx.id
 */
struct nc2q_buf {
	dma_addr_t dma;
	u16 id;
};

/**
 * struct nc2q_frag - one piece of a frame to send
 * @dma: bus address, of the beginning of a page
 * @len: bytes, 1..4096
 */
struct nc2q_frag {
	dma_addr_t dma;
	u16 len;
};

/* Flags in &nc2q_tx.flags. */
#define NC2Q_TX_CSUM	BIT(0)	/* fill in the L4 checksum */
#define NC2Q_TX_TSO	BIT(1)	/* segment at @mss; implies CSUM */
#define NC2Q_TX_IPV6	BIT(2)
#define NC2Q_TX_UDP	BIT(3)

/**
 * struct nc2q_tx - one frame to send
 * @frags: its pieces, the headers in the first
 * @nr_frags: how many, at least 1
 * @total: bytes in all pieces
 * @flags: NC2Q_TX_*
 * @mss: payload bytes in a segment (TSO)
 * @l2_len: bytes of link layer header (CSUM, TSO)
 * @l3_len: bytes of network header (CSUM, TSO)
 * @l4_len: bytes of TCP header (TSO)
 *
 * Every length has been checked by the core; contents of the pieces have not
 * and may change while the NIC reads them.
 */
struct nc2q_tx {
	const struct nc2q_frag *frags;
	unsigned int nr_frags;
	u32 total;
	u16 flags;
	u16 mss;
	u8 l2_len;
	u8 l3_len;
	u8 l4_len;
};

/**
 * struct nc2q_start - what a queue is started with
 * @mac: the guest's address, for the NIC's mailbox
 * @buf_size: bytes of each receive buffer
 * @mtu: largest MTU to let through
 * @coalesce_us: as @irq_coalesce of &struct nc2q_ops
 */
struct nc2q_start {
	u8 mac[6];
	u32 buf_size;
	u32 mtu;
	u32 coalesce_us;
};

/**
 * struct nc2q_filter - what the guest listens to beside its own address
 * @mc: multicast addresses
 * @nr_mc: how many
 * @allmulti: every multicast frame is wanted
 */
struct nc2q_filter {
	const u8 (*mc)[6];
	unsigned int nr_mc;
	bool allmulti;
};

/**
 * struct nc2q_ops - what a provider does for a leased queue
 * @start: bring the queue up with empty rings and its interrupt on; the PF's
 *	receive filter for the guest is set later by the core.  -ENETDOWN: no
 *	link; -EMSGSIZE: the physical function takes no frames of that size;
 *	-EOPNOTSUPP: it is set up in a way that leaves no queue for a guest;
 *	-EBUSY: it does not answer (try again later)
 * @stop: stop DMA.  When it returns the NIC neither reads nor writes any
 *	address given to it, whatever that took (drain, queue reset, function
 *	reset, bus mastering off), and @interrupt is not running and will not be
 *	called.  Posted buffers and frames are forgotten.  0: drained in time;
 *	-ETIMEDOUT: by force, the queue must not be leased again until it has been
 *	probed anew.  A no-op on a queue that is not started.  No function marked
 *	NAPI only may run during @start or @stop, nor while it is not started
 * @set_filter: program multicast; 0, -E2BIG if the NIC cannot hold the list, or
 *	-EOPNOTSUPP or -EPERM if not every multicast frame can be had
 * @set_mtu: change the largest MTU while started; after an error the queue may
 *	receive nothing until another MTU has been taken
 * @check: look after the hardware (mailbox, link, reset by the PF); called
 *	about twice a second while started.  0, -ENETDOWN: no link, -EIO or
 *	-EBUSY: the queue must be stopped and started again
 * @rx_room: descriptors that @rx_post can take now.  NAPI only
 * @rx_post: post buffers and ring the doorbell once.  Takes all; @n must not
 *	exceed @rx_room.  NAPI only
 * @rx_reap: collect at most @n finished descriptors.  NAPI only
 * @tx_frame: queue one frame without ringing the doorbell; -ENOSPC: try again
 *	after @tx_reap.  NAPI only
 * @tx_kick: ring the doorbell for frames queued.  NAPI only
 * @tx_reap: number of pieces (&nc2q_frag) that the NIC has read since the last
 *	call, in the order queued.  NAPI only
 * @irq_enable: arm the interrupt, which disarms itself when it fires.  May be
 *	called when it is armed.  NAPI only
 * @irq_coalesce: least time between two interrupts from now on, in us; the
 *	longest that the NIC can have, if that is less.  NAPI only
 */
struct nc2q_ops {
	int (*start)(struct nc2q *q, const struct nc2q_start *params);
	int (*stop)(struct nc2q *q);
	int (*set_filter)(struct nc2q *q, const struct nc2q_filter *filter);
	int (*set_mtu)(struct nc2q *q, u32 mtu);
	int (*check)(struct nc2q *q);

	unsigned int (*rx_room)(struct nc2q *q);
	void (*rx_post)(struct nc2q *q, const struct nc2q_buf *bufs, unsigned int n);
	unsigned int (*rx_reap)(struct nc2q *q, struct nc2q_rx *out, unsigned int n);
	int (*tx_frame)(struct nc2q *q, const struct nc2q_tx *tx);
	void (*tx_kick)(struct nc2q *q);
	unsigned int (*tx_reap)(struct nc2q *q);
	void (*irq_enable)(struct nc2q *q);
	void (*irq_coalesce)(struct nc2q *q, u32 us);
};

/**
 * struct nc2q_client - what the core does for a queue that it holds
 * @interrupt: the queue has work.  Hard interrupt; the interrupt is disarmed
 * @changed: link or mailbox event: have @check called soon.  Hard interrupt or
 *	any other context, does not sleep
 * @revoke: the queue is about to go (unbind, hot-unplug).  May sleep; when it
 *	returns the queue has been released, by it or by somebody who was faster.
 *	nc2q_sync() waits until it is over, before @priv may be freed
 */
struct nc2q_client {
	void (*interrupt)(void *priv);
	void (*changed)(void *priv);
	void (*revoke)(void *priv);
};

/**
 * struct nc2q - one hardware queue pair
 * @ops: the provider's functions
 * @dma_dev: device that reads and writes memory: map for this one
 * @nic: parent device of the physical function's netdev
 * @vf: number of the VF as &net_device_ops.ndo_set_vf_mac counts
 * @name: for people and sysfs, e.g. the VF's PCI address
 * @max_mtu: largest MTU that the hardware takes
 * @client: set by nc2q_lease(), read by the provider
 * @client_priv: argument of @client's functions
 * @node: registry; under the registry's lock
 * @bad: stop failed; not leased again; under the registry's lock
 *
 * Filled in and owned by the provider; it embeds this structure.
 */
struct nc2q {
	const struct nc2q_ops *ops;
	struct device *dma_dev;
	struct device *nic;
	unsigned int vf;
	const char *name;
	u32 max_mtu;

	const struct nc2q_client *client;
	void *client_priv;

	struct list_head node;
	bool bad;
};

int nc2q_register(struct nc2q *q);
void nc2q_unregister(struct nc2q *q);

struct nc2q *nc2q_lease(struct device *nic, const struct nc2q_client *client,
			void *priv);
void nc2q_release(struct nc2q *q, bool bad);
void nc2q_sync(void);
unsigned int nc2q_count(struct device *nic, unsigned int *free);
void nc2q_set_notify(void (*fn)(void));
const char *nc2q_why(int err);

#endif /* NC2B_RXQ_H */
