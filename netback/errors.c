// SPDX-License-Identifier: GPL-2.0
/*
 * What xenbus has written of an interface below error/ in xenstore: nobody else removes
 * that, whatever guests come and go.
 */
#include "errors.h"

#include <linux/device.h>
#include <linux/slab.h>
#include <linux/string.h>

#include <xen/xenbus.h>

/**
 * nc2b_errors_forget - remove what was written of an interface
 * @xdev: the interface
 *
 * May sleep.
 */
void nc2b_errors_forget(struct xenbus_device *xdev)
{
	char *dir = kasprintf(GFP_KERNEL, "error/%s", xdev->nodename);
	unsigned int others = 0;
	char **list;

	if (!dir)
		return;
	xenbus_rm(XBT_NIL, dir, "");
	*strrchr(dir, '/') = '\0';
	/* Another interface of the guest may have its own. */
	list = xenbus_directory(XBT_NIL, dir, "", &others);
	if (!IS_ERR(list)) {
		kfree(list);
		if (!others)
			xenbus_rm(XBT_NIL, dir, "");
	}
	kfree(dir);
}

/*
 * xenbus calls it an error, in xenstore, that a driver leaves an interface to another, and
 * no remove() follows that, nor a probe that failed.
 */
static int bus_event(struct notifier_block *nb, unsigned long event, void *data)
{
	struct xenbus_device *xdev = to_xenbus_device(data);

	if (event == BUS_NOTIFY_REMOVED_DEVICE && !strcmp(xdev->devicetype, "vif"))
		nc2b_errors_forget(xdev);
	return NOTIFY_DONE;
}

static struct notifier_block notifier = {
	.notifier_call = bus_event,
};

/**
 * nc2b_errors_init - remove what is written of any interface, when it goes
 * @bus: the bus of the back's devices
 *
 * Return: 0 or a negative error.
 */
int nc2b_errors_init(const struct bus_type *bus)
{
	return bus_register_notifier(bus, &notifier);
}

/**
 * nc2b_errors_exit - undo nc2b_errors_init()
 * @bus: the bus of the back's devices
 */
void nc2b_errors_exit(const struct bus_type *bus)
{
	bus_unregister_notifier(bus, &notifier);
}
