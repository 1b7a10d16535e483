/* SPDX-License-Identifier: MIT */
/*
 * netchannel2: the direct path of a Xen virtual network interface.
 *
 * This header is the whole wire contract between xen-nc2-back and
 * xen-nc2-front.  It adds an optional block to the `vif` device of
 * <xen/interface/io/netif.h>; without the handshake below a peer sees exactly
 * what netif.h describes.
 *
 * Throughout, "rx" and "tx" are the guest's: rx goes from the NIC into the
 * guest, tx from the guest to the NIC.  "Front" is the guest's end, "back" the
 * end that owns the NIC queue.  Integers in shared pages are in the byte order
 * of the machine, as in netif.h; a page is XEN_NC2_PAGE_SIZE bytes, as in Xen's
 * grant tables, whatever the guest's own page size.
 *
 * Two paths
 * =========
 * The bridged path is standard netif and is always set up.  The direct path
 * hands received frames to the guest in the guest's own pages: the front
 * grants a fixed pool once, the back maps it once and gives its buffers to a
 * hardware receive queue.  Exactly one path carries the guest's traffic at a
 * time; &xen_nc2_back_status.path says which.
 *
 * xenstore keys
 * =============
 * In the back's directory, written by the back before it enters InitWait and
 * sampled by the front each time it sees the back in InitWait:
 *
 *  feature-nc2           Mask of the versions offered, decimal; bit n-1 stands
 *                        for version n.  0: this back knows the protocol and
 *                        does not offer it for this interface.  Absent: the
 *                        back knows nothing of it.
 *  nc2-nonce             16 lower case hex digits, new each time the back
 *                        enters InitWait.  The front repeats it, so that keys
 *                        left behind by an earlier driver are never taken for
 *                        an answer.
 *  nc2-max-pool-pages    Largest nc2-pool-pages accepted, decimal.
 *                        Absent: XEN_NC2_DEF_POOL_PAGES.
 *
 * In the front's directory, written by the front in the same transaction as
 * its netif ring keys, sampled by the back when it connects, and removed by the
 * front when it disconnects:
 *
 *  request-nc2           "<version>,<nonce>": the one version chosen, decimal,
 *                        and the value of nc2-nonce.  Absent, or another
 *                        nonce: the front does not want the direct path and
 *                        every other nc2-* key is to be ignored.
 *  nc2-shared-ref        Grant of the shared page, &struct xen_nc2_shared.
 *  nc2-event-channel     One event channel for all rings of this block.
 *  nc2-rx-entries        Entries in the fill and the completion ring: a power
 *                        of two, XEN_NC2_MIN_ENTRIES..XEN_NC2_MAX_RX_ENTRIES,
 *                        no less than the number of buffers in the pool.
 *  nc2-tx-entries        Entries in the transmit ring, and pages of transmit
 *                        pool: a power of two,
 *                        XEN_NC2_MIN_ENTRIES..XEN_NC2_MAX_TX_ENTRIES.
 *  nc2-pool-pages        Pages in the receive pool, 1..nc2-max-pool-pages.
 *  nc2-buf-size          Bytes in a receive buffer: 2048 (two to a page) or
 *                        4096 (one to a page).
 *  nc2-dir-ref-<i>       Grant of page i of the directory, i = 0.. in order.
 *
 * Segments of UDP on the bridged path
 * ===================================
 * netif.h knows segments of TCP only.  A frame of UDP that is to be cut carries an
 * extra info of XEN_NETIF_EXTRA_TYPE_GSO with the type XEN_NC2_GSO_TYPE_UDP, for IPv4
 * as for IPv6, whose size is the payload of each datagram; its checksum is blank.  There
 * are XEN_NC2_GSO_UDP_MAX_SEGS datagrams at most; the frame is no fragment, and has no
 * VLAN tag.
 *
 *  feature-nc2-gso-udp   In the back's directory, 1: it takes such frames, and has
 *                        such for a front that asks for them.  Removed by the back
 *                        when it lets go of the device.
 *  request-nc2-gso-udp   In the front's directory, the value of nc2-nonce: it takes
 *                        such frames.  Written with the netif ring keys; one that
 *                        repeats an earlier nonce means nothing.
 *
 * A front that has written it may send such frames at any time while it is connected.
 * A back that leaves it goes Closing first: another one must not find them in the ring.
 * If the front stays all the same, it sets rsp_prod of the transmit rings beyond req_prod,
 * so that no back takes them up; one without nc2-nonce is a new one to such a front.
 * On the direct path nobody cuts UDP but the sender.
 *
 * The directory
 * =============
 * An array of 32-bit grant references that runs on over its pages, in this
 * order: the pages of the fill ring, of the completion ring, of the transmit
 * ring, of the receive pool, of the transmit pool.  The numbers of pages
 * follow from the keys: XEN_NC2_RING_PAGES() for each ring,
 * nc2-pool-pages and nc2-tx-entries.  The back copies the directory out once,
 * while it connects, and keeps no hold on its pages.
 *
 * Rights: the shared page, the rings and the receive pool must be granted
 * writable.  The transmit pool and the directory may be granted read-only, and
 * the back maps them so.
 *
 * Life of the block
 * =================
 *  1. Front fills the fill ring, writes its keys and goes Connected.
 *  2. Back connects the bridged path, then maps the block.  A block that it
 *     refuses costs the front nothing but the direct path.
 *  3. When a NIC queue is to be had the back posts the buffers, starts the
 *     queue, sets its filter, sets back.path = DIRECT and sends an event.
 *  4. Front sends new frames by the transmit ring, sets front.path = DIRECT
 *     and sends an event.  Back then takes the carrier from the vif.
 *  5. To leave the direct path the back turns the carrier on, sets back.path =
 *     BRIDGED and sends an event; the front answers with front.path.  The back
 *     stops the queue once it has the answer or has waited long enough.
 *     Buffers that were posted stay posted for the next time.
 *  6. back.path = REVOKED: the back has unmapped every page of both pools and
 *     will not touch the rings again.  Final for this connection.
 *  7. A front that is about to be suspended sets XEN_NC2_FRONT_REVOKE and waits
 *     a while for REVOKED.  Xen learns that a page was written by a NIC when the
 *     page is unmapped, and not before: what a live migration has copied by then
 *     may be older than what the NIC has delivered.  One that has found the back
 *     lying sets it as well, so that the path is not offered again.
 *  Pages are the front's again when the grant can be ended, not before: the
 *  front must use the checking form (gnttab_try_end_foreign_access()) and
 *  leave a page granted whose grant is still in use.
 */
