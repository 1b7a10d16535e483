// SPDX-License-Identifier: GPL-2.0
#include "ctrl.h"

#include <linux/err.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "netdev.h"

#define PAGES	2

static_assert(NC2F_CTRL_SUCCESS == XEN_NETIF_CTRL_STATUS_SUCCESS);
static_assert(NC2F_CTRL_NOT_SUPPORTED == XEN_NETIF_CTRL_STATUS_NOT_SUPPORTED);
static_assert(NC2F_CTRL_INVALID == XEN_NETIF_CTRL_STATUS_INVALID_PARAMETER);
static_assert(NC2F_CTRL_OVERFLOW == XEN_NETIF_CTRL_STATUS_BUFFER_OVERFLOW);

/* Takes the response that is waited for; false if there is none. */
static bool take_answer(struct nc2f_ctrl *c)
{
	struct xen_netif_ctrl_response rsp;
	int n;

	n = nc2f_ctrlmsg_count(READ_ONCE(c->ring.sring->rsp_prod), c->ring.rsp_cons,
			       c->asked);
	if (n < 0)
		c->broken = true;
	if (n <= 0)
		return n < 0;
	/* Index before the response; pairs with the back's write barrier. */
	virt_rmb();
	RING_COPY_RESPONSE(&c->ring, c->ring.rsp_cons, &rsp);
	c->ring.rsp_cons++;
	WRITE_ONCE(c->ring.sring->rsp_event, c->ring.rsp_cons + 1);
	c->asked = false;
	c->answer = (struct nc2f_answer){
		.id = rsp.id, .type = rsp.type, .status = rsp.status, .data = rsp.data,
	};
	return true;
}

static irqreturn_t ctrl_event(int irq, void *arg)
{
	struct nc2f_ctrl *c = arg;
	bool broken;

	nc2f_irq_raise(&c->irq);
	spin_lock(&c->rsp_lock);
	broken = c->broken;
	if (!broken && take_answer(c)) {
		c->irq.worked = true;
		complete(&c->done);
	}
	broken = c->broken;
	spin_unlock(&c->rsp_lock);
	/* No EOI: a back that lies is not listened to any more. */
	if (!broken)
		nc2f_irq_eoi(&c->irq);
	return IRQ_HANDLED;
}

static int bind_event(struct nc2f_ctrl *c)
{
	struct xenbus_device *xdev = c->nf->xdev;

	snprintf(c->irq.name, sizeof(c->irq.name), "vif%s-ctrl",
		 strrchr(xdev->nodename, '/') + 1);
	return nc2f_irq_bind(&c->irq, xdev, ctrl_event, c);
}

/**
 * nc2f_ctrl_create - make a control ring
 * @nf: the interface, NC2F_DOWN
 *
 * May sleep.
 *
 * Return: the control ring or an error pointer.
 */
struct nc2f_ctrl *nc2f_ctrl_create(struct nc2f_dev *nf)
{
	struct nc2f_ctrl *c = kzalloc(sizeof(*c), GFP_KERNEL);
	domid_t back = nf->xdev->otherend_id;
	int err;

	if (!c)
		return ERR_PTR(-ENOMEM);
	c->nf = nf;
	spin_lock_init(&c->rsp_lock);
	init_completion(&c->done);
	err = nc2f_grants_reserve(&c->grants, PAGES);
	if (!err)
		err = nc2f_gpage_alloc(&c->page, 1, &c->grants, back, false);
	if (!err)
		err = nc2f_gpage_alloc(&c->data, 1, &c->grants, back, true);
	if (!err) {
		struct xen_netif_ctrl_sring *sring = page_address(c->page.page);

		XEN_FRONT_RING_INIT(&c->ring, sring, XEN_PAGE_SIZE);
		err = bind_event(c);
	}
	if (!err)
		return c;
	nc2f_ctrl_release(c);
	return ERR_PTR(err);
}

/**
 * nc2f_ctrl_write_keys - tell the back of the control ring
 * @c: the control ring
 * @xbt: the transaction
 *
 * Return: 0 or an error.
 */
int nc2f_ctrl_write_keys(struct nc2f_ctrl *c, struct xenbus_transaction xbt)
{
	const char *dir = c->nf->xdev->nodename;
	int err;

	err = xenbus_printf(xbt, dir, "ctrl-ring-ref", "%u", c->page.ref);
	if (!err)
		err = xenbus_printf(xbt, dir, "event-channel-ctrl", "%u", c->irq.evtchn);
	return err;
}

