/* relink: which links follow from the evidence that stands. A defect without a
 * problem gets one with its first link; a problem that holds nothing any more,
 * and that no person gave anything, is undone (domain.md 2). */
#include "engine.h"

#include <stdlib.h>
#include <string.h>

struct target {
    int64_t problem;
    msec_t at;
    bool confirmed;
};
struct targets {
    struct target *items;
    size_t count;
};

int64_t problem_make(struct engine *e, struct arena *a, const char *title, const char *service, bool automatic,
                     bool adopt, const char *actor) {
    msec_t now = now_of(e);
    struct problem_row p = {
        .p = {.title = str_cut(a, title, 250), .service = service, .known_error = true, .created = now, .known = now},
        .automatic = automatic,
        .declined_acked = -1};
    int64_t id = store_problem_new(e->store, &p);
    store_evidence_forget_problem(e->store, id);
    journal(e, actor, "problem", "", id, 0, "P-%lld was made: %s", (long long)id, p.p.title);
    store_due_problem(e->store, id, adopt, "it is new");
    return id;
}

/* Its live problems; the cancelled ones count as none. */
static size_t live_problems(struct engine *e, struct arena *a, const char *defect, int64_t **ret) {
    struct link_row *links;
    size_t n_links = store_links_of(e->store, a, defect, "confirmed", &links), n = 0;
    *ret = NULL;
    for (size_t i = 0; i < n_links; i++) {
        struct problem_row p;
        if (store_problem(e->store, a, links[i].problem, &p) && p.p.resolution != RESOLUTION_CANCELLED)
            *arena_push(a, ret, &n) = p.p.id;
    }
    return n;
}

int64_t problem_of_defect(struct engine *e, struct arena *a, const char *ref, bool adopt, const char *actor) {
    int64_t *problems;
    struct record_row defect;
    if (live_problems(e, a, ref, &problems))
        return problems[0];
    if (!store_record(e->store, a, ref, &defect))
        return 0;
    int64_t id = problem_make(e, a, defect.r.title, defect.r.service, true, adopt, actor);
    struct link_row *before;
    size_t n = store_links_of(e->store, a, ref, "rejected", &before);
    for (size_t i = 0; i < n; i++) /* nobody is told the same under another number */
        store_keys_copy(e->store, a, before[i].problem, id, NULL, now_of(e));
    store_link_put(e->store, &(struct link_row){.problem = id,
                                                .ref = ref,
                                                .kind = "defect",
                                                .status = "confirmed",
                                                .linked_at = now_of(e),
                                                .automatic = true});
    store_due(e->store, KIND_DEFECT, ref, 0, adopt, "it was linked");
    return id;
}

static void target_add(struct arena *a, struct targets *t, int64_t problem, msec_t at, bool confirmed) {
    for (size_t i = 0; i < t->count; i++)
        if (t->items[i].problem == problem) {
            struct target *x = &t->items[i];
            if (confirmed && (!x->confirmed || at < x->at))
                x->at = at;
            x->confirmed |= confirmed;
            return;
        }
    *arena_push(a, &t->items, &t->count) = (struct target){.problem = problem, .at = at, .confirmed = confirmed};
}

/* A field that still names a merged problem means the one it was merged into. */
int64_t problem_meant(struct engine *e, struct arena *a, int64_t id) {
    struct problem_row p;
    for (int depth = 0; depth < 16; depth++) {
        if (!store_problem(e->store, a, id, &p) || p.p.resolution != RESOLUTION_CANCELLED || !p.p.duplicate_of)
            break;
        id = p.p.duplicate_of;
    }
    return id;
}

/* Rejecting the problem rejects all that leads to it, also what leads to it since. */
static bool is_open_to(struct engine *e, struct arena *a, int64_t problem, const struct evidence *v) {
    struct problem_row p;
    return store_problem(e->store, a, problem, &p) && p.p.resolution != RESOLUTION_CANCELLED &&
           !store_rejected(e->store, v->incident, problem, v);
}

