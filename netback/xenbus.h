/* SPDX-License-Identifier: GPL-2.0 */
/* xenstore: the one state machine of the back, and every key it reads. */
#ifndef NC2B_XENBUS_H
#define NC2B_XENBUS_H

struct device;
struct nc2b_vif;

int nc2b_xenbus_init(void);
void nc2b_xenbus_exit(void);
struct nc2b_vif *nc2b_xenbus_vif(struct device *dev);

#endif /* NC2B_XENBUS_H */
