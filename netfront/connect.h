/* SPDX-License-Identifier: GPL-2.0 */
/* Making and ending the connection to the back. */
#ifndef NC2F_CONNECT_H
#define NC2F_CONNECT_H

#include <linux/types.h>

#include <xen/xenbus.h>

struct nc2f_dev;

extern unsigned int nc2f_max_queues;
extern unsigned int nc2f_pool_pages;
extern unsigned int nc2f_tx_entries;
extern bool nc2f_direct_wanted;
extern bool nc2f_trusted;

void nc2f_remove_keys(struct xenbus_transaction xbt, const char *dir);
void nc2f_remove_queues(const char *dir, u32 nr);
void nc2f_connect_failed(struct nc2f_dev *nf, int err, const char *what);
int nc2f_connect(struct nc2f_dev *nf);
void nc2f_disconnect(struct nc2f_dev *nf);
void nc2f_release(struct nc2f_dev *nf);

#endif /* NC2F_CONNECT_H */