#ifndef __XEN_PUBLIC_IO_NETCHANNEL2_H__
#define __XEN_PUBLIC_IO_NETCHANNEL2_H__

#define XEN_NC2_VERSION			1
#define XEN_NC2_VERSION_MASK		(1u << (XEN_NC2_VERSION - 1))

#define XEN_NC2_KEY_FEATURE		"feature-nc2"
#define XEN_NC2_KEY_NONCE		"nc2-nonce"
#define XEN_NC2_KEY_MAX_POOL_PAGES	"nc2-max-pool-pages"
#define XEN_NC2_KEY_REQUEST		"request-nc2"
#define XEN_NC2_KEY_SHARED_REF		"nc2-shared-ref"
#define XEN_NC2_KEY_EVENT_CHANNEL	"nc2-event-channel"
#define XEN_NC2_KEY_RX_ENTRIES		"nc2-rx-entries"
#define XEN_NC2_KEY_TX_ENTRIES		"nc2-tx-entries"
#define XEN_NC2_KEY_POOL_PAGES		"nc2-pool-pages"
#define XEN_NC2_KEY_BUF_SIZE		"nc2-buf-size"
#define XEN_NC2_KEY_DIR_REF		"nc2-dir-ref-"	/* followed by the page number */

#define XEN_NC2_KEY_FEATURE_GSO_UDP	"feature-nc2-gso-udp"
#define XEN_NC2_KEY_REQUEST_GSO_UDP	"request-nc2-gso-udp"

/* Far from the types of netif.h, which are counted up from 0. */
#define XEN_NC2_GSO_TYPE_UDP		0x80
/* What Linux makes of one call at most (UDP_MAX_SEGMENTS). */
#define XEN_NC2_GSO_UDP_MAX_SEGS	128

#define XEN_NC2_PAGE_SIZE		4096
#define XEN_NC2_NONCE_DIGITS		16

#define XEN_NC2_MIN_ENTRIES		64
#define XEN_NC2_MAX_RX_ENTRIES		2048
#define XEN_NC2_MAX_TX_ENTRIES		1024
/* Two 2 KiB buffers a page must fit the largest fill ring. */
#define XEN_NC2_MAX_POOL_PAGES		(XEN_NC2_MAX_RX_ENTRIES / 2)
/*
 * 4 MiB: what a TCP sender may have under way to one receiver with Linux's
 * default window (3 MiB of payload in buffers of 2 KiB), so that a host that
 * is busy elsewhere for a moment loses nothing.
 */
#define XEN_NC2_DEF_POOL_PAGES		1024

#define XEN_NC2_RING_PAGES(entries, entry_size) \
	(((entries) * (entry_size) + XEN_NC2_PAGE_SIZE - 1) / XEN_NC2_PAGE_SIZE)

#define XEN_NC2_GREFS_PER_DIR_PAGE	(XEN_NC2_PAGE_SIZE / 4)
/*
 * Directory pages of the largest block: fill 2, completion 8 and transmit 4
 * pages, 1024 receive and 1024 transmit pool pages: 2062 grants, 3 pages.
 */
