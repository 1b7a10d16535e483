// SPDX-License-Identifier: GPL-2.0
/*
 * nc2-deaf: a NIC that stops answering, for the lab tests.
 *
 *	insmod nc2-deaf.ko nic=nic0 vf=N	this virtual function's queues stand still
 *	insmod nc2-deaf.ko nic=nic0		nobody listens to the mailboxes
 *
 * Changes registers of an 82576 behind the back of its driver, and nothing of the back
 * end, which has to find out.  Queues stand still until the VF is reset and its driver
 * has greeted the physical function's; mailboxes are silent until this is unloaded.
 */
#include <linux/bits.h>
#include <linux/io.h>
#include <linux/module.h>
#include <linux/netdevice.h>
#include <linux/pci.h>

/* Names as in the 82576EB datasheet, section 8.1.3. */
#define DEV_82576	0x10c9
#define IMS		0x00d0
#define IMC		0x00d8
#define VMMB		BIT(8)	/* in both: a VF has written to its mailbox */
#define VFRE		0x0c8c
#define VFTE		0x0c90
#define VFS		8

static char *nic = "nic0";
module_param(nic, charp, 0444);
MODULE_PARM_DESC(nic, "The physical function's interface");

static int vf = -1;
module_param(vf, int, 0444);
MODULE_PARM_DESC(vf, "The virtual function whose queues are to stand still");

static struct pci_dev *pdev;
static void __iomem *regs;

static void clear(u32 reg, u32 bit)
{
	writel(readl(regs + reg) & ~bit, regs + reg);
}

static struct pci_dev *find(void)
{
	struct net_device *dev = dev_get_by_name(&init_net, nic);
	struct pci_dev *found = NULL;

	if (!dev)
		return NULL;
	if (dev->dev.parent && dev_is_pci(dev->dev.parent))
		found = pci_dev_get(to_pci_dev(dev->dev.parent));
	dev_put(dev);
	return found;
}

static int __init deaf_init(void)
{
	int err = -ENODEV;

	if (vf >= VFS)
		return -EINVAL;
	pdev = find();
	if (!pdev)
		return -ENODEV;
	if (pdev->vendor != PCI_VENDOR_ID_INTEL || pdev->device != DEV_82576)
		goto err_put;
	err = -ENOMEM;
	/* A second mapping of what the driver has mapped. */
	regs = ioremap(pci_resource_start(pdev, 0), pci_resource_len(pdev, 0));
	if (!regs)
		goto err_put;
	if (vf < 0) {
		writel(VMMB, regs + IMC);
	} else {
		clear(VFTE, BIT(vf));
		clear(VFRE, BIT(vf));
	}
	return 0;

err_put:
	pci_dev_put(pdev);
	return err;
}
module_init(deaf_init);

/* What was written meanwhile is heard now. */
static void __exit deaf_exit(void)
{
	if (vf < 0)
		writel(VMMB, regs + IMS);
	iounmap(regs);
	pci_dev_put(pdev);
}
module_exit(deaf_exit);

MODULE_DESCRIPTION("A NIC that stops answering, for tests");
MODULE_LICENSE("GPL");
