// SPDX-License-Identifier: GPL-2.0
/*
 * NIC queues from virtual functions of the Intel 82576 and I350.
 *
 * Each VF is one queue pair with its own requester id, behind the stock driver
 * of the physical function.  This driver takes a VF only if it is told to by
 * driver_override, and then offers it for lease.
 *
 * Two contexts use a started queue:
 *  - NAPI of the client: the rings and their tail registers, without a lock;
 *  - process context under &nc2b_igbvf.lock: everything else.
 * The client keeps them apart by having NAPI off the queue while it starts or
 * stops it.  The hard interrupt only masks itself and calls the client.
 */
#include "rxq_igbvf.h"
#include "igbvf.h"

#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/if_ether.h>
#include <linux/if_vlan.h>
#include <linux/interrupt.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/slab.h>

#define IGBVF_DRIVER		"xen-nc2-back"

/* Largest MTU; with header, tag and FCS below the 9.5 KiB that the NIC takes. */
#define MAX_MTU			9216
#define FRAME_OVERHEAD		(ETH_HLEN + VLAN_HLEN + ETH_FCS_LEN)

/* From the reset of the VF until the PF's interrupt handler has run, and more. */
#define RESET_US		1000

/*
 * At line rate with frames of 1500 bytes one comes every 12 us, so this gathers
 * two of them and adds less to a round trip than one wake-up of a guest costs.
 * Under load NAPI keeps the interrupt off anyway.
 */
static unsigned int igbvf_itr_us = 20;
module_param(igbvf_itr_us, uint, 0644);
MODULE_PARM_DESC(igbvf_itr_us, "least time between interrupts of a NIC queue, us (default 20, at most 8191); read when a queue is started");

static u32 mbx_read(void *ctx, u32 reg)
{
	return igbvf_rd(ctx, reg);
}

static void mbx_write(void *ctx, u32 reg, u32 val)
{
	igbvf_wr(ctx, reg, val);
}

static void mbx_delay(void *ctx, unsigned int us)
{
	usleep_range(us, 2 * us);
}

static void igbvf_irq_enable(struct nc2q *q)
{
	igbvf_wr(to_igbvf(q), IGBVF_VTEIMS, BIT(IGBVF_VEC_DATA));
}

/*
 * The contract is that the interrupt is disarmed when the client hears of it.
 * VTEIAM does that in the NIC; QEMU's model of it does not, and the write costs
 * little beside the interrupt itself.
 */
static irqreturn_t igbvf_data_irq(int irq, void *data)
{
	struct nc2b_igbvf *vf = data;

	igbvf_wr(vf, IGBVF_VTEIMC, BIT(IGBVF_VEC_DATA));
	vf->q.client->interrupt(vf->q.client_priv);
	return IRQ_HANDLED;
}

/* Stays armed: VTEIAC takes the cause away, and the client only makes a note. */
static irqreturn_t igbvf_mbx_irq(int irq, void *data)
{
	struct nc2b_igbvf *vf = data;

	vf->q.client->changed(vf->q.client_priv);
	return IRQ_HANDLED;
}

/*
 * Interrupts are requested for as long as the queue is started, so that none
 * that was on its way can reach a client that has released the queue.
 */
static int igbvf_irqs_get(struct nc2b_igbvf *vf)
{
	static const irq_handler_t handler[IGBVF_VECTORS] = {
		[IGBVF_VEC_DATA] = igbvf_data_irq,
		[IGBVF_VEC_MBX] = igbvf_mbx_irq,
	};
	int i, err;

	for (i = 0; i < IGBVF_VECTORS; i++) {
		err = request_irq(pci_irq_vector(vf->pdev, i), handler[i], 0,
				  vf->irq_name[i], vf);
		if (err)
			goto err_free;
	}
	return 0;

err_free:
	while (i--)
		free_irq(pci_irq_vector(vf->pdev, i), vf);
	return err;
}

static void igbvf_irqs_put(struct nc2b_igbvf *vf)
{
	int i;

	igbvf_wr(vf, IGBVF_VTEIMC, IGBVF_VECTORS_MASK);
	/* The read comes back after the write has arrived. */
	igbvf_rd(vf, IGBVF_VTSTATUS);
	for (i = 0; i < IGBVF_VECTORS; i++)
		free_irq(pci_irq_vector(vf->pdev, i), vf);
}

