// SPDX-License-Identifier: GPL-2.0
/*
 * The back steers frames to our queues by a hash whose key and table the
 * administrator sets with ethtool -X.  Until then it steers as it likes, and
 * no frame carries a hash: each hash takes a place on the receive ring.
 */
#include "rss.h"

#include <linux/ethtool.h>
#include <linux/mm.h>
#include <linux/netdevice.h>

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

/* Has the back hash and steer as is wanted; under the lock of the ring. */
static int switch_on(struct nc2f_ctrl *c, struct nc2f_rss *rss, unsigned long end)
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
		memcpy(data, rss->key, sizeof(rss->key));
		err = ask(c, end, XEN_NETIF_CTRL_TYPE_SET_HASH_KEY, c->data.ref,
			  sizeof(rss->key), NULL);
	}
	if (!err)
		err = ask(c, end, XEN_NETIF_CTRL_TYPE_SET_HASH_MAPPING_SIZE, rss->size, 0, NULL);
	if (!err && rss->size) {
		memcpy(data, rss->map, rss->size * sizeof(*rss->map));
		err = ask(c, end, XEN_NETIF_CTRL_TYPE_SET_HASH_MAPPING, c->data.ref,
			  rss->size, NULL);
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

/* Makes the back's state the wanted one; under the lock of the ring. */
static int apply(struct nc2f_dev *nf, bool on)
{
	unsigned long end = jiffies + NC2F_CTRL_TIMEOUT;
	struct nc2f_ctrl *c = nf->ctrl;
	int err;

	if (!on) {
		nf->rss.active = false;
		return switch_off(c, end);
	}
	err = switch_on(c, &nf->rss, end);
	nf->rss.active = !err;
	if (err)
		switch_off(c, end);
	return err;
}

/* Queues may be fewer than when the table was made. */
static void fit_map(struct nc2f_dev *nf)
{
	u32 i;

	for (i = 0; i < NC2F_RSS_MAP; i++)
		if (!nf->rss.wanted || nf->rss.map[i] >= nf->nr_queues)
			nf->rss.map[i] = ethtool_rxfh_indir_default(i, nf->nr_queues);
}

static void rss_work(struct work_struct *work)
{
	struct nc2f_rss *rss = container_of(work, struct nc2f_rss, work);
	struct nc2f_dev *nf = container_of(rss, struct nc2f_dev, rss);
	struct nc2f_ctrl *c = nf->ctrl;
	u32 size = 0;
	int err;

	mutex_lock(&c->lock);
	fit_map(nf);
	err = ask(c, jiffies + NC2F_CTRL_TIMEOUT, XEN_NETIF_CTRL_TYPE_GET_HASH_MAPPING_SIZE,
		  0, 0, &size);
	rss->size = min_t(u32, size, NC2F_RSS_MAP);
	/* A stock back goes on with what an earlier connection has told it. */
	if (!err)
		err = apply(nf, rss->wanted && nf->dev->features & NETIF_F_RXHASH);
	mutex_unlock(&c->lock);
	if (err && rss->wanted && net_ratelimit())
		netdev_warn(nf->dev, "the back does not steer as set by ethtool -X: %d\n", err);
}

/**
 * nc2f_rss_init - prepare receive side scaling
 * @nf: the interface
 */
void nc2f_rss_init(struct nc2f_dev *nf)
{
	INIT_WORK(&nf->rss.work, rss_work);
	netdev_rss_key_fill(nf->rss.key, sizeof(nf->rss.key));
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
 * May sleep.  Whoever asked by ethtool held RTNL and has left.
 */
void nc2f_rss_stop(struct nc2f_dev *nf)
{
	cancel_work_sync(&nf->rss.work);
	nf->rss.active = false;
	nf->rss.size = 0;
}

/**
 * nc2f_rss_switch - switch hashing on, if it is wanted, or off
 * @nf: the interface
 * @on: which
 *
 * Under RTNL, for NC2F_CTRL_TIMEOUT at most.
 *
 * Return: 0 or an error.
 */
int nc2f_rss_switch(struct nc2f_dev *nf, bool on)
{
	struct nc2f_ctrl *c = nf->ctrl;
	int err = 0;

	if (!nf->live || !c || !nf->rss.wanted)
		return 0;
	mutex_lock(&c->lock);
	if (nf->rss.active != on)
		err = apply(nf, on);
	mutex_unlock(&c->lock);
	return err;
}

/**
 * nc2f_get_rxnfc - ethtool: how many queues there are to steer to
 * @dev: the netdev
 * @info: the question, and the answer
 * @rules: unused
 *
 * Return: 0 or -EOPNOTSUPP.
 */
int nc2f_get_rxnfc(struct net_device *dev, struct ethtool_rxnfc *info, u32 *rules)
{
	if (info->cmd != ETHTOOL_GRXRINGS)
		return -EOPNOTSUPP;
	info->data = dev->real_num_rx_queues;
	return 0;
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
 * No function is named while the back steers as it likes.
 *
 * Return: 0 or -EOPNOTSUPP.
 */
int nc2f_get_rxfh(struct net_device *dev, struct ethtool_rxfh_param *rxfh)
{
	struct nc2f_dev *nf = netdev_priv(dev);
	struct nc2f_rss *rss = &nf->rss;

	if (!nf->live || !nf->ctrl)
		return -EOPNOTSUPP;
	mutex_lock(&nf->ctrl->lock);
	rxfh->hfunc = rss->active ? ETH_RSS_HASH_TOP : ETH_RSS_HASH_NO_CHANGE;
	/* The table may have got its size after the caller has asked for it. */
	if (rxfh->indir)
		memcpy(rxfh->indir, rss->map,
		       min(rss->size, rxfh->indir_size) * sizeof(*rss->map));
	if (rxfh->key)
		memcpy(rxfh->key, rss->key, sizeof(rss->key));
	mutex_unlock(&nf->ctrl->lock);
	return 0;
}

/**
 * struct settings - what set_rxfh changes
 * @wanted: see &nc2f_rss.wanted
 * @key: the key
 * @map: the table
 */
struct settings {
	bool wanted;
	u8 key[NC2F_RSS_KEY];
	u32 map[NC2F_RSS_MAP];
};

static void save(const struct nc2f_rss *rss, struct settings *s)
{
	s->wanted = rss->wanted;
	memcpy(s->key, rss->key, sizeof(s->key));
	memcpy(s->map, rss->map, sizeof(s->map));
}

static void restore(struct nc2f_rss *rss, const struct settings *s)
{
	rss->wanted = s->wanted;
	memcpy(rss->key, s->key, sizeof(s->key));
	memcpy(rss->map, s->map, sizeof(s->map));
}

/**
 * nc2f_set_rxfh - ethtool -X
 * @dev: the netdev
 * @rxfh: what is wanted; the core has checked that the queues are there
 * @extack: where to say what is wrong
 *
 * Under RTNL, for NC2F_CTRL_TIMEOUT at most.  With hashing switched off (ethtool
 * -K rxhash off) it takes effect when that is switched on.
 *
 * Return: 0; or an error, with the settings as they were and hashing off.
 */
int nc2f_set_rxfh(struct net_device *dev, struct ethtool_rxfh_param *rxfh,
		  struct netlink_ext_ack *extack)
{
	struct nc2f_dev *nf = netdev_priv(dev);
	struct nc2f_rss *rss = &nf->rss;
	struct settings old;
	int err = 0;

	if (!nf->live || !nf->ctrl)
		return -EOPNOTSUPP;
	if (rxfh->hfunc != ETH_RSS_HASH_NO_CHANGE && rxfh->hfunc != ETH_RSS_HASH_TOP) {
		NL_SET_ERR_MSG_MOD(extack, "only the Toeplitz hash is supported");
		return -EOPNOTSUPP;
	}
	mutex_lock(&nf->ctrl->lock);
	if (rxfh->indir && rxfh->indir_size != rss->size) {
		mutex_unlock(&nf->ctrl->lock);
		NL_SET_ERR_MSG_MOD(extack, "the size of the table is not known yet: try again");
		return -EAGAIN;
	}
	save(rss, &old);
	if (rxfh->indir)
		memcpy(rss->map, rxfh->indir, rss->size * sizeof(*rss->map));
	if (rxfh->key)
		memcpy(rss->key, rxfh->key, sizeof(rss->key));
	rss->wanted = true;
	if (dev->features & NETIF_F_RXHASH)
		err = apply(nf, true);
	if (err) {
		restore(rss, &old);
		NL_SET_ERR_MSG_MOD(extack, "the back refuses or does not answer");
	}
	mutex_unlock(&nf->ctrl->lock);
	return err;
}
