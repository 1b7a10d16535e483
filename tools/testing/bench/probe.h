/* SPDX-License-Identifier: GPL-2.0 */
/* What the parts of probe share. */
#ifndef NC2_BENCH_PROBE_H
#define NC2_BENCH_PROBE_H

struct sockaddr_in;

/* Says what went wrong; 1, for main() to end with. */
int fail(const char *what);

/* Sets addr; a socket, or -1. */
int udp_socket(struct sockaddr_in *addr, const char *host, const char *port);

double now_us(void);

/* probe_udp.c; of what main() is asked for. */
int sink(const char *port);
int send_at_rate(const char *host, const char *port, const char *ms, const char *size,
		 const char *rate);

#endif
