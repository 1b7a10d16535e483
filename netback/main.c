// SPDX-License-Identifier: GPL-2.0
/* xen-nc2-back: start and end of the module. */
#include "direct.h"
#include "rxq_ivf.h"
#include "xenbus.h"

#include <linux/module.h>

#include <xen/xen.h>

static int __init nc2b_init(void)
{
	int err;

	if (!xen_domain())
		return -ENODEV;
	err = nc2b_path_init();
	if (err)
		return err;
	err = nc2b_xenbus_init();
	if (err)
		goto err_path;
	err = nc2b_rxq_ivf_init();
	if (err)
		goto err_xenbus;
	return 0;

err_xenbus:
	nc2b_xenbus_exit();
err_path:
	nc2b_path_exit();
	return err;
}
module_init(nc2b_init);

/* Interfaces first: each gives its queue back in its own order. */
static void __exit nc2b_exit(void)
{
	nc2b_xenbus_exit();
	nc2b_rxq_ivf_exit();
	nc2b_path_exit();
}
module_exit(nc2b_exit);

MODULE_DESCRIPTION("Xen netchannel2 back end: NIC receive queues mapped onto guests");
MODULE_LICENSE("GPL");
MODULE_ALIAS("xen-backend:vif");