/* Auto-clear before enable: QEMU never sends a cause twice that is not cleared. */
static void igbvf_irqs_arm(struct nc2b_igbvf *vf)
{
	u32 itr = min(READ_ONCE(igbvf_itr_us), IGBVF_VTEITR_INTERVAL_MAX);

	igbvf_wr(vf, IGBVF_VTEITR(IGBVF_VEC_DATA), itr << IGBVF_VTEITR_INTERVAL_SHIFT);
	igbvf_wr(vf, IGBVF_VTEITR(IGBVF_VEC_MBX), 0);
	igbvf_wr(vf, IGBVF_VTIVAR, IGBVF_VTIVAR_RX0(IGBVF_VEC_DATA) |
				   IGBVF_VTIVAR_TX0(IGBVF_VEC_DATA));
	igbvf_wr(vf, IGBVF_VTIVAR_MISC, IGBVF_VTIVAR_VALID | IGBVF_VEC_MBX);
	igbvf_wr(vf, IGBVF_VTEIAC, BIT(IGBVF_VEC_DATA) | BIT(IGBVF_VEC_MBX));
	igbvf_wr(vf, IGBVF_VTEIAM, BIT(IGBVF_VEC_DATA));
	igbvf_wr(vf, IGBVF_VTEIMS, BIT(IGBVF_VEC_DATA) | BIT(IGBVF_VEC_MBX));
}

/*
 * End all DMA.  Each step proves more than the one before, and the last, the
 * switch that PCI itself provides, is thrown whatever they have said.
 * Returns false if it was needed.
 */
static bool igbvf_quiesce(struct nc2b_igbvf *vf)
{
	bool clean = igbvf_rd(vf, IGBVF_VTSTATUS) != IGBVF_GONE;

	if (clean) {
		clean = nc2b_igbvf_rings_off(vf);
		/*
		 * The PF hears of it and forgets the filters of this VF, all
		 * but its address.
		 */
		igbvf_wr(vf, IGBVF_VTCTRL, IGBVF_VTCTRL_RST);
		igbvf_rd(vf, IGBVF_VTSTATUS);
		usleep_range(RESET_US, 2 * RESET_US);
	}
	clean &= !!pci_wait_for_pending_transaction(vf->pdev);
	pci_clear_master(vf->pdev);
	/* A read's completion pushes writes of the device before it. */
	igbvf_rd(vf, IGBVF_VTSTATUS);
	return clean;
}

static int igbvf_hello(struct nc2b_igbvf *vf, u32 mtu)
{
	u8 mac[ETH_ALEN];
	u32 status;
	int err;

	igbvf_wr(vf, IGBVF_VTCTRL, IGBVF_VTCTRL_RST);
	status = igbvf_rd(vf, IGBVF_VTSTATUS);
	if (status == IGBVF_GONE)
		return -ENODEV;
	/*
	 * Let the PF take notice of the reset before it gets the message: should
	 * it come to them in the other order it would forget the message.
	 */
	usleep_range(RESET_US, 2 * RESET_US);
	/* The address is the administrator's business and may come later. */
	err = nc2b_igbvf_mbx_reset(&vf->mbx, mac);
	if (!err)
		err = nc2b_igbvf_mbx_set_lpe(&vf->mbx, mtu + FRAME_OVERHEAD);
	if (err)
		return err == -ENODEV ? err : -EBUSY;

	status = igbvf_rd(vf, IGBVF_VTSTATUS);
	if (status == IGBVF_GONE)
		return -ENODEV;
	WRITE_ONCE(vf->link, status & IGBVF_VTSTATUS_LU);
	return vf->link ? 0 : -ENETDOWN;
}

/* Process context, under &nc2b_igbvf.lock: the rest of the operations. */

static int igbvf_start_locked(struct nc2b_igbvf *vf, const struct nc2q_start *params)
{
	int err;

	lockdep_assert_held(&vf->lock);
	if (vf->started)
		return -EALREADY;
	if (params->mtu > vf->q.max_mtu ||
	    (params->buf_size != 2048 && params->buf_size != 4096))
		return -EINVAL;

	err = igbvf_hello(vf, params->mtu);
	if (err)
		goto err_quiesce;
	/* After the reset: nothing that was set up before may be used. */
	pci_set_master(vf->pdev);
	err = igbvf_irqs_get(vf);
	if (err)
		goto err_quiesce;
	err = nc2b_igbvf_rings_on(vf, params->buf_size);
	if (err) {
		err = -EBUSY;
		goto err_irqs;
	}
	vf->started = true;
	igbvf_irqs_arm(vf);
	return 0;

err_irqs:
	igbvf_irqs_put(vf);
err_quiesce:
	igbvf_quiesce(vf);
	return err;
}

static int igbvf_start(struct nc2q *q, const struct nc2q_start *params)
{
	struct nc2b_igbvf *vf = to_igbvf(q);
	int err;

	mutex_lock(&vf->lock);
	err = igbvf_start_locked(vf, params);
	mutex_unlock(&vf->lock);
	return err;
}

