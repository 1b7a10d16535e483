// SPDX-License-Identifier: GPL-2.0
/*
 * What the benchmark runs besides iperf3.
 *
 *	probe echo PORT			UDP: sends back what comes
 *	probe ask ADDRESS PORT MS SIZE	UDP: one request after the other for MS
 *					milliseconds; prints what a round trip took
 *	probe sink PORT			UDP: counts what comes
 *	probe send ADDRESS PORT MS SIZE RATE
 *					UDP: RATE datagrams a second to a sink; prints
 *					what was sent and what the sink has read
 *	probe loop N			2 * N instructions, and a few to begin and end
 *	probe copy N			N times "rep movsb" of 4096 bytes
 */
#include "probe.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define MAX_SIZE	1472
#define MAX_TRIPS	1000000
/* A round trip that takes longer is taken for a lost frame. */
#define LOST_MS		500

int fail(const char *what)
{
	perror(what);
	return 1;
}

int udp_socket(struct sockaddr_in *addr, const char *host, const char *port)
{
	memset(addr, 0, sizeof(*addr));
	addr->sin_family = AF_INET;
	addr->sin_port = htons(atoi(port));
	errno = EINVAL;
	if (inet_pton(AF_INET, host, &addr->sin_addr) != 1)
		return -1;
	return socket(AF_INET, SOCK_DGRAM, 0);
}

static int echo(const char *port)
{
	struct sockaddr_in addr, from;
	char data[MAX_SIZE];
	socklen_t len;
	ssize_t n;
	int fd;

	fd = udp_socket(&addr, "0.0.0.0", port);
	if (fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof(addr)))
		return fail("bind");
	for (;;) {
		len = sizeof(from);
		n = recvfrom(fd, data, sizeof(data), 0, (struct sockaddr *)&from, &len);
		if (n < 0)
			return fail("recvfrom");
		sendto(fd, data, n, 0, (struct sockaddr *)&from, len);
	}
}

double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}

static int by_time(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* One round trip in us; negative if it was lost. */
static double trip(int fd, unsigned int nr, size_t size)
{
	char data[MAX_SIZE] = { 0 };
	double begin = now_us();
	unsigned int got;

	memcpy(data, &nr, sizeof(nr));
	if (send(fd, data, size, 0) < 0)
		return -1;
	do {
		if (recv(fd, data, sizeof(data), 0) < 0)
			return -1;
		memcpy(&got, data, sizeof(got));
		/* An answer to an earlier one, which was not lost but late. */
	} while (got != nr);
	return now_us() - begin;
}

static int ask(const char *host, const char *port, const char *ms, const char *size)
{
	const struct timeval limit = { .tv_usec = LOST_MS * 1000 };
	unsigned int n = 0, lost = 0, nr = 0, bytes = atoi(size);
	struct sockaddr_in addr;
	double end, took, *us;
	int fd;

	if (bytes < sizeof(nr) || bytes > MAX_SIZE)
		return 2;
	us = calloc(MAX_TRIPS, sizeof(*us));
	fd = udp_socket(&addr, host, port);
	if (!us || fd < 0 || connect(fd, (struct sockaddr *)&addr, sizeof(addr)))
		return fail("connect");
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	end = now_us() + atof(ms) * 1000;
	while (n < MAX_TRIPS && now_us() < end) {
		took = trip(fd, nr++, bytes);
		if (took < 0)
			lost++;
		else
			us[n++] = took;
	}
	if (!n) {
		fprintf(stderr, "no answer\n");
		return 1;
	}
	qsort(us, n, sizeof(*us), by_time);
	printf("{\"trips\": %u, \"lost\": %u, \"median_us\": %.1f, \"p99_us\": %.1f}\n", n, lost,
	       us[n / 2], us[(unsigned long long)n * 99 / 100]);
	return 0;
}

static int loop(const char *count)
{
	unsigned long n = strtoul(count, NULL, 10);

	if (!n)
		return 2;
	asm volatile("1:	dec %0\n"
		     "	jnz 1b\n" : "+r" (n) : : "cc");
	return 0;
}

static int copy(const char *count)
{
	static char from[4096], to[4096];
	unsigned long i, n = strtoul(count, NULL, 10);

	for (i = 0; i < n; i++) {
		void *d = to, *s = from;
		size_t c = sizeof(to);

		asm volatile("rep movsb" : "+D" (d), "+S" (s), "+c" (c) : : "memory");
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "echo"))
		return echo(argv[2]);
	if (argc == 6 && !strcmp(argv[1], "ask"))
		return ask(argv[2], argv[3], argv[4], argv[5]);
	if (argc == 3 && !strcmp(argv[1], "sink"))
		return sink(argv[2]);
	if (argc == 7 && !strcmp(argv[1], "send"))
		return send_at_rate(argv[2], argv[3], argv[4], argv[5], argv[6]);
	if (argc == 3 && !strcmp(argv[1], "loop"))
		return loop(argv[2]);
	if (argc == 3 && !strcmp(argv[1], "copy"))
		return copy(argv[2]);
	fprintf(stderr, "usage: probe echo PORT | ask ADDRESS PORT MS SIZE | sink PORT |\n"
		"	send ADDRESS PORT MS SIZE RATE | loop N | copy N\n");
	return 2;
}
