// SPDX-License-Identifier: GPL-2.0
/* xen-nc2-front: a Xen virtual network interface, the guest's end. */
#include <linux/cpumask.h>
#include <linux/module.h>

#include <xen/platform_pci.h>
#include <xen/xen.h>

#include "connect.h"
#include "netdev.h"
#include "nego.h"
#include "xenbus.h"

/* Unless the user asks for more, who may have a use for them; the stock pair's, too. */
#define DEFAULT_QUEUES	8

unsigned int nc2f_max_queues;
module_param_named(max_queues, nc2f_max_queues, uint, 0444);
MODULE_PARM_DESC(max_queues, "Queues of the bridged path, 16 at most (default: one per CPU, at most 8)");

bool nc2f_direct_wanted = true;
module_param_named(direct, nc2f_direct_wanted, bool, 0644);
MODULE_PARM_DESC(direct, "Accept the direct path where the back offers it (default: yes)");

unsigned int nc2f_pool_pages = XEN_NC2_DEF_POOL_PAGES;
module_param_named(pool_pages, nc2f_pool_pages, uint, 0644);
MODULE_PARM_DESC(pool_pages, "Pages of receive pool for the direct path (default: 1024)");

unsigned int nc2f_tx_entries = 256;
module_param_named(tx_entries, nc2f_tx_entries, uint, 0644);
MODULE_PARM_DESC(tx_entries, "Entries of the direct path's transmit ring (default: 256)");

bool nc2f_trusted = true;
module_param_named(trusted, nc2f_trusted, bool, 0644);
MODULE_PARM_DESC(trusted, "Whether the back may see more of a page than the frame (default: yes)");

static int __init nc2f_init(void)
{
	if (!xen_domain() || !xen_has_pv_nic_devices())
		return -ENODEV;
	if (!nc2f_max_queues)
		nc2f_max_queues = min(num_online_cpus(), DEFAULT_QUEUES);
	return nc2f_xenbus_register();
}
module_init(nc2f_init);

static void __exit nc2f_exit(void)
{
	nc2f_xenbus_unregister();
}
module_exit(nc2f_exit);

MODULE_DESCRIPTION("Xen virtual network interface with a direct path, guest end");
MODULE_LICENSE("GPL");
