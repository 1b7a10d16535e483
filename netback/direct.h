/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The direct path of one guest interface.
 *
 * direct.c: life of the block.  dpoll.c: the hot path between NIC and rings.
 * coalesce.c: how often the NIC interrupts.
 * path.c: which path is active, and every step from one to the other.
 * lease.c: the NIC queue.
 * fdb.c: where its frames are sent.
 * filter.c: what the guest listens to.
 * share.c: who gets a queue where there are fewer than interfaces.
 */
#ifndef NC2B_DIRECT_H
#define NC2B_DIRECT_H

#include "block.h"
#include "coalesce.h"
#include "pool.h"
#include "ring.h"
#include "rxq.h"

#include <linux/mutex.h>
#include <linux/netdevice.h>
#include <linux/u64_stats_sync.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

struct nc2b_vif;
struct xenbus_device;

/**
 * enum nc2b_dstat - counters of the direct path
 * @NC2B_D_RX_FRAMES: frames that the NIC wrote into the guest's pages
 * @NC2B_D_RX_BYTES: their bytes
 * @NC2B_D_RX_BOUNCED: frames that came through a bounce buffer
 * @NC2B_D_RX_ERRORS: damaged frames, whose buffers went back to the guest
 * @NC2B_D_RX_FILTERED: frames thrown away that came by the queue before the guest's
 *	filter was set: the bridge brings the same
 * @NC2B_D_RX_STARVED: polls that left the NIC without a buffer, for the guest had
 *	none to give
 * @NC2B_D_TX_FRAMES: frames that the NIC was told to read from the guest's pages
 * @NC2B_D_TX_BYTES: their bytes
 * @NC2B_D_TX_DROP_SWITCH: slots left in the ring when the path was left, or since
 * @NC2B_D_EVENTS: events sent to the guest
 * @NC2B_D_POLLS: runs of the poll function
 * @NC2B_D_PROMOTED: times that the direct path was entered
 * @NC2B_D_DEMOTED: times that it was left
 * @NC2B_D_STATS: number of counters
 */
enum nc2b_dstat {
	NC2B_D_RX_FRAMES,
	NC2B_D_RX_BYTES,
	NC2B_D_RX_BOUNCED,
	NC2B_D_RX_ERRORS,
	NC2B_D_RX_FILTERED,
	NC2B_D_RX_STARVED,
	NC2B_D_TX_FRAMES,
	NC2B_D_TX_BYTES,
	NC2B_D_TX_DROP_SWITCH,
	NC2B_D_EVENTS,
	NC2B_D_POLLS,
	NC2B_D_PROMOTED,
	NC2B_D_DEMOTED,
	NC2B_D_STATS,
};

/**
 * enum nc2b_policy - what the administrator wants of an interface
 * @NC2B_POLICY_AUTO: direct whenever it can be had
 * @NC2B_POLICY_BRIDGED: never direct
 * @NC2B_POLICY_DIRECT: as auto, and before all others where queues are few
 */
enum nc2b_policy {
	NC2B_POLICY_AUTO,
	NC2B_POLICY_BRIDGED,
	NC2B_POLICY_DIRECT,
};

/**
 * enum nc2b_eoi - the event that awaits its EOI
 * @NC2B_EOI_NONE: there is none
 * @NC2B_EOI_DUE: one that is worth what the poll function finds
 * @NC2B_EOI_ANSWER: one that may be the answer that path.c waits for
 */
enum nc2b_eoi {
	NC2B_EOI_NONE,
	NC2B_EOI_DUE,
	NC2B_EOI_ANSWER,
};

/* Descriptors handled in one call of the provider. */
#define NC2B_D_BATCH	64
/* How often the NIC is told at most what a guest listens to. */
#define NC2B_FILTER_MS	50
/* Weight of an interface that nobody has given another one, and the largest. */
#define NC2B_DEF_WEIGHT	100
#define NC2B_MAX_WEIGHT	1000
/* Room for the name of a NIC and for a reason. */
#define NC2B_NIC_LEN	IFNAMSIZ

