/* SPDX-License-Identifier: GPL-2.0 */
/* Where the headers of a received frame end.  Pure: bytes in, a number out. */
#ifndef NC2F_HDR_H
#define NC2F_HDR_H

#include <linux/types.h>

/* The most that is copied of a frame whose payload stays in its page. */
#define NC2F_HDR_MAX		256
/* What is copied when the headers are not known: the usual tunnels fit. */
#define NC2F_HDR_DEFAULT	128

u32 nc2f_hdr_len(const u8 *data, u32 len);

#endif /* NC2F_HDR_H */
