/* acts: what people do by chance, and what a few simple incidents must come to. */
#ifndef SIM_ACTS_H
#define SIM_ACTS_H

#include "world.h"

#define TICKETS_MAX 60
#define ISSUES_MAX  30

/* What was done to a record, as far as the oracle needs it. */
struct acts {
    struct {
        bool touched;      /* by more than the one act that links it */
        bool moved;        /* its state, by a person */
        bool field_edited; /* one of the bridge's fields */
        int linked;        /* the one issue it was linked with, by the field Defect; 0 none */
        bool late;         /* linked when that issue was closed already */
    } ticket[TICKETS_MAX + 1];
    struct {
        bool touched;  /* duplicated, or its problem was commanded */
        bool vanished; /* deleted, hidden, moved away, for a time at least */
        bool field_edited;
    } issue[ISSUES_MAX + 1];
    bool rights_off[2];
    int only;       /* the ticket that somebody comes to in between; 0: any */
    bool commanded; /* something that reaches many records */
};

/* One thing that one person does. */
void acts_do(struct world *w, struct acts *x);
/* What somebody does while the work of a request begins: no commands. */
void acts_meddle(struct world *w, void *arg, const struct http_request *q);
/* Rights back, outbox open, trackers running, brakes released, parked ones tried again. */
void acts_heal(struct world *w, struct acts *x);
bool acts_retry(struct world *w); /* false: there is nothing to try again */
/* Nothing is under way, and nothing waits for a time but what cannot be written to. */
bool acts_quiet(struct world *w);
/* After the healing: both sides agree with themselves; under the default policy (simple) with the table, too. */
void acts_check(struct world *w, const struct acts *x, bool simple);

#endif
