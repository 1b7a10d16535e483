/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is asked of the NIC's physical function, which stays under its own
 * driver: the filters that confine a queue to its guest, through the operations
 * that "ip link set PF vf N" calls, and dom0's own unicast filter.
 */
#ifndef NC2B_PF_H
#define NC2B_PF_H

#include <linux/types.h>

struct device;

struct device *nc2b_pf_get(const char *name, const char **why);
int nc2b_pf_confine(struct device *nic, unsigned int vf, u16 vlan);
void nc2b_pf_unconfine(struct device *nic, unsigned int vf);
int nc2b_pf_set_rate(struct device *nic, unsigned int vf, u32 mbit);
int nc2b_pf_let_in(struct device *nic, unsigned int vf, const u8 *mac);
void nc2b_pf_shut_out(struct device *nic, unsigned int vf);
int nc2b_pf_look(struct device *nic, unsigned int vf, const u8 *mac, u16 vlan, u32 mbit);
int nc2b_pf_add_address(const char *name, const u8 *mac);
void nc2b_pf_del_address(const char *name, const u8 *mac);

#endif /* NC2B_PF_H */
