// SPDX-License-Identifier: GPL-2.0
/*
 * State for people and scripts: directory nc2/ of the xenbus device.
 * Documentation/ABI/testing/sysfs-nc2-front says what each file means.
 */
#include "sysfs.h"

#include <linux/device.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/sysfs.h>

#include "direct.h"
#include "netdev.h"

static ssize_t path_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct nc2f_dev *nf = dev_get_drvdata(dev);

	return sysfs_emit(buf, "%s\n", READ_ONCE(nf->tx_direct) ? "direct" : "bridged");
}
static DEVICE_ATTR_RO(path);

static ssize_t path_since_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct nc2f_dev *nf = dev_get_drvdata(dev);
	u64 ms = div_u64(READ_ONCE(nf->path_since), NSEC_PER_MSEC);
	u32 rest;
	u64 s = div_u64_rem(ms, MSEC_PER_SEC, &rest);

	return sysfs_emit(buf, "%llu.%03u\n", s, rest);
}
static DEVICE_ATTR_RO(path_since);

static ssize_t reason_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct nc2f_dev *nf = dev_get_drvdata(dev);

	return sysfs_emit(buf, "%s\n", READ_ONCE(nf->reason));
}
static DEVICE_ATTR_RO(reason);

/* The direct path lives only as long as a connection: look under the lock. */
static ssize_t version_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct nc2f_dev *nf = dev_get_drvdata(dev);
	u32 version;

	mutex_lock(&nf->lock);
	version = nf->direct ? nf->direct->offer.version : 0;
	mutex_unlock(&nf->lock);
	return sysfs_emit(buf, "%u\n", version);
}
static DEVICE_ATTR_RO(version);

static ssize_t pool_pages_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct nc2f_dev *nf = dev_get_drvdata(dev);
	u32 pages;

	mutex_lock(&nf->lock);
	pages = nf->direct ? nf->direct->pool.nr_pages : 0;
	mutex_unlock(&nf->lock);
	return sysfs_emit(buf, "%u\n", pages);
}
static DEVICE_ATTR_RO(pool_pages);

static ssize_t show_count(struct device *dev, char *buf, enum nc2f_owner owner)
{
	struct nc2f_dev *nf = dev_get_drvdata(dev);
	u32 count;

	mutex_lock(&nf->lock);
	count = nf->direct ? READ_ONCE(nf->direct->pool.count[owner]) : 0;
	mutex_unlock(&nf->lock);
	return sysfs_emit(buf, "%u\n", count);
}

static ssize_t pool_posted_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return show_count(dev, buf, NC2F_BUF_POSTED);
}
static DEVICE_ATTR_RO(pool_posted);

static ssize_t pool_held_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return show_count(dev, buf, NC2F_BUF_HELD);
}
static DEVICE_ATTR_RO(pool_held);

static ssize_t pool_free_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return show_count(dev, buf, NC2F_BUF_FREE);
}
static DEVICE_ATTR_RO(pool_free);

static struct attribute *nc2f_attrs[] = {
	&dev_attr_path.attr,
	&dev_attr_path_since.attr,
	&dev_attr_reason.attr,
	&dev_attr_version.attr,
	&dev_attr_pool_pages.attr,
	&dev_attr_pool_posted.attr,
	&dev_attr_pool_held.attr,
	&dev_attr_pool_free.attr,
	NULL
};

static const struct attribute_group nc2f_group = {
	.name = "nc2",
	.attrs = nc2f_attrs,
};

const struct attribute_group *nc2f_sysfs_groups[] = {
	&nc2f_group,
	NULL
};
