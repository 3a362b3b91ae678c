/* assert: wants become effects. Law 1 stands in their keys: what was asserted
 * before is dropped here. A note's text is rendered once and frozen. */
#include "engine.h"

#include <string.h>

const struct attention_item *attention_items(struct arena *a, const struct decision *d) {
    struct attention_item *items = arena_alloc(a, (d->n_attention + 1) * sizeof(*items));
    for (size_t i = 0; i < d->n_attention; i++)
        items[i] = (struct attention_item){.kind = d->attention[i].kind,
                                           .subject = d->attention[i].subject,
                                           .text = d->attention[i].text,
                                           .who = d->attention[i].who,
                                           .clear = d->attention[i].clear};
    return items;
}

/* ---- note facts ---- */

static size_t problem_index(const struct asserting *x, int64_t id) {
    for (size_t i = 0; i < x->n_problems; i++)
        if (x->problems[i].problem->id == id)
            return i;
    return x->n_problems;
}

static void defect_words(const struct asserting *x, const struct problem_facts *f, struct note_facts *n) {
    struct buf refs = {0}, urls = {0};
    for (size_t i = 0; i < f->n_defects; i++) {
        const char *tracker, *id;
        struct lane *l = ref_split(x->a, f->defects[i].ref, &tracker, &id) ? engine_lane(x->e, tracker) : NULL;
        buf_printf(&refs, "%s%s", i ? ", " : "", f->defects[i].ref);
        if (l)
            buf_printf(&urls, "%s%s", i ? ", " : "", tracker_record_url(l->tracker, x->a, id));
    }
    n->shown.defect = refs.len ? arena_strdup(x->a, buf_text(&refs)) : NULL;
    n->inside.defect_url = urls.len ? arena_strdup(x->a, buf_text(&urls)) : NULL;
    buf_deinit(&refs);
    buf_deinit(&urls);
}

/* Only why a risk was accepted is for others; of a duplicate, what was said of the problem it is followed to. */
static void accepted_words(const struct problem_facts *f, struct note_facts *n) {
    const struct problem_facts *end = problem_followed(f);
    if (!end || end->problem->resolution != RESOLUTION_RISK_ACCEPTED)
        return;
    n->shown.reason = end->problem->reason;
    n->inside.by = end->problem->accepted_by;
    n->inside.review = end->problem->review;
}

static void problem_words(const struct asserting *x, const struct want *w, struct note_facts *n) {
    size_t at = problem_index(x, w->problem);
    if (at == x->n_problems)
        return;
    const struct problem_facts *f = &x->problems[at];
    const struct problem *p = f->problem;
    n->shown.title = p->title;
    n->shown.workaround = p->published_text;
    n->shown.version = p->fixed_in;
    n->shown.service = p->service;
    n->shown.url = arena_printf(x->a, "%s/problems/P-%lld", x->e->settings->public_url, (long long)p->id);
    n->inside.cause = p->cause;
    n->inside.workaround = p->workaround;
    accepted_words(f, n);
    if (x->judged) {
        const struct delivered *d = &x->judged->each[at];
        n->shown.version = d->version ? d->version : p->fixed_in;
        n->shown.date = d->at;
        n->shown.outcome = d->outcome;
    }
    defect_words(x, f, n);
}

/* What its kind counts, and of when that is. */
static void fill_counts(const struct asserting *x, const struct want *w, struct note_facts *n) {
    struct counts c = {0};
    if (w->note == NOTE_CAME_BACK) {
        msec_t day = x->came_back_at - x->came_back_at % DAY_MS;
        n->shown.count = store_came_back(x->e->store, w->problem, day, day + DAY_MS);
        n->shown.date = x->came_back_at;
    } else if (w->note == NOTE_RECURRENCE) {
        store_counts_problem(x->e->store, w->problem, &c);
        n->shown.count = c.late;
    } else if (x->record->kind == KIND_DEFECT) {
        store_counts_defect(x->e->store, w->ref, &c);
        n->shown.count = c.total;
        n->inside.closed_unresolved = c.closed_unresolved;
    }
}

