/* SPDX-License-Identifier: GPL-2.0 */
/* The xenbus driver: one state machine. */
#ifndef NC2F_XENBUS_H
#define NC2F_XENBUS_H

int nc2f_xenbus_register(void);
void nc2f_xenbus_unregister(void);

#endif /* NC2F_XENBUS_H */
