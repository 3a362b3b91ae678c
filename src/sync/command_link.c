/* command_link: people link, unlink, confirm, reject, and have a defect made. */
#include "command.h"

#include <string.h>

/* Two references sorted into incident, defect and problem. */
struct ends {
    const char *incident, *defect;
    int64_t problem;
};

static bool end_of(struct command *c, const char *key, struct ends *ret) {
    const char *ref = want_text(c, key);
    struct problem_row p;
    struct record_row r;
    int64_t id;
    if (problem_ref_parse(ref, &id)) {
        if (!store_problem(c->e->store, c->a, id, &p)) {
            refuse(c, 404, "there is no problem %s", ref);
            return false;
        }
        ret->problem = id;
        return true;
    }
    if (!want_record(c, key, &r))
        return false;
    if (r.r.kind == KIND_INCIDENT)
        ret->incident = r.ref;
    else
        ret->defect = r.ref;
    return true;
}

static bool ends_of(struct command *c, struct ends *ret) {
    *ret = (struct ends){0};
    if (!end_of(c, "a", ret) || !end_of(c, "b", ret))
        return false;
    if (!!ret->incident + !!ret->defect + !!ret->problem == 2)
        return true;
    refuse(c, 400, "link an incident with a problem or a defect, or a defect with a problem; not two of a kind");
    return false;
}

static const char *problem_name(struct command *c, int64_t id) {
    return arena_printf(c->a, "P-%lld", (long long)id);
}

/* The other end of a link, in words. */
static const char *end_name(struct command *c, const struct ends *x) {
    return x->problem ? problem_name(c, x->problem) : x->defect ? x->defect : "";
}

static void relink_ends(struct command *c, const struct ends *x) {
    if (x->defect)
        relink_defect(c->e, c->a, x->defect, false);
    if (x->incident)
        relink_incident(c->e, c->a, x->incident, false);
}

/* A new act of a person brings back what was rejected. */
static void lift(struct command *c, const struct ends *x) {
    const char *a = x->incident ? x->incident : x->defect;
    store_reject_lift(c->e->store, a, x->problem ? problem_name(c, x->problem) : x->defect);
    if (!x->incident || !x->defect)
        return;
    struct link_row *links;
    size_t n = store_links_of(c->e->store, c->a, x->defect, "confirmed", &links);
    for (size_t i = 0; i < n; i++)
        store_reject_lift(c->e->store, a, problem_name(c, links[i].problem));
}

/* A person said so before, and nothing took it back. */
static bool linked_by_hand(struct command *c, const struct ends *x) {
    struct evidences evidence = {0};
    if (x->incident)
        store_evidence_of_incident(c->e->store, c->a, x->incident, &evidence);
    else
        store_evidence_of_defect(c->e->store, c->a, x->defect, &evidence);
    for (size_t i = 0; i < evidence.count; i++) {
        const struct evidence *e = &evidence.items[i];
        if (str_is(e->source, "person") && !e->suggested && !e->rejected && e->problem == x->problem &&
            str_is(e->incident, x->incident ? x->incident : "") && str_is(e->defect, x->defect ? x->defect : ""))
            return true;
    }
    return false;
}

void cmd_link(struct command *c) {
    struct ends x;
    struct link_row *links;
    if (!ends_of(c, &x))
        return;
    struct problem_row p;
    if (x.problem && store_problem(c->e->store, c->a, x.problem, &p) && p.p.resolution == RESOLUTION_CANCELLED &&
        !p.p.duplicate_of) { /* it would take nothing */
        refuse(c, 409, "P-%lld is cancelled: bascule problem reopen P-%lld first", (long long)x.problem,
               (long long)x.problem);
        return;
    }
    if (linked_by_hand(c, &x)) {
        refuse(c, 409, "%s is linked with %s by hand already", x.incident ? x.incident : x.defect, end_name(c, &x));
        return;
    }
    lift(c, &x);
    store_evidence_add(c->e->store,
                       &(struct evidence){.incident = x.incident,
                                          .defect = x.defect,
                                          .problem = x.problem,
                                          .source = "person",
                                          .place = "by hand",
                                          .actor = c->actor,
                                          .at = now_of(c->e)},
                       now_of(c->e));
    journal(c->e, c->actor, "link", x.incident ? x.incident : x.defect, x.problem, 0, "linked with %s by hand",
            end_name(c, &x));
    relink_ends(c, &x);
    size_t n = store_links_of(c->e->store, c->a, x.incident ? x.incident : x.defect, "confirmed", &links);
    json_t *problems = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(problems, json_string(problem_name(c, links[i].problem)));
    command_commit(c, json_pack("{s:s?, s:s?, s:o}", "incident", x.incident, "defect", x.defect, "problems", problems));
}

