/* SPDX-License-Identifier: GPL-2.0 */
/* What xenbus has written of an interface below error/ in xenstore. */
#ifndef NC2B_ERRORS_H
#define NC2B_ERRORS_H

#include <linux/device/bus.h>

struct xenbus_device;

int nc2b_errors_init(const struct bus_type *bus);
void nc2b_errors_exit(const struct bus_type *bus);
void nc2b_errors_forget(struct xenbus_device *xdev);

#endif /* NC2B_ERRORS_H */
