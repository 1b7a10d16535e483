/* SPDX-License-Identifier: GPL-2.0 */
/* State for people and scripts: directory nc2/ of the xenbus device. */
#ifndef NC2F_SYSFS_H
#define NC2F_SYSFS_H

struct attribute_group;

extern const struct attribute_group *nc2f_sysfs_groups[];

#endif /* NC2F_SYSFS_H */