/* Also through the defect's problems, and by what only suggests. */
static bool are_linked(struct command *c, const struct ends *x) {
    struct link_row *links, *others;
    size_t n = store_links_of(c->e->store, c->a, x->incident ? x->incident : x->defect, NULL, &links);
    size_t m = x->incident && x->defect ? store_links_of(c->e->store, c->a, x->defect, NULL, &others) : 0;
    struct evidences evidence = {0};
    for (size_t i = 0; i < n; i++) {
        if (links[i].problem == x->problem && x->problem)
            return true;
        for (size_t k = 0; k < m; k++)
            if (links[i].problem == others[k].problem)
                return true;
    }
    if (x->incident)
        store_evidence_of_incident(c->e->store, c->a, x->incident, &evidence);
    for (size_t i = 0; i < evidence.count; i++)
        if (!evidence.items[i].rejected && ((x->problem && evidence.items[i].problem == x->problem) ||
                                            (x->defect && str_is(evidence.items[i].defect, x->defect))))
            return true;
    return false;
}

void cmd_unlink(struct command *c) {
    struct ends x;
    struct link_row *defects;
    if (!ends_of(c, &x))
        return;
    const char *a = x.incident ? x.incident : x.defect;
    msec_t now = now_of(c->e);
    if (!are_linked(c, &x)) {
        refuse(c, 409, "%s is not linked with %s", a, end_name(c, &x));
        return;
    }
    if (x.incident)
        store_reject(c->e->store, a, end_name(c, &x), now, c->actor);
    else
        reject_defect_problem(c->e, x.defect, x.problem, c->actor);
    if (x.incident && x.problem) { /* rejecting the problem rejects all that leads to it */
        size_t n = store_links_of_problem(c->e->store, c->a, x.problem, "defect", "confirmed", 1000, &defects);
        for (size_t i = 0; i < n; i++)
            store_reject(c->e->store, a, defects[i].ref, now, c->actor);
    }
    journal(c->e, c->actor, "unlink", a, x.problem, 0, "the link with %s was rejected by hand", end_name(c, &x));
    relink_ends(c, &x);
    command_commit(c, json_pack("{s:s?, s:s?, s:s?}", "incident", x.incident, "defect", x.defect, "problem",
                                x.problem ? problem_name(c, x.problem) : NULL));
}

static bool want_evidence(struct command *c, struct evidence *ret) {
    int64_t n = json_int(c->args, "n", 0);
    if (n && store_evidence(c->e->store, c->a, n, ret))
        return true;
    refuse(c, 404, "there is no suggestion %lld: bascule show REF lists them with their numbers", (long long)n);
    return false;
}

/* What was confirmed or rejected is undone by other commands, on purpose. */
static bool want_suggestion(struct command *c, struct evidence *ret) {
    if (!want_evidence(c, ret))
        return false;
    if (ret->suggested && !ret->rejected)
        return true;
    const char *from = ret->incident[0] ? ret->incident : ret->defect,
               *to = ret->problem ? problem_name(c, ret->problem) : ret->defect;
    refuse(c, 409,
           ret->rejected ? "%lld is no suggestion: it is rejected; `bascule link %s %s` undoes it"
                         : "%lld is no suggestion: it is confirmed; `bascule unlink %s %s` undoes it",
           (long long)ret->n, from, to);
    return false;
}

