/* gather: the evidence that stands in a record - fields, texts, relations - is
 * brought up to date. A rule withdraws only its own evidence; what the bridge
 * wrote is never evidence (domain.md 2). */
#include "engine.h"

#include <string.h>

#define QUOTE_MAX 200
#define OPEN_MAX  8 /* values of one field on their way; one at most but for those that were parked */

struct gathering {
    struct lane *l;
    struct engine *e;
    struct arena *a;
    const char *ref;
    const struct record *r;
    const struct record_row *old; /* NULL: first seen */
    bool suggest;
    struct evidences have;  /* of this origin */
    bool *still;            /* have[i] was seen again */
    bool changed, news;     /* news: by more than older references that are found only now */
    struct touched touched; /* a defect's: incidents whose evidence came or went */
};

const char *native_field(const struct lane *l, enum field f) {
    return json_text(l->cfg->fields, field_name(f));
}

/* The one tracker of that role, whose bare ids need no name; NULL if there are several. */
const char *home_tracker(const struct engine *e, enum role role) {
    const char *home = NULL;
    for (size_t i = 0; i < e->n_lanes; i++) {
        if (e->lanes[i].cfg->role != role)
            continue;
        if (home)
            return NULL;
        home = e->lanes[i].cfg->name;
    }
    return home;
}

/* Fills the pair; false if the reference makes none (another incident, itself). */
static bool pair(const struct gathering *g, const struct reference *to, struct evidence *ret) {
    *ret = (struct evidence){.incident = "", .defect = "", .origin = g->ref};
    bool incident = g->r->kind == KIND_INCIDENT;
    if (incident)
        ret->incident = g->ref;
    else
        ret->defect = g->ref;
    if (to->problem) {
        ret->problem = to->problem;
        return true;
    }
    struct lane *other = engine_lane(g->e, to->tracker);
    if (!other || other->cfg->role != (incident ? ROLE_DEFECTS : ROLE_TICKETING))
        return false;
    const char *target = ref_make(g->a, to->tracker, to->id);
    if (incident)
        ret->defect = target;
    else
        ret->incident = target;
    return true;
}

/* What references mean today: what they name may have been merged into another. */
static void references_now(const struct gathering *g, struct references *set) {
    for (size_t i = 0; i < set->count; i++) {
        struct reference *to = &set->items[i];
        struct record_row row;
        if (to->problem)
            to->problem = problem_meant(g->e, g->a, to->problem);
        for (int depth = 0; !to->problem && depth < 16; depth++) {
            if (!store_record(g->e->store, g->a, ref_make(g->a, to->tracker, to->id), &row) ||
                row.r.presence != MERGED || !row.r.merged_into)
                break;
            to->id = row.r.merged_into;
        }
    }
}

static bool same_pair(const struct evidence *x, const struct evidence *y) {
    return x->problem == y->problem && str_same(x->incident, y->incident) && str_same(x->defect, y->defect) &&
           str_same(x->source, y->source) && str_same(x->place, y->place);
}

/* When that place of the record was last looked at; 0: never. */
static msec_t looked_last(const struct gathering *g, const struct evidence *e) {
    const struct record_row *old = g->old;
    if (!old || old->detailed_at)
        return old ? old->detailed_at : 0;
    bool listed = str_is(e->source, "field") || str_is(e->place, "subject") ||
                  (str_is(e->place, "description") && tracker_abilities(g->l->tracker)->lists_description);
    return listed ? old->last_seen : 0;
}

/* It stood there before: before the import, or when that place was looked at and references were not
 * yet found as now. A text that changed since has its old time, and yet is news. */
static bool is_history(const struct gathering *g, const struct evidence *e) {
    struct tracker_row t;
    msec_t looked = looked_last(g, e);
    if (looked)
        return e->at <= looked && looked < g->e->references_at;
    return store_tracker(g->e->store, g->a, g->l->cfg->name, &t) && e->at < ours(g->l, t.import_began);
}

