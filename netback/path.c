// SPDX-License-Identifier: GPL-2.0
/*
 * Which path is active, and every step from one to the other.
 *
 * Everything here runs in process context under nc2b_direct.lock, in the work
 * or on behalf of xenbus, of the administrator or of a NIC that goes away.
 */
#include "bridge.h"
#include "direct.h"
#include "pf.h"
#include "vif.h"

#include <linux/if_vlan.h>
#include <linux/rtnetlink.h>

#include <xen/events.h>

/* How long the front has to answer a change of path; it needs one event. */
#define ACK_TIMEOUT	HZ
/* How long frames that the front has handed over have to leave. */
#define DRAIN_MS	50
/* How often the NIC is looked after while a path is active. */
#define CHECK_MS	500
/* How long the NIC's answers to a look may take to come as changes of it. */
#define ANSWER_MS	100
/* In how many such looks a frame may be on its way: what Linux gives a NIC is 5 s. */
#define SEND_LOOKS	10
/* Tries to enter the direct path: from and up to this far apart. */
#define RETRY_MIN_MS	1000
#define RETRY_MAX_MS	30000
/* Who has been direct for so long has not been so in vain. */
#define STEADY_NS	(10ull * NSEC_PER_SEC)
/*
 * So many connections in a row may end before that, for any reason, at no cost; after as
 * many more the pause doubles, until it is RETRY_MAX_MS.
 */
#define BRIEF_OK	8
#define BRIEF_MAX	(5 * BRIEF_OK)

static const char broke_rules[] = "the guest broke the rules of the direct path";
static const char refuses_rate[] = "the NIC's driver refuses the guest's rate";

static struct workqueue_struct *wq;

/**
 * nc2b_path_kick - have the path looked at
 * @d: the direct path
 * @ms: after so many milliseconds at the latest; 0: at once, and if the path is not
 *	active, try to enter it, however short ago that has failed
 *
 * Any context.
 */
void nc2b_path_kick(struct nc2b_direct *d, unsigned int ms)
{
	unsigned long when = jiffies + msecs_to_jiffies(ms);

	if (!ms) {
		WRITE_ONCE(d->hurry, true);
		mod_delayed_work(wq, &d->work, 0);
	} else if (!queue_delayed_work(wq, &d->work, when - jiffies) &&
		   timer_pending(&d->work.timer) &&
		   time_after(READ_ONCE(d->work.timer.expires), when)) {
		mod_delayed_work(wq, &d->work, when - jiffies);
	}
}

static void queue_interrupt(void *priv)
{
	struct nc2b_direct *d = priv;

	nc2b_coalesce_interrupt(&d->coalesce);
	napi_schedule(&d->napi);
}

/* Have the NIC looked after soon. */
static void look_soon(struct nc2b_direct *d)
{
	WRITE_ONCE(d->changed, true);
	if (READ_ONCE(d->direct))
		nc2b_path_kick(d, 1);
}

static void queue_changed(void *priv)
{
	look_soon(priv);
}

static void queue_revoke(void *priv);

static const struct nc2q_client queue_client = {
	.interrupt = queue_interrupt,
	.changed = queue_changed,
	.revoke = queue_revoke,
};

static void tell_front(struct nc2b_direct *d, u32 path)
{
	WRITE_ONCE(d->block.shared->back.path, path);
	notify_remote_via_irq(d->irq);
}

static bool front_is(const struct nc2b_direct *d, u32 path)
{
	return READ_ONCE(d->block.shared->front.path) == path;
}

/* Tell the front which path to send by; true if it has answered in time. */
static bool switch_front(struct nc2b_direct *d, u32 path)
{
	tell_front(d, path);
	wait_event_timeout(d->ack_wait, front_is(d, path) || READ_ONCE(d->gone),
			   ACK_TIMEOUT);
	return front_is(d, path);
}

/* From here on the NIC delivers to the guest's own pages. */
static const char *set_filters(struct nc2b_direct *d)
{
	const char *why = nc2b_filter_apply(d);
	u32 mbit;

	if (why)
		return why;
	WRITE_ONCE(d->rate_changed, false);
	/* Also none: a NIC without link does not let go of the last one's. */
	mbit = nc2b_rate_mbit(&d->vif->rate);
	if (nc2b_pf_set_rate(d->q->nic, d->q->vf, mbit) && mbit)
		return nc2b_lease_in_vain(d, refuses_rate);
	/*
	 * The NIC gives the queue what everybody gets, and the bridge may do so for a
	 * second after the carrier is off, when the kernel tells it.
	 */
	WRITE_ONCE(d->groups, true);
	if (!nc2b_fdb_to_queue(d))
		return NULL;
	return nc2b_lease_in_vain(d, "the NIC's driver refuses the guest's address");
}

