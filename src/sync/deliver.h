/* deliver: what deliver.c, settle.c and look.c share: one record's effects on their way. */
#ifndef SYNC_DELIVER_H
#define SYNC_DELIVER_H

#include "engine.h"

#define EFFECTS_AT_ONCE 16
#define RETRY_MOST      (300 * SEC_MS) /* between two tries of what is refused, or looked for in vain */

struct dispatch {
    struct lane *lane;
    struct engine *e;
    char *ref;
    struct arena *a;
    struct effect_row effects[EFFECTS_AT_ONCE]; /* in flight, or unsure and looked for */
    json_t *wants[EFFECTS_AT_ONCE];             /* theirs, kept over the transaction's end */
    size_t n;
    struct write_request write;
    struct write_field fields[EFFECTS_AT_ONCE];
    size_t n_fields;
    json_t *kept_fields, *kept_native;
    msec_t look_at;        /* when it is looked for a second time: all of it in one look */
    msec_t again_at;       /* when what did not arrive may leave again: one time, so that it leaves in one request */
    msec_t blocked_until;  /* of a head that may not leave yet */
    const char *waits_for; /* an open record that has to be done first: the tracker refuses to close this one */
    const char *lost;      /* edits that ours went over, in words */
    bool record_read;      /* while looking: states and fields were compared */
};

struct dispatch *dispatch_new(struct lane *l, const char *ref);
/* Frees it and lets the lane go on. */
void dispatch_end(struct dispatch *d);
void dispatch_done(struct dispatch *d);

/* A read of it failed. Inside a transaction. */
void lookup_asks(struct dispatch *d, const struct op_result *r);

/* A state was confirmed by a read: the incident remembers it. Inside a transaction. */
void settle_state_done(struct dispatch *d, const struct effect_row *x, enum state confirmed, bool was_there);
/* Refused, in words; it waits for a person. Inside a transaction. */
void settle_park(struct dispatch *d, const struct effect_row *x, const char *words);
/* What became of the request; ends the delivery. */
void settle_write(struct dispatch *d, const struct op_result *r);
void settle_create(struct dispatch *d, const struct op_result *r);
/* What settling a reply and looking share; each inside a transaction. */
void settle_again(struct dispatch *d, const struct effect_row *x, const char *words); /* pending again, or over */
void settle_field_done(struct dispatch *d, const struct effect_row *x);
void settle_note_done(struct dispatch *d, const struct effect_row *x, const char *echo, bool inside);
void settle_walked(struct dispatch *d, const struct effect_row *x); /* a step of a walk is behind it */
void settle_created(struct dispatch *d, const struct effect_row *x, const char *id);
void settle_lost(struct dispatch *d, const struct lost_edit *x);
msec_t settle_backoff(const struct dispatch *d, const struct effect_row *x);

/* look.c: only looking settles what is unsure (law 5); ends the delivery. */
void look_begin(struct dispatch *d);

#endif
