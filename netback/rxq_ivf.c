// SPDX-License-Identifier: GPL-2.0
/*
 * NIC queues from virtual functions of Intel NICs: the PCI device.
 *
 * Each VF is one queue pair with its own requester id, behind the stock driver
 * of the physical function.  This driver takes a VF only if it is told to by
 * driver_override, and then offers it for lease.  What it does to the device is
 * in ivf.c and, for each family, igbvf.c and ixgbevf.c; which it knows, in ivf_ids.c.
 *
 * Two contexts use a started queue:
 *  - NAPI of the client: the rings and their tail registers, without a lock;
 *  - process context under &ivf_dev.lock: everything else.
 * The client keeps them apart by having NAPI off the queue while it starts or
 * stops it.  The hard interrupt only masks itself and calls the client.
 */
#include "rxq_ivf.h"
#include "ivf.h"

#include <linux/container_of.h>
#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/slab.h>

#define IVF_DRIVER		"xen-nc2-back"

/* BAR 0 holds the registers, 16 KiB; BAR 3 the MSI-X table. */
#define IVF_BAR_REGS		0
#define IVF_BAR_REGS_SIZE	0x4000

/**
 * struct ivf_dev - a virtual function and its PCI device
 * @q: what the registry and the client see
 * @regs: BAR 0
 * @vf: what it is and does; its rings belong to NAPI while it is started
 * @host: how @vf reaches the device
 * @pdev: the device
 * @saved: its configuration space, without the bus
 * @lock: @vf without its rings, and every register but tails and interrupt masks
 * @irq_name: names of the interrupts
 */
struct ivf_dev {
	struct nc2q q;
	void __iomem *regs;
	struct nc2b_ivf vf;
	struct nc2b_ivf_host host;
	struct pci_dev *pdev;
	struct pci_saved_state *saved;
	struct mutex lock;	/* guards what is said above */
	char irq_name[NC2B_IVF_VECTORS][32];
};

static struct ivf_dev *to_ivf_dev(struct nc2q *q)
{
	return container_of(q, struct ivf_dev, q);
}

static u32 host_read(void *ctx, u32 reg)
{
	struct ivf_dev *d = ctx;

	return readl(d->regs + reg);
}

static void host_write(void *ctx, u32 reg, u32 val)
{
	struct ivf_dev *d = ctx;

	writel(val, d->regs + reg);
}

static void host_delay(void *ctx, unsigned int us)
{
	usleep_range(us, 2 * us);
}

static void host_set_master(void *ctx, bool on)
{
	struct ivf_dev *d = ctx;

	if (on)
		pci_set_master(d->pdev);
	else
		pci_clear_master(d->pdev);
}

static u16 msix_flags(const struct ivf_dev *d)
{
	u16 flags;

	pci_read_config_word(d->pdev, d->pdev->msix_cap + PCI_MSIX_FLAGS, &flags);
	return flags;
}

/* What does not answer seems to have every bit, and is found out by its registers. */
static bool host_configured(void *ctx)
{
	struct ivf_dev *d = ctx;
	u16 cmd;

	pci_read_config_word(d->pdev, PCI_COMMAND, &cmd);
	return cmd & PCI_COMMAND_MASTER && msix_flags(d) & PCI_MSIX_FLAGS_ENABLE;
}

/*
 * PCI lets a function that it resets be silent for 100 ms (FLR), or a second if its bus
 * is (PCIe 5.0, 6.6).  Looked at is what needs no register of the device, as reading one
 * that does not answer may be the next error.
 */
static bool host_back(void *ctx)
{
	unsigned long end = jiffies + HZ;
	struct ivf_dev *d = ctx;

	while (PCI_POSSIBLE_ERROR(msix_flags(d))) {
		if (d->pdev->error_state == pci_channel_io_perm_failure ||
		    time_after(jiffies, end))
			return false;
		msleep(20);
	}
	return true;
}

/*
 * A VF of the 82599 has no status to look at (specification update, erratum
 * 35), and is always found idle: there the queues' word alone is the proof.
 */
static bool host_idle(void *ctx)
{
	struct ivf_dev *d = ctx;

	return pci_wait_for_pending_transaction(d->pdev);
}

/*
 * The contract is that the interrupt is disarmed when the client hears of it.
 * EIAM does that in the NIC; QEMU's model of it does not, and the write costs
 * little beside the interrupt itself.
 */
static irqreturn_t data_irq(int irq, void *data)
{
	struct ivf_dev *d = data;

	writel(BIT(NC2B_IVF_VEC_DATA), d->regs + d->vf.model->regs->eimc);
	d->q.client->interrupt(d->q.client_priv);
	return IRQ_HANDLED;
}