static void stands(struct gathering *g, struct evidence *e) {
    for (size_t i = 0; i < g->have.count; i++)
        if (same_pair(&g->have.items[i], e)) {
            g->still[i] = true;
            return;
        }
    e->at = ours(g->l, e->at ? e->at : g->r->updated);
    if (!e->at)
        e->at = now_of(g->e);
    g->news |= !is_history(g, e);
    if (g->old && g->old->forgotten)
        e->actor = e->quote = NULL;
    store_evidence_add(g->e->store, e, now_of(g->e));
    const char *to = e->problem                    ? arena_printf(g->a, "P-%lld", (long long)e->problem)
                     : g->r->kind == KIND_INCIDENT ? e->defect
                                                   : e->incident;
    journal(g->e, e->actor ? e->actor : "tracker", "evidence", g->ref, e->problem, 0, "refers to %s (%s%s%s)", to,
            e->place, e->suggested ? ", by a requester: only suggests" : "",
            e->quote ? arena_printf(g->a, ": %s", e->quote) : "");
    if (g->r->kind == KIND_DEFECT && e->incident[0])
        *arena_push(g->a, &g->touched.items, &g->touched.count) = e->incident;
    g->changed = true;
}

/* ---- texts ---- */

/* Without what the bridge wrote in it, quoted or not. */
static const char *foreign_part(struct gathering *g, const char *body) {
    struct marker m;
    for (int i = 0; i < 20 && marker_find(g->a, body, &m); i++) {
        struct effect_row own;
        const char *text = NULL;
        if (str_is(m.instance, g->e->instance) && store_effect_by_marker(g->e->store, g->a, m.word, &own))
            text = json_text(own.e.want, "text");
        body = own_text_strip(g->a, body, text, m.whole);
    }
    return body;
}

static void gather_text(struct gathering *g, const struct text *t) {
    struct references found;
    const char *body = foreign_part(g, t->body);
    reference_scan(g->e->rules, g->a, body, &found);
    references_now(g, &found);
    for (size_t i = 0; i < found.count; i++) {
        struct evidence e;
        if (!pair(g, &found.items[i], &e))
            continue;
        e.source = "text";
        e.place = t->id && !str_is(t->place, "subject") && !str_is(t->place, "description")
                      ? arena_printf(g->a, "%s %s", t->place, t->id)
                      : t->place;
        e.actor = t->author;
        e.at = t->at;
        e.suggested = g->suggest && t->requester;
        e.quote = str_cut(g->a, found.items[i].quote, QUOTE_MAX);
        stands(g, &e);
    }
}

static bool has_text(const struct record *r, const char *place) {
    for (size_t i = 0; i < r->n_texts; i++)
        if (str_is(r->texts[i].place, place))
            return true;
    return false;
}

static void gather_texts(struct gathering *g) {
    for (size_t i = 0; i < g->r->n_texts; i++)
        if (g->r->texts[i].body)
            gather_text(g, &g->r->texts[i]);
    if (!has_text(g->r, "subject") && g->r->title)
        gather_text(g, &(struct text){.place = "subject",
                                      .author = g->r->reporter,
                                      .requester = true,
                                      .at = g->r->created,
                                      .body = g->r->title});
}

/* ---- relations ---- */

static void gather_relations(struct gathering *g) {
    for (size_t i = 0; i < g->r->n_relations; i++) {
        const struct relation *x = &g->r->relations[i];
        struct references found;
        struct evidence e;
        if (x->type != RELATION_URL)
            continue;
        reference_scan(g->e->rules, g->a, x->target, &found);
        references_now(g, &found);
        if (!found.count || !pair(g, &found.items[0], &e))
            continue;
        e.source = "relation";
        e.place = "link";
        e.actor = x->by;
        e.at = x->at;
        e.quote = str_cut(g->a, x->target, QUOTE_MAX);
        stands(g, &e);
    }
}

/* ---- fields ---- */

/* Who last set that native field, and when. */
static const struct change *field_change(const struct gathering *g, enum field f) {
    const char *native = native_field(g->l, f);
    const struct change *last = NULL;
    for (size_t i = 0; native && i < g->r->n_changes; i++)
        if (str_is(g->r->changes[i].field, native) && (!last || g->r->changes[i].at >= last->at))
            last = &g->r->changes[i];
    return last;
}