static const char *note_text(const struct asserting *x, const struct decision *d, const struct want *w) {
    struct note_facts n = {0};
    n.shown.problem = w->problem;
    problem_words(x, w, &n);
    n.inside.why = w->reason;
    if (x->judged)
        n.shown.verdict = x->judged->verdict;
    for (size_t i = 0; i < d->n_wants; i++)
        if (d->wants[i].kind == EFFECT_STATE && str_is(d->wants[i].ref, w->ref))
            n.shown.state = d->wants[i].state;
    if (x->record->kind == KIND_INCIDENT) {
        n.inside.incident = ref_make(x->a, x->record->tracker, x->record->id);
        n.inside.incident_url = x->record->url;
    }
    fill_counts(x, w, &n);
    return note_render(x->e->notes, w->note, w->visibility, &n, x->a);
}

/* ---- effects ---- */

static json_t *from_states(unsigned from) {
    json_t *j = json_array();
    for (unsigned s = 0; s < STATE_COUNT; s++)
        if (from & (1u << s))
            json_array_append_new(j, json_string(state_name((enum state)s)));
    return j;
}

static json_t *want_json(const struct asserting *x, const struct decision *d, const struct want *w,
                         const char **ret_marker) {
    if (w->kind == EFFECT_STATE)
        return json_pack("{s:s, s:s}", "state", state_name(w->state), "outcome", outcome_name(w->outcome));
    const char *text = note_text(x, d, w);
    if (!text)
        return NULL;
    *ret_marker = hash_word(x->a, w->key, 6);
    return json_pack("{s:s, s:s, s:s, s:s, s:i}", "note", note_kind_name(w->note), "visibility",
                     visibility_name(w->visibility), "text", text, "marker",
                     marker_make(x->a, w->problem, x->e->instance, w->key), "revision", w->revision);
}

static void tell_did(struct asserting *x, const struct want *w, const char *became) {
    const char *what = w->kind == EFFECT_STATE ? arena_printf(x->a, "state %s", state_name(w->state))
                       : w->kind == EFFECT_NOTE
                           ? arena_printf(x->a, "%s note %s", visibility_name(w->visibility), note_kind_name(w->note))
                           : "a new defect";
    json_array_append_new(
        x->did, json_pack("{s:s, s:s, s:s, s:s}", "what", what, "on", w->ref, "key", w->key, "became", became));
}

static void create(struct asserting *x, const struct want *w) {
    const char *tracker = arena_strndup(x->a, w->ref, strlen(w->ref) - 1);
    int64_t n = assert_creation(x->e, x->a, tracker, w->key, w->problem, x->record, w->reason, x->spent);
    tell_did(x, w, !n ? "asserted before" : x->spent ? x->why_spent : "entered");
}

/* True if it was entered just now. */
static bool enter(struct asserting *x, const struct decision *d, const struct want *w, int64_t decision,
                  msec_t not_before) {
    struct effect_row before;
    const char *marker = NULL;
    msec_t told;
    if (store_effect_by_key(x->e->store, x->a, w->key, &before)) {
        tell_did(x, w,
                 arena_printf(x->a, "asserted before: effect %lld is %s", (long long)before.e.n,
                              effect_state_name(before.e.state)));
        return false;
    }
    json_t *want = want_json(x, d, w, &marker);
    if (!want)
        return false;
    json_t *from = w->kind == EFFECT_STATE ? from_states(w->from) : NULL;
    bool history = x->spent || (x->spent_turn && w->of_turn), adopted = history && !x->ignored;
    bool spent = history || w->spent || (x->quiet && w->kind == EFFECT_NOTE);
    bool own = x->judged != NULL && str_is(w->ref, ref_make(x->a, x->record->tracker, x->record->id));
    struct effect_row row = {.e = {.ref = w->ref,
                                   .kind = w->kind,
                                   .key = w->key,
                                   .want = want,
                                   .from = from,
                                   .reason = w->reason,
                                   .problem = w->problem,
                                   .turn = own ? x->turn : 0,
                                   .batch = own ? x->batch : 0,
                                   .decision = decision,
                                   .created = now_of(x->e),
                                   .not_before = not_before},
                             .adopted = adopted,
                             .marker = marker};
    int64_t n = store_effect_add(x->e->store, &row, spent);
    json_decref(want);
    json_decref(from);
    if (!n)
        return false;
    if (!spent && w->kind == EFFECT_NOTE && told_before(x->e, x->a, w->ref, w->key, &told)) {
        store_effect_move(x->e->store, n, EFFECT_DONE, NULL, "found on the record", now_of(x->e));
        tell_did(x, w, arena_printf(x->a, "effect %lld: its note stands there already", (long long)n));
        journal(x->e, "bridge", "found", w->ref, w->problem, n, "its note stands there already: not sent again");
        return true;
    }
    tell_did(x, w,
             history    ? x->why_spent
             : w->spent ? "spent with the greater one"
             : spent    ? "a turn begun by policy apply tells nobody"
                        : arena_printf(x->a, "effect %lld", (long long)n));
    if (!spent)
        journal(x->e, "bridge", "decided", w->ref, w->problem, n, "%s: %s",
                w->kind == EFFECT_STATE
                    ? arena_printf(x->a, "to %s", state_name(w->state))
                    : arena_printf(x->a, "%s note %s", visibility_name(w->visibility), note_kind_name(w->note)),
                w->reason ? w->reason
                : d->why  ? d->why
                          : "");
    return true;
}