void cmd_confirm(struct command *c) {
    struct evidence e;
    if (!want_suggestion(c, &e))
        return;
    store_evidence_confirm(c->e->store, e.n);
    journal(c->e, c->actor, "confirm", e.incident, e.problem, 0, "the suggestion was confirmed (%s)", e.place);
    relink_ends(c,
                &(struct ends){.incident = e.incident[0] ? e.incident : NULL, .defect = e.defect[0] ? e.defect : NULL});
    command_commit(c, json_pack("{s:I, s:s, s:b}", "n", (json_int_t)e.n, "incident", e.incident, "confirmed", 1));
}

void cmd_reject(struct command *c) {
    struct evidence e;
    if (!want_suggestion(c, &e))
        return;
    const char *a = e.incident[0] ? e.incident : e.defect;
    store_reject(c->e->store, a, e.problem ? problem_name(c, e.problem) : e.defect, now_of(c->e), c->actor);
    journal(c->e, c->actor, "reject", a, e.problem, 0,
            "the suggestion was rejected (%s); it never comes back by itself", e.place);
    relink_ends(c,
                &(struct ends){.incident = e.incident[0] ? e.incident : NULL, .defect = e.defect[0] ? e.defect : NULL});
    command_commit(c, json_pack("{s:I, s:s, s:b}", "n", (json_int_t)e.n, "incident", e.incident, "rejected", 1));
}

/* ---- a new defect ---- */

static const char *defects_tracker(struct command *c) {
    const char *name = want_text(c, "tracker");
    if (!name)
        name = home_tracker(c->e, ROLE_DEFECTS);
    struct lane *l = name ? engine_lane(c->e, name) : NULL;
    if (!l || l->cfg->role != ROLE_DEFECTS) {
        refuse(c, 400,
               name ? "'%s' is no configured tracker with the role defects" : "say in which tracker: --tracker NAME%s",
               name ? name : "");
        return NULL;
    }
    if (!tracker_abilities(l->tracker)->create) {
        refuse(c, 400, "the connector of %s cannot create records", name);
        return NULL;
    }
    return name;
}

/* The incident's problem, made by this act if it has none. */
static int64_t problem_for(struct command *c, const struct record_row *incident) {
    struct link_row *links;
    if (store_links_of(c->e->store, c->a, incident->ref, "confirmed", &links))
        return links[0].problem;
    int64_t id = problem_make(c->e, c->a, incident->r.title, incident->r.service, false, false, c->actor);
    store_evidence_add(c->e->store,
                       &(struct evidence){.incident = incident->ref,
                                          .problem = id,
                                          .source = "creation",
                                          .place = "defect new",
                                          .actor = c->actor,
                                          .at = now_of(c->e)},
                       now_of(c->e));
    relink_incident(c->e, c->a, incident->ref, false);
    return id;
}

/* Merged and closed ones get none: what stands for them does. */
static bool takes_defects(struct command *c, const struct problem_row *p) {
    long long id = (long long)p->p.id, other = (long long)p->p.duplicate_of;
    if (p->p.resolution == RESOLUTION_CANCELLED && other)
        refuse(c, 409, "P-%lld is part of P-%lld: bascule defect new P-%lld", id, other, other);
    else if (p->p.resolution == RESOLUTION_DUPLICATE && other)
        refuse(c, 409, "P-%lld is a duplicate of P-%lld: bascule defect new P-%lld", id, other, other);
    else if (p->p.resolution == RESOLUTION_CANCELLED || p->p.resolution == RESOLUTION_FIX_APPLIED)
        refuse(c, 409, "P-%lld is closed (%s): bascule problem reopen P-%lld first", id,
               resolution_name(p->p.resolution), id);
    else
        return true;
    return false;
}

