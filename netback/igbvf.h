/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Virtual functions of the Intel 82576 and I350.
 */
#ifndef NC2B_IGBVF_H
#define NC2B_IGBVF_H

#include "ivf.h"

/* PCI device ids. */
#define NC2B_IGBVF_DEV_82576	0x10ca
#define NC2B_IGBVF_DEV_I350	0x1520

/**
 * enum nc2b_igbvf - members of the family
 * @NC2B_IGBVF_82576: Intel 82576
 * @NC2B_IGBVF_I350: Intel I350
 * @NC2B_IGBVF_MODELS: how many there are
 */
enum nc2b_igbvf {
	NC2B_IGBVF_82576,
	NC2B_IGBVF_I350,
	NC2B_IGBVF_MODELS
};

extern const struct nc2b_ivf_model nc2b_igbvf_models[NC2B_IGBVF_MODELS];

#endif /* NC2B_IGBVF_H */
