// SPDX-License-Identifier: GPL-2.0
/*
 * The back steers frames to our queues by a hash whose key and table the
 * administrator sets with ethtool -X.  Until then it steers as it likes, and
 * no frame carries a hash: each hash takes a place on the receive ring.
 *
 * The user's call comes under RTNL and must not wait for the back, which may
 * never answer: it notes what is wanted, and a work tells the back.
 */
#include "rss.h"

#include <linux/ethtool.h>
#include <linux/mm.h>
#include <linux/netdevice.h>
#include <linux/rtnetlink.h>

#include "ctrl.h"
#include "netdev.h"

#define ALL_TYPES	(XEN_NETIF_CTRL_HASH_TYPE_IPV4 | XEN_NETIF_CTRL_HASH_TYPE_IPV4_TCP | \
			 XEN_NETIF_CTRL_HASH_TYPE_IPV6 | XEN_NETIF_CTRL_HASH_TYPE_IPV6_TCP)

static int ask(struct nc2f_ctrl *c, unsigned long deadline, u16 type, u32 a, u32 b, u32 *result)
{
	struct xen_netif_ctrl_request req = { .type = type, .data = { a, b } };
	u32 unused;

	return nc2f_ctrl_ask(c, &req, deadline, result ?: &unused);
}

/* There may be fewer queues than when the table was made, and more another time. */
static void fill_map(const struct nc2f_dev *nf, u32 *map, u32 size)
{
	const u32 *set = nf->rss.set.map;
	u32 i;

	for (i = 0; i < size; i++)
		map[i] = set[i] < nf->nr_queues ? set[i] :
			 ethtool_rxfh_indir_default(i, nf->nr_queues);
}

/* Has the back hash and steer as is wanted. */
static int switch_on(struct nc2f_ctrl *c, const struct nc2f_rss_set *set, u32 size,
		     unsigned long end)
{
	void *data = page_address(c->data.page);
	u32 types;
	int err;

	err = ask(c, end, XEN_NETIF_CTRL_TYPE_SET_HASH_ALGORITHM,
		  XEN_NETIF_CTRL_HASH_ALGORITHM_TOEPLITZ, 0, NULL);
	if (!err)
		err = ask(c, end, XEN_NETIF_CTRL_TYPE_GET_HASH_FLAGS, 0, 0, &types);
	if (!err && !(types & ALL_TYPES))
		err = -EOPNOTSUPP;
	if (!err) {
		memcpy(data, set->key, sizeof(set->key));
		err = ask(c, end, XEN_NETIF_CTRL_TYPE_SET_HASH_KEY, c->data.ref,
			  sizeof(set->key), NULL);
	}
	if (!err)
		err = ask(c, end, XEN_NETIF_CTRL_TYPE_SET_HASH_MAPPING_SIZE, size, 0, NULL);
	if (!err && size) {
		memcpy(data, set->map, size * sizeof(*set->map));
		err = ask(c, end, XEN_NETIF_CTRL_TYPE_SET_HASH_MAPPING, c->data.ref,
			  size, NULL);
	}
	/* Last: until here the back steers as it likes. */
	if (!err)
		err = ask(c, end, XEN_NETIF_CTRL_TYPE_SET_HASH_FLAGS, types & ALL_TYPES, 0, NULL);
	return err;
}

static int switch_off(struct nc2f_ctrl *c, unsigned long end)
{
	return ask(c, end, XEN_NETIF_CTRL_TYPE_SET_HASH_ALGORITHM,
		   XEN_NETIF_CTRL_HASH_ALGORITHM_NONE, 0, NULL);
}

/* Makes the back's state the wanted one. */
static int apply(struct nc2f_ctrl *c, const struct nc2f_rss_set *set, u32 size)
{
	unsigned long end = jiffies + NC2F_CTRL_TIMEOUT;
	int err;

	if (!set->wanted || !set->on)
		return switch_off(c, end);
	err = switch_on(c, set, size, end);
	if (err)
		switch_off(c, end);
	return err;
}

