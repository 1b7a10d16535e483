/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the back answers on the control ring, checked.
 *
 * Pure: numbers in, a verdict out, so that KUnit reaches it directly.  The
 * numbers are netif.h's, which ctrl.c asserts.
 */
#ifndef NC2F_CTRLMSG_H
#define NC2F_CTRLMSG_H

#include <linux/types.h>

/* XEN_NETIF_CTRL_STATUS_* */
#define NC2F_CTRL_SUCCESS	0
#define NC2F_CTRL_NOT_SUPPORTED	1
#define NC2F_CTRL_INVALID	2
#define NC2F_CTRL_OVERFLOW	3

/**
 * struct nc2f_answer - a response of the control ring, copied out of it
 * @id: of the request that it claims to answer
 * @type: of that request
 * @status: NC2F_CTRL_*
 * @data: what the request asked for
 */
struct nc2f_answer {
	u16 id;
	u16 type;
	u32 status;
	u32 data;
};

int nc2f_ctrlmsg_count(u32 produced, u32 consumed, bool asked);
int nc2f_ctrlmsg_check(const struct nc2f_answer *a, u16 id, u16 type);

#endif /* NC2F_CTRLMSG_H */