static int igbvf_stop(struct nc2q *q)
{
	struct nc2b_igbvf *vf = to_igbvf(q);
	bool clean = true;

	mutex_lock(&vf->lock);
	if (vf->started) {
		vf->started = false;
		WRITE_ONCE(vf->link, false);
		igbvf_irqs_put(vf);
		clean = igbvf_quiesce(vf);
	}
	mutex_unlock(&vf->lock);
	return clean ? 0 : -ETIMEDOUT;
}

static int igbvf_set_filter(struct nc2q *q, const struct nc2q_filter *filter)
{
	struct nc2b_igbvf *vf = to_igbvf(q);
	int err = -EIO;

	/* Before anything is changed. */
	if (filter->nr_mc > NC2B_IGBVF_MAX_MC)
		return -E2BIG;

	mutex_lock(&vf->lock);
	if (vf->started)
		err = nc2b_igbvf_mbx_set_allmulti(&vf->mbx, filter->allmulti);
	if (!err)
		err = nc2b_igbvf_mbx_set_multicast(&vf->mbx, filter->mc,
						   filter->nr_mc);
	mutex_unlock(&vf->lock);
	return err;
}

static int igbvf_set_mtu(struct nc2q *q, u32 mtu)
{
	struct nc2b_igbvf *vf = to_igbvf(q);
	int err = -EIO;

	if (mtu > q->max_mtu)
		return -EINVAL;

	mutex_lock(&vf->lock);
	if (vf->started)
		err = nc2b_igbvf_mbx_set_lpe(&vf->mbx, mtu + FRAME_OVERHEAD);
	mutex_unlock(&vf->lock);
	return err;
}

static bool igbvf_link_up(struct nc2q *q)
{
	return READ_ONCE(to_igbvf(q)->link);
}

static int igbvf_check_locked(struct nc2b_igbvf *vf)
{
	u32 status = igbvf_rd(vf, IGBVF_VTSTATUS);

	if (status == IGBVF_GONE || nc2b_igbvf_mbx_peek(&vf->mbx))
		return -EIO;
	/* A reset of the PF takes the queue with it, however it came about. */
	if (!(igbvf_rd(vf, IGBVF_RXDCTL) & IGBVF_XDCTL_ENABLE))
		return -EIO;

	WRITE_ONCE(vf->link, status & IGBVF_VTSTATUS_LU);
	return vf->link ? 0 : -ENETDOWN;
}

static int igbvf_check(struct nc2q *q)
{
	struct nc2b_igbvf *vf = to_igbvf(q);
	int err = -EIO;

	mutex_lock(&vf->lock);
	if (vf->started)
		err = igbvf_check_locked(vf);
	mutex_unlock(&vf->lock);
	return err;
}

static const struct nc2q_ops igbvf_ops = {
	.start = igbvf_start,
	.stop = igbvf_stop,
	.set_filter = igbvf_set_filter,
	.set_mtu = igbvf_set_mtu,
	.link_up = igbvf_link_up,
	.check = igbvf_check,
	.rx_room = nc2b_igbvf_rx_room,
	.rx_post = nc2b_igbvf_rx_post,
	.rx_reap = nc2b_igbvf_rx_reap,
	.tx_frame = nc2b_igbvf_tx_frame,
	.tx_kick = nc2b_igbvf_tx_kick,
	.tx_reap = nc2b_igbvf_tx_reap,
	.irq_enable = igbvf_irq_enable,
};

static int igbvf_enable(struct nc2b_igbvf *vf)
{
	struct pci_dev *pdev = vf->pdev;
	int err;

	err = pci_enable_device_mem(pdev);
	if (err)
		return err;
	err = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(64));
	if (err)
		goto err_disable;
	err = pci_request_regions(pdev, IGBVF_DRIVER);
	if (err)
		goto err_disable;

	err = -ENODEV;
	if (pci_resource_len(pdev, IGBVF_BAR_REGS) < IGBVF_BAR_REGS_SIZE)
		goto err_regions;
	vf->regs = pci_ioremap_bar(pdev, IGBVF_BAR_REGS);
	if (!vf->regs)
		goto err_regions;

	/* Some driver before us may have left it on. */
	pci_clear_master(pdev);
	err = pci_alloc_irq_vectors(pdev, IGBVF_VECTORS, IGBVF_VECTORS, PCI_IRQ_MSIX);
	if (err < 0)
		goto err_unmap;
	return 0;

err_unmap:
	iounmap(vf->regs);
err_regions:
	pci_release_regions(pdev);
