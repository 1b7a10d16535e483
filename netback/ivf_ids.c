// SPDX-License-Identifier: GPL-2.0
/*
 * Which PCI devices are virtual functions that we know, and of which model.
 *
 * Matched by driver_override alone: VFs without one belong to the stock drivers.
 * Apart from the driver, so that KUnit sees the table that PCI goes by.
 */
#include "igbvf.h"
#include "ixgbevf.h"
#include "rxq_ivf.h"

#include <linux/pci.h>

#define IVF_ID(dev, model) { \
	PCI_DEVICE_DRIVER_OVERRIDE(PCI_VENDOR_ID_INTEL, dev, \
				   PCI_ID_F_VFIO_DRIVER_OVERRIDE), \
	.driver_data = (kernel_ulong_t)(model) }

const struct pci_device_id nc2b_ivf_ids[] = {
	IVF_ID(NC2B_IGBVF_DEV_82576, &nc2b_igbvf_models[NC2B_IGBVF_82576]),
	IVF_ID(NC2B_IGBVF_DEV_I350, &nc2b_igbvf_models[NC2B_IGBVF_I350]),
	IVF_ID(NC2B_IXGBEVF_DEV_82599, &nc2b_ixgbevf_models[NC2B_IXGBEVF_82599]),
	IVF_ID(NC2B_IXGBEVF_DEV_X540, &nc2b_ixgbevf_models[NC2B_IXGBEVF_82599]),
	IVF_ID(NC2B_IXGBEVF_DEV_X550, &nc2b_ixgbevf_models[NC2B_IXGBEVF_X550]),
	IVF_ID(NC2B_IXGBEVF_DEV_X550EM_X, &nc2b_ixgbevf_models[NC2B_IXGBEVF_X550]),
	IVF_ID(NC2B_IXGBEVF_DEV_X550EM_A, &nc2b_ixgbevf_models[NC2B_IXGBEVF_X550]),
	IVF_ID(NC2B_IXGBEVF_DEV_E610, &nc2b_ixgbevf_models[NC2B_IXGBEVF_E610]),
	{ }
};