static void target_of_evidence(struct engine *e, struct arena *a, const struct evidence *v, bool adopt,
                               struct targets *t) {
    struct record_row defect;
    int64_t *problems;
    if (v->problem) {
        int64_t id = problem_meant(e, a, v->problem);
        if (is_open_to(e, a, id, v))
            target_add(a, t, id, v->at, !v->suggested);
        return;
    }
    if (!store_record(e->store, a, v->defect, &defect)) {
        if (engine_lane_of_ref(e, v->defect))
            store_lookup_add(e->store, &(struct lookup_row){.ref = v->defect, .adopt = adopt}, now_of(e));
        return;
    }
    size_t n = live_problems(e, a, v->defect, &problems);
    if (n == 0 && !v->suggested) {
        problem_of_defect(e, a, v->defect, adopt, v->actor && v->origin[0] == 0 ? v->actor : "bridge");
        n = live_problems(e, a, v->defect, &problems);
    }
    for (size_t i = 0; i < n; i++)
        if (is_open_to(e, a, problems[i], v))
            target_add(a, t, problems[i], v->at, !v->suggested);
}

static const struct target *target_find(const struct targets *t, int64_t problem) {
    for (size_t i = 0; i < t->count; i++)
        if (t->items[i].problem == problem)
            return &t->items[i];
    return NULL;
}

static void link_came(struct engine *e, struct arena *a, const char *ref, const struct target *t,
                      const struct link_row *was, bool adopt) {
    const char *status = t->confirmed ? "confirmed" : "suggested";
    if (was && str_is(was->status, status) && was->linked_at == t->at)
        return;
    store_link_put(e->store,
                   &(struct link_row){
                       .problem = t->problem, .ref = ref, .kind = "incident", .status = status, .linked_at = t->at});
    if (was && str_is(was->status, status))
        return;
    journal(e, "bridge", t->confirmed ? "linked" : "suggested", ref, t->problem, 0, "%s with P-%lld",
            t->confirmed ? "linked" : "perhaps linked", (long long)t->problem);
    store_due_problem(e->store, t->problem, adopt, "an incident was linked");
    engine_changed(e, "problem", arena_printf(a, "P-%lld", (long long)t->problem));
}

static void link_went(struct engine *e, struct arena *a, const char *ref, const struct link_row *was) {
    store_link_drop(e->store, was->problem, ref);
    if (str_is(was->status, "confirmed")) {
        journal(e, "bridge", "unlinked", ref, was->problem, 0, "no evidence for P-%lld stands any more",
                (long long)was->problem);
        store_due_problem(e->store, was->problem, false, "an incident was unlinked");
        struct link_row *defects;
        size_t n = store_links_of_problem(e->store, a, was->problem, "defect", "confirmed", 1000, &defects);
        for (size_t i = 0; i < n; i++)
            store_due(e->store, KIND_DEFECT, defects[i].ref, 0, false, "an incident was unlinked");
        problem_maybe_undo(e, a, was->problem);
    }
}

/* Words that only suggest wait for a person; the first of them is named. */
static void attend_suggestion(struct engine *e, struct arena *a, const char *ref, const struct evidences *evidence,
                              const struct targets *t) {
    for (size_t i = 0; i < evidence->count; i++) {
        const struct evidence *v = &evidence->items[i];
        int64_t *problems;
        if (!v->suggested || v->rejected)
            continue;
        int64_t id = v->problem ? v->problem : live_problems(e, a, v->defect, &problems) ? problems[0] : 0;
        const struct target *have = id ? target_find(t, id) : NULL;
        if ((have && have->confirmed) || (id && !is_open_to(e, a, id, v)))
            continue;
        store_attention_set(
            e->store,
            &(struct attention_item){
                .kind = "suggestion",
                .subject = ref,
                .text =
                    arena_printf(a, "perhaps %s: only the requester's words say so (%s)",
                                 v->problem ? arena_printf(a, "P-%lld", (long long)v->problem) : v->defect, v->place),
                .who = "practitioner",
                .clear =
                    arena_printf(a, "bascule confirm %lld or bascule reject %lld", (long long)v->n, (long long)v->n)},
            now_of(e));
        return;
    }
    store_attention_clear(e->store, "suggestion", ref);
}

