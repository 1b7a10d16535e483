/* SPDX-License-Identifier: GPL-2.0 */
/* The one place that knows how kernels differ; 6.12 and 7.3 are built. */
#ifndef NC2F_COMPAT_H
#define NC2F_COMPAT_H

#include <linux/netdevice.h>
#include <linux/version.h>

/*
 * 6.14 keeps what a user has set for a NAPI context, and its id, under an
 * index; before, both last as long as the context does.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 14, 0)
static inline void netif_napi_add_config(struct net_device *dev, struct napi_struct *napi,
					 int (*poll)(struct napi_struct *, int), int index)
{
	netif_napi_add(dev, napi, poll);
}
#endif

#endif /* NC2F_COMPAT_H */
