/* SPDX-License-Identifier: GPL-2.0 */
/* The way out of a plugin: a socket, at which it answers whoever connects. */
#ifndef NC2_SOCK_H
#define NC2_SOCK_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

struct qemu_plugin_info;

bool nc2_sock_install(const char *who, __u64 id, const struct qemu_plugin_info *info,
		      int argc, char **argv, void (*answer)(int fd));
bool nc2_sock_send(int fd, const void *data, size_t len);

#endif