void relink_incident(struct engine *e, struct arena *a, const char *ref, bool adopt) {
    struct evidences evidence;
    struct targets targets = {0};
    struct link_row *links;
    struct record_row self, survivor;
    if (!store_record(e->store, a, ref, &self))
        return;
    if (self.r.presence == MERGED && self.r.merged_into &&
        !store_record(e->store, a, ref_make(a, self.r.tracker, self.r.merged_into), &survivor))
        return; /* its links wait for the survivor */
    store_evidence_of_incident(e->store, a, ref, &evidence);
    if (self.r.presence != MERGED)
        for (size_t i = 0; i < evidence.count; i++)
            if (!evidence.items[i].rejected)
                target_of_evidence(e, a, &evidence.items[i], adopt, &targets);
    size_t n = store_links_of(e->store, a, ref, NULL, &links);
    for (size_t i = 0; i < n; i++)
        if (!target_find(&targets, links[i].problem))
            link_went(e, a, ref, &links[i]);
    for (size_t i = 0; i < targets.count; i++) {
        const struct link_row *was = NULL;
        for (size_t k = 0; k < n; k++)
            if (links[k].problem == targets.items[i].problem)
                was = &links[k];
        link_came(e, a, ref, &targets.items[i], was, adopt);
    }
    attend_suggestion(e, a, ref, &evidence, &targets);
    if (n || targets.count)
        store_due(e->store, KIND_INCIDENT, ref, 0, adopt, "its links were looked at");
}

/* ---- the defect's side ---- */

void reject_defect_problem(struct engine *e, const char *ref, int64_t problem, const char *actor) {
    msec_t now = now_of(e);
    struct arena *a = arena_new();
    store_reject(e->store, ref, arena_printf(a, "P-%lld", (long long)problem), now, actor);
    store_link_put(
        e->store,
        &(struct link_row){.problem = problem, .ref = ref, .kind = "defect", .status = "rejected", .linked_at = now});
    store_due_problem(e->store, problem, false, "a defect was unlinked");
    store_due(e->store, KIND_DEFECT, ref, 0, false, "it was unlinked");
    store_relink_of_defect(e->store, ref, false); /* what names it means other problems now */
    arena_free(a);
}

/* True if it stands behind others than before. */
static bool relink_defect_problems(struct engine *e, struct arena *a, const char *ref,
                                   const struct evidences *evidence) {
    struct link_row *links;
    bool changed = false;
    size_t n = store_links_of(e->store, a, ref, "confirmed", &links);
    for (size_t i = 0; i < evidence->count; i++) {
        const struct evidence *v = &evidence->items[i];
        struct problem_row p;
        bool have = false;
        if (!v->problem || v->rejected || v->suggested || !store_problem(e->store, a, v->problem, &p) ||
            p.p.resolution == RESOLUTION_CANCELLED)
            continue;
        for (size_t k = 0; k < n; k++)
            have |= links[k].problem == v->problem;
        if (have)
            continue;
        store_link_put(
            e->store,
            &(struct link_row){
                .problem = v->problem, .ref = ref, .kind = "defect", .status = "confirmed", .linked_at = v->at});
        journal(e, v->actor ? v->actor : "bridge", "linked", ref, v->problem, 0, "stands behind P-%lld",
                (long long)v->problem);
        changed = true;
        store_due_problem(e->store, v->problem, false, "a defect was linked");
        store_due(e->store, KIND_DEFECT, ref, 0, false, "it was linked");
    }
    for (size_t k = 0; k < n; k++) { /* linked by a person, and taken back */
        bool stands = links[k].automatic;
        for (size_t i = 0; i < evidence->count; i++)
            stands |= evidence->items[i].problem == links[k].problem && !evidence->items[i].rejected;
        if (stands)
            continue;
        changed = true;
        store_link_drop(e->store, links[k].problem, ref);
        journal(e, "bridge", "unlinked", ref, links[k].problem, 0, "stands behind P-%lld no longer",
                (long long)links[k].problem);
        store_due_problem(e->store, links[k].problem, false, "a defect was unlinked");
        store_due(e->store, KIND_DEFECT, ref, 0, false, "it was unlinked");
        problem_maybe_undo(e, a, links[k].problem);
    }
    return changed;
}