static struct reference target_of(const struct gathering *g, const struct evidence *e) {
    struct reference to = {.problem = e->problem};
    if (!e->problem)
        ref_split(g->a, g->r->kind == KIND_INCIDENT ? e->defect : e->incident, &to.tracker, &to.id);
    return to;
}

static void reject_target(struct gathering *g, const struct reference *to, const char *place, const struct change *by) {
    const char *actor = by && by->by ? by->by : "tracker";
    const char *other =
        to->problem ? arena_printf(g->a, "P-%lld", (long long)to->problem) : ref_make(g->a, to->tracker, to->id);
    bool incident = g->r->kind == KIND_INCIDENT;
    if (incident)
        store_reject(g->e->store, g->ref, other, now_of(g->e), actor);
    else if (to->problem)
        reject_defect_problem(g->e, g->ref, to->problem, actor);
    else {
        store_reject(g->e->store, other, g->ref, now_of(g->e), actor);
        *arena_push(g->a, &g->touched.items, &g->touched.count) = other;
    }
    if (to->problem && incident) { /* rejecting the problem rejects all that leads to it */
        struct link_row *defects;
        size_t n = store_links_of_problem(g->e->store, g->a, to->problem, "defect", "confirmed", 100, &defects);
        for (size_t i = 0; i < n; i++)
            store_reject(g->e->store, g->ref, defects[i].ref, now_of(g->e), actor);
    }
    journal(g->e, actor, "rejected", g->ref, to->problem, 0,
            "a person took %s out of %s, which the bridge had filled: the link is rejected", other, place);
    g->changed = g->news = true;
}

/* What the bridge sent to that field and does not yet know, or never knew, to have arrived; says how many. */
static size_t open_values(const struct gathering *g, const char *name, const char *home, struct references *ret_each) {
    struct effect_row *open;
    size_t n_open = store_effects_open(g->e->store, g->a, g->ref, &open), n = 0;
    for (size_t i = 0; i < n_open && n < OPEN_MAX; i++)
        if (open[i].e.kind == EFFECT_FIELD && open[i].e.sent && str_is(json_text(open[i].e.want, "field"), name))
            reference_field(g->e->rules, g->a, json_text(open[i].e.want, "value"), home, &ret_each[n++]);
    return n;
}

/* What was there and is missing now may be missing by a value that is still on its way. */
static void keep_open(struct references *rejected, const struct references *open, size_t n) {
    size_t kept = 0;
    for (size_t i = 0; i < rejected->count; i++) {
        bool stays = true;
        for (size_t k = 0; k < n; k++)
            stays &= references_have(&open[k], &rejected->items[i]);
        if (stays)
            rejected->items[kept++] = rejected->items[i];
    }
    rejected->count = kept;
}

static bool any_has(const struct references *sets, size_t n, const struct reference *x) {
    for (size_t i = 0; i < n; i++)
        if (references_have(&sets[i], x))
            return true;
    return false;
}

/* Written before there was a problem of that number: it meant one of a database that is lost. */
static bool names_another(const struct gathering *g, const struct reference *to, const struct change *by) {
    struct problem_row p;
    msec_t at = by ? by->at : g->r->detailed ? g->r->created : 0;
    return to->problem && at && store_problem(g->e->store, g->a, to->problem, &p) &&
           ours(g->l, at) + 2 * SEC_MS < p.p.created;
}

