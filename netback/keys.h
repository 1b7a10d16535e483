/* SPDX-License-Identifier: GPL-2.0 */
/* What a front writes into xenstore for the bridged path. */
#ifndef NC2B_KEYS_H
#define NC2B_KEYS_H

struct nc2b_queue_keys;
struct nc2b_vif;

void nc2b_keys_features(struct nc2b_vif *vif);
void nc2b_keys_headroom(struct nc2b_vif *vif);
int nc2b_keys_queues(const struct nc2b_vif *vif, struct nc2b_queue_keys *keys,
		     unsigned int nr);

#endif /* NC2B_KEYS_H */
