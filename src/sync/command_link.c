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

void cmd_link(struct command *c) {
    struct ends x;
    struct link_row *links;
    if (!ends_of(c, &x))
        return;
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

void cmd_confirm(struct command *c) {
    struct evidence e;
    if (!want_evidence(c, &e))
        return;
    store_evidence_confirm(c->e->store, e.n);
    journal(c->e, c->actor, "confirm", e.incident, e.problem, 0, "the suggestion was confirmed (%s)", e.place);
    relink_ends(c,
                &(struct ends){.incident = e.incident[0] ? e.incident : NULL, .defect = e.defect[0] ? e.defect : NULL});
    command_commit(c, json_pack("{s:I, s:s, s:b}", "n", (json_int_t)e.n, "incident", e.incident, "confirmed", 1));
}

void cmd_reject(struct command *c) {
    struct evidence e;
    if (!want_evidence(c, &e))
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

void cmd_defect_new(struct command *c) {
    struct record_row incident;
    struct problem_row p;
    struct effect_row before;
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
    const char *key = arena_printf(c->a, "create:P-%lld:%s", (long long)id, tracker);
    bool again = store_effect_by_key(c->e->store, c->a, key, &before);
    int64_t n = again ? before.e.n
                      : assert_creation(c->e, c->a, tracker, key, id, of_problem ? NULL : &incident.r,
                                        arena_printf(c->a, "%s asked for it", c->actor), false);
    command_commit(c, json_pack("{s:s, s:s, s:I, s:b, s:s?}", "problem", problem_name(c, id), "tracker", tracker,
                                "effect", (json_int_t)n, "again", again, "defect", again ? before.e.echo : NULL));
}
