/* SPDX-License-Identifier: GPL-2.0 */
/* The lies of a guest on the rings of the bridged path. */
#ifndef NC2_HOSTILE_H
#define NC2_HOSTILE_H

int nc2h_rings(const char *action);

#endif /* NC2_HOSTILE_H */
