/* mirror: mirrored values (law 1). For each (record, field) the value that was
 * last computed and its revision; at most one effect a revision; a newer one
 * supersedes one that has not left; the remote value is compared, and is never
 * a reason to write. */
#include "engine.h"

#include <stdlib.h>
#include <string.h>

/* As sets where the field holds references, else as trimmed text. */
bool field_equal(struct engine *e, struct arena *a, enum field f, enum kind kind, const char *x, const char *y) {
    x = x ? x : "";
    y = y ? y : "";
    if (f == FIELD_DEFECT || f == FIELD_PROBLEM || f == FIELD_INCIDENTS) {
        struct references rx, ry;
        const char *home = home_tracker(e, kind == KIND_INCIDENT ? ROLE_DEFECTS : ROLE_TICKETING);
        if (str_empty(x) != str_empty(y))
            return false;
        reference_field(e->rules, a, x, home, &rx);
        reference_field(e->rules, a, y, home, &ry);
        if (f != FIELD_INCIDENTS || !strstr(x, " more: "))
            return references_same(&rx, &ry);
    }
    while (*x && *x == *y) {
        x++;
        y++;
    }
    return x[strspn(x, " \r\n")] == 0 && y[strspn(y, " \r\n")] == 0;
}

/* An older value is on its way there: what stands there now says nothing. */
static bool under_way(struct engine *e, struct arena *a, const char *ref, const char *field) {
    struct effect_row *open;
    size_t n = store_effects_open(e->store, a, ref, &open);
    for (size_t i = 0; i < n; i++)
        if (open[i].e.kind == EFFECT_FIELD &&
            (open[i].e.state == EFFECT_IN_FLIGHT || open[i].e.state == EFFECT_UNSURE) &&
            str_is(json_text(open[i].e.want, "field"), field))
            return true;
    return false;
}

static void want_value(struct engine *e, struct arena *a, const struct record *r, enum field f, const char *value,
                       msec_t leaves, bool spent) {
    const char *ref = ref_make(a, r->tracker, r->id), *name = field_name(f);
    struct value_row v = {0};
    bool have = store_value(e->store, a, ref, name, &v);
    msec_t now = now_of(e);
    if ((!have && value[0] == 0) || (have && str_is(v.computed, value)))
        return;
    store_supersede_field(e->store, ref, name, now);
    v.computed = value;
    v.revision++;
    store_value_put(e->store, ref, name, &v);
    if (field_equal(e, a, f, r->kind, json_text(r->fields, name), value) && !under_way(e, a, ref, name))
        return;
    json_t *want = json_pack("{s:s, s:s, s:i}", "field", name, "value", value, "revision", v.revision);
    struct effect_row x = {
        .e = {.ref = ref,
              .kind = EFFECT_FIELD,
              .key = arena_printf(a, "field:%s:%s:%d", ref, name, v.revision),
              .want = want,
              .reason = value[0] ? "the mirrored value changed" : "nothing stands behind it any more",
              .created = now,
              .not_before = leaves}}; /* never adopted: what an ignore has spent stays spent */
    store_effect_add(e->store, &x, spent);
    json_decref(want);
}

static int by_reference(const void *x, const void *y) {
    const struct reference *p = x, *q = y;
    int c = strcmp(p->tracker, q->tracker);
    if (c)
        return c;
    size_t n = strlen(p->id), m = strlen(q->id);
    return n != m ? (n < m ? -1 : 1) : strcmp(p->id, q->id);
}

/* What people typed in a field of the incident and nobody has read yet: it stays there. */
static void unread_of(struct engine *e, struct arena *a, const char *ref, struct references *set) {
    struct evidences evidence;
    struct record_row known;
    store_evidence_of_incident(e->store, a, ref, &evidence);
    for (size_t i = 0; i < evidence.count; i++) {
        const struct evidence *v = &evidence.items[i];
        struct reference one = {0};
        if (!v->rejected && str_is(v->source, "field") && str_is(v->origin, ref) && v->defect[0] &&
            !store_record(e->store, a, v->defect, &known) && ref_split(a, v->defect, &one.tracker, &one.id) &&
            !references_have(set, &one))
            *arena_push(a, &set->items, &set->count) = one;
    }
}

