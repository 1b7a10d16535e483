/* SPDX-License-Identifier: GPL-2.0 */
/*
 * NAPI contexts.  They live as long as the netdev, and the queues behind them
 * only as long as a connection: a user who looks at a context by its id, or has
 * given it a thread, keeps it when the connection is made anew.  What compat.h
 * says of contexts is done here, so nobody else enables or disables one.
 */
#ifndef NC2F_POLLER_H
#define NC2F_POLLER_H

#include <linux/netdevice.h>

struct nc2f_dev;
struct page_pool;

/**
 * struct nc2f_poller - the NAPI context of a lane
 * @napi: the context
 * @nf: whose
 * @lane: number of the queue of the bridged path, or max_queues: the direct path
 * @irq: whose interrupt has it polled, -1 for none; under RTNL
 */
struct nc2f_poller {
	struct napi_struct napi;
	struct nc2f_dev *nf;
	u32 lane;
	int irq;
};

int nc2f_pollers_create(struct nc2f_dev *nf);
void nc2f_pollers_destroy(struct nc2f_dev *nf);
void nc2f_pollers_run(struct nc2f_dev *nf, u32 nr);
void nc2f_pollers_hold(struct nc2f_dev *nf);
void nc2f_pollers_let_go(struct nc2f_dev *nf);
void nc2f_poller_irq(struct nc2f_dev *nf, u32 lane, int irq);
void nc2f_poller_forget(struct nc2f_dev *nf, u32 lane, struct page_pool *pool);

/* queue.c, direct.c */
int nc2f_queue_poll(struct napi_struct *napi, int budget);
int nc2f_direct_poll(struct napi_struct *napi, int budget);

#endif /* NC2F_POLLER_H */