/* What a new back has: the size of the table, once for a connection. */
static int learn(struct nc2f_dev *nf)
{
	struct nc2f_rss *rss = &nf->rss;
	u32 i, size = 0;
	int err;

	if (rss->learnt)
		return 0;
	err = ask(nf->ctrl, jiffies + NC2F_CTRL_TIMEOUT,
		  XEN_NETIF_CTRL_TYPE_GET_HASH_MAPPING_SIZE, 0, 0, &size);
	/* It may have a hash without a table. */
	if (err == -EOPNOTSUPP)
		err = 0;
	/* Who asks for the table has room for as many entries as there were under this RTNL. */
	rtnl_lock();
	mutex_lock(&rss->lock);
	WRITE_ONCE(rss->learnt, true);
	rss->size = min_t(u32, size, NC2F_RSS_MAP);
	/* A table that nobody has set is of all queues that there are now. */
	if (!netif_is_rxfh_configured(nf->dev))
		for (i = 0; i < NC2F_RSS_MAP; i++)
			rss->set.map[i] = ethtool_rxfh_indir_default(i, nf->nr_queues);
	mutex_unlock(&rss->lock);
	rtnl_unlock();
	return err;
}

/* The only one who asks the back.  What is set meanwhile has it run once more. */
static void rss_work(struct work_struct *work)
{
	struct nc2f_rss *rss = container_of(work, struct nc2f_rss, work);
	struct nc2f_dev *nf = container_of(rss, struct nc2f_dev, rss);
	struct nc2f_rss_set set;
	int err;

	err = learn(nf);
	mutex_lock(&rss->lock);
	set = rss->set;
	fill_map(nf, set.map, rss->size);
	mutex_unlock(&rss->lock);
	/* A stock back goes on with what an earlier connection has told it. */
	if (!err)
		err = apply(nf->ctrl, &set, rss->size);
	/* The next connection is told. */
	if (err == -ESHUTDOWN)
		return;
	WRITE_ONCE(rss->err, err);
	if (err && set.wanted && set.on && net_ratelimit())
		netdev_warn(nf->dev, "the back does not steer as set by ethtool -X: %d\n", err);
}

/**
 * nc2f_rss_init - prepare receive side scaling
 * @nf: the interface
 */
void nc2f_rss_init(struct nc2f_dev *nf)
{
	struct nc2f_rss *rss = &nf->rss;

	INIT_WORK(&rss->work, rss_work);
	mutex_init(&rss->lock);
	rss->set.on = true;
	netdev_rss_key_fill(rss->set.key, sizeof(rss->set.key));
}

/**
 * nc2f_rss_destroy - the end of it
 * @nf: the interface
 */
void nc2f_rss_destroy(struct nc2f_dev *nf)
{
	mutex_destroy(&nf->rss.lock);
}

/**
 * nc2f_rss_ready - the back is connected: it may be asked
 * @nf: the interface, NC2F_UP
 */
void nc2f_rss_ready(struct nc2f_dev *nf)
{
	if (nf->ctrl)
		queue_work(system_long_wq, &nf->rss.work);
}

/**
 * nc2f_rss_stop - ask the back no more
 * @nf: the interface, not live
 *
 * May sleep, without RTNL, but not for the back.  Whoever set something held RTNL and has
 * left.
 */
void nc2f_rss_stop(struct nc2f_dev *nf)
{
	struct nc2f_rss *rss = &nf->rss;

	if (nf->ctrl)
		nc2f_ctrl_give_up(nf->ctrl);
	cancel_work_sync(&rss->work);
	mutex_lock(&rss->lock);
	WRITE_ONCE(rss->learnt, false);
	rss->size = 0;
	rss->err = 0;
	mutex_unlock(&rss->lock);
}

/* What is set is the back's to do; under RTNL, which keeps the connection. */
static void tell_back(struct nc2f_dev *nf)
{
	WRITE_ONCE(nf->rss.err, 0);
	queue_work(system_long_wq, &nf->rss.work);
}

/**
 * nc2f_rss_switch - switch hashing on, if it is wanted, or off
 * @nf: the interface
 * @on: which
 *
 * Under RTNL; does not wait for the back.
 */
void nc2f_rss_switch(struct nc2f_dev *nf, bool on)
{
	struct nc2f_rss *rss = &nf->rss;

	mutex_lock(&rss->lock);
	rss->set.on = on;
	mutex_unlock(&rss->lock);
	/* One that was not asked yet will be told all that is set by then. */
	if (nf->live && rss->set.wanted && READ_ONCE(rss->learnt))
		tell_back(nf);
}

/**
 * nc2f_get_rx_ring_count - ethtool: how many queues there are to steer to
 * @dev: the netdev
 *
 * Return: that.
 */