static void entered(struct nc2b_direct *d)
{
	d->since = ktime_get_boottime_ns();
	d->tried = jiffies;
	d->next_look = jiffies;
	d->looked = jiffies;
	d->tx_seen = READ_ONCE(d->tx.cons);
	d->tx_stuck = 0;
	WRITE_ONCE(d->yield, false);
	WRITE_ONCE(d->reason, NULL);
	WRITE_ONCE(d->direct, true);
	nc2b_direct_count(d, NC2B_D_PROMOTED, 1);
	nc2b_vif_info(d->vif, "direct path by %s queue %s%s\n", d->nic, d->q->name,
		      d->block.bounced ? " (bounced)" : "");
}

/* Let frames that the front has handed over leave by the queue. */
static void drain(struct nc2b_direct *d)
{
	int ms;

	for (ms = 0; ms < DRAIN_MS && READ_ONCE(d->running) && !READ_ONCE(d->gone);
	     ms += 2) {
		if (READ_ONCE(d->block.shared->tx.prod) == READ_ONCE(d->tx.cons))
			return;
		nc2b_lease_poll(d);
		usleep_range(2000, 4000);
	}
}

/*
 * The reverse of entering.  The front's answer is waited for at most a second:
 * after that its frames in the ring are lost, not the host's time.
 */
static void take_down(struct nc2b_direct *d, bool alive)
{
	nc2b_vif_carrier_on(d->vif);
	if (alive && switch_front(d, XEN_NC2_PATH_BRIDGED))
		drain(d);
	else
		tell_front(d, XEN_NC2_PATH_BRIDGED);
	nc2b_fdb_to_bridge(d);
	nc2b_lease_stop(d);
}

/*
 * Enter the direct path.  Order, and why: the queue is in the guest's VLAN, and may
 * send with the guest's address only, before it runs; it runs and has buffers before
 * a filter sends it a frame; the front transmits by it before the bridge loses
 * its port, so that it is never without a way.
 */
static const char *enter(struct nc2b_direct *d)
{
	struct device *nic;
	const char *why = NULL;

	nic = nc2b_pf_get(d->nic, &why);
	if (!nic) {
		nc2b_lease_wait_no_more(d);
		return why;
	}
	why = nc2b_lease_start(d, nic, &queue_client);
	put_device(nic);
	if (!why)
		why = set_filters(d);
	if (why) {
		if (d->q)
			nc2b_lease_stop(d);
		return why;
	}
	WRITE_ONCE(d->block.shared->back.max_mtu, d->q->max_mtu);
	if (!switch_front(d, XEN_NC2_PATH_DIRECT)) {
		take_down(d, false);
		return nc2b_lease_in_vain(d, "the guest did not answer the change of path");
	}
	netif_carrier_off(d->vif->dev);
	entered(d);
	return NULL;
}

static bool has_lasted(const struct nc2b_direct *d)
{
	return ktime_get_boottime_ns() - d->since > STEADY_NS;
}

static void leave(struct nc2b_direct *d, const char *reason, bool alive)
{
	take_down(d, alive);
	WRITE_ONCE(d->reason, reason);
	WRITE_ONCE(d->direct, false);
	d->steady = has_lasted(d);
	/* Direct for a while: the next try need not wait. */
	if (d->steady)
		d->backoff = 0;
	d->since = ktime_get_boottime_ns();
	nc2b_direct_count(d, NC2B_D_DEMOTED, 1);
	nc2b_vif_info(d->vif, "bridged path: %s\n", reason);
}

/**
 * nc2b_path_leave - leave the direct path, and do not wait for a queue
 * @d: the direct path; if it is not active nothing happens but that
 * @reason: why; a constant text
 * @alive: the front runs: have it send by the bridge before the queue stops
 *
 * Under @d->lock.
 */
void nc2b_path_leave(struct nc2b_direct *d, const char *reason, bool alive)
{
	WRITE_ONCE(d->reason, reason);
	nc2b_lease_wait_no_more(d);
	if (d->direct)
		leave(d, reason, alive);
}

/*
 * Leave it because of the NIC, and try again at once, for which lighter ones are not to
 * take what comes back: but not if that has happened just before.
 */
static void leave_for_now(struct nc2b_direct *d, const char *reason)
{
	bool soon = has_lasted(d);

	WRITE_ONCE(d->waiting, soon);
	leave(d, reason, true);
	WRITE_ONCE(d->hurry, soon);
}

