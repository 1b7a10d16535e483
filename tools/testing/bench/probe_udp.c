// SPDX-License-Identifier: GPL-2.0
/*
 * UDP at a rate: one end sends, the other counts what it reads.
 *
 * The guest's end must cost less than the way to it, or it is what is measured: it reads
 * many datagrams by one system call, and looks at their first bytes only.
 *
 * "begin" and "end" come to the same socket, and are read in the order in which they were
 * sent: a "begin" that was repeated takes nothing away, and behind an "end" that was
 * answered there is nothing left to be read.
 */
#define _GNU_SOURCE	/* recvmmsg(), sendmmsg() */
#include "probe.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

/* Data is zero.  Both ends have the same byte order. */
#define DATA		0
#define BEGIN		0x6e69676562326e63ULL	/* "nc2begin" */
#define END		0x21646e652d32636eULL	/* "nc2-end!" */
/* What fits into a frame at an MTU of 9000. */
#define MAX_SIZE	8972
/* Datagrams for one system call: its own cost is small then. */
#define BATCH		64
/* A guest that has fallen behind reads a full socket first: 20 s in all. */
#define ANSWER_MS	500
#define TRIES		40
/* The least that is slept: waking up costs the host more than sending some together. */
#define PAUSE_US	100

struct answer {
	unsigned long long word;	/* what was asked */
	unsigned long long received;	/* datagrams read since "begin" */
	unsigned long long us;		/* from the first to the last of them */
};

struct seen {
	unsigned long long datagrams;
	double first, last;	/* when they were read */
};

struct batch {
	struct mmsghdr msg[BATCH];
	struct iovec iov[BATCH];
	struct sockaddr_in from[BATCH];
	unsigned long long word[BATCH];	/* the first bytes; the rest is not copied */
};

static void answer(int fd, const struct sockaddr_in *to, unsigned long long word,
		   const struct seen *seen)
{
	const struct answer a = {
		.word = word,
		.received = seen->datagrams,
		.us = seen->last - seen->first,
	};

	/* Who does not get it asks again. */
	sendto(fd, &a, sizeof(a), 0, (const struct sockaddr *)to, sizeof(*to));
}

/* One look at the clock for all of them. */
static void take(int fd, struct batch *b, int n, struct seen *seen)
{
	double now = now_us();
	int i;

	for (i = 0; i < n; i++) {
		if (b->word[i] == BEGIN)
			memset(seen, 0, sizeof(*seen));
		if (b->word[i] == BEGIN || b->word[i] == END) {
			answer(fd, &b->from[i], b->word[i], seen);
			/* A shorter datagram would leave a part of it. */
			b->word[i] = DATA;
			continue;
		}
		if (!seen->datagrams++)
			seen->first = now;
		seen->last = now;
	}
}

int sink(const char *port)
{
	static struct seen seen;
	static struct batch b;
	struct sockaddr_in addr;
	int fd, i, n;

	fd = udp_socket(&addr, "0.0.0.0", port);
	if (fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof(addr)))
		return fail("bind");
	for (i = 0; i < BATCH; i++) {
		b.iov[i].iov_base = &b.word[i];
		b.iov[i].iov_len = sizeof(b.word[i]);
		b.msg[i].msg_hdr.msg_iov = &b.iov[i];
		b.msg[i].msg_hdr.msg_iovlen = 1;
		b.msg[i].msg_hdr.msg_name = &b.from[i];
		/* Addresses of IPv4 all have this length: it stays as it is. */
		b.msg[i].msg_hdr.msg_namelen = sizeof(b.from[i]);
	}
	for (;;) {
		n = recvmmsg(fd, b.msg, BATCH, MSG_WAITFORONE, NULL);
		if (n < 0)
			return fail("recvmmsg");
		take(fd, &b, n, &seen);
	}
}

/*
 * Asks the sink until it answers; adds to *asked how often that was.  The reader of the
 * counters on the way must know: these are datagrams, too.
 */
static int ask_sink(int fd, const char *name, unsigned long long word, struct answer *a,
		    unsigned int *asked)
{
	ssize_t n;
	int i;

	for (i = 0; i < TRIES; i++) {
		if (send(fd, &word, sizeof(word), 0) == sizeof(word))
			++*asked;
		do {
			n = recv(fd, a, sizeof(*a), 0);
			/* Another one is the second answer to what was asked twice. */
		} while (n >= 0 && (n != sizeof(*a) || a->word != word));
		if (n >= 0)
			return 0;
		if (errno == ECONNREFUSED)
			break;
		/* No neighbour, for example: there may be one soon. */
		if (errno != EAGAIN)
			usleep(ANSWER_MS * 1000);
	}
	fprintf(stderr, "%s: %s\n", name,
		i < TRIES ? "nothing listens there" : "no answer");
	return 1;
}

/* Sleeps until a time of now_us(). */
static void sleep_until(double us)
{
	struct timespec t = { .tv_sec = us / 1e6 };

	t.tv_nsec = (us - t.tv_sec * 1e6) * 1e3;
	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
}

struct pace {
	double rate;		/* a second */
	double us;
	size_t size;
	/* What came of it. */
	unsigned long long sent;
	double took_us;
};

/* What is late is sent as soon as can be; after the end no more than one batch. */
static int send_evenly(int fd, struct pace *p)
{
	const unsigned long long total = p->rate * p->us / 1e6;
	static char data[MAX_SIZE];
	struct iovec iov = { .iov_base = data, .iov_len = p->size };
	struct mmsghdr msg[BATCH] = { 0 };
	double start, now, next;
	unsigned long long due;
	int i, n;

	for (i = 0; i < BATCH; i++) {
		msg[i].msg_hdr.msg_iov = &iov;
		msg[i].msg_hdr.msg_iovlen = 1;
	}
	start = now_us();
	do {
		now = now_us();
		due = (now - start) * p->rate / 1e6 + 1;
		if (due > total)
			due = total;
		n = 0;
		if (due > p->sent)
			n = sendmmsg(fd, msg, due - p->sent < BATCH ? due - p->sent : BATCH, 0);
		/* There may be room a little later. */
		if (n < 0 && errno != ENOBUFS && errno != EAGAIN)
			return fail("sendmmsg");
		if (n > 0) {
			p->sent += n;
			continue;
		}
		next = start + p->sent * 1e6 / p->rate;
		sleep_until(next > now + PAUSE_US ? next : now + PAUSE_US);
	} while (p->sent < total && now < start + p->us);
	p->took_us = now_us() - start;
	return 0;
}

int send_at_rate(const char *host, const char *port, const char *ms, const char *size,
		 const char *rate)
{
	const struct timeval limit = { .tv_usec = ANSWER_MS * 1000 };
	struct pace p = { .rate = atof(rate), .us = atof(ms) * 1e3, .size = atoi(size) };
	struct sockaddr_in addr;
	unsigned int asked = 0;
	struct answer a;
	int fd;

	if (!p.size || p.size > MAX_SIZE || p.rate * p.us < 1e6)
		return 2;
	fd = udp_socket(&addr, host, port);
	if (fd < 0 || connect(fd, (struct sockaddr *)&addr, sizeof(addr)))
		return fail("connect");
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	if (ask_sink(fd, "begin", BEGIN, &a, &asked) || send_evenly(fd, &p) ||
	    ask_sink(fd, "end", END, &a, &asked))
		return 1;
	printf("{\"sent\": %llu, \"seconds\": %.6f, ", p.sent, p.took_us / 1e6);
	printf("\"received\": %llu, \"reading_seconds\": %.6f, ", a.received, a.us / 1e6);
	printf("\"control\": %u}\n", asked);
	return 0;
}
