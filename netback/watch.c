// SPDX-License-Identifier: GPL-2.0
#include "watch.h"

#include "direct.h"
#include "queue.h"
#include "vif.h"

#include <linux/rtnetlink.h>
#include <linux/slab.h>

/*
 * The guest may write its key as often as it likes: while one change waits to
 * be looked at, others need no entry in xenwatch's queue.
 */
static bool none_waits(struct xenbus_watch *watch, const char *path,
		       const char *token)
{
	return !watch->nr_pending;
}

/**
 * nc2b_watch_read_mcast - see whether the guest wants multicast filtered
 * @vif: the interface
 *
 * Process context: before queues start, and whenever the key changes.
 */
void nc2b_watch_read_mcast(struct nc2b_vif *vif)
{
	WRITE_ONCE(vif->mcast.on, xenbus_read_unsigned(vif->xdev->otherend,
						       "request-multicast-control", 0));
}

static void mcast_changed(struct xenbus_watch *watch, const char *path,
			  const char *token)
{
	nc2b_watch_read_mcast(container_of(watch, struct nc2b_watch, watch)->vif);
}

/**
 * nc2b_watch_read_rate - read xl's rate=, "bytes,usec"
 * @vif: the interface
 *
 * Process context: before queues start, and whenever the key changes.  What
 * cannot be understood limits nothing, and is said.
 */
void nc2b_watch_read_rate(struct nc2b_vif *vif)
{
	u32 bytes = 0, usec = 0;
	unsigned int i;
	char *text;

	text = xenbus_read(XBT_NIL, vif->xdev->nodename, "rate", NULL);
	if (!IS_ERR(text)) {
		if (nc2b_rate_parse(text, &bytes, &usec))
			dev_warn_ratelimited(&vif->xdev->dev,
					     "rate is not \"bytes,usec\": no limit\n");
		kfree(text);
	}
	if (nc2b_rate_is(&vif->rate, bytes, usec))
		return;
	nc2b_rate_set(&vif->rate, bytes, usec, ktime_get_ns());
	/* One that has used up the old rate waits for a timer of that. */
	rtnl_lock();
	local_bh_disable();
	for (i = 0; vif->queues && i < vif->nr_queues; i++)
		napi_schedule(&vif->queues[i].tx_napi);
	local_bh_enable();
	rtnl_unlock();
	nc2b_path_rate_changed(vif->direct);
}

static void rate_changed(struct xenbus_watch *watch, const char *path,
			 const char *token)
{
	nc2b_watch_read_rate(container_of(watch, struct nc2b_watch, watch)->vif);
}

/**
 * nc2b_watch_arm - follow a key
 * @w: the watch; nothing happens if it is armed
 * @vif: the interface
 * @dir: the directory
 * @key: the key in it
 * @changed: what to do when it has changed: read it
 *
 * Process context.  @changed is called by xenwatch, once soon after; changes that come
 * while one waits to be looked at are looked at with that.
 */
void nc2b_watch_arm(struct nc2b_watch *w, struct nc2b_vif *vif, const char *dir,
		    const char *key,
		    void (*changed)(struct xenbus_watch *, const char *, const char *))
{
	int err;

	if (w->armed)
		return;
	w->vif = vif;
	err = xenbus_watch_pathfmt(vif->xdev, &w->watch, none_waits, changed,
				   "%s/%s", dir, key);
	w->armed = !err;
}

/**
 * nc2b_watch_disarm - follow a key no longer
 * @w: the watch; nothing happens if it is not armed
 *
 * Process context.  Waits for a callback that runs.
 */
void nc2b_watch_disarm(struct nc2b_watch *w)
{
	if (!w->armed)
		return;
	w->armed = false;
	unregister_xenbus_watch(&w->watch);
	kfree(w->watch.node);
	memset(&w->watch, 0, sizeof(w->watch));
}

/**
 * nc2b_watches_arm - follow the keys of an interface
 * @w: the watches; nothing happens to those that are armed
 * @vif: the interface, connected
 *
 * Process context.  Each key is read once more soon after.
 */
void nc2b_watches_arm(struct nc2b_watches *w, struct nc2b_vif *vif)
{
	nc2b_watch_arm(&w->mcast, vif, vif->xdev->otherend, "request-multicast-control",
		       mcast_changed);
	nc2b_watch_arm(&w->rate, vif, vif->xdev->nodename, "rate", rate_changed);
}

/**
 * nc2b_watches_disarm - follow the keys no longer
 * @w: the watches; nothing happens to those that are not armed
 *
 * Process context.  Waits for a callback that runs.
 */
void nc2b_watches_disarm(struct nc2b_watches *w)
{
	nc2b_watch_disarm(&w->mcast);
	nc2b_watch_disarm(&w->rate);
}
