/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The parts of nc2-hostile: lies on the rings of the bridged path; a storm of events.  And
 * of nc2-hostile-back: lies on those rings.
 */
#ifndef NC2_HOSTILE_H
#define NC2_HOSTILE_H

struct nc2b_vif;

int nc2h_rings(const char *action);
int nc2h_storm_start(void);
void nc2h_storm_stop(void);

int nc2h_bridged(struct nc2b_vif *vif, const char *action);

#endif /* NC2_HOSTILE_H */
