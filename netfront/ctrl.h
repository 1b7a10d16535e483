/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The control ring of netif.h: one request at a time, each with a limit on how
 * long it is waited for.  A back that is late or lies is not asked again on
 * this connection; frames go on meanwhile.
 */
#ifndef NC2F_CTRL_H
#define NC2F_CTRL_H

#include <linux/completion.h>
#include <linux/spinlock.h>

#include <xen/interface/io/netif.h>
#include <xen/xenbus.h>

#include "ctrlmsg.h"
#include "evtchn.h"
#include "grant.h"

struct nc2f_dev;

/*
 * For how long a back is waited for, by all requests of one change together.  It answers
 * in a work, on a host that may be busy with other things.
 */
#define NC2F_CTRL_TIMEOUT	(5 * HZ)

/**
 * struct nc2f_ctrl - the control ring of one connection
 * @nf: whose
 * @grants: references for the pages; empty once they are made
 * @page: the page of the ring
 * @data: a page for what goes with a request; the back may read it
 * @irq: the event channel
 * @dead: an error for which the back is not asked any more, or 0; written under
 *	@rsp_lock, read without
 * @rsp_lock: guards what follows; taken by the interrupt
 * @ring: the ring
 * @asked: a request awaits its response
 * @broken: the back has answered what was not asked
 * @answer: the response
 * @done: completed when it has come
 */
struct nc2f_ctrl {
	struct nc2f_dev *nf;
	struct nc2f_grants grants;
	struct nc2f_gpage page;
	struct nc2f_gpage data;
	struct nc2f_irq irq;

	int dead;

	spinlock_t rsp_lock;	/* see @rsp_lock above */
	struct xen_netif_ctrl_front_ring ring;
	bool asked;
	bool broken;
	struct nc2f_answer answer;
	struct completion done;
};

struct nc2f_ctrl *nc2f_ctrl_create(struct nc2f_dev *nf);
int nc2f_ctrl_write_keys(struct nc2f_ctrl *c, struct xenbus_transaction xbt);
void nc2f_ctrl_give_up(struct nc2f_ctrl *c);
void nc2f_ctrl_stop(struct nc2f_ctrl *c);
u32 nc2f_ctrl_release(struct nc2f_ctrl *c);
int nc2f_ctrl_ask(struct nc2f_ctrl *c, const struct xen_netif_ctrl_request *req,
		  unsigned long deadline, u32 *result);

#endif /* NC2F_CTRL_H */
