/* SPDX-License-Identifier: GPL-2.0 */
/* The state of the guest's link, as the guest is told it. */
#ifndef NC2B_LINK_H
#define NC2B_LINK_H

struct nc2b_vif;

void nc2b_link_init(struct nc2b_vif *vif);
int nc2b_link_write(struct nc2b_vif *vif);
void nc2b_link_changed(struct nc2b_vif *vif);
void nc2b_link_stop(struct nc2b_vif *vif);

#endif /* NC2B_LINK_H */
