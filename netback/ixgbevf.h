/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Virtual functions of the Intel 82599, X540, X550 and E610.
 */
#ifndef NC2B_IXGBEVF_H
#define NC2B_IXGBEVF_H

#include "ivf.h"

/* PCI device ids. */
#define NC2B_IXGBEVF_DEV_82599		0x10ed
#define NC2B_IXGBEVF_DEV_X540		0x1515
#define NC2B_IXGBEVF_DEV_X550		0x1565
#define NC2B_IXGBEVF_DEV_X550EM_X	0x15a8
#define NC2B_IXGBEVF_DEV_X550EM_A	0x15c5
#define NC2B_IXGBEVF_DEV_E610		0x57ad

/**
 * enum nc2b_ixgbevf - members of the family
 * @NC2B_IXGBEVF_82599: Intel 82599 and X540
 * @NC2B_IXGBEVF_X550: Intel X550, also as part of an SoC
 * @NC2B_IXGBEVF_E610: Intel E610
 * @NC2B_IXGBEVF_MODELS: how many there are
 */
enum nc2b_ixgbevf {
	NC2B_IXGBEVF_82599,
	NC2B_IXGBEVF_X550,
	NC2B_IXGBEVF_E610,
	NC2B_IXGBEVF_MODELS
};

/**
 * enum nc2b_ixgbevf_api - versions of the mailbox's language, in order of age
 * @NC2B_IXGBEVF_API_10: what a PF speaks after a reset
 * @NC2B_IXGBEVF_API_11: jumbo frames beside a PF that has them (82599)
 * @NC2B_IXGBEVF_API_12: modes of multicast
 * @NC2B_IXGBEVF_API_13: nothing that is used here
 * @NC2B_IXGBEVF_API_14: nothing that is used here
 * @NC2B_IXGBEVF_API_15: the other handshake, see &nc2b_ivf_mbx.hold
 * @NC2B_IXGBEVF_API_16: the PF tells of the link (E610)
 *
 * As messages have them: 1 was version 2.0, which is older than 1.1.
 */
enum nc2b_ixgbevf_api {
	NC2B_IXGBEVF_API_10 = 0,
	NC2B_IXGBEVF_API_11 = 2,
	NC2B_IXGBEVF_API_12 = 3,
	NC2B_IXGBEVF_API_13 = 4,
	NC2B_IXGBEVF_API_14 = 5,
	NC2B_IXGBEVF_API_15 = 6,
	NC2B_IXGBEVF_API_16 = 7,
};

extern const struct nc2b_ivf_model nc2b_ixgbevf_models[NC2B_IXGBEVF_MODELS];

#endif /* NC2B_IXGBEVF_H */
