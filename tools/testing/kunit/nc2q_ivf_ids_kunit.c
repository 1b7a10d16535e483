// SPDX-License-Identifier: GPL-2.0
/*
 * Which PCI device is taken for which model: the ids are written here as the
 * datasheets and the stock drivers have them, not with the constants of the code.
 *
 * The models are linked in by the suites of their families.
 */
#include <kunit/test.h>
#include <linux/module.h>
#include <linux/string.h>

#include "netback/ivf_ids.c"

struct id_case {
	const char *name;
	u16 device;
	const struct nc2b_ivf_model *model;
};

static const struct id_case id_cases[] = {
	{ "82576", 0x10ca, &nc2b_igbvf_models[NC2B_IGBVF_82576] },
	{ "I350", 0x1520, &nc2b_igbvf_models[NC2B_IGBVF_I350] },
	{ "82599", 0x10ed, &nc2b_ixgbevf_models[NC2B_IXGBEVF_82599] },
	{ "X540", 0x1515, &nc2b_ixgbevf_models[NC2B_IXGBEVF_82599] },
	{ "X550", 0x1565, &nc2b_ixgbevf_models[NC2B_IXGBEVF_X550] },
	{ "X550EM_x", 0x15a8, &nc2b_ixgbevf_models[NC2B_IXGBEVF_X550] },
	{ "X550EM_a", 0x15c5, &nc2b_ixgbevf_models[NC2B_IXGBEVF_X550] },
	{ "E610", 0x57ad, &nc2b_ixgbevf_models[NC2B_IXGBEVF_E610] },
};

static void device_is_of_its_model(struct kunit *test)
{
	const struct id_case *c = test->param_value;
	const struct pci_device_id *id;
	unsigned int found = 0;

	for (id = nc2b_ivf_ids; id->vendor; id++) {
		if (id->device != c->device)
			continue;
		found++;
		KUNIT_EXPECT_PTR_EQ(test, (const void *)id->driver_data,
				    (const void *)c->model);
	}
	KUNIT_EXPECT_EQ(test, found, 1);
}

static void id_name(const struct id_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(id, id_cases, id_name);

/* Nothing but those above, and none of them without driver_override. */
static void no_other_device_is_taken(struct kunit *test)
{
	const int nr = ARRAY_SIZE(id_cases);
	const struct pci_device_id *id;

	for (id = nc2b_ivf_ids; id->vendor; id++) {
		KUNIT_EXPECT_EQ(test, id->vendor, 0x8086);
		KUNIT_EXPECT_EQ(test, id->subvendor, PCI_ANY_ID);
		KUNIT_EXPECT_EQ(test, id->subdevice, PCI_ANY_ID);
		KUNIT_EXPECT_EQ(test, id->class_mask, 0);
		KUNIT_EXPECT_EQ(test, id->override_only, PCI_ID_F_VFIO_DRIVER_OVERRIDE);
	}
	KUNIT_EXPECT_EQ(test, id - nc2b_ivf_ids, nr);
}

static struct kunit_case ids_cases[] = {
	KUNIT_CASE_PARAM(device_is_of_its_model, id_gen_params),
	KUNIT_CASE(no_other_device_is_taken),
	{ }
};

static struct kunit_suite ids_suite = {
	.name = "nc2q_ivf_ids",
	.test_cases = ids_cases,
};

kunit_test_suite(ids_suite);

MODULE_DESCRIPTION("KUnit: PCI ids of the virtual functions that are known");
MODULE_LICENSE("GPL");
