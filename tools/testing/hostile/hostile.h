/* SPDX-License-Identifier: GPL-2.0 */
/* The parts of nc2-hostile: lies on the rings of the bridged path; a storm of events. */
#ifndef NC2_HOSTILE_H
#define NC2_HOSTILE_H

int nc2h_rings(const char *action);
int nc2h_storm_start(void);
void nc2h_storm_stop(void);

#endif /* NC2_HOSTILE_H */