err_disable:
	pci_disable_device(pdev);
	return err;
}

static void igbvf_disable(struct nc2b_igbvf *vf)
{
	pci_free_irq_vectors(vf->pdev);
	iounmap(vf->regs);
	pci_release_regions(vf->pdev);
	pci_disable_device(vf->pdev);
}

static void igbvf_fill_in(struct nc2b_igbvf *vf, int id)
{
	struct pci_dev *pdev = vf->pdev;

	mutex_init(&vf->lock);
	vf->mbx.read = mbx_read;
	vf->mbx.write = mbx_write;
	vf->mbx.delay = mbx_delay;
	vf->mbx.ctx = vf;
	vf->lb_vlan_be = pdev->device == IGBVF_DEV_I350;
	snprintf(vf->irq_name[IGBVF_VEC_DATA], sizeof(vf->irq_name[0]), "%s-data",
		 pci_name(pdev));
	snprintf(vf->irq_name[IGBVF_VEC_MBX], sizeof(vf->irq_name[0]), "%s-mbx",
		 pci_name(pdev));

	vf->q.ops = &igbvf_ops;
	vf->q.dma_dev = &pdev->dev;
	vf->q.nic = &pci_physfn(pdev)->dev;
	vf->q.vf = id;
	vf->q.name = pci_name(pdev);
	vf->q.max_mtu = MAX_MTU;
}

static int igbvf_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct nc2b_igbvf *vf;
	int err, nr;

	/* driver_override makes the PCI core offer us any device at all. */
	if (pdev->vendor != PCI_VENDOR_ID_INTEL ||
	    (pdev->device != IGBVF_DEV_82576 && pdev->device != IGBVF_DEV_I350)) {
		dev_err(&pdev->dev, "not a virtual function of an 82576 or I350\n");
		return -ENODEV;
	}
	nr = pci_iov_vf_id(pdev);
	if (nr < 0) {
		dev_err(&pdev->dev, "its physical function is not in this domain\n");
		return nr;
	}

	vf = kzalloc(sizeof(*vf), GFP_KERNEL);
	if (!vf)
		return -ENOMEM;
	vf->pdev = pdev;
	igbvf_fill_in(vf, nr);
	err = igbvf_enable(vf);
	if (err)
		goto err_free;
	err = nc2b_igbvf_rings_alloc(vf);
	if (err)
		goto err_rings;
	pci_set_drvdata(pdev, vf);
	err = nc2q_register(&vf->q);
	if (err)
		goto err_rings;
	return 0;

err_rings:
	nc2b_igbvf_rings_free(vf);
	igbvf_disable(vf);
err_free:
	kfree(vf);
	return err;
}

/* Unbind, hot-unplug, sriov_numvfs = 0, or end of the module. */
static void igbvf_remove(struct pci_dev *pdev)
{
	struct nc2b_igbvf *vf = pci_get_drvdata(pdev);

	nc2q_unregister(&vf->q);
	/* The client has done so; the rings must not go before it is certain. */
	igbvf_stop(&vf->q);
	nc2b_igbvf_rings_free(vf);
	igbvf_disable(vf);
	kfree(vf);
}

/* The next kernel must not find a device that writes to memory. */
static void igbvf_shutdown(struct pci_dev *pdev)
{
	struct nc2b_igbvf *vf = pci_get_drvdata(pdev);

	igbvf_stop(&vf->q);
}

/* Matched by driver_override alone: VFs without one belong to igbvf. */
static const struct pci_device_id igbvf_ids[] = {
	{ PCI_DEVICE_DRIVER_OVERRIDE(PCI_VENDOR_ID_INTEL, IGBVF_DEV_82576,
				     PCI_ID_F_VFIO_DRIVER_OVERRIDE) },
	{ PCI_DEVICE_DRIVER_OVERRIDE(PCI_VENDOR_ID_INTEL, IGBVF_DEV_I350,
				     PCI_ID_F_VFIO_DRIVER_OVERRIDE) },
	{ }
};

static struct pci_driver igbvf_driver = {
	.name = IGBVF_DRIVER,
	.id_table = igbvf_ids,
	.probe = igbvf_probe,
	.remove = igbvf_remove,
	.shutdown = igbvf_shutdown,
};

/**
 * nc2b_igbvf_init - start to take virtual functions
 *
 * Return: 0 or an error.
 */
int nc2b_igbvf_init(void)
{
	return pci_register_driver(&igbvf_driver);
}

/**
 * nc2b_igbvf_exit - give all virtual functions back
 *
 * Sleeps; revokes queues that are leased.
 */
void nc2b_igbvf_exit(void)
{
	pci_unregister_driver(&igbvf_driver);
}
