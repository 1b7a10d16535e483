/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a guest may ask a NIC to send.  Pure: numbers in, a verdict out.
 */
#ifndef NC2B_TXRULE_H
#define NC2B_TXRULE_H

#include <linux/types.h>

struct xen_nc2_tx;

bool nc2b_txrule_ok(const struct xen_nc2_tx *first, u32 total, u32 max_mtu);

#endif /* NC2B_TXRULE_H */
