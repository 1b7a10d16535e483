// SPDX-License-Identifier: GPL-2.0
/*
 * The registry of NIC queues: who has which, and how one is taken back.
 *
 * Two ends meet here that die independently: a provider, whose device may be
 * unbound or pulled at any time, and a client, whose guest may.  Locks, in the
 * order they are taken (a client's own locks come between the first and the
 * second):
 *
 *  nc2q_revoke_sem	read: held while @revoke of a client runs.  Write:
 *			nc2q_sync() waits for those.
 *  nc2q_lock		the list, &nc2q.client and &nc2q.bad.  Nothing else is
 *			called with it held.
 *  nc2q_notify_lock	held while the notify function runs, so that it is not
 *			running any more once it has been changed.
 */
#include "rxq.h"

#include <asm/barrier.h>
#include <linux/bug.h>
#include <linux/errno.h>
#include <linux/mutex.h>
#include <linux/rwsem.h>
#include <linux/sched.h>
#include <linux/wait.h>

static DECLARE_RWSEM(nc2q_revoke_sem);
static DEFINE_MUTEX(nc2q_lock);
static DEFINE_MUTEX(nc2q_notify_lock);
static DECLARE_WAIT_QUEUE_HEAD(nc2q_released);
static LIST_HEAD(nc2q_list);
static void (*nc2q_notify)(void);

static void nc2q_tell_free(void)
{
	mutex_lock(&nc2q_notify_lock);
	if (nc2q_notify)
		nc2q_notify();
	mutex_unlock(&nc2q_notify_lock);
}

/**
 * nc2q_register - offer a queue for lease
 * @q: the queue, filled in by the provider, stopped
 *
 * From now on a client may call the queue's functions at any time.  Process
 * context.
 *
 * Return: 0, or -EINVAL if @q is not filled in.
 */
int nc2q_register(struct nc2q *q)
{
	if (!q->ops || !q->dma_dev || !q->nic || !q->name)
		return -EINVAL;

	mutex_lock(&nc2q_lock);
	q->client = NULL;
	q->client_priv = NULL;
	q->bad = false;
	list_add_tail(&q->node, &nc2q_list);
	mutex_unlock(&nc2q_lock);

	nc2q_tell_free();
	return 0;
}

/**
 * nc2q_unregister - take a queue back
 * @q: a registered queue
 *
 * Has the client leave it and waits until it has.  When this returns nobody
 * uses @q and its memory may go.  The wait ends because @revoke must not return
 * before the queue is released.  Process context, sleeps; the caller must not
 * hold a lock that a function of the queue takes.
 */
void nc2q_unregister(struct nc2q *q)
{
	const struct nc2q_client *client;
	void *priv;

	down_read(&nc2q_revoke_sem);

	/* Off the list first: nobody can lease it again. */
	mutex_lock(&nc2q_lock);
	list_del_init(&q->node);
	client = q->client;
	priv = q->client_priv;
	mutex_unlock(&nc2q_lock);

	/*
	 * The client may be releasing the queue by itself right now.  That
	 * @priv still exists is what nc2q_revoke_sem is for.
	 */
	if (client)
		client->revoke(priv);

	up_read(&nc2q_revoke_sem);

	/* Pairs with smp_store_release() in nc2q_release(). */
	wait_event(nc2q_released, !smp_load_acquire(&q->client));
}

/**
 * nc2q_sync - wait for revocations that are under way
 *
 * After nc2q_release() of the last queue leased with some @priv, and then this,
 * &nc2q_client.revoke neither runs with that @priv nor will be called with it,
 * and it may be freed.  Process context, sleeps; not from within @revoke, and
 * not with a lock held that @revoke takes.
 */
void nc2q_sync(void)
{
	down_write(&nc2q_revoke_sem);
	up_write(&nc2q_revoke_sem);
}

/**
 * nc2q_lease - take a free queue of a NIC
 * @nic: parent device of the physical function's netdev
 * @client: what to call about it
 * @priv: argument for @client's functions; see nc2q_sync() for how long it must
 *	live
 *
 * The queue is stopped and stays so until its start function is called.
 * Call it with the lock held that @revoke takes: @revoke may be called before
 * this returns, and must then not miss the queue.  Process context.
 *
 * Return: the queue, or NULL if the NIC has none free.
 */
struct nc2q *nc2q_lease(struct device *nic, const struct nc2q_client *client,
			void *priv)
{
	struct nc2q *q, *found = NULL;

	mutex_lock(&nc2q_lock);
	list_for_each_entry(q, &nc2q_list, node) {
		if (q->nic != nic || q->client || q->bad)
			continue;
		q->client_priv = priv;
		q->client = client;
		found = q;
		break;
	}
	mutex_unlock(&nc2q_lock);
	return found;
}

/**
 * nc2q_release - give a leased queue back
 * @q: the queue, stopped
 * @bad: it could only be stopped by force and must not be leased again
 *
 * @q must not be touched afterwards: it may be gone.  Process context; calls
 * the notify function.
 */
void nc2q_release(struct nc2q *q, bool bad)
{
	bool free;

	mutex_lock(&nc2q_lock);
	WARN_ON_ONCE(!q->client);
	q->bad |= bad;
	free = !q->bad && !list_empty(&q->node);
	q->client_priv = NULL;
	/*
	 * Last access to @q: pairs with smp_load_acquire() in
	 * nc2q_unregister(), which may free it.
	 */
	smp_store_release(&q->client, NULL);
	mutex_unlock(&nc2q_lock);

	wake_up_all(&nc2q_released);
	if (free)
		nc2q_tell_free();
}

/**
 * nc2q_count - how many queues a NIC has
 * @nic: parent device of the physical function's netdev
 * @free: if not NULL: set to the number that can be leased now
 *
 * Return: number of queues registered, bad ones included.
 */
unsigned int nc2q_count(struct device *nic, unsigned int *free)
{
	unsigned int all = 0, avail = 0;
	struct nc2q *q;

	mutex_lock(&nc2q_lock);
	list_for_each_entry(q, &nc2q_list, node) {
		if (q->nic != nic)
			continue;
		all++;
		avail += !q->client && !q->bad;
	}
	mutex_unlock(&nc2q_lock);

	if (free)
		*free = avail;
	return all;
}

/**
 * nc2q_set_notify - be told when a queue has become free
 * @fn: called in process context, or NULL
 *
 * @fn is called by whoever registers or releases a queue, with the locks of
 * that caller held.  It must not call nc2q_register(), nc2q_release() or this
 * function.  When this returns the function set before is not running.
 */
void nc2q_set_notify(void (*fn)(void))
{
	mutex_lock(&nc2q_notify_lock);
	nc2q_notify = fn;
	mutex_unlock(&nc2q_notify_lock);
}

/**
 * nc2q_why - what an error of a queue's functions means
 * @err: negative
 *
 * Return: a constant text, for people.
 */
const char *nc2q_why(int err)
{
	switch (err) {
	case -ENETDOWN:
		return "the NIC has no link";
	case -EMSGSIZE:
		return "the NIC refuses the guest's MTU";
	case -E2BIG:
	case -EPERM:
		return "the NIC cannot hold the guest's multicast list";
	case -EOPNOTSUPP:
		return "the NIC is set up with traffic classes";
	case -EIO:
		return "the NIC queue was reset";
	default:
		return "the NIC's driver does not answer";
	}
}