/* Stays armed: EIAC takes the cause away, and the client only makes a note. */
static irqreturn_t mbx_irq(int irq, void *data)
{
	struct ivf_dev *d = data;

	d->q.client->changed(d->q.client_priv);
	return IRQ_HANDLED;
}

/*
 * Interrupts are requested for as long as the queue is started, so that none
 * that was on its way can reach a client that has released the queue.
 */
static int host_irqs_get(void *ctx)
{
	static const irq_handler_t handler[NC2B_IVF_VECTORS] = {
		[NC2B_IVF_VEC_DATA] = data_irq,
		[NC2B_IVF_VEC_MBX] = mbx_irq,
	};
	struct ivf_dev *d = ctx;
	int i, err;

	for (i = 0; i < NC2B_IVF_VECTORS; i++) {
		err = request_irq(pci_irq_vector(d->pdev, i), handler[i], 0,
				  d->irq_name[i], d);
		if (err)
			goto err_free;
	}
	return 0;

err_free:
	while (i--)
		free_irq(pci_irq_vector(d->pdev, i), d);
	return err;
}

static void host_irqs_put(void *ctx)
{
	struct ivf_dev *d = ctx;
	int i;

	for (i = 0; i < NC2B_IVF_VECTORS; i++)
		free_irq(pci_irq_vector(d->pdev, i), d);
}

/* Process context: the operations of ivf.c, one at a time. */

/*
 * The PF's driver resets a VF that misbehaves on the bus, as PCI has it, and so does who
 * recovers from an error there.  That takes MSI-X away, and nobody gives it back.
 */
static int mend_interrupts(struct ivf_dev *d)
{
	u16 flags = msix_flags(d);

	if (PCI_POSSIBLE_ERROR(flags))
		return -ENODEV;
	if (flags & PCI_MSIX_FLAGS_ENABLE)
		return 0;
	if (pci_load_saved_state(d->pdev, d->saved))
		return -EBUSY;
	pci_restore_state(d->pdev);
	return 0;
}

static int ivf_start(struct nc2q *q, const struct nc2q_start *params)
{
	struct ivf_dev *d = to_ivf_dev(q);
	int err;

	mutex_lock(&d->lock);
	err = mend_interrupts(d);
	if (!err)
		err = nc2b_ivf_start(&d->vf, params);
	mutex_unlock(&d->lock);
	return err;
}

static int ivf_stop(struct nc2q *q)
{
	struct ivf_dev *d = to_ivf_dev(q);
	int err;

	mutex_lock(&d->lock);
	err = nc2b_ivf_stop(&d->vf);
	mutex_unlock(&d->lock);
	return err;
}

static int ivf_set_filter(struct nc2q *q, const struct nc2q_filter *filter)
{
	struct ivf_dev *d = to_ivf_dev(q);
	int err;

	mutex_lock(&d->lock);
	err = nc2b_ivf_set_filter(&d->vf, filter);
	mutex_unlock(&d->lock);
	return err;
}

static int ivf_set_mtu(struct nc2q *q, u32 mtu)
{
	struct ivf_dev *d = to_ivf_dev(q);
	int err;

	mutex_lock(&d->lock);
	err = nc2b_ivf_set_mtu(&d->vf, mtu);
	mutex_unlock(&d->lock);
	return err;
}

static int ivf_check(struct nc2q *q)
{
	struct ivf_dev *d = to_ivf_dev(q);
	int err;

	mutex_lock(&d->lock);
	err = nc2b_ivf_check(&d->vf);
	mutex_unlock(&d->lock);
	return err;
}

/* NAPI: the rings. */

static unsigned int ivf_rx_room(struct nc2q *q)
{
	return nc2b_ivf_rx_room(&to_ivf_dev(q)->vf.rings);
}

static void ivf_rx_post(struct nc2q *q, const struct nc2q_buf *bufs, unsigned int n)
{
	nc2b_ivf_rx_post(&to_ivf_dev(q)->vf.rings, bufs, n);
}

static unsigned int ivf_rx_reap(struct nc2q *q, struct nc2q_rx *out, unsigned int n)
{
	return nc2b_ivf_rx_reap(&to_ivf_dev(q)->vf.rings, out, n);
}

static int ivf_tx_frame(struct nc2q *q, const struct nc2q_tx *tx)
{
	return nc2b_ivf_tx_frame(&to_ivf_dev(q)->vf.rings, tx);
}

static void ivf_tx_kick(struct nc2q *q)
{
	nc2b_ivf_tx_kick(&to_ivf_dev(q)->vf.rings);
}

static unsigned int ivf_tx_reap(struct nc2q *q)
{
	return nc2b_ivf_tx_reap(&to_ivf_dev(q)->vf.rings);
}