static void gather_field(struct gathering *g, enum field f, const char *home) {
    const char *name = field_name(f), *place = arena_printf(g->a, "field %s", native_field(g->l, f));
    const char *text = json_text(g->r->fields, name);
    struct references now, written = {0}, wanted = {0}, own = {0}, open[OPEN_MAX];
    struct value_row v;
    struct field_diff diff;
    const struct change *by = field_change(g, f);
    reference_field(g->e->rules, g->a, text, home, &now);
    if (store_value(g->e->store, g->a, g->ref, name, &v) && v.written) {
        reference_field(g->e->rules, g->a, v.written, home, &written);
        reference_field(g->e->rules, g->a, v.computed, home, &wanted);
    }
    bool *another = arena_alloc(g->a, (now.count + 1) * sizeof(bool)); /* by the number that stands there */
    for (size_t i = 0; i < now.count; i++) {
        if (now.items[i].problem)
            foreign_number(g->l, now.items[i].problem);
        another[i] = names_another(g, &now.items[i], by);
    }
    references_now(g, &now);
    references_now(g, &written);
    references_now(g, &wanted);
    for (size_t i = 0; i < g->have.count; i++)
        if (str_is(g->have.items[i].source, "field") && str_is(g->have.items[i].place, place))
            *arena_push(g->a, &own.items, &own.count) = target_of(g, &g->have.items[i]);
    field_compare(g->a, &now, &written, &own, &diff);
    size_t n_open = open_values(g, name, home, open);
    keep_open(&diff.rejected, open, n_open);
    bool taken_out = false;
    if (g->r->kind == KIND_DEFECT && !now.count && !str_empty(text)) /* a list of developers' own: no word on ours */
        diff.rejected.count = 0;
    for (size_t i = 0; i < diff.rejected.count; i++)
        if (references_have(&wanted, &diff.rejected.items[i])) { /* what the bridge wants there no more, it took out */
            reject_target(g, &diff.rejected.items[i], place, by);
            taken_out = true;
        }
    if (taken_out) { /* taken out once: later it is neither ours nor to be rejected again */
        v.written = text ? text : "";
        store_value_put(g->e->store, g->ref, name, &v);
    }
    for (size_t i = 0; i < now.count; i++) {
        struct evidence e;
        bool ours = (references_have(&written, &now.items[i]) || any_has(open, n_open, &now.items[i])) &&
                    !references_have(&own, &now.items[i]);
        if (ours || another[i] || !pair(g, &now.items[i], &e))
            continue;
        e.source = "field";
        e.place = place;
        e.actor = by ? by->by : NULL;
        e.at = by ? by->at : 0;
        e.quote = str_cut(g->a, now.items[i].quote, QUOTE_MAX);
        stands(g, &e);
    }
}

static void gather_fields(struct gathering *g) {
    bool incident = g->r->kind == KIND_INCIDENT;
    enum field f = incident ? FIELD_DEFECT : FIELD_INCIDENTS;
    if (native_field(g->l, f))
        gather_field(g, f, home_tracker(g->e, incident ? ROLE_DEFECTS : ROLE_TICKETING));
    if (native_field(g->l, FIELD_PROBLEM))
        gather_field(g, FIELD_PROBLEM, NULL);
}

/* ---- all of it ---- */

/* Without detail only the fields and what texts came along were looked at. */
static bool looked_at(const struct gathering *g, const struct evidence *e) {
    if (g->r->detailed || str_is(e->source, "field") || str_is(e->place, "subject"))
        return true;
    return str_is(e->place, "description") && has_text(g->r, "description");
}

static void withdraw(struct gathering *g) {
    for (size_t i = 0; i < g->have.count; i++) {
        const struct evidence *e = &g->have.items[i];
        if (g->still[i] || !looked_at(g, e))
            continue;
        store_evidence_drop(g->e->store, e->n);
        journal(g->e, "tracker", "evidence", g->ref, e->problem, 0, "no longer refers to %s (%s)",
                e->problem                    ? arena_printf(g->a, "P-%lld", (long long)e->problem)
                : g->r->kind == KIND_INCIDENT ? e->defect
                                              : e->incident,
                e->place);
        /* the other end of a pair whose evidence stood in a defect must be looked at too */
        if (g->r->kind == KIND_DEFECT && e->incident[0])
            *arena_push(g->a, &g->touched.items, &g->touched.count) = e->incident;
        g->changed = g->news = true;
    }
}

struct gathered gather(struct lane *l, struct arena *a, const char *ref, const struct record *r,
                       const struct record_row *old, bool suggest_only) {
    struct gathering g = {.l = l, .e = l->e, .a = a, .ref = ref, .r = r, .old = old, .suggest = suggest_only};
    store_evidence_of_origin(g.e->store, a, ref, &g.have);
    g.still = arena_alloc(a, (g.have.count + 1) * sizeof(bool));
    foreign_look(l, a, ref, r); /* before: numbers that are taken */
    gather_fields(&g);
    gather_texts(&g);
    gather_relations(&g);
    withdraw(&g);
    return (struct gathered){.changed = g.changed, .old = g.changed && !g.news, .touched = g.touched};
}
