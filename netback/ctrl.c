// SPDX-License-Identifier: GPL-2.0
#include "ctrl.h"

#include "grant.h"
#include "vif.h"

#include <linux/interrupt.h>
#include <linux/skbuff.h>
#include <linux/slab.h>

#include <xen/events.h>
#include <xen/page.h>
#include <xen/xenbus.h>

/*
 * Requests in one turn.  The rest waits for the next tick, so that a guest
 * which asks without end gets some thousands a second, and not a CPU.
 */
#define TURN	16
/* A power of two, so that what the allocator gives lies within one page. */
#define BYTES	(NC2B_HASH_MAP_MAX * sizeof(u32))

static_assert(BYTES >= NC2B_HASH_KEY_MAX && !(BYTES & (BYTES - 1)));
static_assert(NC2B_MAX_QUEUES <= U8_MAX + 1);

static_assert(NC2B_HASH_NONE == XEN_NETIF_CTRL_HASH_ALGORITHM_NONE);
static_assert(NC2B_HASH_TOEPLITZ == XEN_NETIF_CTRL_HASH_ALGORITHM_TOEPLITZ);
static_assert(NC2B_HASH_IPV4 == _XEN_NETIF_CTRL_HASH_TYPE_IPV4);
static_assert(NC2B_HASH_IPV4_TCP == _XEN_NETIF_CTRL_HASH_TYPE_IPV4_TCP);
static_assert(NC2B_HASH_IPV6 == _XEN_NETIF_CTRL_HASH_TYPE_IPV6);
static_assert(NC2B_HASH_IPV6_TCP == _XEN_NETIF_CTRL_HASH_TYPE_IPV6_TCP);
static_assert(NC2B_CTRL_GET_FLAGS == XEN_NETIF_CTRL_TYPE_GET_HASH_FLAGS);
static_assert(NC2B_CTRL_SET_FLAGS == XEN_NETIF_CTRL_TYPE_SET_HASH_FLAGS);
static_assert(NC2B_CTRL_SET_KEY == XEN_NETIF_CTRL_TYPE_SET_HASH_KEY);
static_assert(NC2B_CTRL_GET_MAP_SIZE == XEN_NETIF_CTRL_TYPE_GET_HASH_MAPPING_SIZE);
static_assert(NC2B_CTRL_SET_MAP_SIZE == XEN_NETIF_CTRL_TYPE_SET_HASH_MAPPING_SIZE);
static_assert(NC2B_CTRL_SET_MAP == XEN_NETIF_CTRL_TYPE_SET_HASH_MAPPING);
static_assert(NC2B_CTRL_SET_ALGORITHM == XEN_NETIF_CTRL_TYPE_SET_HASH_ALGORITHM);
static_assert(NC2B_CTRL_SUCCESS == XEN_NETIF_CTRL_STATUS_SUCCESS);
static_assert(NC2B_CTRL_NOT_SUPPORTED == XEN_NETIF_CTRL_STATUS_NOT_SUPPORTED);
static_assert(NC2B_CTRL_INVALID == XEN_NETIF_CTRL_STATUS_INVALID_PARAMETER);
static_assert(NC2B_CTRL_OVERFLOW == XEN_NETIF_CTRL_STATUS_BUFFER_OVERFLOW);

static irqreturn_t ctrl_event(int irq, void *data)
{
	struct nc2b_ctrl *c = data;

	atomic_set(&c->event, 1);
	schedule_delayed_work(&c->work, 0);
	return IRQ_HANDLED;
}

static u32 fetch(struct nc2b_ctrl *c, const struct nc2b_hash_fetch *what)
{
	struct gnttab_copy op;

	nc2b_copy_from_guest(&op, c->vif->domid, what->ref, 0, c->bytes, what->len);
	nc2b_grant_copy(&op, 1);
	if (op.status != GNTST_okay)
		return NC2B_CTRL_INVALID;
	return nc2b_hash_fetched(&c->hash, what, c->bytes);
}

static void serve_one(struct nc2b_ctrl *c)
{
	struct xen_netif_ctrl_response rsp = {};
	struct xen_netif_ctrl_request req;
	struct nc2b_hash_fetch what;

	RING_COPY_REQUEST(&c->ring, c->ring.req_cons++, &req);
	rsp.id = req.id;
	rsp.type = req.type;
	rsp.status = nc2b_hash_request(&c->hash, req.type, req.data, &rsp.data, &what);
	if (what.len)
		rsp.status = fetch(c, &what);
	*RING_GET_RESPONSE(&c->ring, c->ring.rsp_prod_pvt++) = rsp;
}

/* Serves one turn; number of requests, or -EPROTO. */
static int serve(struct nc2b_ctrl *c)
{
	int n, notify;
	u32 avail;

	for (n = 0; n < TURN; n++) {
		avail = READ_ONCE(c->ring.sring->req_prod) - c->ring.req_cons;
		if (avail > RING_SIZE(&c->ring))
			return -EPROTO;
		if (!avail)
			break;
		/* Index before the requests. */
		virt_rmb();
		serve_one(c);
	}
	RING_PUSH_RESPONSES_AND_CHECK_NOTIFY(&c->ring, notify);
	if (notify)
		notify_remote_via_irq(c->irq);
	return n;
}