/**
 * struct nc2b_direct - the direct path of one interface
 * @vif: whose
 * @lock: serialises everything but the hot path; taken before RTNL
 * @work: looks after the path: promotes, checks the NIC, demotes
 * @policy: the administrator's wish; written under @lock
 * @nic: name of the NIC from xl's gatewaydev, or empty
 * @vlan: VLAN from xl's vlan, 0 for none, VLAN_N_VID if that is not one VLAN
 * @nonce: of this connection
 * @offered: feature-nc2 said something else than 0
 * @max_pool: largest pool that was offered, in pages
 * @attached: @block, @pool, @irq and @napi exist; under @lock
 * @direct: the direct path is active; under @lock, read from anywhere
 * @backoff: ms before the next try to enter it; under @lock
 * @brief: connections in a row that were not @steady, up to a limit; under @lock
 * @fdb: the bridge sends the guest's frames to the vif; under @lock and RTNL
 * @waiting: the last try found no free queue: try when one comes free
 * @weight: who has more of it goes first; the administrator's wish
 * @yield: somebody heavier waits: give the queue up
 * @in_vain: no queue can do what the guest wanted when last asked; under @lock
 * @wish: filter_seq of then; under @lock
 * @tag: the NIC whose queues it wants: for comparing, it may be gone
 * @made_room: when others were last asked to give a queue up for it (jiffies), 0: never;
 *	under @lock
 * @hurry: try at once to enter the path
 * @changed: the NIC, or what it is to do, may have changed
 * @steady: the path was active for a while the last time; under @lock
 * @tried: when it was last tried, or given up (jiffies); under @lock
 * @next_look: when to look after the NIC again (jiffies); under @lock
 * @looked: when it was last looked after (jiffies); under @lock
 * @node: list of all interfaces, see share.c
 * @since: when the active path was entered (boot time, ns)
 * @reason: why the direct path is not active: a constant text; read anywhere
 * @rate_changed: the NIC limits the guest to a rate that is not the limit now
 * @gone: the front has disconnected: nothing that it would say is waited for
 * @failed: the peer has lied: no direct path for this connection
 * @revoked: the guest has its pages back: no direct path for this connection;
 *	under @lock
 * @block: what the guest shares
 * @pool: who owns each buffer
 * @fill: the guest gives buffers
 * @comp: they go back
 * @tx: the guest sends
 * @tx_inflight: entries of @tx that the NIC has and the guest does not yet
 * @tx_seen: @tx.cons when last looked at; under @lock
 * @tx_stuck: how often it has been seen there with frames to send; under @lock
 * @frags: pieces of the frame that is being built; NAPI only
 * @q: the leased queue, or NULL; under @lock, NAPI reads it while @running
 * @running: the queue is started and NAPI may use it
 * @groups: broadcast and multicast come by the queue, and must not by the bridge
 * @early: they still come by the bridge, and not by the queue; NAPI only once @running
 * @early_more: a frame that is thrown away for that goes on; the same
 * @open: the last completion said that its frame goes on, in whichever lease; NAPI only
 * @napi: the hot path
 * @irq: the event channel
 * @eoi: whether an event awaits its EOI: enum nc2b_eoi
 * @worked: work has been found since the last EOI; NAPI only
 * @coalesce: how often @q interrupts
 * @mcast: multicast groups that the NIC filters for the guest, -1: it gives all
 * @seen_filter: filter_seq of the guest's last request that was carried out
 * @filtered: when it was last looked at (jiffies); under @lock
 * @ack_wait: woken by the guest's events
 * @sync: protects @stats against torn reads on 32 bit machines: those of NAPI
 * @slow_sync: those of nc2b_direct_count()
 * @stats: counters
 */
struct nc2b_direct {
	struct nc2b_vif *vif;
	struct mutex lock;
	struct delayed_work work;
	enum nc2b_policy policy;
	char nic[NC2B_NIC_LEN];
	u16 vlan;
	char nonce[XEN_NC2_NONCE_DIGITS + 1];
	bool offered;
	u32 max_pool;
	bool attached;
	bool direct;
	u32 backoff;
	u32 brief;
	bool fdb;
	bool waiting;
	u32 weight;
	bool yield;
	bool in_vain;
	u32 wish;
	const void *tag;
	unsigned long made_room;
	bool hurry;
	bool changed;
	bool steady;
	unsigned long tried;
	unsigned long next_look;
	unsigned long looked;
	struct list_head node;
	u64 since;
	const char *reason;
	bool rate_changed;
	bool gone;
	bool failed;
	bool revoked;

