// SPDX-License-Identifier: GPL-2.0
/*
 * Where a guest's frames are sent: by an entry of the bridge's forwarding database, for
 * which dom0's function of the NIC receives them, or by a filter of the guest's own.
 */
#include "bridge.h"
#include "direct.h"
#include "pf.h"
#include "vif.h"

#include <linux/rtnetlink.h>

static void add_entry(struct nc2b_direct *d)
{
	if (nc2b_bridge_add(d->vif->dev, d->vif->mac))
		nc2b_vif_err(d->vif, "the bridge refuses an entry for %pM\n", d->vif->mac);
}

/* Under RTNL, as is whatever goes with it and must not come much later. */
static void bridge_on(struct nc2b_direct *d)
{
	if (d->fdb)
		return;
	d->fdb = true;
	if (d->nic[0])
		nc2b_pf_add_address(d->nic, d->vif->mac);
	add_entry(d);
}

static void bridge_off(struct nc2b_direct *d)
{
	if (!d->fdb)
		return;
	d->fdb = false;
	nc2b_bridge_del(d->vif->dev, d->vif->mac);
	if (d->nic[0])
		nc2b_pf_del_address(d->nic, d->vif->mac);
}

/**
 * nc2b_fdb_add - let the guest's frames come by the bridge
 * @d: the direct path, not active
 *
 * Under @d->lock or before the interface is in use.  Takes RTNL.
 */
void nc2b_fdb_add(struct nc2b_direct *d)
{
	rtnl_lock();
	bridge_on(d);
	rtnl_unlock();
}

/**
 * nc2b_fdb_del - undo nc2b_fdb_add()
 * @d: the direct path
 *
 * Takes RTNL.
 */
void nc2b_fdb_del(struct nc2b_direct *d)
{
	rtnl_lock();
	bridge_off(d);
	rtnl_unlock();
}

/**
 * nc2b_fdb_renew - the netdev may have been put on a bridge once more
 * @d: the direct path
 *
 * The entry went with the port, or with the bridge.  Takes RTNL, which is enough to look at
 * @d->fdb: who holds @d->lock may be waiting for the guest, and this is xenwatch.
 */
void nc2b_fdb_renew(struct nc2b_direct *d)
{
	rtnl_lock();
	if (d->fdb)
		add_entry(d);
	rtnl_unlock();
}

/**
 * nc2b_fdb_to_queue - let the guest's frames come by its queue
 * @d: the direct path, its queue running
 *
 * dom0's filter off before the guest's on: both on would deliver a frame twice, both off
 * loses what arrives between two register writes.  RTNL once for both: who else wants it,
 * as others do who change path at the same time, would come between them.
 *
 * Under @d->lock.
 *
 * Return: 0; or an error, and they come by the bridge.
 */
int nc2b_fdb_to_queue(struct nc2b_direct *d)
{
	int err;

	rtnl_lock();
	bridge_off(d);
	err = nc2b_pf_let_in(d->q->nic, d->q->vf, d->vif->mac);
	if (err) {
		nc2b_pf_shut_out(d->q->nic, d->q->vf);
		bridge_on(d);
	}
	rtnl_unlock();
	return err;
}

/**
 * nc2b_fdb_to_bridge - undo nc2b_fdb_to_queue()
 * @d: the direct path, with a queue
 *
 * Under @d->lock.
 */
void nc2b_fdb_to_bridge(struct nc2b_direct *d)
{
	rtnl_lock();
	nc2b_pf_shut_out(d->q->nic, d->q->vf);
	bridge_on(d);
	rtnl_unlock();
}