static void ctrl_work(struct work_struct *work)
{
	struct nc2b_ctrl *c = container_of(to_delayed_work(work), struct nc2b_ctrl, work);
	int n, more;

	/* Pairs with the release in nc2b_ctrl_connect(). */
	if (!smp_load_acquire(&c->open) || READ_ONCE(c->vif->broken))
		return;
	n = serve(c);
	if (n < 0) {
		nc2b_vif_break(c->vif, "a control index beyond the ring");
		return;
	}
	if (n)
		c->worked = true;
	RING_FINAL_CHECK_FOR_REQUESTS(&c->ring, more);
	if (more) {
		schedule_delayed_work(&c->work, 1);
		return;
	}
	if (atomic_xchg(&c->event, 0)) {
		xen_irq_lateeoi(c->irq, c->worked ? 0 : XEN_EOI_FLAG_SPURIOUS);
		c->worked = false;
	}
}

/**
 * nc2b_ctrl_init - prepare an interface's control ring
 * @c: all zero
 * @vif: whose
 *
 * Return: 0 or -ENOMEM.
 */
int nc2b_ctrl_init(struct nc2b_ctrl *c, struct nc2b_vif *vif)
{
	c->vif = vif;
	INIT_DELAYED_WORK(&c->work, ctrl_work);
	nc2b_hash_reset(&c->hash, 1);
	c->bytes = kmalloc(BYTES, GFP_KERNEL);
	return c->bytes ? 0 : -ENOMEM;
}

/**
 * nc2b_ctrl_fini - undo nc2b_ctrl_init()
 * @c: not connected
 */
void nc2b_ctrl_fini(struct nc2b_ctrl *c)
{
	kfree(c->bytes);
}

static int map_ring(struct nc2b_ctrl *c, grant_ref_t ref)
{
	struct xen_netif_ctrl_sring *sring;
	RING_IDX rsp;
	int err;

	err = nc2b_map_ring(&c->map, c->vif->xdev->otherend_id, ref);
	if (err)
		return err;
	sring = nc2b_map_addr(&c->map, 0);
	rsp = READ_ONCE(sring->rsp_prod);
	BACK_RING_ATTACH(&c->ring, sring, rsp, XEN_PAGE_SIZE);
	return 0;
}

/**
 * nc2b_ctrl_connect - serve the front's control ring, if it has one
 * @c: not connected
 * @nr_queues: queues that the front has asked for; not 0
 *
 * Process context, before the queues are started.
 *
 * Return: 0 or a negative error, with nothing left behind.
 */
int nc2b_ctrl_connect(struct nc2b_ctrl *c, unsigned int nr_queues)
{
	struct xenbus_device *xdev = c->vif->xdev;
	unsigned int ref, evtchn;
	int err;

	nc2b_hash_reset(&c->hash, nr_queues);
	if (xenbus_scanf(XBT_NIL, xdev->otherend, "ctrl-ring-ref", "%u", &ref) != 1)
		return 0;
	err = xenbus_scanf(XBT_NIL, xdev->otherend, "event-channel-ctrl", "%u", &evtchn);
	if (err != 1)
		return -ENOENT;
	err = map_ring(c, ref);
	if (err)
		goto err_unmap;
	atomic_set(&c->event, 0);
	c->worked = false;
	snprintf(c->name, sizeof(c->name), "%s-ctrl", c->vif->dev->name);
	err = bind_interdomain_evtchn_to_irqhandler_lateeoi(xdev, evtchn, ctrl_event, 0,
							    c->name, c);
	if (err < 0)
		goto err_unmap;
	c->irq = err;
	/* The ring and the interrupt before the word that they are there. */
	smp_store_release(&c->open, true);
	/* An event that came before this moment has been noted, not served. */
	schedule_delayed_work(&c->work, 0);
	return 0;

err_unmap:
	nc2b_unmap_pages(&c->map);
	return err;
}

/**
 * nc2b_ctrl_disconnect - serve the control ring no longer
 * @c: the control ring; without one nothing happens
 *
 * Process context.  Two could be in it: a handler, which ends with the event
 * channel, and the work, whose turn is bounded.
 */
void nc2b_ctrl_disconnect(struct nc2b_ctrl *c)
{
	if (!c->irq)
		return;
	WRITE_ONCE(c->open, false);
	/* First the one that sends events, then the channel, then what was late. */
	cancel_delayed_work_sync(&c->work);
	unbind_from_irqhandler(c->irq, c);
	cancel_delayed_work_sync(&c->work);
	c->irq = 0;
	nc2b_unmap_pages(&c->map);
	c->ring.sring = NULL;
	nc2b_hash_reset(&c->hash, c->hash.nr_queues);
}

/**
 * nc2b_ctrl_hash - hash a frame as the guest wants it
 * @c: the control ring, connected or not
 * @skb: the frame, with its Ethernet header in front
 * @hash: set on success only
 * @type: set on success only: the type of hash
 *
 * Any context.
 *
 * Return: whether the guest wants a hash of frames like this.
 */
bool nc2b_ctrl_hash(const struct nc2b_ctrl *c, const struct sk_buff *skb, u32 *hash,
		    u8 *type)
{
	u32 len = min_t(u32, skb->len, NC2B_HASH_HEAD);
	u8 buf[NC2B_HASH_HEAD];
	const u8 *frame;

	if (likely(!nc2b_hash_active(&c->hash)))
		return false;
	frame = skb_header_pointer(skb, 0, len, buf);
	return frame && nc2b_hash_frame(&c->hash, frame, len, hash, type);
}
