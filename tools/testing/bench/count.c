// SPDX-License-Identifier: GPL-2.0
/*
 * TCG plugin for QEMU: how often each vCPU ran each block of the guest's code.
 *
 *	-plugin file=count.so,sock=PATH
 *
 * QEMU translates code in blocks: straight runs of instructions.  For each that
 * begins at an address of a kernel or of Xen there is one counter for each vCPU,
 * to which the translated code adds 1 inline.  From these come instructions (the
 * block's length is told as well) by class of address and by function, and calls
 * of a function (the block at its entry).  Code of user space is one counter.
 *
 * Whoever connects to the socket gets all counters, and the connection is closed:
 * struct count_head, then @blocks of struct count_block, then @blocks counters of
 * vCPU 0, of vCPU 1, ...  Two of these, subtracted, tell what was between them; an
 * index means the same block for as long as QEMU runs.
 */
#include "qemu_plugin.h"
#include "sock.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * QEMU allocates for 16 vCPUs, so a block costs 128 bytes.  Xen, two kernels and
 * what the lab does with them come to fewer than half of these.
 */
#define MAX_BLOCKS	524288U
#define HASH_SLOTS	(2 * MAX_BLOCKS)

/* Begin of the kernel's half of the address space. */
#define KERNEL_HALF	0xffff800000000000ULL

/*
 * Blocks whose counter counts instructions: all of user space, and the rest once
 * the table is full.
 */
enum {
	BLOCK_USER,
	BLOCK_REST,
	FIRST_BLOCK,
};

/**
 * struct count_head - begin of an answer; all of it in the machine's byte order
 * @magic: "NC2COUNT"
 * @version: 1
 * @vcpus: how many vCPUs have counters
 * @blocks: how many blocks follow
 * @rest: blocks that found no room and are counted together in BLOCK_REST
 */
struct count_head {
	char magic[8];
	__u32 version;
	__u32 vcpus;
	__u64 blocks;
	__u64 rest;
};

/**
 * struct count_block - a block of code
 * @vaddr: guest virtual address of its first instruction; 0 in the first two
 * @insns: instructions for each count
 */
struct count_block {
	__u64 vaddr;
	__u64 insns;
};

int qemu_plugin_version = QEMU_PLUGIN_API;

static struct qemu_plugin_scoreboard *score;

/* Under this lock; @nr_blocks is read without, after the block is filled in. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct count_block blocks[MAX_BLOCKS];
static __u32 slots[HASH_SLOTS];
static atomic_uint nr_blocks;
static atomic_ullong nr_rest;

static __u32 hash(__u64 vaddr, __u64 insns)
{
	return ((vaddr + insns) * 0x9e3779b97f4a7c15ULL) >> 32 & (HASH_SLOTS - 1);
}

/* Index of a block's counter; makes one if there is room.  Under @lock. */
static __u32 block_index(__u64 vaddr, __u64 insns)
{
	__u32 slot = hash(vaddr, insns), n;

	/* Half of the slots are never taken, so this ends. */
	for (; slots[slot]; slot = (slot + 1) & (HASH_SLOTS - 1)) {
		n = slots[slot];
		if (blocks[n].vaddr == vaddr && blocks[n].insns == insns)
			return n;
	}
	n = atomic_load_explicit(&nr_blocks, memory_order_relaxed);
	if (n == MAX_BLOCKS) {
		atomic_fetch_add_explicit(&nr_rest, 1, memory_order_relaxed);
		return BLOCK_REST;
	}
	blocks[n].vaddr = vaddr;
	blocks[n].insns = insns;
	slots[slot] = n;
	atomic_store_explicit(&nr_blocks, n + 1, memory_order_release);
	return n;
}

static void translated(__u64 id, struct qemu_plugin_tb *tb)
{
	__u64 vaddr = qemu_plugin_tb_vaddr(tb);
	__u64 insns = qemu_plugin_tb_n_insns(tb);
	struct qemu_plugin_u64 counter = { .score = score };
	__u32 n = BLOCK_USER;

	(void)id;
	if (vaddr >= KERNEL_HALF) {
		pthread_mutex_lock(&lock);
		n = block_index(vaddr, insns);
		pthread_mutex_unlock(&lock);
	}
	counter.offset = n * sizeof(__u64);
	qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu(tb, QEMU_PLUGIN_INLINE_ADD_U64, counter,
							  n < FIRST_BLOCK ? insns : 1);
}

/* A copy first: the counters shall be of one moment, however slow the reader is. */
static void answer(int fd)
{
	struct count_head head = { .magic = "NC2COUNT", .version = 1 };
	__u32 vcpu;
	__u64 *all;

	head.blocks = atomic_load_explicit(&nr_blocks, memory_order_acquire);
	head.rest = atomic_load_explicit(&nr_rest, memory_order_relaxed);
	head.vcpus = qemu_plugin_num_vcpus();
	all = calloc(head.vcpus * head.blocks, sizeof(*all));
	if (!all)
		return;
	for (vcpu = 0; vcpu < head.vcpus; vcpu++)
		memcpy(all + vcpu * head.blocks, qemu_plugin_scoreboard_find(score, vcpu),
		       head.blocks * sizeof(*all));
	if (nc2_sock_send(fd, &head, sizeof(head)) &&
	    nc2_sock_send(fd, blocks, head.blocks * sizeof(*blocks)))
		nc2_sock_send(fd, all, head.vcpus * head.blocks * sizeof(*all));
	free(all);
}

int qemu_plugin_install(__u64 id, const struct qemu_plugin_info *info, int argc, char **argv)
{
	if (!nc2_sock_install("count", id, info, argc, argv, answer))
		return -1;
	blocks[BLOCK_USER].insns = 1;
	blocks[BLOCK_REST].insns = 1;
	nr_blocks = FIRST_BLOCK;
	score = qemu_plugin_scoreboard_new(MAX_BLOCKS * sizeof(__u64));
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	return 0;
}
