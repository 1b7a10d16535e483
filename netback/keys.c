// SPDX-License-Identifier: GPL-2.0
#include "keys.h"

#include "direct.h"
#include "nego.h"
#include "queue.h"
#include "vif.h"
#include "watch.h"

#include <linux/errno.h>
#include <linux/slab.h>

#include <xen/interface/io/netchannel2.h>
#include <xen/xenbus.h>

/* What a front has left behind that is gone is no answer to this back. */
static bool asks_for_udp(struct nc2b_vif *vif)
{
	char *text = xenbus_read(XBT_NIL, vif->xdev->otherend, XEN_NC2_KEY_REQUEST_GSO_UDP, NULL);
	bool asks;

	if (IS_ERR(text))
		return false;
	asks = !strcmp(text, vif->direct->nonce);
	kfree(text);
	return asks;
}

/**
 * nc2b_keys_features - read what the front can do
 * @vif: the interface, not connected
 *
 * May sleep.
 */
void nc2b_keys_features(struct nc2b_vif *vif)
{
	const char *front = vif->xdev->otherend;

	vif->can_sg = xenbus_read_unsigned(front, "feature-sg", 0);
	vif->gso4 = xenbus_read_unsigned(front, "feature-gso-tcpv4", 0);
	vif->gso6 = xenbus_read_unsigned(front, "feature-gso-tcpv6", 0);
	vif->gso_udp = vif->can_sg && asks_for_udp(vif);
	vif->csum4 = !xenbus_read_unsigned(front, "feature-no-csum-offload", 0);
	vif->csum6 = xenbus_read_unsigned(front, "feature-ipv6-csum-offload", 0);
	vif->rx_notify = xenbus_read_unsigned(front, "feature-rx-notify", 0);
	nc2b_watch_read_mcast(vif);
}

/**
 * nc2b_keys_headroom - read how many bytes the front wants in front of a frame
 * @vif: the interface; may be connected
 *
 * May sleep.
 */
void nc2b_keys_headroom(struct nc2b_vif *vif)
{
	unsigned int wish = xenbus_read_unsigned(vif->xdev->otherend, "xdp-headroom", 0);
	u32 headroom = nc2b_nego_headroom(wish);

	/* A guest may have it read as often as it likes. */
	if (headroom != wish && !vif->headroom_told) {
		vif->headroom_told = true;
		dev_warn(&vif->xdev->dev,
			 "%u bytes of headroom are too many: none is left\n", wish);
	}
	WRITE_ONCE(vif->headroom, headroom);
}

static int read_queue(const char *dir, struct nc2b_queue_keys *keys)
{
	int err;

	err = xenbus_gather(XBT_NIL, dir,
			    "tx-ring-ref", "%u", &keys->tx_ref,
			    "rx-ring-ref", "%u", &keys->rx_ref, NULL);
	if (err)
		return err;
	err = xenbus_gather(XBT_NIL, dir,
			    "event-channel-tx", "%u", &keys->tx_evtchn,
			    "event-channel-rx", "%u", &keys->rx_evtchn, NULL);
	if (!err)
		return 0;
	err = xenbus_scanf(XBT_NIL, dir, "event-channel", "%u", &keys->tx_evtchn);
	keys->rx_evtchn = keys->tx_evtchn;
	return err == 1 ? 0 : -ENOENT;
}

/**
 * nc2b_keys_queues - read the rings and event channels of all queues
 * @vif: the interface
 * @keys: to be filled
 * @nr: how many
 *
 * May sleep.
 *
 * Return: 0 or an error.
 */
int nc2b_keys_queues(const struct nc2b_vif *vif, struct nc2b_queue_keys *keys,
		     unsigned int nr)
{
	const char *front = vif->xdev->otherend;
	unsigned int i;
	char *dir;
	int err = 0;

	if (nr == 1)
		return read_queue(front, keys);
	for (i = 0; !err && i < nr; i++) {
		dir = kasprintf(GFP_KERNEL, "%s/queue-%u", front, i);
		if (!dir)
			return -ENOMEM;
		err = read_queue(dir, &keys[i]);
		kfree(dir);
	}
	return err;
}