/**
 * nc2f_ctrl_stop - first step of the end: nobody here uses the ring any more
 * @c: the control ring; nobody asks
 *
 * May sleep.  The interrupt is the last to use it and ends here.
 */
void nc2f_ctrl_stop(struct nc2f_ctrl *c)
{
	nc2f_irq_unbind(&c->irq, c);
}

/**
 * nc2f_ctrl_release - second step: free what the back has let go of
 * @c: the control ring, stopped, or not made as a whole
 *
 * Return: number of pages that the back still uses; each is kept until it lets go.
 */
u32 nc2f_ctrl_release(struct nc2f_ctrl *c)
{
	u32 kept = 0;

	nc2f_irq_unbind(&c->irq, c);
	kept += nc2f_gpage_free(&c->page, 1);
	kept += nc2f_gpage_free(&c->data, 1);
	nc2f_grants_free(&c->grants);
	kfree(c);
	return kept;
}

/* Publishes a request and tells its id, or says why nobody is asked any more. */
static int put_request(struct nc2f_ctrl *c, const struct xen_netif_ctrl_request *req, u16 *id)
{
	struct xen_netif_ctrl_request *slot;
	int err, notify = 0;

	spin_lock_irq(&c->rsp_lock);
	if (c->broken && !c->dead)
		WRITE_ONCE(c->dead, -EPROTO);
	err = c->dead;
	if (!err) {
		*id = c->ring.req_prod_pvt;
		reinit_completion(&c->done);
		c->asked = true;
		slot = RING_GET_REQUEST(&c->ring, c->ring.req_prod_pvt++);
		*slot = *req;
		slot->id = *id;
		RING_PUSH_REQUESTS_AND_CHECK_NOTIFY(&c->ring, notify);
	}
	spin_unlock_irq(&c->rsp_lock);
	if (notify)
		nc2f_irq_notify(&c->irq);
	return err;
}

/**
 * nc2f_ctrl_give_up - the connection is about to end: nobody waits for the back any more
 * @c: the control ring
 *
 * Process context.  Who waits in nc2f_ctrl_ask() comes back at once.
 */
void nc2f_ctrl_give_up(struct nc2f_ctrl *c)
{
	spin_lock_irq(&c->rsp_lock);
	if (!c->dead)
		WRITE_ONCE(c->dead, -ESHUTDOWN);
	complete(&c->done);
	spin_unlock_irq(&c->rsp_lock);
}

/**
 * nc2f_ctrl_ask - ask the back and wait for its answer
 * @c: the control ring
 * @req: the request; its id is chosen here
 * @deadline: in jiffies: waited for until then and no longer
 * @result: data of the response; set on success only
 *
 * May sleep; without RTNL.  One caller at a time: the work of rss.c.
 *
 * Return: 0; -EOPNOTSUPP, -EINVAL or -ENOSPC if the back refuses; -ETIMEDOUT if
 * it is silent and -EPROTO if it lies, now or earlier on this connection; -ESHUTDOWN if
 * the connection ends meanwhile.
 */
int nc2f_ctrl_ask(struct nc2f_ctrl *c, const struct xen_netif_ctrl_request *req,
		  unsigned long deadline, u32 *result)
{
	long wait = max_t(long, deadline - jiffies, 0);
	bool news;
	int err;
	u16 id;

	err = put_request(c, req, &id);
	if (err)
		return err;
	wait_for_completion_timeout(&c->done, wait);

	spin_lock_irq(&c->rsp_lock);
	if (c->broken)
		err = -EPROTO;
	else if (c->dead)
		err = c->dead;
	else if (c->asked)
		err = -ETIMEDOUT;
	else
		err = nc2f_ctrlmsg_check(&c->answer, id, req->type);
	if (err == -EPROTO)
		c->broken = true;
	/* What is in the page of data may still be read: it is never used again. */
	news = !c->dead && (err == -EPROTO || err == -ETIMEDOUT);
	if (news)
		WRITE_ONCE(c->dead, err);
	*result = err ? *result : c->answer.data;
	spin_unlock_irq(&c->rsp_lock);

	if (news && net_ratelimit())
		netdev_warn(c->nf->dev, "the back %s on the control ring; it is not used any more\n",
			    err == -EPROTO ? "lies" : "does not answer");
	return err;
}
