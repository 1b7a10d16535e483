/* SPDX-License-Identifier: GPL-2.0 */
/* The way out of a plugin: a socket, at which it answers whoever connects. */
#ifndef NC2_SOCK_H
#define NC2_SOCK_H

#include <stdbool.h>
#include <stddef.h>

bool nc2_sock_listen(const char *who, const char *path, void (*answer)(int fd));
void nc2_sock_serve(void);
bool nc2_sock_send(int fd, const void *data, size_t len);

#endif
