// SPDX-License-Identifier: GPL-2.0
/*
 * TCG plugin for QEMU: which lines of memory a module's code passes from CPU to CPU.
 *
 *	-plugin file=lines.so,sock=PATH
 *
 * Of the instructions of one kernel module each read and each write is noted; of the
 * functions in the kernel that it calls, those of instructions that a lock or a copy
 * is made of.  For each line of 64 bytes of physical memory it is known which vCPUs
 * have it: who reads it has it as well, who writes it has it alone.  A move is an
 * access by a vCPU that must first get the line, or take it away from another one, as
 * with caches that never run out of room.
 *
 * What others do with a line is not seen: it moves more often than is told here, but
 * not because of this module.
 *
 * Whoever connects to the socket says one of
 *
 *	watch FROM TO N	forget everything; watch the code from FROM up to TO
 *			(hexadecimal) on the first N vCPUs
 *	tell		watch no longer, and tell
 *
 * and gets a struct lines_head with as many struct line behind it as it says: after
 * "watch" none.  The connection is closed then.
 */
#include "qemu_plugin.h"
#include "sock.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define LINE_SIZE	64U
#define GUEST_PAGE_SIZE	4096U
#define MAX_CPUS	4U
/*
 * A line costs 152 bytes.  The hot path has some thousand for each guest, but frames
 * of the bridged path lie anywhere.
 */
#define STRIPES		256U
#define STRIPE_LINES	512U
#define STRIPE_FULL	(STRIPE_LINES * 3 / 4)

/* Where Linux has its own code, and that of modules. */
#define KERNEL		0xffffffff80000000ULL
#define MODULES		0xffffffffc0000000ULL

/*
 * Blocks of code after a call that belong to the function that was called.  To turn
 * interrupts off under Xen takes four, so that a lock comes with the fifth.
 */
#define NEAR		12
#define FAR		0x100000000ULL

/**
 * struct lines_head - begin of an answer; all of it in the machine's byte order
 * @magic: "NC2LINES"
 * @version: 1
 * @cpus: vCPUs that are, or were, watched
 * @lines: how many lines follow
 * @lost: accesses that could not be noted
 */
struct lines_head {
	char magic[8];
	__u32 version;
	__u32 cpus;
	__u64 lines;
	__u64 lost;
};

/**
 * struct line_cpu - what one vCPU did with a line
 * @reads: how often it read it
 * @writes: how often it wrote it
 * @called: how many of these in functions that the module called
 * @moves: how many of them moved it
 * @read_by: address of the last instruction that moved it by reading, or 0
 * @written_by: the same by writing
 */
struct line_cpu {
	__u32 reads;
	__u32 writes;
	__u32 called;
	__u32 moves;
	__u64 read_by;
	__u64 written_by;
};

/**
 * struct line - a line of memory
 * @addr: its physical address; 0: no line
 * @vaddr: virtual address of the first access
 * @have: bit mask of the vCPUs that have it
 * @cpu: what each did
 */
struct line {
	__u64 addr;
	__u64 vaddr;
	__u64 have;
	struct line_cpu cpu[MAX_CPUS];
};

/**
 * struct stripe - a part of all lines
 * @lock: protects all of it
 * @used: how many of @lines are in use
 * @lost: accesses to lines that found no room
 * @lines: a hash table
 */
struct stripe {
	pthread_mutex_t lock;
	__u32 used;
	__u64 lost;
	struct line lines[STRIPE_LINES];
};

/**
 * struct access - an access by an instruction
 * @cpu: the vCPU
 * @addr: physical address of the line
 * @vaddr: virtual address
 * @insn: address of the instruction
 * @store: whether it is a write
 * @called: the instruction is of a function that the module called
 */
struct access {
	unsigned int cpu;
	__u64 addr;
	__u64 vaddr;
	__u64 insn;
	bool store;
	bool called;
};

int qemu_plugin_version = QEMU_PLUGIN_API;

static struct stripe stripes[STRIPES];
static atomic_ullong unknown;

/* The code to be watched: nothing while @to is 0. */
static atomic_ullong from, to;
static atomic_uint cpus;

/* For each vCPU: blocks of the kernel since the module has called it, FAR if it has not. */
static struct qemu_plugin_scoreboard *since;

static __u64 *since_of(unsigned int cpu)
{
	return qemu_plugin_scoreboard_find(since, cpu);
}