	struct nc2b_block block;
	struct nc2b_pool pool;
	struct nc2b_cons fill;
	struct nc2b_prod comp;
	struct nc2b_cons tx;
	u32 tx_inflight;
	u32 tx_seen;
	unsigned int tx_stuck;
	struct nc2q_frag frags[XEN_NC2_TX_MAX_SLOTS];

	struct nc2q *q;
	bool running;
	bool groups;
	bool early;
	bool early_more;
	bool open;
	struct napi_struct napi;
	unsigned int irq;
	atomic_t eoi;
	bool worked;
	struct nc2b_coalesce coalesce;
	int mcast;
	u32 seen_filter;
	unsigned long filtered;
	wait_queue_head_t ack_wait;

	struct u64_stats_sync sync;
	struct u64_stats_sync slow_sync;
	u64_stats_t stats[NC2B_D_STATS];
};

/* direct.c */
struct nc2b_direct *nc2b_direct_create(struct nc2b_vif *vif);
void nc2b_direct_destroy(struct nc2b_direct *d);
int nc2b_direct_offer(struct nc2b_direct *d);
void nc2b_direct_withdraw(struct nc2b_direct *d);
void nc2b_direct_attach(struct nc2b_direct *d);
void nc2b_direct_revoke(struct nc2b_direct *d, const char *reason, bool alive);
bool nc2b_direct_wants_revoke(const struct nc2b_direct *d);
void nc2b_direct_detach(struct nc2b_direct *d, bool alive);
void nc2b_direct_stats(const struct nc2b_direct *d, u64 *n);
void nc2b_direct_add_stats(const struct nc2b_direct *d, struct rtnl_link_stats64 *s);
bool nc2b_direct_eoi(struct nc2b_direct *d, bool worked);
void nc2b_direct_break(struct nc2b_direct *d, const char *what);
void nc2b_direct_count(struct nc2b_direct *d, enum nc2b_dstat which, u64 n);

/* dpoll.c: NAPI poll function, and what must run with it stopped. */
int nc2b_direct_poll(struct napi_struct *napi, int budget);
void nc2b_direct_last_rx(struct nc2b_direct *d);
void nc2b_direct_forget_tx(struct nc2b_direct *d);

/* path.c */
int nc2b_path_init(void);
void nc2b_path_exit(void);
void nc2b_path_work(struct work_struct *work);
void nc2b_path_kick(struct nc2b_direct *d, unsigned int ms);
void nc2b_path_begin(struct nc2b_direct *d);
void nc2b_path_leave(struct nc2b_direct *d, const char *reason, bool alive);
void nc2b_path_rate_changed(struct nc2b_direct *d);
void nc2b_path_set_policy(struct nc2b_direct *d, enum nc2b_policy policy);

/* lease.c */
const char *nc2b_lease_start(struct nc2b_direct *d, struct device *nic,
			     const struct nc2q_client *client);
void nc2b_lease_stop(struct nc2b_direct *d);
void nc2b_lease_poll(struct nc2b_direct *d);
void nc2b_lease_wait_no_more(struct nc2b_direct *d);
const char *nc2b_lease_in_vain(struct nc2b_direct *d, const char *why);

/* fdb.c */
void nc2b_fdb_add(struct nc2b_direct *d);
void nc2b_fdb_del(struct nc2b_direct *d);
void nc2b_fdb_renew(struct nc2b_direct *d);
int nc2b_fdb_to_queue(struct nc2b_direct *d);
void nc2b_fdb_to_bridge(struct nc2b_direct *d);

/* filter.c */
const char *nc2b_filter_refused(struct nc2b_direct *d);
const char *nc2b_filter_apply(struct nc2b_direct *d);

/* share.c */
void nc2b_share_add(struct nc2b_direct *d);
void nc2b_share_del(struct nc2b_direct *d);
void nc2b_share_kick(void);
bool nc2b_share_outranked(const struct nc2b_direct *d);
void nc2b_share_make_room(struct nc2b_direct *d);
void nc2b_share_set_weight(struct nc2b_direct *d, u32 weight);

#endif /* NC2B_DIRECT_H */
