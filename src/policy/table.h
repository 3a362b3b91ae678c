/* table: what table.c and decide.c both ask of an incident. Private to the room. */
#ifndef POLICY_TABLE_H
#define POLICY_TABLE_H

#include "bascule/policy.h"

enum state class_of(const struct incident_facts *f);
/* A state of the bridge's that held or closed it was confirmed on it, or it was
 * adopted open: found open, it is *reopened*. */
bool would_be_reopened(const struct incident_facts *f);
/* In that state, as the bridge put it there, and no one moved it since. */
bool is_as_left(const struct incident_facts *f, enum state s);
/* The problem that decided the verdict; NULL without any. */
const struct problem_facts *problem_deciding(const struct incident_facts *f);

#endif