/* Why this guest may not be direct, whatever the NIC can do; or NULL. */
static const char *not_allowed(const struct nc2b_direct *d)
{
	if (d->failed)
		return broke_rules;
	/* What it has said of its other rings ends this one, too, and others may wait for it. */
	if (READ_ONCE(d->vif->broken))
		return "the guest broke the rules of its rings";
	if (d->policy == NC2B_POLICY_BRIDGED)
		return "the administrator chose the bridged path";
	/* To nobody and from nobody, as the bridge has it. */
	if (!netif_running(d->vif->dev))
		return "the vif is down";
	if (d->vlan == VLAN_N_VID)
		return "vlan= is not one number of 1 to 4094";
	return NULL;
}

static void queue_revoke(void *priv)
{
	struct nc2b_direct *d = priv;

	mutex_lock(&d->lock);
	if (d->direct)
		leave_for_now(d, "the NIC queue was taken away");
	mutex_unlock(&d->lock);
}

/*
 * Whether the NIC has had a frame for so long that it will not leave.  The
 * registers may look well all the same.  That nothing is received proves nothing:
 * there may be nothing to receive.
 */
static bool stalled(struct nc2b_direct *d)
{
	u32 cons = READ_ONCE(d->tx.cons);

	if (READ_ONCE(d->tx_inflight) && cons == d->tx_seen)
		return ++d->tx_stuck > SEND_LOOKS;
	d->tx_seen = cons;
	d->tx_stuck = 0;
	return false;
}

static const char *set_rate(struct nc2b_direct *d)
{
	u32 mbit = nc2b_rate_mbit(&d->vif->rate);

	return nc2b_pf_set_rate(d->q->nic, d->q->vf, mbit) ? refuses_rate : NULL;
}

/* What the PF's driver has been asked to do for the guest, and by whom else. */
static const char *look_at_pf(struct nc2b_direct *d)
{
	switch (nc2b_pf_look(d->q->nic, d->q->vf, d->vif->mac, d->vlan,
			     nc2b_rate_mbit(&d->vif->rate))) {
	case -EPERM:
		return "somebody else has changed the NIC's filter for the guest";
	case -ESTALE:
		return set_rate(d);
	default:
		return NULL;
	}
}

/* Why the NIC is no longer good for the direct path, or NULL. */
static const char *nic_trouble(struct nc2b_direct *d)
{
	struct nc2q *q = d->q;
	int err = q->ops->check(q);
	const char *why = NULL;

	d->looked = jiffies;
	WRITE_ONCE(d->changed, false);
	if (err)
		return nc2q_why(err);
	if (xchg(&d->rate_changed, false))
		why = set_rate(d);
	if (why || time_before(jiffies, d->next_look))
		return why;
	d->next_look = jiffies + msecs_to_jiffies(CHECK_MS);
	/* An interrupt that was lost costs half a second, and not the queue. */
	nc2b_lease_poll(d);
	if (stalled(d))
		return "the NIC queue has stopped sending";
	return look_at_pf(d);
}

/* Why the guest or the administrator wants the bridged path, or NULL. */
static const char *not_wanted(struct nc2b_direct *d)
{
	const char *why = not_allowed(d);

	if (why)
		return why;
	if (!front_is(d, XEN_NC2_PATH_DIRECT))
		return "the guest has left the direct path by itself";
	if (xchg(&d->yield, false) && nc2b_share_outranked(d))
		return "an interface of more weight has taken the NIC queue";
	return NULL;
}

/*
 * Whether it is time to look after the NIC.  What it answers to a look may look like
 * another change: that alone does not make the next one.
 */
static bool look_is_due(const struct nc2b_direct *d)
{
	return !time_before(jiffies, d->next_look) ||
	       (READ_ONCE(d->changed) &&
		!time_before(jiffies, d->looked + msecs_to_jiffies(ANSWER_MS)));
}

/*
 * What the guest listens to may have changed.  One that changes it all the time does not
 * keep the NIC busy, whose every answer has the path looked at as well.
 */
static const char *look_at_filter(struct nc2b_direct *d)
{
	if (READ_ONCE(d->block.shared->front.filter_seq) == d->seen_filter)
		return NULL;
	if (time_before(jiffies, d->filtered + msecs_to_jiffies(NC2B_FILTER_MS))) {
		nc2b_path_kick(d, NC2B_FILTER_MS);
		return NULL;
	}
	return nc2b_filter_apply(d);
}

static void look_direct(struct nc2b_direct *d)
{
	const char *why = not_wanted(d) ?: look_at_filter(d);

	if (why) {
		nc2b_path_leave(d, why, !d->failed);
		return;
	}
	if (look_is_due(d))
		why = nic_trouble(d);
	if (why)
		leave_for_now(d, why);
}