static void ivf_irq_enable(struct nc2q *q)
{
	struct ivf_dev *d = to_ivf_dev(q);

	writel(BIT(NC2B_IVF_VEC_DATA), d->regs + d->vf.model->regs->eims);
}

static void ivf_irq_coalesce(struct nc2q *q, u32 us)
{
	struct ivf_dev *d = to_ivf_dev(q);
	const struct nc2b_ivf_model *model = d->vf.model;

	writel(nc2b_ivf_eitr(model, us) | NC2B_IVF_EITR_RUNS_ON,
	       d->regs + model->regs->eitr + 4 * NC2B_IVF_VEC_DATA);
}

static const struct nc2q_ops ivf_ops = {
	.start = ivf_start,
	.stop = ivf_stop,
	.set_filter = ivf_set_filter,
	.set_mtu = ivf_set_mtu,
	.check = ivf_check,
	.rx_room = ivf_rx_room,
	.rx_post = ivf_rx_post,
	.rx_reap = ivf_rx_reap,
	.tx_frame = ivf_tx_frame,
	.tx_kick = ivf_tx_kick,
	.tx_reap = ivf_tx_reap,
	.irq_enable = ivf_irq_enable,
	.irq_coalesce = ivf_irq_coalesce,
};

static int rings_alloc(struct ivf_dev *d)
{
	struct device *dev = &d->pdev->dev;
	struct nc2b_ivf *vf = &d->vf;

	vf->rings.rx = dma_alloc_coherent(dev, NC2B_IVF_RX_BYTES, &vf->rx_dma,
					  GFP_KERNEL);
	vf->rings.tx = dma_alloc_coherent(dev, NC2B_IVF_TX_BYTES, &vf->tx_dma,
					  GFP_KERNEL);
	return vf->rings.rx && vf->rings.tx ? 0 : -ENOMEM;
}

static void rings_free(struct ivf_dev *d)
{
	struct device *dev = &d->pdev->dev;
	struct nc2b_ivf *vf = &d->vf;

	if (vf->rings.tx)
		dma_free_coherent(dev, NC2B_IVF_TX_BYTES, vf->rings.tx, vf->tx_dma);
	if (vf->rings.rx)
		dma_free_coherent(dev, NC2B_IVF_RX_BYTES, vf->rings.rx, vf->rx_dma);
}

static int ivf_enable(struct ivf_dev *d)
{
	const struct nc2b_ivf_regs *r = d->vf.model->regs;
	struct pci_dev *pdev = d->pdev;
	int err;

	err = pci_enable_device_mem(pdev);
	if (err)
		return err;
	err = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(64));
	if (err)
		goto err_disable;
	err = pci_request_regions(pdev, IVF_DRIVER);
	if (err)
		goto err_disable;

	err = -ENODEV;
	if (pci_resource_len(pdev, IVF_BAR_REGS) < IVF_BAR_REGS_SIZE)
		goto err_regions;
	d->regs = pci_ioremap_bar(pdev, IVF_BAR_REGS);
	if (!d->regs)
		goto err_regions;
	d->vf.rings.rx_tail = d->regs + r->rx + NC2B_IVF_TAIL;
	d->vf.rings.tx_tail = d->regs + r->tx + NC2B_IVF_TAIL;

	/* Some driver before us may have left it on. */
	pci_clear_master(pdev);
	err = pci_alloc_irq_vectors(pdev, NC2B_IVF_VECTORS, NC2B_IVF_VECTORS,
				    PCI_IRQ_MSIX);
	if (err < 0)
		goto err_unmap;
	err = pci_save_state(pdev);
	d->saved = err ? NULL : pci_store_saved_state(pdev);
	if (!d->saved) {
		err = -ENOMEM;
		goto err_vectors;
	}
	return 0;

err_vectors:
	pci_free_irq_vectors(pdev);
err_unmap:
	iounmap(d->regs);
err_regions:
	pci_release_regions(pdev);
err_disable:
	pci_disable_device(pdev);
	return err;
}

static void ivf_disable(struct ivf_dev *d)
{
	kfree(d->saved);
	pci_free_irq_vectors(d->pdev);
	iounmap(d->regs);
	pci_release_regions(d->pdev);
	pci_disable_device(d->pdev);
}