static void relink_or_look(struct engine *e, struct arena *a, const char *incident, bool adopt) {
    struct record_row known;
    if (store_record(e->store, a, incident, &known))
        relink_incident(e, a, incident, adopt);
    else if (engine_lane_of_ref(e, incident))
        store_lookup_add(e->store, &(struct lookup_row){.ref = incident, .adopt = adopt}, now_of(e));
}

/* Thousands perhaps: one at a time, by the worker. */
static void relink_all(struct engine *e, struct arena *a, const char *ref, const struct evidences *evidence,
                       bool adopt) {
    struct record_row known;
    store_relink_of_defect(e->store, ref, adopt);
    for (size_t i = 0; i < evidence->count; i++) {
        const struct evidence *v = &evidence->items[i];
        if (v->incident[0] && str_is(v->origin, ref) && !store_record(e->store, a, v->incident, &known))
            relink_or_look(e, a, v->incident, adopt);
    }
}

void relink_touched(struct engine *e, struct arena *a, const char *ref, const struct touched *t, bool adopt) {
    struct evidences evidence;
    store_evidence_of_defect(e->store, a, ref, &evidence);
    if (relink_defect_problems(e, a, ref, &evidence)) {
        relink_all(e, a, ref, &evidence, adopt);
        return;
    }
    for (size_t i = 0; i < t->count; i++)
        relink_or_look(e, a, t->items[i], adopt);
}

void relink_defect(struct engine *e, struct arena *a, const char *ref, bool adopt) {
    struct evidences evidence;
    store_evidence_of_defect(e->store, a, ref, &evidence);
    (void)relink_defect_problems(e, a, ref, &evidence);
    relink_all(e, a, ref, &evidence, adopt);
}

/* Made by a reference, and no person gave it anything. */
static bool is_bare(const struct problem_row *p) {
    const struct problem *x = &p->p;
    return p->automatic && x->resolution == RESOLUTION_NONE && str_empty(x->cause) && str_empty(x->workaround) &&
           str_empty(x->customer_text) && str_empty(x->published_text) && str_empty(x->owner) &&
           str_empty(x->symptom) && str_empty(x->change_request) && !x->review && !x->analysis_target;
}

void problem_maybe_undo(struct engine *e, struct arena *a, int64_t id) {
    struct problem_row p;
    struct link_row *links;
    if (!store_problem(e->store, a, id, &p) || !is_bare(&p) ||
        store_links_of_problem(e->store, a, id, "incident", "confirmed", 1, &links))
        return;
    size_t n = store_links_of_problem(e->store, a, id, "defect", "confirmed", 1000, &links);
    for (size_t i = 0; i < n; i++)
        if (!links[i].automatic)
            return;
    for (size_t i = 0; i < n; i++) {
        store_link_drop(e->store, id, links[i].ref);
        store_due(e->store, KIND_DEFECT, links[i].ref, 0, false, "its problem was undone");
    }
    p.p.resolution = RESOLUTION_CANCELLED;
    p.p.reason = "nothing is linked with it any more";
    p.p.resolved_at = p.p.closed = now_of(e);
    store_problem_put(e->store, &p);
    store_due_problem(e->store, id, false, "it was undone");
    journal(e, "bridge", "problem", "", id, 0,
            "P-%lld was cancelled: nothing is linked with it any more; its number is not used again", (long long)id);
}