/* Under the lock of the stripe; NULL if there is no room. */
static struct line *find(struct stripe *s, __u32 hash, const struct access *a)
{
	__u32 i = hash % STRIPE_LINES;

	/* A quarter is never taken, so this ends. */
	for (; s->lines[i].addr; i = (i + 1) % STRIPE_LINES)
		if (s->lines[i].addr == a->addr)
			return &s->lines[i];
	if (s->used == STRIPE_FULL)
		return NULL;
	s->used++;
	s->lines[i].addr = a->addr;
	s->lines[i].vaddr = a->vaddr;
	return &s->lines[i];
}

static void count(struct line *l, const struct access *a)
{
	struct line_cpu *c = &l->cpu[a->cpu];
	__u64 self = 1ULL << a->cpu;

	c->called += a->called;
	if (a->store) {
		c->writes++;
		if (l->have & ~self) {
			c->moves++;
			c->written_by = a->insn;
		}
		l->have = self;
	} else {
		c->reads++;
		if (l->have && !(l->have & self)) {
			c->moves++;
			c->read_by = a->insn;
		}
		l->have |= self;
	}
}

static void note(const struct access *a)
{
	__u64 hash = a->addr / LINE_SIZE * 0x9e3779b97f4a7c15ULL;
	struct stripe *s = &stripes[hash >> 56];
	struct line *l;

	if (!a->addr)
		return;
	/* Two vCPUs meet here only if they meet at the line, or by chance. */
	pthread_mutex_lock(&s->lock);
	l = find(s, hash >> 32 & 0xffff, a);
	if (l)
		count(l, a);
	else
		s->lost++;
	pthread_mutex_unlock(&s->lock);
}

static void note_access(unsigned int cpu, __u32 info, __u64 vaddr, __u64 insn, bool called)
{
	struct qemu_plugin_hwaddr *hw = qemu_plugin_get_hwaddr(info, vaddr);
	struct access a = {
		.cpu = cpu,
		.vaddr = vaddr,
		.insn = insn,
		.store = qemu_plugin_mem_is_store(info),
		.called = called,
	};
	__u64 first, last;

	if (!hw) {
		atomic_fetch_add_explicit(&unknown, 1, memory_order_relaxed);
		return;
	}
	first = qemu_plugin_hwaddr_phys_addr(hw);
	/* It may meet two lines, but not two pages: the next one is anywhere. */
	last = first + (1U << qemu_plugin_mem_size_shift(info)) - 1;
	if (last / GUEST_PAGE_SIZE != first / GUEST_PAGE_SIZE)
		last = first;
	a.addr = first & -(__u64)LINE_SIZE;
	note(&a);
	if (last / LINE_SIZE != first / LINE_SIZE) {
		a.addr = last & -(__u64)LINE_SIZE;
		note(&a);
	}
}

static bool watched(unsigned int cpu)
{
	return atomic_load_explicit(&to, memory_order_acquire) &&
	       cpu < atomic_load_explicit(&cpus, memory_order_relaxed);
}

/*
 * An access of a module's code.  The last one before it calls is that of the call
 * itself, a write; the last one before it returns is a read.
 */
static void by_module(unsigned int cpu, __u32 info, __u64 vaddr, void *data)
{
	__u64 insn = (uintptr_t)data;

	if (!watched(cpu) || insn >= atomic_load_explicit(&to, memory_order_relaxed) ||
	    insn < atomic_load_explicit(&from, memory_order_relaxed))
		return;
	*since_of(cpu) = qemu_plugin_mem_is_store(info) ? 0 : FAR;
	note_access(cpu, info, vaddr, insn, false);
}

/* An access of the kernel's own code. */
static void by_kernel(unsigned int cpu, __u32 info, __u64 vaddr, void *data)
{
	if (watched(cpu) && *since_of(cpu) <= NEAR)
		note_access(cpu, info, vaddr, (uintptr_t)data, true);
}

/* Whether an instruction may be a part of a lock (lock, xchg) or of a copy (movs, stos). */
static bool tells(const struct qemu_plugin_insn *insn)
{
	unsigned char code[15];
	size_t i, n = qemu_plugin_insn_data(insn, code, sizeof(code));

	for (i = 0; i < n; i++) {
		switch (code[i]) {
		/* Prefixes that say nothing. */
		case 0x26:
		case 0x2e:
		case 0x36:
		case 0x3e:
		case 0x40 ... 0x4f:
		case 0x64 ... 0x67:
		case 0xf2 ... 0xf3:
			break;
		case 0x86 ... 0x87:
		case 0xa4 ... 0xa5:
		case 0xaa ... 0xab:
		case 0xf0:
			return true;
		default:
			return false;
		}
	}
	return false;
}