static void look_bridged(struct nc2b_direct *d)
{
	const char *why = not_allowed(d) ?: nc2b_filter_refused(d);

	if (why) {
		nc2b_lease_wait_no_more(d);
	} else {
		u32 wish = d->wish;

		why = enter(d);
		if (!why)
			return;
		/* A queue for another wish, in vain: the next one waits its turn. */
		if (d->in_vain && d->wish != wish)
			d->steady = false;
	}
	if (d->reason != why)
		nc2b_vif_info(d->vif, "stays on the bridge: %s\n", why);
	WRITE_ONCE(d->reason, why);
}

/*
 * When to try to enter the path again, in jiffies from now; not positive: now.  A
 * guest whose wishes have changed need not wait long, once, and if it was direct for a
 * while before: else it could keep the NIC and the log busy.
 */
static long until_try(const struct nc2b_direct *d)
{
	u32 ms = d->backoff;

	if (d->steady && READ_ONCE(d->block.shared->front.filter_seq) != d->wish)
		ms = min_t(u32, ms, RETRY_MIN_MS);
	return d->tried + msecs_to_jiffies(ms) - jiffies;
}

static void kick_when_due(struct nc2b_direct *d)
{
	nc2b_path_kick(d, jiffies_to_msecs(max(until_try(d), 0L)) + 1);
}

/**
 * nc2b_path_begin - look after the path of a front that has connected
 * @d: the direct path, attached
 *
 * Under @d->lock.  The last connection's tries are forgotten, but for the time of the
 * last one: connecting anew is no way to have the NIC set up more often.  Nor does it help
 * to connect again and again: the NIC's driver says at each change of path what it does.
 */
void nc2b_path_begin(struct nc2b_direct *d)
{
	d->brief = d->steady ? 0 : min(d->brief + 1, BRIEF_MAX);
	d->steady = false;
	d->backoff = min(RETRY_MIN_MS << (d->brief / BRIEF_OK), RETRY_MAX_MS);
	kick_when_due(d);
}

static void look(struct nc2b_direct *d)
{
	bool hurry = xchg(&d->hurry, false);

	if (d->direct)
		look_direct(d);
	else if (hurry || until_try(d) <= 0)
		look_bridged(d);
	else
		return;
	if (!d->direct) {
		d->backoff = clamp_t(u32, d->backoff * 2, RETRY_MIN_MS, RETRY_MAX_MS);
		d->tried = jiffies;
	}
}

/**
 * nc2b_path_work - look after the path of one interface
 * @work: &nc2b_direct.work
 */
void nc2b_path_work(struct work_struct *work)
{
	struct nc2b_direct *d = container_of(to_delayed_work(work),
					     struct nc2b_direct, work);

	mutex_lock(&d->lock);
	if (!d->attached)
		goto out;
	/* One that lies and asks for its pages at once is remembered for the lie. */
	if (nc2b_direct_wants_revoke(d))
		nc2b_direct_revoke(d, d->failed ? broke_rules :
				   "the guest has taken its pages back", !d->failed);
	if (d->revoked)
		goto out;
	look(d);
	if (d->direct)
		nc2b_path_kick(d, CHECK_MS);
	else if (!d->failed && d->policy != NC2B_POLICY_BRIDGED)
		kick_when_due(d);
out:
	mutex_unlock(&d->lock);
}

/**
 * nc2b_path_set_policy - the administrator's wish
 * @d: the direct path
 * @policy: the wish
 *
 * Returns when it has been carried out as far as it can be.
 */
void nc2b_path_set_policy(struct nc2b_direct *d, enum nc2b_policy policy)
{
	mutex_lock(&d->lock);
	WRITE_ONCE(d->policy, policy);
	d->backoff = 0;
	d->in_vain = false;
	d->made_room = 0;
	mutex_unlock(&d->lock);
	/* Others may have to leave a queue to it no longer. */
	nc2b_share_kick();
	nc2b_path_kick(d, 0);
	flush_delayed_work(&d->work);
}

/**
 * nc2b_path_rate_changed - the guest has another limit on what it sends
 * @d: the direct path
 *
 * The work tells the NIC, if the path is active.
 */
void nc2b_path_rate_changed(struct nc2b_direct *d)
{
	WRITE_ONCE(d->rate_changed, true);
	look_soon(d);
}

/**
 * nc2b_path_init - start of the module
 *
 * Return: 0 or -ENOMEM.
 */
int nc2b_path_init(void)
{
	wq = alloc_workqueue("xen-nc2-back", WQ_UNBOUND, 0);
	if (!wq)
		return -ENOMEM;
	nc2q_set_notify(nc2b_share_kick);
	return 0;
}

/**
 * nc2b_path_exit - end of the module; no interface is left
 */
void nc2b_path_exit(void)
{
	nc2q_set_notify(NULL);
	destroy_workqueue(wq);
}
