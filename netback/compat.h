/* SPDX-License-Identifier: GPL-2.0 */
/* The one place that knows how kernels differ; 6.12 and 7.3 are built. */
#ifndef NC2B_COMPAT_H
#define NC2B_COMPAT_H

#include <linux/netdevice.h>
#include <linux/version.h>

/* 6.14 gave these operations a flag that says whether they sent a message. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 14, 0)
#define nc2b_ndo_fdb_add(ops, ndm, tb, dev, mac, flags) ({ \
	bool notified_; \
	(ops)->ndo_fdb_add(ndm, tb, dev, mac, 0, flags, &notified_, NULL); })
#define nc2b_ndo_fdb_del(ops, ndm, tb, dev, mac) ({ \
	bool notified_; \
	(ops)->ndo_fdb_del(ndm, tb, dev, mac, 0, &notified_, NULL); })
#else
#define nc2b_ndo_fdb_add(ops, ndm, tb, dev, mac, flags) \
	((ops)->ndo_fdb_add(ndm, tb, dev, mac, 0, flags, NULL))
#define nc2b_ndo_fdb_del(ops, ndm, tb, dev, mac) \
	((ops)->ndo_fdb_del(ndm, tb, dev, mac, 0, NULL))
#endif

/* 6.13 takes the sample by reference. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0)
#define nc2b_dim(dim, sample) net_dim(dim, sample)
#else
#define nc2b_dim(dim, sample) net_dim(dim, *(sample))
#endif

/*
 * NAPI contexts.  Since 6.17 none must be listed while it is disabled: who writes 0
 * to "threaded" waits, under the lock of the netdev, for each listed one that has a
 * thread to let go of it, and a disabled one never does.  So a context that is made
 * or halted is taken off the list there.
 *
 * Nothing here waits for a grace period, so that one does for many contexts.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 17, 0)
/* Makes a context, which is disabled. */
static inline void nc2b_napi_init(struct net_device *dev, struct napi_struct *napi,
				  int (*poll)(struct napi_struct *, int))
{
	netif_napi_add(dev, napi, poll);
}

static inline void nc2b_napi_start(struct net_device *dev, struct napi_struct *napi,
				   int (*poll)(struct napi_struct *, int))
{
	napi_enable(napi);
}

/*
 * Waits for a poll to say that it is done, after which it may do more: a grace period
 * must pass before what it uses goes.  None begins before nc2b_napi_start().
 */
static inline void nc2b_napi_halt(struct napi_struct *napi)
{
	napi_disable(napi);
}

/* Ends a context, which is halted.  A grace period must pass before its memory goes. */
static inline void nc2b_napi_fini(struct napi_struct *napi)
{
	__netif_napi_del(napi);
}
#else
static inline void nc2b_napi_init(struct net_device *dev, struct napi_struct *napi,
				  int (*poll)(struct napi_struct *, int))
{
	netif_napi_add(dev, napi, poll);
	__netif_napi_del(napi);
}

static inline void nc2b_napi_start(struct net_device *dev, struct napi_struct *napi,
				   int (*poll)(struct napi_struct *, int))
{
	netdev_lock(dev);
	netif_napi_add_locked(dev, napi, poll);
	napi_enable_locked(napi);
	netdev_unlock(dev);
}

static inline void nc2b_napi_halt(struct napi_struct *napi)
{
	struct net_device *dev = napi->dev;

	netdev_lock(dev);
	napi_disable_locked(napi);
	__netif_napi_del_locked(napi);
	netdev_unlock(dev);
}

static inline void nc2b_napi_fini(struct napi_struct *napi)
{
}
#endif

#endif /* NC2B_COMPAT_H */
