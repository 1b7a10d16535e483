/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the back will send for us on the direct path.  Pure: numbers in, a
 * verdict out.
 */
#ifndef NC2F_TXRULE_H
#define NC2F_TXRULE_H

#include <linux/types.h>

struct xen_nc2_tx;

bool nc2f_txrule_ok(const struct xen_nc2_tx *e, u32 len, u32 max_mtu);

#endif /* NC2F_TXRULE_H */