/*
 * Whose code a module's area holds, and which module is to be watched, is known later
 * than what is there is translated: so all of it is prepared for being watched.
 */
static void translated(__u64 id, struct qemu_plugin_tb *tb)
{
	struct qemu_plugin_u64 blocks = { .score = since };
	__u64 vaddr = qemu_plugin_tb_vaddr(tb);
	size_t i, n = qemu_plugin_tb_n_insns(tb);
	struct qemu_plugin_insn *insn;
	bool module = vaddr >= MODULES;

	(void)id;
	if (vaddr < KERNEL)
		return;
	if (!module)
		qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu(tb, QEMU_PLUGIN_INLINE_ADD_U64,
								  blocks, 1);
	for (i = 0; i < n; i++) {
		insn = qemu_plugin_tb_get_insn(tb, i);
		if (!module && !tells(insn))
			continue;
		qemu_plugin_register_vcpu_mem_cb(insn, module ? by_module : by_kernel,
						 QEMU_PLUGIN_CB_NO_REGS, QEMU_PLUGIN_MEM_RW,
						 (void *)(uintptr_t)qemu_plugin_insn_vaddr(insn));
	}
}

static void watch(__u64 begin, __u64 end, unsigned int nr)
{
	struct stripe *s;

	atomic_store(&to, 0);
	for (s = stripes; s < stripes + STRIPES; s++) {
		pthread_mutex_lock(&s->lock);
		s->used = 0;
		s->lost = 0;
		memset(s->lines, 0, sizeof(s->lines));
		pthread_mutex_unlock(&s->lock);
	}
	atomic_store(&unknown, 0);
	atomic_store(&cpus, nr);
	atomic_store(&from, begin);
	atomic_store(&to, end);
}

static void tell(int fd, struct lines_head *head)
{
	struct line *all = malloc(STRIPES * STRIPE_FULL * sizeof(*all));
	struct stripe *s;
	__u32 i;

	if (!all)
		return;
	atomic_store(&to, 0);
	head->lost = atomic_load(&unknown);
	for (s = stripes; s < stripes + STRIPES; s++) {
		pthread_mutex_lock(&s->lock);
		head->lost += s->lost;
		for (i = 0; i < STRIPE_LINES; i++)
			if (s->lines[i].addr)
				all[head->lines++] = s->lines[i];
		pthread_mutex_unlock(&s->lock);
	}
	if (nc2_sock_send(fd, head, sizeof(*head)))
		nc2_sock_send(fd, all, head->lines * sizeof(*all));
	free(all);
}

/* One line of text, without its end. */
static bool receive(int fd, char *text, size_t size)
{
	size_t n = 0;

	while (n < size && recv(fd, text + n, 1, 0) == 1) {
		if (text[n] == '\n') {
			text[n] = '\0';
			return true;
		}
		n++;
	}
	return false;
}

static void answer(int fd)
{
	struct lines_head head = { .magic = "NC2LINES", .version = 1 };
	unsigned long long begin, end;
	unsigned int nr;
	char text[80];

	if (!receive(fd, text, sizeof(text)))
		return;
	if (sscanf(text, "watch %llx %llx %u", &begin, &end, &nr) == 3 && begin < end &&
	    nr && nr <= MAX_CPUS) {
		watch(begin, end, nr);
		head.cpus = nr;
		nc2_sock_send(fd, &head, sizeof(head));
	} else if (!strcmp(text, "tell")) {
		head.cpus = atomic_load(&cpus);
		tell(fd, &head);
	}
}

int qemu_plugin_install(__u64 id, const struct qemu_plugin_info *info, int argc, char **argv)
{
	unsigned int i;

	if (!nc2_sock_install("lines", id, info, argc, argv, answer))
		return -1;
	for (i = 0; i < STRIPES; i++)
		pthread_mutex_init(&stripes[i].lock, NULL);
	since = qemu_plugin_scoreboard_new(sizeof(__u64));
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	return 0;
}