u32 nc2f_get_rx_ring_count(struct net_device *dev)
{
	return dev->real_num_rx_queues;
}

/**
 * nc2f_get_rxfh_key_size - ethtool: length of the key
 * @dev: the netdev
 *
 * Return: bytes, 0 if the back has no control ring.
 */
u32 nc2f_get_rxfh_key_size(struct net_device *dev)
{
	struct nc2f_dev *nf = netdev_priv(dev);

	return nf->live && nf->ctrl ? NC2F_RSS_KEY : 0;
}

/**
 * nc2f_get_rxfh_indir_size - ethtool: length of the table
 * @dev: the netdev
 *
 * Return: entries, 0 if the back has no table.
 */
u32 nc2f_get_rxfh_indir_size(struct net_device *dev)
{
	struct nc2f_dev *nf = netdev_priv(dev);

	return nf->live && nf->ctrl ? nf->rss.size : 0;
}

/**
 * nc2f_get_rxfh - ethtool -x
 * @dev: the netdev
 * @rxfh: where to put it
 *
 * No function is named while the back steers as it likes: when nothing was set, or it
 * is known that the back has not done it.
 *
 * Return: 0 or -EOPNOTSUPP.
 */
int nc2f_get_rxfh(struct net_device *dev, struct ethtool_rxfh_param *rxfh)
{
	struct nc2f_dev *nf = netdev_priv(dev);
	struct nc2f_rss *rss = &nf->rss;

	if (!nf->live || !nf->ctrl)
		return -EOPNOTSUPP;
	mutex_lock(&rss->lock);
	rxfh->hfunc = rss->set.wanted && rss->set.on && !READ_ONCE(rss->err) ?
		      ETH_RSS_HASH_TOP : ETH_RSS_HASH_NO_CHANGE;
	/*
	 * Who brings a table has read its size under the same RTNL, as learn() has it, and need
	 * not say it again: ethtool -L does not.
	 */
	if (rxfh->indir)
		fill_map(nf, rxfh->indir, rss->size);
	if (rxfh->key)
		memcpy(rxfh->key, rss->set.key, sizeof(rss->set.key));
	mutex_unlock(&rss->lock);
	return 0;
}

/**
 * nc2f_set_rxfh - ethtool -X
 * @dev: the netdev
 * @rxfh: what is wanted; the core has checked that the queues are there
 * @extack: where to say what is wrong
 *
 * Under RTNL; does not wait for the back.  A back that does not do it is told of in
 * the log, and get_rxfh names no function.  With hashing switched off (ethtool -K
 * rxhash off) it takes effect when that is switched on.
 *
 * Return: 0; or an error, with nothing changed.
 */
int nc2f_set_rxfh(struct net_device *dev, struct ethtool_rxfh_param *rxfh,
		  struct netlink_ext_ack *extack)
{
	struct nc2f_dev *nf = netdev_priv(dev);
	struct nc2f_rss *rss = &nf->rss;
	int err = 0;

	if (!nf->live || !nf->ctrl)
		return -EOPNOTSUPP;
	if (rxfh->hfunc != ETH_RSS_HASH_NO_CHANGE && rxfh->hfunc != ETH_RSS_HASH_TOP) {
		NL_SET_ERR_MSG_MOD(extack, "only the Toeplitz hash is supported");
		return -EOPNOTSUPP;
	}
	if (READ_ONCE(nf->ctrl->dead)) {
		NL_SET_ERR_MSG_MOD(extack, "the back does not answer, before a new connection");
		return -ETIMEDOUT;
	}
	mutex_lock(&rss->lock);
	/* Before that the table is not what is in @map, and the back may not be there. */
	if (!rss->learnt || (rxfh->indir && rxfh->indir_size != rss->size)) {
		NL_SET_ERR_MSG_MOD(extack, "the size of the table is not known yet: try again");
		err = -EAGAIN;
	} else {
		if (rxfh->indir)
			memcpy(rss->set.map, rxfh->indir, rss->size * sizeof(*rss->set.map));
		if (rxfh->key)
			memcpy(rss->set.key, rxfh->key, sizeof(rss->set.key));
		rss->set.wanted = true;
	}
	mutex_unlock(&rss->lock);
	if (!err)
		tell_back(nf);
	return err;
}