#define XEN_NC2_MAX_DIR_PAGES		3

/* Values of back.path and front.path. */
#define XEN_NC2_PATH_BRIDGED		0
#define XEN_NC2_PATH_DIRECT		1
#define XEN_NC2_PATH_REVOKED		2	/* back.path only */

/**
 * struct xen_nc2_fill - fill ring: the front gives a receive buffer to the back
 * @page: page of the receive pool, 0..nc2-pool-pages - 1
 * @offset: where the buffer begins in the page, a multiple of nc2-buf-size
 *
 * A buffer that is given while the back holds it already is a protocol error.
 */
struct xen_nc2_fill {
	uint16_t page;
	uint16_t offset;
};

/* Flags in &xen_nc2_comp.flags. */
#define XEN_NC2_COMP_MORE	(1u << 0)  /* the frame goes on in the next entry */
#define XEN_NC2_COMP_CSUM_OK	(1u << 1)  /* NIC found the L3 and L4 checksums right */
#define XEN_NC2_COMP_VLAN	(1u << 2)  /* @vlan is valid: a tag was taken off */
#define XEN_NC2_COMP_HASH	(1u << 3)  /* @hash is valid: Toeplitz over the L4 tuple */
#define XEN_NC2_COMP_DROP	(1u << 4)  /* buffer comes back unused or with a damaged frame */

/**
 * struct xen_nc2_comp - completion ring: the back returns a receive buffer
 * @page: the page, as it stood in the fill entry
 * @offset: the offset, as it stood in the fill entry; data begins there
 * @len: bytes that the NIC wrote, without FCS; 0 only with XEN_NC2_COMP_DROP
 * @flags: XEN_NC2_COMP_*; all but MORE and DROP count in the last entry of a
 *	frame only.  An entry with DROP makes the frame that it is in void, and without
 *	MORE ends it: so does a back with a frame that is cut off by a change of path
 * @vlan: VLAN tag (TCI) that the NIC took off
 * @rsvd: written 0, ignored
 * @hash: receive hash
 *
 * The front must expect a frame to be longer than it has room for, a buffer
 * that it never gave and a length beyond the buffer, and leave the direct path
 * then.
 */
struct xen_nc2_comp {
	uint16_t page;
	uint16_t offset;
	uint16_t len;
	uint16_t flags;
	uint16_t vlan;
	uint16_t rsvd;
	uint32_t hash;
};

/* Flags in &xen_nc2_tx.flags; all but MORE count in a frame's first entry only. */
#define XEN_NC2_TX_MORE		(1u << 0)  /* the frame goes on in the next entry */
#define XEN_NC2_TX_CSUM		(1u << 1)  /* fill in the L4 checksum */
#define XEN_NC2_TX_TSO		(1u << 2)  /* cut into segments of @mss payload bytes */
#define XEN_NC2_TX_IPV6		(1u << 3)  /* L3 is IPv6, else IPv4 */
#define XEN_NC2_TX_UDP		(1u << 4)  /* L4 is UDP, else TCP */

/* Entries that one frame may take: 64 KiB in pages of 4 KiB, and two that are not full. */
#define XEN_NC2_TX_MAX_SLOTS	18
/* Bytes in one frame: what an IP datagram of 64 KiB needs with its L2 header. */
#define XEN_NC2_TX_MAX_BYTES	(65535 + 22)
/* Least payload in a segment: smaller ones would only burn the NIC. */
#define XEN_NC2_TX_MIN_MSS	88

/**
 * struct xen_nc2_tx - transmit ring: the front asks to send
 * @len: bytes in this slot, 1..XEN_NC2_PAGE_SIZE
 * @flags: XEN_NC2_TX_*
 * @mss: TSO only: payload bytes in a segment
 * @l2_len: CSUM or TSO: bytes before the L3 header, 14..22
 * @l3_len: CSUM or TSO: bytes in the L3 header
 * @l4_len: TSO: bytes in the TCP header with options
 * @rsvd: written 0, ignored
 *
 * The data of ring entry i are the first @len bytes of page i of the transmit
 * pool.  The slot is the front's again when the ring's consumer index has
 * passed it: the NIC has then read the page.
 *
 * With CSUM the L4 checksum field must be there: bytes 6 and 7 of the L4 header
 * with UDP, 16 and 17 without.  It must hold the pseudo header sum (with TSO:
 * computed without the length).  With TSO the headers (l2 + l3 + l4) must lie
 * in the first slot, payload must follow them, and the IPv4 total length and
 * checksum, or the IPv6 payload length, must be 0: the NIC fills them in for
 * each segment.  A segment (l3 + l4 + mss) is no larger than back.max_mtu; a
 * frame that is not cut is no longer than that and an L2 header of 18 bytes.
 * One frame that breaks these rules ends the direct path for the connection.
 *
 * The back takes the lengths from here alone, so a frame whose bytes say
 * something else can harm nobody but its sender.
 */
