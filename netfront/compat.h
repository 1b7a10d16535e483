/* SPDX-License-Identifier: GPL-2.0 */
/* The one place that knows how kernels differ; 6.12 and 7.3 are built. */
#ifndef NC2F_COMPAT_H
#define NC2F_COMPAT_H

#include <linux/ethtool.h>
#include <linux/netdevice.h>
#include <linux/version.h>

#include "rss.h"

/*
 * How many queues "ethtool -x" and "-X" have to do with was one question of many to one
 * function; since 6.18 it is one of its own, and at the latest in 7.3 nobody else is asked.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 18, 0)
static inline int nc2f_get_rxnfc(struct net_device *dev, struct ethtool_rxnfc *info, u32 *rules)
{
	if (info->cmd != ETHTOOL_GRXRINGS)
		return -EOPNOTSUPP;
	info->data = nc2f_get_rx_ring_count(dev);
	return 0;
}

#define NC2F_GET_RX_RING_COUNT	.get_rxnfc = nc2f_get_rxnfc
#else
#define NC2F_GET_RX_RING_COUNT	.get_rx_ring_count = nc2f_get_rx_ring_count
#endif

/*
 * NAPI contexts.  Once, what a user had set for a context, and its id, lasted as
 * long as it was listed; 6.14 keeps both under an index.  And since 6.17 a context
 * must not be listed while it is disabled: who writes 0 to "threaded" waits for each
 * listed one that has a thread to let go of it, under the lock of the netdev, and a
 * disabled one never does.
 *
 * So a context is listed as long as it lives, or only while it is enabled.  What is
 * said to want the lock wants nc2f_napi_lock().
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 17, 0)
static inline void nc2f_napi_lock(struct net_device *dev)
{
}

static inline void nc2f_napi_unlock(struct net_device *dev)
{
}

/* Makes a context, which is disabled. */
static inline void nc2f_napi_init(struct net_device *dev, struct napi_struct *napi,
				  int (*poll)(struct napi_struct *, int), int index)
{
	netif_napi_add(dev, napi, poll);
}

/* Before it is enabled, and after it was disabled; with the lock. */
static inline void nc2f_napi_list(struct net_device *dev, struct napi_struct *napi,
				  int (*poll)(struct napi_struct *, int), int index)
{
}

static inline void nc2f_napi_unlist(struct napi_struct *napi)
{
}

/* With the lock. */
static inline void nc2f_napi_set_irq(struct napi_struct *napi, int irq)
{
	netif_napi_set_irq(napi, irq);
}

static inline void nc2f_napi_enable(struct napi_struct *napi)
{
	napi_enable(napi);
}

static inline void nc2f_napi_disable(struct napi_struct *napi)
{
	napi_disable(napi);
}
#else
static inline void nc2f_napi_lock(struct net_device *dev)
{
	netdev_lock(dev);
}

static inline void nc2f_napi_unlock(struct net_device *dev)
{
	netdev_unlock(dev);
}

static inline void nc2f_napi_init(struct net_device *dev, struct napi_struct *napi,
				  int (*poll)(struct napi_struct *, int), int index)
{
	netif_napi_add_config(dev, napi, poll, index);
	__netif_napi_del(napi);
}

static inline void nc2f_napi_list(struct net_device *dev, struct napi_struct *napi,
				  int (*poll)(struct napi_struct *, int), int index)
{
	netif_napi_add_config_locked(dev, napi, poll, index);
}

static inline void nc2f_napi_unlist(struct napi_struct *napi)
{
	__netif_napi_del_locked(napi);
}

static inline void nc2f_napi_set_irq(struct napi_struct *napi, int irq)
{
	netif_napi_set_irq_locked(napi, irq);
}

static inline void nc2f_napi_enable(struct napi_struct *napi)
{
	napi_enable_locked(napi);
}

static inline void nc2f_napi_disable(struct napi_struct *napi)
{
	napi_disable_locked(napi);
}
#endif

#endif /* NC2F_COMPAT_H */
