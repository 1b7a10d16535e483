/* SPDX-License-Identifier: GPL-2.0 */
/*
 * NIC queues from virtual functions of Intel NICs.
 */
#ifndef NC2B_RXQ_IVF_H
#define NC2B_RXQ_IVF_H

#include <linux/mod_devicetable.h>

/* ivf_ids.c: all that are known, then an empty one; each names its model. */
extern const struct pci_device_id nc2b_ivf_ids[];

int nc2b_rxq_ivf_init(void);
void nc2b_rxq_ivf_exit(void);

#endif /* NC2B_RXQ_IVF_H */