/* The problem's defect in that tracker that somebody still has to work on; NULL: none. */
static const char *unfinished_in(struct command *c, int64_t problem, const char *tracker) {
    struct problem_facts f;
    size_t len = strlen(tracker);
    if (!facts_problem(c->e, c->a, problem, &f))
        return NULL;
    for (size_t i = 0; i < f.n_defects; i++) {
        const struct defect_facts *d = &f.defects[i];
        if (str_starts(d->ref, tracker) && d->ref[len] == ':' && defect_unfinished(d))
            return d->ref;
    }
    return NULL;
}

#define DEFECTS_MOST 100 /* that a person may ask for, of one problem in one tracker */

/* The key of the next creation; of the last one while that is open, or where no other was asked for. */
static const char *creation_key(struct command *c, int64_t id, const char *tracker, bool another,
                                struct effect_row *ret, bool *ret_again) {
    struct effect_row x;
    const char *key = arena_printf(c->a, "create:P-%lld:%s", (long long)id, tracker), *next = key;
    *ret_again = false;
    for (int i = 2; i <= DEFECTS_MOST && store_effect_by_key(c->e->store, c->a, next, &x); i++) {
        key = next;
        *ret = x;
        *ret_again = x.e.state != EFFECT_SUPERSEDED;
        next = arena_printf(c->a, "create:P-%lld:%s:%d", (long long)id, tracker, i);
    }
    if (*ret_again && (!another || ret->e.state != EFFECT_DONE))
        return key;
    *ret_again = false;
    return next;
}

static const char *again_words(struct command *c, int64_t id, const char *tracker, const struct effect_row *x) {
    const char *name = problem_name(c, id);
    if (x->e.state == EFFECT_DONE)
        return arena_printf(c->a, "%s:%s was made for %s before; --another makes one more", tracker,
                            x->e.echo ? x->e.echo : "?", name);
    if (x->e.state == EFFECT_PARKED)
        return arena_printf(c->a,
                            "a defect for %s in %s was asked for before, and waits for a person: bascule retry %lld",
                            name, tracker, (long long)x->e.n);
    return arena_printf(c->a, "a defect for %s in %s is under way already (effect %lld is %s)", name, tracker,
                        (long long)x->e.n, effect_state_name(x->e.state));
}

static void defect_new(struct command *c, int64_t id, const char *tracker, const struct record *incident) {
    struct effect_row before = {0};
    bool again;
    const char *key = creation_key(c, id, tracker, json_is_true(json_object_get(c->args, "another")), &before, &again);
    int64_t n = again ? before.e.n
                      : assert_creation(c->e, c->a, tracker, key, id, incident,
                                        arena_printf(c->a, "%s asked for it", c->actor), false);
    command_commit(c, json_pack("{s:s, s:s, s:I, s:b, s:s?, s:s?}", "problem", problem_name(c, id), "tracker", tracker,
                                "effect", (json_int_t)n, "again", again, "defect", again ? before.e.echo : NULL,
                                "message", again ? again_words(c, id, tracker, &before) : NULL));
}

void cmd_defect_new(struct command *c) {
    struct record_row incident = {0};
    struct problem_row p;
    const char *ref = want_text(c, "ref");
    int64_t id;
    bool of_problem = problem_ref_parse(ref, &id);
    if (of_problem ? !want_problem(c, "ref", &p) : !want_record(c, "ref", &incident))
        return;
    if (!of_problem && incident.r.kind != KIND_INCIDENT) {
        refuse(c, 400, "%s is a defect already", ref);
        return;
    }
    const char *tracker = defects_tracker(c);
    if (!tracker)
        return;
    if (!of_problem)
        id = problem_for(c, &incident);
    if (!store_problem(c->e->store, c->a, id, &p)) {
        refuse(c, 404, "there is no problem P-%lld", (long long)id);
        return;
    }
    if (!takes_defects(c, &p))
        return;
    const char *has = unfinished_in(c, id, tracker);
    if (has && !json_is_true(json_object_get(c->args, "another"))) {
        refuse(c, 409, "%s has %s already (%s); --another makes one more", ref, has, problem_name(c, id));
        return;
    }
    defect_new(c, id, tracker, of_problem ? NULL : &incident.r);
}