static void ivf_fill_in(struct ivf_dev *d, const struct nc2b_ivf_model *model, int nr)
{
	struct pci_dev *pdev = d->pdev;

	mutex_init(&d->lock);
	d->host = (struct nc2b_ivf_host){
		.io = { host_read, host_write, host_delay, d },
		.set_master = host_set_master,
		.configured = host_configured,
		.back = host_back,
		.idle = host_idle,
		.irqs_get = host_irqs_get,
		.irqs_put = host_irqs_put,
	};
	nc2b_ivf_init(&d->vf, model, &d->host);
	snprintf(d->irq_name[NC2B_IVF_VEC_DATA], sizeof(d->irq_name[0]), "%s-data",
		 pci_name(pdev));
	snprintf(d->irq_name[NC2B_IVF_VEC_MBX], sizeof(d->irq_name[0]), "%s-mbx",
		 pci_name(pdev));

	d->q.ops = &ivf_ops;
	d->q.dma_dev = &pdev->dev;
	d->q.nic = &pci_physfn(pdev)->dev;
	d->q.vf = nr;
	d->q.name = pci_name(pdev);
	d->q.max_mtu = model->max_mtu;
}

static int ivf_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	const struct nc2b_ivf_model *model = (const void *)id->driver_data;
	struct ivf_dev *d;
	int err, nr;

	/* driver_override makes the PCI core offer us any device at all. */
	if (!model) {
		dev_err(&pdev->dev, "not a virtual function that this driver knows\n");
		return -ENODEV;
	}
	nr = pci_iov_vf_id(pdev);
	if (nr < 0) {
		dev_err(&pdev->dev, "its physical function is not in this domain\n");
		return nr;
	}

	d = kzalloc(sizeof(*d), GFP_KERNEL);
	if (!d)
		return -ENOMEM;
	d->pdev = pdev;
	ivf_fill_in(d, model, nr);
	err = ivf_enable(d);
	if (err)
		goto err_free;
	err = rings_alloc(d);
	if (err)
		goto err_rings;
	pci_set_drvdata(pdev, d);
	err = nc2q_register(&d->q);
	if (err)
		goto err_rings;
	return 0;

err_rings:
	rings_free(d);
	ivf_disable(d);
err_free:
	kfree(d);
	return err;
}

/* Unbind, hot-unplug, sriov_numvfs = 0, or end of the module. */
static void ivf_remove(struct pci_dev *pdev)
{
	struct ivf_dev *d = pci_get_drvdata(pdev);

	nc2q_unregister(&d->q);
	/* The client has done so; the rings must not go before it is certain. */
	ivf_stop(&d->q);
	rings_free(d);
	ivf_disable(d);
	kfree(d);
}

/*
 * The next kernel must not find a device that writes to memory.  Interfaces live on
 * until the very end: without its queue their work has nothing to start again.
 */
static void ivf_shutdown(struct pci_dev *pdev)
{
	struct ivf_dev *d = pci_get_drvdata(pdev);

	nc2q_unregister(&d->q);
	ivf_stop(&d->q);
}

/*
 * A driver without these would be a no to the recovery of all functions of the NIC, that of
 * the bridge's uplink as well.  The queue itself is looked at by its client, who finds it
 * off, or gone, and leaves it.
 */
static pci_ers_result_t ivf_error_detected(struct pci_dev *pdev, pci_channel_state_t state)
{
	switch (state) {
	case pci_channel_io_normal:
		return PCI_ERS_RESULT_CAN_RECOVER;
	case pci_channel_io_frozen:
		return PCI_ERS_RESULT_NEED_RESET;
	default:
		return PCI_ERS_RESULT_DISCONNECT;
	}
}

static pci_ers_result_t ivf_slot_reset(struct pci_dev *pdev)
{
	struct ivf_dev *d = pci_get_drvdata(pdev);
	int err;

	/* It is also called where somebody else has wanted a reset, and there was none. */
	mutex_lock(&d->lock);
	err = mend_interrupts(d);
	mutex_unlock(&d->lock);
	if (!err)
		return PCI_ERS_RESULT_RECOVERED;
	/* No reason to give up the other functions, and start() looks again. */
	pci_warn(pdev, "has not come back from a reset (%d)\n", err);
	return PCI_ERS_RESULT_NONE;
}

static const struct pci_error_handlers ivf_errors = {
	.error_detected = ivf_error_detected,
	.slot_reset = ivf_slot_reset,
};

static struct pci_driver ivf_driver = {
	.name = IVF_DRIVER,
	.id_table = nc2b_ivf_ids,
	.probe = ivf_probe,
	.remove = ivf_remove,
	.shutdown = ivf_shutdown,
	.err_handler = &ivf_errors,
};

/**
 * nc2b_rxq_ivf_init - start to take virtual functions
 *
 * Return: 0 or an error.
 */
int nc2b_rxq_ivf_init(void)
{
	return pci_register_driver(&ivf_driver);
}

/**
 * nc2b_rxq_ivf_exit - give all virtual functions back
 *
 * Sleeps; revokes queues that are leased.
 */
void nc2b_rxq_ivf_exit(void)
{
	pci_unregister_driver(&ivf_driver);
}
