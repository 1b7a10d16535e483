// SPDX-License-Identifier: GPL-2.0
/* What a guest may ask a NIC to send. */
#include <kunit/test.h>
#include <linux/module.h>

#include <xen/interface/io/netchannel2.h>

#include "netback/txrule.c"

#define CSUM	XEN_NC2_TX_CSUM
#define TSO	(XEN_NC2_TX_CSUM | XEN_NC2_TX_TSO)
#define V6	XEN_NC2_TX_IPV6
#define UDP	XEN_NC2_TX_UDP

struct tx_case {
	const char *name;
	struct xen_nc2_tx e;
	u32 total;
	bool ok;
};

/* With an MTU of 1500. */
static const struct tx_case tx_cases[] = {
	{ "plain", { .len = 60 }, 60, true },
	{ "nothing but an L2 header", { .len = 14 }, 14, true },
	{ "less than that", { .len = 13 }, 13, false },
	{ "as long as may be", { .len = 1518 }, 1518, true },
	{ "a byte longer", { .len = 1519 }, 1519, false },
	{ "checksum", { 60, CSUM, 0, 14, 20, 0 }, 60, true },
	{ "checksum at the end", { 52, CSUM, 0, 14, 20, 0 }, 52, true },
	{ "checksum in another slot", { 34, CSUM, 0, 14, 20, 0 }, 52, true },
	{ "checksum beyond the end", { 51, CSUM, 0, 14, 20, 0 }, 51, false },
	{ "UDP: checksum at the end", { 42, CSUM | UDP, 0, 14, 20, 0 }, 42, true },
	{ "UDP: checksum beyond the end", { 41, CSUM | UDP, 0, 14, 20, 0 }, 41, false },
	{ "headers in two slots, not cut", { 33, CSUM, 0, 14, 20, 0 }, 60, false },
	{ "L2 too short", { 60, CSUM, 0, 13, 20, 0 }, 60, false },
	{ "L2 with two tags", { 60, CSUM, 0, 22, 20, 0 }, 60, true },
	{ "L2 too long", { 60, CSUM, 0, 23, 20, 0 }, 60, false },
	{ "L3 too short", { 60, CSUM, 0, 14, 19, 0 }, 60, false },
	{ "IPv6", { 72, CSUM | V6, 0, 14, 40, 0 }, 72, true },
	{ "IPv6 too short", { 72, CSUM | V6, 0, 14, 39, 0 }, 72, false },
	{ "segments", { 4096, TSO, 1460, 14, 20, 20 }, 65535, true },
	{ "segments larger than the MTU", { 4096, TSO, 1461, 14, 20, 20 }, 65535, false },
	{ "segments too small", { 246, TSO, 87, 14, 20, 32 }, 246, false },
	{ "segments just large enough", { 246, TSO, 88, 14, 20, 32 }, 246, true },
	{ "segments of nothing", { 246, TSO, 0, 14, 20, 32 }, 246, false },
	{ "the longest", { 4096, TSO, 1400, 22, 20, 20 }, XEN_NC2_TX_MAX_BYTES, true },
	{ "longer", { 4096, TSO, 1400, 22, 20, 20 }, XEN_NC2_TX_MAX_BYTES + 1, false },
	{ "TCP header too short", { 1000, TSO, 500, 14, 20, 19 }, 1000, false },
	{ "TCP header too long", { 1000, TSO, 500, 14, 20, 61 }, 1000, false },
	{ "headers and nothing else", { 54, TSO, 500, 14, 20, 20 }, 54, false },
	{ "one byte of payload", { 54, TSO, 500, 14, 20, 20 }, 55, true },
	{ "headers in two slots", { 53, TSO, 500, 14, 20, 20 }, 1000, false },
	{ "UDP is not cut", { 1000, TSO | UDP, 500, 14, 20, 20 }, 1000, false },
	{ "cut without a checksum", { 1000, XEN_NC2_TX_TSO, 500, 13, 20, 20 }, 1000, false },
};

static void tx_case_name(const struct tx_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(tx, tx_cases, tx_case_name);

static void rule(struct kunit *test)
{
	const struct tx_case *c = test->param_value;

	KUNIT_EXPECT_EQ(test, nc2b_txrule_ok(&c->e, c->total, 1500), c->ok);
}

static struct kunit_case txrule_cases[] = {
	KUNIT_CASE_PARAM(rule, tx_gen_params),
	{}
};

static struct kunit_suite txrule_suite = {
	.name = "nc2b_txrule",
	.test_cases = txrule_cases,
};

kunit_test_suite(txrule_suite);

MODULE_DESCRIPTION("KUnit: rules of the transmit ring, the back's end");
MODULE_LICENSE("GPL");