/* What one decision wants of one record leaves together: the latest settling time holds for all. */
static msec_t together(const struct decision *d, const struct want *w) {
    msec_t latest = w->not_before;
    for (size_t i = 0; i < d->n_wants; i++)
        if (str_is(d->wants[i].ref, w->ref) && d->wants[i].not_before > latest)
            latest = d->wants[i].not_before;
    return latest;
}

void assert_wants(struct asserting *x, const struct decision *d) {
    const char *entered[WANTS_MAX];
    size_t n = 0;
    int64_t decision = d->n_wants ? store_next_decision(x->e->store) : 0;
    for (size_t i = 0; i < d->n_wants; i++) {
        const struct want *w = &d->wants[i];
        bool left_out = false;
        for (size_t k = 0; k < n; k++)
            left_out |= str_same(w->unless, entered[k]) && w->unless;
        if (left_out)
            continue;
        if (w->kind == EFFECT_CREATE)
            create(x, w);
        else if (enter(x, d, w, decision, together(d, w)))
            entered[n++] = w->key;
    }
}

/* ---- creation of a defect ---- */

static const char *creation_body(struct engine *e, struct arena *a, const struct problem *p,
                                 const struct record *from) {
    const struct record *incident = from && from->kind == KIND_INCIDENT ? from : NULL;
    struct buf b = {0};
    if (!str_empty(p->symptom))
        buf_printf(&b, "%s\n\n", p->symptom);
    if (!str_empty(p->error_code))
        buf_printf(&b, "Error: %s\n\n", p->error_code);
    if (!str_empty(p->cause))
        buf_printf(&b, "Cause as far as known: %s\n\n", p->cause);
    if (from)
        buf_printf(&b, "%s: %s %s\n", incident ? "Incident" : "Comes again after",
                   from->url ? from->url : ref_make(a, from->tracker, from->id),
                   note_foreign_line(a, from->title, 200));
    if (!str_empty(p->service))
        buf_printf(&b, "Service: %s\n", note_foreign_line(a, p->service, 200));
    if (incident && incident->priority)
        buf_printf(&b, "Priority: %s\n", note_foreign_line(a, incident->priority, 100));
    if (incident && incident->created)
        buf_printf(&b, "Reported: %s\n", time_text(a, incident->created));
    buf_printf(&b, "Problem: P-%lld %s/problems/P-%lld\n", (long long)p->id, e->settings->public_url, (long long)p->id);
    const char *text = arena_strdup(a, buf_text(&b));
    buf_deinit(&b);
    return text;
}

int64_t assert_creation(struct engine *e, struct arena *a, const char *tracker, const char *key, int64_t problem,
                        const struct record *from, const char *reason, bool spent) {
    const struct record *incident = from && from->kind == KIND_INCIDENT ? from : NULL;
    struct problem_row p;
    if (!store_problem(e->store, a, problem, &p))
        return 0;
    const char *word = hash_word(a, key, 6);
    json_t *want = json_pack("{s:s, s:s, s:s, s:s?, s:s?}", "title", note_foreign_line(a, p.p.title, 250), "body",
                             creation_body(e, a, &p.p, from), "marker", marker_make(a, problem, e->instance, key),
                             "service", p.p.service, "priority", incident ? incident->priority : p.p.priority);
    struct effect_row row = {.e = {.ref = arena_printf(a, "%s:", tracker),
                                   .kind = EFFECT_CREATE,
                                   .key = key,
                                   .want = want,
                                   .reason = reason,
                                   .problem = problem,
                                   .created = now_of(e)},
                             .adopted = spent,
                             .marker = word};
    int64_t n = store_effect_add(e->store, &row, spent);
    json_decref(want);
    if (n && !spent)
        journal(e, "bridge", "decided", "", problem, n, "create a defect in %s: %s", tracker, reason);
    return n;
}
