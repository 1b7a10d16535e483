// SPDX-License-Identifier: GPL-2.0
/*
 * The way out of a plugin: a socket.  Each connection is given to the plugin, to be
 * answered, and is closed then; one at a time, in a thread of its own.
 */
#include "qemu_plugin.h"
#include "sock.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

/* An answer is some MB through local memory; who does not read it is cut off. */
#define LIMIT_S	10

static const char *name;
static int listener = -1;
static void (*answer_to)(int fd);
static pthread_once_t serve_once = PTHREAD_ONCE_INIT;

/**
 * nc2_sock_send - send all of something
 * @fd: the connection
 * @data: what to send
 * @len: bytes of it
 *
 * Return: whether it has been sent.
 */
bool nc2_sock_send(int fd, const void *data, size_t len)
{
	ssize_t n;

	while (len) {
		n = send(fd, data, len, MSG_NOSIGNAL);
		if (n <= 0)
			return false;
		data += n;
		len -= n;
	}
	return true;
}

static void *serve(void *unused)
{
	const struct timeval limit = { .tv_sec = LIMIT_S };
	int fd;

	for (;;) {
		fd = accept(listener, NULL, NULL);
		if (fd < 0) {
			/* A client that is gone, or too many files: no reason to spin. */
			if (errno != EINTR)
				usleep(100000);
			continue;
		}
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
		answer_to(fd);
		close(fd);
	}
	return unused;
}

static void start_serving(void)
{
	sigset_t all, old;
	pthread_t thread;

	/* QEMU's signals are for its own threads. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	if (pthread_create(&thread, NULL, serve, NULL))
		fprintf(stderr, "%s: no thread for the socket\n", name);
	else
		pthread_detach(thread);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
}

/* Not earlier: with -daemonize QEMU forks after it has loaded its plugins. */
static void vcpu_started(__u64 id, unsigned int vcpu)
{
	(void)id;
	(void)vcpu;
	pthread_once(&serve_once, start_serving);
}

/* One that is there is replaced.  If it cannot be made, why has been said. */
static bool listen_at(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct stat st;

	if (strlen(path) >= sizeof(addr.sun_path)) {
		fprintf(stderr, "%s: the socket's path is too long: %s\n", name, path);
		return false;
	}
	memcpy(addr.sun_path, path, strlen(path) + 1);
	if (!lstat(path, &st) && S_ISSOCK(st.st_mode))
		unlink(path);
	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (listener < 0 || bind(listener, (struct sockaddr *)&addr, sizeof(addr)) ||
	    chmod(path, 0600) || listen(listener, 4)) {
		fprintf(stderr, "%s: socket %s: %s\n", name, path, strerror(errno));
		return false;
	}
	return true;
}

/**
 * nc2_sock_install - begin of qemu_plugin_install(), for a plugin with one argument
 * @who: the plugin, for messages
 * @id: as QEMU says
 * @info: as QEMU says; the plugin knows the addresses of x86_64
 * @argc: as QEMU says
 * @argv: as QEMU says: sock=PATH
 * @answer: called for each connection, once the first vCPU runs
 *
 * Return: whether the socket is there; if not, why has been said.
 */
bool nc2_sock_install(const char *who, __u64 id, const struct qemu_plugin_info *info,
		      int argc, char **argv, void (*answer)(int fd))
{
	name = who;
	answer_to = answer;
	if (strcmp(info->target, "x86_64")) {
		fprintf(stderr, "%s: knows the addresses of x86_64 only\n", who);
		return false;
	}
	if (argc != 1 || strncmp(argv[0], "sock=", 5)) {
		fprintf(stderr, "%s: usage: -plugin file=%s.so,sock=PATH\n", who, who);
		return false;
	}
	if (!listen_at(argv[0] + 5))
		return false;
	qemu_plugin_register_vcpu_init_cb(id, vcpu_started);
	return true;
}