struct xen_nc2_tx {
	uint16_t len;
	uint16_t flags;
	uint16_t mss;
	uint8_t l2_len;
	uint8_t l3_len;
	uint8_t l4_len;
	uint8_t rsvd[7];
};

/**
 * struct xen_nc2_ring_hdr - indexes of one ring
 * @prod: entries ever produced; written by the producer after the entries
 * @cons_event: producer wants an event when @cons passes from below to this
 *	value or beyond; written by the producer
 * @pad0: keeps what the two ends write in cache lines of their own
 * @cons: entries ever consumed; written by the consumer after it has read them
 *	(transmit ring: after the NIC has read the pages)
 * @prod_event: consumer wants an event when @prod passes from below to this
 *	value or beyond; written by the consumer
 * @pad1: as @pad0
 *
 * Indexes run freely through 32 bits; entry = index & (entries - 1).  Each end
 * keeps its own index privately and never reads it back.  An index of the
 * other end that claims more than the ring holds is a protocol error.
 *
 * A side that moves its index from old to new sends an event if
 * (u32)(new - event) < (u32)(new - old), with a full barrier between storing
 * the index and loading the event field; the other side stores its event field,
 * then a full barrier, then looks at the index once more before it sleeps.
 * With nobody waiting the field is left behind the index.
 */
struct xen_nc2_ring_hdr {
	uint32_t prod;
	uint32_t cons_event;
	uint8_t pad0[56];
	uint32_t cons;
	uint32_t prod_event;
	uint8_t pad1[56];
};

/**
 * struct xen_nc2_back_status - what the back tells the front
 * @path: XEN_NC2_PATH_*
 * @max_mtu: largest MTU that the direct path can carry now; 0 until the back has
 *	mapped what the front shares
 * @pad: the rest of the cache line, 0
 */
struct xen_nc2_back_status {
	uint32_t path;
	uint32_t max_mtu;
	uint8_t pad[56];
};

/*
 * Flags in &xen_nc2_front_status.flags.  A back ignores those that it does not
 * know, so a front sets with a younger one those older ones that have every back
 * do what is safe.
 *
 * The NIC lets frames in and out by the address in the key "mac" (libxl's, of
 * either directory) and by no other.  A front whose interface has another address
 * sets OTHER_MAC, which says so, and PROMISC, which every back knows: either keeps
 * the guest on the bridged path.  So does a front with VLANs of its own, whose frames
 * the NIC would lose in silence, by VLANS and PROMISC.
 */
#define XEN_NC2_FRONT_PROMISC	(1u << 0)  /* front wants every frame */
#define XEN_NC2_FRONT_ALLMULTI	(1u << 1)  /* front wants every multicast frame */
#define XEN_NC2_FRONT_REVOKE	(1u << 2)  /* front wants both pools back, for good */
#define XEN_NC2_FRONT_OTHER_MAC	(1u << 3)  /* front's address is not the one of "mac" */
#define XEN_NC2_FRONT_VLANS	(1u << 4)  /* front sends and receives frames with a tag */

#define XEN_NC2_MAX_MCAST	64

/**
 * struct xen_nc2_front_status - what the front tells the back
 * @path: the path by which the front sends: its answer to back.path
 * @mtu: MTU of the front's interface
 * @flags: XEN_NC2_FRONT_*
 * @mc_count: addresses in @mc, 0..XEN_NC2_MAX_MCAST; with more than fit the
 *	front sets XEN_NC2_FRONT_ALLMULTI
 * @filter_seq: raised by the front, with an event, after it has changed @mtu,
 *	@flags, @mc_count or @mc.  Odd while it is changing them.
 * @pad: the rest of the cache line, 0
 */
struct xen_nc2_front_status {
	uint32_t path;
	uint32_t mtu;
	uint32_t flags;
	uint32_t mc_count;
	uint32_t filter_seq;
	uint8_t pad[44];
};

/**
 * struct xen_nc2_shared - the shared page
 * @fill: fill ring; the front produces
 * @comp: completion ring; the back produces
 * @tx: transmit ring; the front produces
 * @back: written by the back
 * @front: written by the front
 * @mc: multicast addresses that the front listens to, written by the front;
 *	six bytes of eight each
 */
struct xen_nc2_shared {
	struct xen_nc2_ring_hdr fill;
	struct xen_nc2_ring_hdr comp;
	struct xen_nc2_ring_hdr tx;
	struct xen_nc2_back_status back;
	struct xen_nc2_front_status front;
	uint8_t mc[XEN_NC2_MAX_MCAST][8];
};

#endif /* __XEN_PUBLIC_IO_NETCHANNEL2_H__ */