/* The defects behind an incident's problems, once each, in order. */
static void defects_of(struct engine *e, struct arena *a, const char *ref, const struct problem_facts *problems,
                       size_t n, struct mirror_facts *f) {
    struct references set = {0};
    unread_of(e, a, ref, &set);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < problems[i].n_defects; k++) {
            const struct defect_facts *d = &problems[i].defects[k];
            struct reference one = {0};
            if (ref_split(a, d->via ? d->via : d->ref, &one.tracker, &one.id) && !references_have(&set, &one))
                *arena_push(a, &set.items, &set.count) = one;
        }
    if (set.count)
        qsort(set.items, set.count, sizeof(*set.items), by_reference);
    const char **urls = arena_alloc(a, (set.count + 1) * sizeof(*urls));
    for (size_t i = 0; i < set.count; i++) {
        struct lane *l = engine_lane(e, set.items[i].tracker);
        urls[i] =
            l ? tracker_record_url(l->tracker, a, set.items[i].id) : ref_make(a, set.items[i].tracker, set.items[i].id);
    }
    f->defects = set.items;
    f->n_defects = set.count;
    f->defect_urls = urls;
    f->defect_tracker = home_tracker(e, ROLE_DEFECTS);
}

static void mirror_fields(struct engine *e, struct arena *a, const struct record *r, const struct mirror_facts *f,
                          const enum field *fields, size_t n, msec_t leaves, bool spent) {
    struct lane *l = engine_lane(e, r->tracker);
    for (size_t i = 0; l && i < n; i++) {
        const char *value = tracker_has_field(l->tracker, fields[i]) ? mirror_value(fields[i], r->kind, f, a) : NULL;
        if (value)
            want_value(e, a, r, fields[i], value, leaves, spent);
    }
}

void mirror_incident(struct engine *e, struct arena *a, const struct record *r, const struct problem_facts *problems,
                     size_t n, enum outcome outcome, bool keeps_outcome, bool spent) {
    static const enum field fields[] = {FIELD_DEFECT, FIELD_PROBLEM, FIELD_KNOWN_ERROR, FIELD_OUTCOME};
    const struct problem **live = arena_alloc(a, (n + 1) * sizeof(*live));
    struct mirror_facts f = {.problems = live, .outcome = outcome, .keeps_outcome = keeps_outcome};
    for (size_t i = 0; i < n; i++)
        if (problems[i].problem->resolution != RESOLUTION_CANCELLED)
            live[f.n_problems++] = problems[i].problem;
    defects_of(e, a, ref_make(a, r->tracker, r->id), problems, n, &f);
    mirror_fields(e, a, r, &f, fields, array_size(fields), 0, spent);
}

void mirror_defect(struct engine *e, struct arena *a, const struct record *r, const struct problem *const *problems,
                   size_t n, const struct counts *counts, bool spent) {
    static const enum field fields[] = {FIELD_PROBLEM, FIELD_KNOWN_ERROR, FIELD_INCIDENTS, FIELD_INCIDENT_COUNT,
                                        FIELD_CLOSED_UNRESOLVED_COUNT};
    const char **refs, **urls;
    const char *ref = ref_make(a, r->tracker, r->id);
    size_t n_incidents = n ? store_incidents_of_defect(e->store, a, ref, 20, &refs, &urls) : 0;
    struct mirror_incident *incidents = arena_alloc(a, (n_incidents + 1) * sizeof(*incidents));
    for (size_t i = 0; i < n_incidents; i++)
        incidents[i] = (struct mirror_incident){.ref = refs[i], .url = urls[i]};
    struct mirror_facts f = {.problems = problems,
                             .n_problems = n,
                             .incidents = incidents,
                             .n_incidents = n_incidents,
                             .incident_count = counts->total,
                             .closed_unresolved_count = counts->closed_unresolved,
                             .more_url = arena_printf(a, "%s/d/%s", e->settings->public_url, ref)};
    /* what waits already leaves when it was to, with the newest values: never put off again and again */
    msec_t leaves = now_of(e) + values_span(e, ref), waits = store_field_leaves(e->store, ref);
    if (waits > leaves)
        store_field_sooner(e->store, ref, leaves);
    mirror_fields(e, a, r, &f, fields, array_size(fields), waits && waits < leaves ? waits : leaves, spent);
}
