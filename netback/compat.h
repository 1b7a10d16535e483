/* SPDX-License-Identifier: GPL-2.0 */
/* The one place that knows how kernels differ; 6.12 and 7.3 are built. */
#ifndef NC2B_COMPAT_H
#define NC2B_COMPAT_H

#include <linux/netdevice.h>
#include <linux/version.h>

/* 6.14 gave these operations a flag that says whether they sent a message. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 14, 0)
#define nc2b_fdb_add(ops, ndm, tb, dev, mac, flags) ({ \
	bool notified_; \
	(ops)->ndo_fdb_add(ndm, tb, dev, mac, 0, flags, &notified_, NULL); })
#define nc2b_fdb_del(ops, ndm, tb, dev, mac) ({ \
	bool notified_; \
	(ops)->ndo_fdb_del(ndm, tb, dev, mac, 0, &notified_, NULL); })
#else
#define nc2b_fdb_add(ops, ndm, tb, dev, mac, flags) \
	((ops)->ndo_fdb_add(ndm, tb, dev, mac, 0, flags, NULL))
#define nc2b_fdb_del(ops, ndm, tb, dev, mac) \
	((ops)->ndo_fdb_del(ndm, tb, dev, mac, 0, NULL))
#endif

#endif /* NC2B_COMPAT_H */
