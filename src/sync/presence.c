/* presence: a record is deleted, merged, hidden or out of scope. Never a verdict
 * (law 7): it counts with the last state that was seen. Called with what a read or a
 * look says of it; owns nothing. */
#include "engine.h"

#include <string.h>

/* The greater turn, in which the survivor has asserted what it had in its own. */
static void raise_turn(struct engine *e, struct arena *a, const char *from_ref, const char *ref) {
    struct incident_row from, i;
    if (!store_incident(e->store, a, from_ref, &from) || !store_incident(e->store, a, ref, &i) || from.turn <= i.turn)
        return;
    int *const kept[] = {&i.adopted_turn, &i.quiet_turn, &i.asserted_turn, &i.recurred_turn, &i.late_acked_turn};
    if (i.turn > 0) {
        store_keys_raise(e->store, ref, i.turn, from.turn, now_of(e));
        for (size_t k = 0; k < array_size(kept); k++)
            if (*kept[k] == i.turn)
                *kept[k] = from.turn;
    }
    i.turn = from.turn;
    store_incident_put(e->store, &i);
}

/* Of merged incidents the survivor takes the union of links and keys. One that is
 * not mirrored yet takes them when it is; until then all stays where it is. */
static void take_over(struct lane *l, struct arena *a, const char *from, const char *survivor) {
    struct engine *e = l->e;
    raise_turn(e, a, from, survivor);
    store_keys_merge(e->store, from, survivor, now_of(e));
    store_effects_merge(e->store, from, "its record was merged", now_of(e));
    store_incident_merge(e->store, from, survivor);
    relink_incident(e, a, survivor, false); /* first: else what they share would seem to hold nothing */
    relink_incident(e, a, from, false);
    journal(e, "tracker", "merged", from, 0, 0, "merged into %s, which takes over its links", survivor);
}

/* What was merged into it before it was mirrored. */
void merged_before(struct lane *l, struct arena *a, const char *ref) {
    const char **refs;
    size_t n = store_merged_into(l->e->store, a, l->cfg->name, strchr(ref, ':') + 1, &refs);
    for (size_t i = 0; i < n; i++)
        take_over(l, a, refs[i], ref);
}

static void merged(struct lane *l, struct arena *a, const struct record_row *row) {
    const char *survivor = ref_make(a, l->cfg->name, row->r.merged_into);
    struct record_row to;
    store_lookup_add(l->e->store, &(struct lookup_row){.ref = survivor, .hash = 1}, now_of(l->e));
    if (store_record(l->e->store, a, survivor, &to))
        take_over(l, a, row->ref, survivor);
}

/* A survivor that was itself merged before it was ever seen. */
static void merged_on(struct lane *l, struct arena *a, const char *ref, const char *into) {
    const char **refs;
    size_t n = store_merged_into(l->e->store, a, l->cfg->name, strchr(ref, ':') + 1, &refs);
    for (size_t i = 0; i < n; i++) {
        struct record_row row;
        if (!store_record(l->e->store, a, refs[i], &row) || str_is(refs[i], ref_make(a, l->cfg->name, into)))
            continue;
        row.r.merged_into = into;
        store_record_put(l->e->store, &row);
        merged(l, a, &row);
    }
}

/* A survivor that is gone before it was ever seen: nothing of what was merged into it will be told. */
static void merged_away(struct lane *l, struct arena *a, const char *ref) {
    const char **refs;
    size_t n = store_merged_into(l->e->store, a, l->cfg->name, strchr(ref, ':') + 1, &refs);
    for (size_t i = 0; i < n; i++)
        store_effects_merge(l->e->store, refs[i], "its record was merged into one that is deleted", now_of(l->e));
}

static void attend_absence(struct lane *l, struct arena *a, const struct record_row *row) {
    bool defect = row->r.kind == KIND_DEFECT;
    bool gone = row->r.presence == GONE;
    store_attention_clear(l->e->store, "defect-gone", row->ref);
    store_attention_clear(l->e->store, "defect-hidden", row->ref);
    if (row->r.presence == MERGED || (!defect && gone)) /* it left counts and lists; nothing waits for a person */
        return;
    store_attention_set(
        l->e->store,
        &(struct attention_item){
            .kind = gone ? "defect-gone" : "defect-hidden",
            .subject = row->ref,
            .text = arena_printf(a, "the %s is %s; its last state (%s) goes on counting", kind_name(row->r.kind),
                                 gone ? "deleted" : "not readable any more", state_name(row->r.state)),
            .who = gone ? "practitioner" : "owner",
            .clear =
                gone ? arena_printf(a, "bascule ack %s takes it out of the reckoning; or link another defect", row->ref)
                     : "give the bridge's account its right back, or widen the scope"},
        now_of(l->e));
}

void ingest_presence(struct lane *l, struct arena *a, const char *ref, enum presence presence, const char *merged_into,
                     bool certain) {
    struct engine *e = l->e;
    struct record_row row;
    if (!store_record(e->store, a, ref, &row)) {
        if (presence == MERGED && merged_into)
            merged_on(l, a, ref, merged_into);
        else if (presence == GONE)
            merged_away(l, a, ref);
        return;
    }
    bool over = row.r.presence == GONE || row.r.presence == MERGED;
    if (row.r.presence == presence || (over && (presence == FORBIDDEN || presence == OUT_OF_SCOPE)))
        return; /* a lost right tells nothing new of what was deleted or merged */
    if (presence == GONE && !certain && row.missing_looks && l->import_done && !memory_fresh(l)) {
        memory_ask(l); /* a tracker that has forgotten it did not delete it */
        return;
    }
    row.missing_looks++;
    row.last_seen = now_of(e);
    if (!certain && presence != MERGED && row.missing_looks < 2) {
        store_record_put(e->store, &row);
        return;
    }
    row.r.presence = presence;
    row.r.merged_into = merged_into;
    store_record_put(e->store, &row);
    journal(e, "tracker", "absent", ref, 0, 0, "it is %s now; last seen %s", presence_name(presence),
            state_name(row.r.state));
    attend_absence(l, a, &row);
    if (presence == GONE)
        store_effects_merge(e->store, ref, "its record was deleted", now_of(e));
    if (presence == MERGED && row.r.kind == KIND_INCIDENT && merged_into)
        merged(l, a, &row);
    if (row.r.kind == KIND_INCIDENT) {
        store_due(e->store, KIND_INCIDENT, ref, 0, false, "its presence changed");
    } else {
        due_problems_of(e, a, ref, false, "its presence changed");
    }
    engine_changed(e, kind_name(row.r.kind), ref);
}
