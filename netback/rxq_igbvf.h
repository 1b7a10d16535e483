/* SPDX-License-Identifier: GPL-2.0 */
/*
 * NIC queues from virtual functions of the Intel 82576 and I350.
 */
#ifndef NC2B_RXQ_IGBVF_H
#define NC2B_RXQ_IGBVF_H

int nc2b_igbvf_init(void);
void nc2b_igbvf_exit(void);

#endif /* NC2B_RXQ_IGBVF_H */
