// SPDX-License-Identifier: GPL-2.0
/*
 * The state of an interface for people and scripts, under its xenbus device in
 * the directory nc2/.  See Documentation/ABI/testing/sysfs-nc2-back.
 */
#include "direct.h"
#include "vif.h"
#include "xenbus.h"

#include <linux/device.h>
#include <linux/kstrtox.h>
#include <linux/sysfs.h>

static struct nc2b_direct *to_direct(struct device *dev)
{
	return nc2b_xenbus_vif(dev)->direct;
}

static const char *const policies[] = {
	[NC2B_POLICY_AUTO] = "auto",
	[NC2B_POLICY_BRIDGED] = "bridged",
	[NC2B_POLICY_DIRECT] = "direct",
};

static ssize_t path_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%s\n",
			  READ_ONCE(to_direct(dev)->direct) ? "direct" : "bridged");
}

static ssize_t path_store(struct device *dev, struct device_attribute *attr,
			  const char *buf, size_t len)
{
	int policy = sysfs_match_string(policies, buf);

	if (policy < 0)
		return policy;
	nc2b_path_set_policy(to_direct(dev), policy);
	return len;
}
static DEVICE_ATTR_RW(path);

static ssize_t policy_show(struct device *dev, struct device_attribute *attr,
			   char *buf)
{
	return sysfs_emit(buf, "%s\n", policies[READ_ONCE(to_direct(dev)->policy)]);
}
static DEVICE_ATTR_RO(policy);

static ssize_t weight_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", READ_ONCE(to_direct(dev)->weight));
}

static ssize_t weight_store(struct device *dev, struct device_attribute *attr,
			    const char *buf, size_t len)
{
	u32 weight;
	int err;

	err = kstrtou32(buf, 10, &weight);
	if (err)
		return err;
	if (weight > NC2B_MAX_WEIGHT)
		return -ERANGE;
	nc2b_share_set_weight(to_direct(dev), weight);
	return len;
}
static DEVICE_ATTR_RW(weight);

static ssize_t path_seconds_show(struct device *dev, struct device_attribute *attr,
				 char *buf)
{
	u64 age = ktime_get_boottime_ns() - READ_ONCE(to_direct(dev)->since);

	return sysfs_emit(buf, "%llu\n", age / NSEC_PER_SEC);
}
static DEVICE_ATTR_RO(path_seconds);

static ssize_t reason_show(struct device *dev, struct device_attribute *attr,
			   char *buf)
{
	const char *reason = READ_ONCE(to_direct(dev)->reason);

	return sysfs_emit(buf, "%s\n", reason ?: "");
}
static DEVICE_ATTR_RO(reason);

static ssize_t nic_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%s\n", to_direct(dev)->nic);
}
static DEVICE_ATTR_RO(nic);

/* Takes the lock: the queue's name goes with the queue. */
static ssize_t queue_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct nc2b_direct *d = to_direct(dev);
	ssize_t len;

	mutex_lock(&d->lock);
	len = sysfs_emit(buf, "%s\n", d->q ? d->q->name : "");
	mutex_unlock(&d->lock);
	return len;
}
static DEVICE_ATTR_RO(queue);

static ssize_t multicast_show(struct device *dev, struct device_attribute *attr,
			      char *buf)
{
	struct nc2b_direct *d = to_direct(dev);
	int groups = READ_ONCE(d->mcast);

	if (!READ_ONCE(d->direct))
		return sysfs_emit(buf, "\n");
	return groups < 0 ? sysfs_emit(buf, "all\n") : sysfs_emit(buf, "%d\n", groups);
}
static DEVICE_ATTR_RO(multicast);

#define NUMBER_ATTR(name, expr)						\
static ssize_t name##_show(struct device *dev,				\
			   struct device_attribute *attr, char *buf)	\
{									\
	struct nc2b_direct *d = to_direct(dev);				\
									\
	return sysfs_emit(buf, "%u\n", READ_ONCE(expr));		\
}									\
static DEVICE_ATTR_RO(name)

NUMBER_ATTR(pool_pages, d->pool.nr_pages);
NUMBER_ATTR(pool_buffers, d->pool.nr);
NUMBER_ATTR(pool_guest, d->pool.count[NC2B_OWNER_GUEST]);
NUMBER_ATTR(pool_stash, d->pool.count[NC2B_OWNER_STASH]);
NUMBER_ATTR(pool_nic, d->pool.count[NC2B_OWNER_NIC]);
NUMBER_ATTR(pool_bounced, d->block.bounced);
NUMBER_ATTR(interrupt_us, d->coalesce.set);

static struct attribute *nc2b_attrs[] = {
	&dev_attr_path.attr,
	&dev_attr_policy.attr,
	&dev_attr_weight.attr,
	&dev_attr_path_seconds.attr,
	&dev_attr_reason.attr,
	&dev_attr_nic.attr,
	&dev_attr_queue.attr,
	&dev_attr_multicast.attr,
	&dev_attr_interrupt_us.attr,
	&dev_attr_pool_pages.attr,
	&dev_attr_pool_buffers.attr,
	&dev_attr_pool_guest.attr,
	&dev_attr_pool_stash.attr,
	&dev_attr_pool_nic.attr,
	&dev_attr_pool_bounced.attr,
	NULL
};

const struct attribute_group nc2b_sysfs_group = {
	.name = "nc2",
	.attrs = nc2b_attrs,
};
