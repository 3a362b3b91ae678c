/* room: what the files of policy ask of each other. Private to the room. */
#ifndef POLICY_ROOM_H
#define POLICY_ROOM_H

#include "bascule/policy.h"

/* ---- verdict.c ---- */

/* Leads nowhere. Duplicates and moves are followed before facts get here: one that
 * still says so could not be. */
bool defect_is_lost(const struct defect_facts *d);

/* ---- table.c ---- */

enum state class_of(const struct incident_facts *f);
/* A state of the bridge's that held or closed it was confirmed on it, or it was
 * adopted open: found open, it is *reopened*. */
bool would_be_reopened(const struct incident_facts *f);
/* In that state, as the bridge put it there, and no one moved it since. */
bool is_as_left(const struct incident_facts *f, enum state s);
/* The problem that decided the verdict; NULL without any. */
const struct problem_facts *problem_deciding(const struct incident_facts *f);

#endif
