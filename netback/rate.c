// SPDX-License-Identifier: GPL-2.0
#include "rate.h"

#include "nego.h"

#include <linux/errno.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/string.h>
#include <linux/time64.h>

/**
 * nc2b_rate_parse - parse the key "rate"
 * @text: "bytes,usec", both decimal
 * @bytes: set on success only; not 0
 * @usec: set on success only; not 0
 *
 * Return: 0 or -EINVAL.
 */
int nc2b_rate_parse(const char *text, u32 *bytes, u32 *usec)
{
	const char *comma = strchr(text, ',');
	char first[12];
	u32 b, u;

	if (!comma || comma - text >= sizeof(first))
		return -EINVAL;
	memcpy(first, text, comma - text);
	first[comma - text] = 0;
	if (nc2b_nego_u32(first, &b) || nc2b_nego_u32(comma + 1, &u) || !b || !u)
		return -EINVAL;
	*bytes = b;
	*usec = u;
	return 0;
}

/**
 * nc2b_rate_init - begin without a limit
 * @r: the limit; nobody uses it yet
 */
void nc2b_rate_init(struct nc2b_rate *r)
{
	memset(r, 0, sizeof(*r));
	spin_lock_init(&r->lock);
	/* Never 0, for who has seen @bytes before it became 0. */
	r->period = NSEC_PER_SEC;
}

/**
 * nc2b_rate_set - set a limit, or a new one
 * @r: the limit; may be in use
 * @bytes: what may be sent in each period; 0: no limit
 * @usec: length of a period; not 0 unless @bytes is
 * @now: ns
 *
 * Any context but hard interrupts.
 */
void nc2b_rate_set(struct nc2b_rate *r, u32 bytes, u32 usec, u64 now)
{
	spin_lock_bh(&r->lock);
	WRITE_ONCE(r->bytes, bytes);
	if (usec)
		r->period = (u64)usec * NSEC_PER_USEC;
	r->left = bytes;
	r->since = now;
	spin_unlock_bh(&r->lock);
}

/**
 * nc2b_rate_is - whether this is the limit already
 * @r: the limit
 * @bytes: as for nc2b_rate_set()
 * @usec: as for nc2b_rate_set()
 *
 * Return: whether.
 */
bool nc2b_rate_is(struct nc2b_rate *r, u32 bytes, u32 usec)
{
	bool same;

	spin_lock_bh(&r->lock);
	same = r->bytes == bytes &&
	       (!bytes || r->period == (u64)usec * NSEC_PER_USEC);
	spin_unlock_bh(&r->lock);
	return same;
}

/**
 * nc2b_rate_wait - whether a frame may be sent now
 * @r: the limit; there is one
 * @now: ns
 *
 * Whole periods that have passed are credited, so that there is a division only
 * when one has, and never more than a burst is saved up.
 *
 * Return: 0: yes; else ns until it is worth asking again.
 */
u64 nc2b_rate_wait(struct nc2b_rate *r, u64 now)
{
	u64 wait = 0, periods;

	spin_lock(&r->lock);
	if (now - r->since >= r->period && now > r->since) {
		periods = div64_u64(now - r->since, r->period);
		r->since += periods * r->period;
		/* Enough for any debt and any burst; more would overflow. */
		periods = min_t(u64, periods, NC2B_RATE_BURST * 2);
		r->left += periods * r->bytes;
		r->left = min_t(s64, r->left, max_t(s64, r->bytes, NC2B_RATE_BURST));
	}
	if (r->left <= 0)
		wait = r->since + r->period - now;
	spin_unlock(&r->lock);
	return wait;
}

/**
 * nc2b_rate_charge - account for a frame that is sent
 * @r: the limit
 * @len: its bytes
 */
void nc2b_rate_charge(struct nc2b_rate *r, u32 len)
{
	spin_lock(&r->lock);
	r->left -= len;
	spin_unlock(&r->lock);
}

/**
 * nc2b_rate_mbit - the limit as a NIC wants it
 * @r: the limit
 *
 * Return: Mbit/s, at least 1; 0: no limit.
 */
u32 nc2b_rate_mbit(struct nc2b_rate *r)
{
	u64 bytes, mbit;

	spin_lock_bh(&r->lock);
	bytes = r->bytes;
	/* bits in a microsecond are Mbit in a second */
	mbit = div64_u64(bytes * 8 * NSEC_PER_USEC, r->period);
	spin_unlock_bh(&r->lock);
	return bytes ? clamp_t(u64, mbit, 1, U32_MAX) : 0;
}
