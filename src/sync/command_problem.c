/* command_problem: people describe, publish, decide, merge and split problems. */
#include "command.h"

#include <string.h>

/* A time given as a day or RFC 3339. */
static bool day_of(const char *s, msec_t *ret) {
    char text[32];
    if (str_empty(s)) {
        *ret = 0;
        return true;
    }
    snprintf(text, sizeof(text), strlen(s) == 10 ? "%sT00:00:00Z" : "%s", s);
    return time_parse(text, ret);
}

static json_t *problem_answer(struct command *c, const struct problem_row *p) {
    return json_pack("{s:s, s:s, s:s}", "id", arena_printf(c->a, "P-%lld", (long long)p->p.id), "title", p->p.title,
                     "resolution", resolution_name(p->p.resolution));
}

struct text_key {
    const char *key;
    size_t at;
};
static const struct text_key text_keys[] = {
    {"title", offsetof(struct problem, title)},
    {"symptom", offsetof(struct problem, symptom)},
    {"error_code", offsetof(struct problem, error_code)},
    {"service", offsetof(struct problem, service)},
    {"items", offsetof(struct problem, items)},
    {"product", offsetof(struct problem, product)},
    {"affected_version", offsetof(struct problem, version)},
    {"priority", offsetof(struct problem, priority)},
    {"owner", offsetof(struct problem, owner)},
    {"group", offsetof(struct problem, group)},
    {"cause", offsetof(struct problem, cause)},
    {"workaround", offsetof(struct problem, workaround)},
    {"customer_text", offsetof(struct problem, customer_text)},
    {"solution", offsetof(struct problem, solution)},
    {"version", offsetof(struct problem, fixed_in)},
    {"change_request", offsetof(struct problem, change_request)},
};

/* Takes the arguments over; false: refused. */
static bool apply(struct command *c, struct problem_row *p) {
    for (size_t i = 0; i < array_size(text_keys); i++) {
        const char *v = want_text(c, text_keys[i].key);
        if (!v)
            continue;
        const char **field = (const char **)((char *)&p->p + text_keys[i].at);
        if (str_same(*field, v))
            continue;
        journal(c->e, c->actor, "problem-set", "", p->p.id, 0, "%s: '%.200s' -> '%.200s'", text_keys[i].key,
                *field ? *field : "", v);
        *field = v[0] ? v : NULL;
    }
    if (str_empty(p->p.title)) {
        refuse(c, 400, "a problem needs a title: --title TEXT");
        return false;
    }
    if (want_text(c, "review") && !day_of(want_text(c, "review"), &p->p.review)) {
        refuse(c, 400, "'%s' is no date: write YYYY-MM-DD", want_text(c, "review"));
        return false;
    }
    if (want_text(c, "analysis_target") && !day_of(want_text(c, "analysis_target"), &p->p.analysis_target)) {
        refuse(c, 400, "'%s' is no date: write YYYY-MM-DD", want_text(c, "analysis_target"));
        return false;
    }
    msec_t now = now_of(c->e);
    if (!str_empty(p->p.cause) && !p->p.cause_at)
        p->p.cause_at = now;
    if (!str_empty(p->p.workaround) && !p->p.workaround_at)
        p->p.workaround_at = now;
    return true;
}

static void problem_changed(struct command *c, const struct problem_row *p, const char *why) {
    store_problem_put(c->e->store, p);
    store_due_problem(c->e->store, p->p.id, false, why);
}

void cmd_problem_new(struct command *c) {
    struct problem_row p = {.p = {.known_error = true, .created = now_of(c->e), .known = now_of(c->e)},
                            .declined_acked = -1};
    if (!want_text(c, "title")) {
        refuse(c, 400, "a problem needs a title: --title TEXT");
        return;
    }
    p.p.title = want_text(c, "title");
    p.p.id = store_problem_new(c->e->store, &p);
    if (!apply(c, &p))
        return;
    journal(c->e, c->actor, "problem", "", p.p.id, 0, "P-%lld was made: %s", (long long)p.p.id, p.p.title);
    problem_changed(c, &p, "it is new");
    command_commit(c, problem_answer(c, &p));
}

void cmd_problem_set(struct command *c) {
    struct problem_row p;
    if (!want_problem(c, "id", &p) || !apply(c, &p))
        return;
    p.automatic = false; /* a person gave it something: it is not undone by itself any more */
    problem_changed(c, &p, "a person changed it");
    command_commit(c, problem_answer(c, &p));
}

void cmd_problem_publish(struct command *c) {
    struct problem_row p;
    struct counts counts;
    if (!want_problem(c, "id", &p))
        return;
    const char *text = want_text(c, "text")            ? want_text(c, "text")
                       : want_text(c, "customer_text") ? want_text(c, "customer_text")
                                                       : p.p.customer_text;
    if (str_empty(text)) {
        refuse(c, 400, "there is no text for customers yet: --customer-text TEXT");
        return;
    }
    store_counts_problem(c->e->store, p.p.id, &counts);
    int told = counts.open + counts.waiting + counts.closed_unresolved;
    if (json_is_true(json_object_get(c->args, "dry_run"))) {
        store_rollback(c->e->store);
        answer(c, 200,
               json_pack("{s:s, s:i, s:b}", "id", arena_printf(c->a, "P-%lld", (long long)p.p.id), "would_tell", told,
                         "dry_run", 1));
        return;
    }
    if (str_same(text, p.p.published_text)) {
        p.p.confirmed_at = now_of(c->e);
        store_problem_put(c->e->store, &p);
        journal(c->e, c->actor, "confirm", "", p.p.id, 0, "revision %d was confirmed: nobody is told again",
                p.p.revision);
        command_commit(c, json_pack("{s:s, s:i, s:i, s:s}", "id", arena_printf(c->a, "P-%lld", (long long)p.p.id),
                                    "revision", p.p.revision, "tells_up_to", 0, "message",
                                    arena_printf(c->a, "revision %d of P-%lld says the same: nobody is told again",
                                                 p.p.revision, (long long)p.p.id)));
        return;
    }
    p.automatic = false;
    p.p.customer_text = p.p.published_text = text;
    p.p.revision++;
    p.p.confirmed_at = now_of(c->e);
    if (!p.p.workaround_at)
        p.p.workaround_at = now_of(c->e);
    store_problem_text(c->e->store, p.p.id, p.p.revision, text, now_of(c->e), c->actor);
    journal(c->e, c->actor, "publish", "", p.p.id, 0, "revision %d for customers was published, for up to %s",
            p.p.revision, count_words(c->a, told, "incident"));
    problem_changed(c, &p, "a workaround was published");
    command_commit(c, json_pack("{s:s, s:i, s:i, s:s}", "id", arena_printf(c->a, "P-%lld", (long long)p.p.id),
                                "revision", p.p.revision, "tells_up_to", told, "message",
                                arena_printf(c->a, "revision %d of P-%lld is published; it is told on up to %s",
                                             p.p.revision, (long long)p.p.id, count_words(c->a, told, "incident"))));
}

static void resolve(struct command *c, struct problem_row *p, enum resolution r, const char *what) {
    p->p.resolution = r;
    p->p.reason = want_text(c, "reason");
    p->p.accepted_by = c->actor;
    p->p.resolved_at = now_of(c->e);
    p->p.reopened = false;
    p->automatic = false;
    journal(c->e, c->actor, what, "", p->p.id, 0, "%s: %s", resolution_name(r),
            p->p.reason ? p->p.reason : "no reason given");
    problem_changed(c, p, "a person decided");
    struct link_row *defects;
    size_t n = store_links_of_problem(c->e->store, c->a, p->p.id, "defect", "confirmed", 1000, &defects);
    for (size_t i = 0; i < n; i++)
        store_due(c->e->store, KIND_DEFECT, defects[i].ref, 0, false, "its problem was decided");
    command_commit(c, problem_answer(c, p));
}

void cmd_problem_accept_risk(struct command *c) {
    struct problem_row p;
    if (!want_problem(c, "id", &p))
        return;
    if (is_blank(want_text(c, "reason"))) {
        refuse(c, 400, "say why the risk is accepted: --reason TEXT");
        return;
    }
    if (p.p.delivery == DELIVERY_DELIVERED || p.p.delivery == DELIVERY_CANCELLED) {
        refuse(c, 409, "P-%lld is %s: there is no risk to accept", (long long)p.p.id, delivery_name(p.p.delivery));
        return;
    }
    if (!day_of(want_text(c, "review"), &p.p.review)) {
        refuse(c, 400, "'%s' is no date: --review YYYY-MM-DD", want_text(c, "review"));
        return;
    }
    if (p.p.review && p.p.review <= now_of(c->e)) {
        refuse(c, 400, "the review date %s is past: --review must lie ahead", want_text(c, "review"));
        return;
    }
    if (p.p.resolution ==
        RESOLUTION_RISK_ACCEPTED) { /* accepted before: reason and date may change, nobody is told again */
        p.p.reason = want_text(c, "reason");
        journal(c->e, c->actor, "accept-risk", "", p.p.id, 0, "reason and review date changed: %s", p.p.reason);
        problem_changed(c, &p, "its reason or review date changed");
        command_commit(c, problem_answer(c, &p));
        return;
    }
    resolve(c, &p, RESOLUTION_RISK_ACCEPTED, "accept-risk");
}

void cmd_problem_push_back(struct command *c) {
    struct problem_row p;
    if (!want_problem(c, "id", &p))
        return;
    long long id = (long long)p.p.id;
    if (p.p.resolution == RESOLUTION_RISK_ACCEPTED) {
        refuse(c, 409, "the risk of P-%lld is accepted: bascule problem reopen P-%lld takes that back", id, id);
        return;
    }
    if (p.p.delivery != DELIVERY_DECLINED) {
        refuse(c, 409, "P-%lld is %s: only what was declined can be pushed back", id, delivery_name(p.p.delivery));
        return;
    }
    if (p.declined_acked == p.p.serial && p.p.serial > 0) {
        refuse(c, 409, "P-%lld was pushed back already", id);
        return;
    }
    p.declined_acked = p.p.serial;
    journal(c->e, c->actor, "push-back", "", p.p.id, 0, "pushed back: %s",
            want_text(c, "reason") ? want_text(c, "reason") : "no reason given");
    problem_changed(c, &p, "a person pushed back");
    command_commit(c, problem_answer(c, &p));
}

/* A manager's yes: what on_reopen says is done, however few came back. */
void cmd_problem_recurred(struct command *c) {
    struct problem_row p;
    struct problem_facts f;
    struct policy policy;
    if (!want_problem(c, "id", &p) || !facts_problem(c->e, c->a, p.p.id, &f))
        return;
    if (p.p.delivery != DELIVERY_DELIVERED) {
        refuse(c, 409, "P-%lld is %s: only what was delivered can recur", (long long)p.p.id,
               delivery_name(p.p.delivery));
        return;
    }
    facts_policy(c->e, c->a, &f, &policy);
    if (policy.on_reopen == ON_REOPEN_FLAG) {
        refuse(c, 409,
               "on_reopen is flag, so nothing would follow: reopen the defect in its tracker, or bascule problem "
               "reopen P-%lld",
               (long long)p.p.id);
        return;
    }
    p.recurred = p.p.serial;
    journal(c->e, c->actor, "recurred", "", p.p.id, 0, "the fix did not hold: %s",
            want_text(c, "reason") ? want_text(c, "reason") : "no reason given");
    problem_changed(c, &p, "a person said that it recurred");
    for (size_t i = 0; i < f.n_defects; i++)
        store_due(c->e->store, KIND_DEFECT, f.defects[i].ref, 0, false, "its problem recurred");
    command_commit(c, problem_answer(c, &p));
}

/* What closing it so would do, in words, as far as numbers tell. */
static void close_plan(struct command *c, const struct problem_row *p, enum resolution r) {
    struct counts n;
    struct problem_facts f;
    const char *unfinished = NULL;
    store_counts_problem(c->e->store, p->p.id, &n);
    int told = n.open + n.waiting + n.closed_unresolved;
    if (r == RESOLUTION_FIX_APPLIED && facts_problem(c->e, c->a, p->p.id, &f))
        for (size_t i = 0; i < f.n_defects && !unfinished; i++)
            if (defect_unfinished(&f.defects[i]))
                unfinished = arena_printf(c->a, "%s is %s", f.defects[i].ref, state_name(f.defects[i].state));
    store_rollback(c->e->store);
    answer(c, 200,
           json_pack("{s:s, s:i, s:s?, s:b}", "id", arena_printf(c->a, "P-%lld", (long long)p->p.id), "would_tell",
                     told, "unfinished", unfinished, "dry_run", 1));
}

void cmd_problem_close(struct command *c) {
    struct problem_row p, other;
    enum resolution r = RESOLUTION_FIX_APPLIED;
    const char *word = want_text(c, "resolution");
    if (!want_problem(c, "id", &p))
        return;
    if (word && (!resolution_parse(word, &r) || r == RESOLUTION_NONE)) {
        refuse(c, 400, "'%s' is no resolution: fix-applied, risk-accepted, duplicate or cancelled", word);
        return;
    }
    if (r == RESOLUTION_DUPLICATE) {
        if (!want_problem(c, "duplicate_of", &other))
            return;
        if (other.p.id == p.p.id) {
            refuse(c, 400, "a problem is no duplicate of itself");
            return;
        }
        p.p.duplicate_of = other.p.id;
    }
    if (json_is_true(json_object_get(c->args, "dry_run"))) {
        close_plan(c, &p, r);
        return;
    }
    if (want_text(c, "version"))
        p.p.fixed_in = want_text(c, "version");
    resolve(c, &p, r, "close");
}

void cmd_problem_reopen(struct command *c) {
    struct problem_row p;
    if (!want_problem(c, "id", &p))
        return;
    if (p.p.resolution == RESOLUTION_NONE && p.p.reopened) {
        refuse(c, 409, "P-%lld was reopened already", (long long)p.p.id);
        return;
    }
    p.p.resolution = RESOLUTION_NONE;
    p.p.resolved_at = 0;
    p.p.duplicate_of = 0;
    p.p.reopened = true;
    p.p.review = 0; /* what was to be looked at again is being looked at */
    p.p.reason = want_text(c, "reason");
    journal(c->e, c->actor, "reopen", "", p.p.id, 0, "reopened: pending until a defect moves or it is closed again");
    problem_changed(c, &p, "a person reopened it");
    command_commit(c, problem_answer(c, &p));
}

/* ---- merge and split: nobody is told anything by it ---- */

static void move_links(struct command *c, int64_t from, int64_t to) {
    struct link_row *links;
    static const char *const kinds[] = {"incident", "defect"};
    for (size_t k = 0; k < array_size(kinds); k++) {
        size_t n = store_links_of_problem(c->e->store, c->a, from, kinds[k], NULL, 100000, &links);
        for (size_t i = 0; i < n; i++) {
            store_link_move(c->e->store, &links[i], to);
            store_due(c->e->store, k == 0 ? KIND_INCIDENT : KIND_DEFECT, links[i].ref, 0, false,
                      "its problem was merged");
        }
    }
}

void cmd_problem_merge(struct command *c) {
    struct problem_row from, into;
    if (!want_problem(c, "id", &from) || !want_problem(c, "into", &into))
        return;
    if (from.p.id == into.p.id) {
        refuse(c, 400, "a problem cannot be merged with itself");
        return;
    }
    if (from.p.resolution == RESOLUTION_CANCELLED && from.p.duplicate_of) {
        refuse(c, 409, "P-%lld is part of P-%lld already", (long long)from.p.id, (long long)from.p.duplicate_of);
        return;
    }
    if (into.p.resolution == RESOLUTION_CANCELLED && into.p.duplicate_of) {
        refuse(c, 409, "P-%lld is part of P-%lld: bascule problem merge P-%lld P-%lld", (long long)into.p.id,
               (long long)into.p.duplicate_of, (long long)from.p.id, (long long)into.p.duplicate_of);
        return;
    }
    store_evidence_move_problem(c->e->store, from.p.id, into.p.id);
    store_keys_copy(c->e->store, c->a, from.p.id, into.p.id, NULL, now_of(c->e));
    move_links(c, from.p.id, into.p.id);
    from.p.resolution = RESOLUTION_CANCELLED;
    from.p.reason = arena_printf(c->a, "merged into P-%lld", (long long)into.p.id);
    from.p.duplicate_of = into.p.id;
    from.p.resolved_at = from.p.closed = now_of(c->e);
    problem_changed(c, &from, "it was merged");
    into.automatic = false;
    problem_changed(c, &into, "another was merged into it");
    journal(c->e, c->actor, "merge", "", from.p.id, 0, "merged into P-%lld", (long long)into.p.id);
    journal(c->e, c->actor, "merge", "", into.p.id, 0, "P-%lld was merged into it", (long long)from.p.id);
    command_commit(c, problem_answer(c, &into));
}

static bool is_linked_with(struct command *c, const char *ref, int64_t problem) {
    struct link_row *links;
    size_t n = store_links_of(c->e->store, c->a, ref, "confirmed", &links);
    for (size_t i = 0; i < n; i++)
        if (links[i].problem == problem)
            return true;
    return false;
}

/* All have to be linked with it; false: refused. */
static bool want_its_incidents(struct command *c, const json_t *incidents, int64_t problem) {
    for (size_t i = 0; i < json_array_size(incidents); i++) {
        const char *ref = json_string_value(json_array_get(incidents, i));
        struct incident_row row;
        if (!ref || !store_incident(c->e->store, c->a, ref, &row)) {
            refuse(c, 404, "%s is no known incident", ref ? ref : "?");
            return false;
        }
        if (!is_linked_with(c, ref, problem)) {
            refuse(c, 409, "%s is not linked with P-%lld", ref, (long long)problem);
            return false;
        }
    }
    return true;
}

static void split_off(struct command *c, const char *ref, int64_t from, int64_t to) {
    struct link_row *defects;
    store_evidence_add(c->e->store,
                       &(struct evidence){.incident = ref,
                                          .problem = to,
                                          .source = "person",
                                          .place = "split",
                                          .actor = c->actor,
                                          .at = now_of(c->e)},
                       now_of(c->e));
    store_keys_copy(c->e->store, c->a, from, to, ref, now_of(c->e));
    store_reject(c->e->store, ref, arena_printf(c->a, "P-%lld", (long long)from), now_of(c->e), c->actor);
    size_t n = store_links_of_problem(c->e->store, c->a, from, "defect", "confirmed", 1000, &defects);
    for (size_t k = 0; k < n; k++)
        store_reject(c->e->store, ref, defects[k].ref, now_of(c->e), c->actor);
    relink_incident(c->e, c->a, ref, false);
}

void cmd_problem_split(struct command *c) {
    struct problem_row p;
    json_t *incidents = json_object_get(c->args, "incidents");
    if (!want_problem(c, "id", &p))
        return;
    if (!json_array_size(incidents)) {
        refuse(c, 400, "say which incidents go: --incidents REF,REF");
        return;
    }
    if (!want_its_incidents(c, incidents, p.p.id))
        return;
    struct problem_row fresh = {.p = {.title = want_text(c, "title") ? want_text(c, "title") : p.p.title,
                                      .service = p.p.service,
                                      .known_error = p.p.known_error,
                                      .created = now_of(c->e),
                                      .known = now_of(c->e)},
                                .declined_acked = -1};
    fresh.p.id = store_problem_new(c->e->store, &fresh);
    for (size_t i = 0; i < json_array_size(incidents); i++)
        split_off(c, json_string_value(json_array_get(incidents, i)), p.p.id, fresh.p.id);
    const char *went = count_words(c->a, (int64_t)json_array_size(incidents), "incident");
    journal(c->e, c->actor, "split", "", p.p.id, 0, "%s went to P-%lld", went, (long long)fresh.p.id);
    problem_changed(c, &p, "it was split");
    json_t *result = problem_answer(c, &fresh);
    json_object_set_new(result, "message",
                        json_string(arena_printf(c->a, "P-%lld is made of %s of P-%lld", (long long)fresh.p.id, went,
                                                 (long long)p.p.id)));
    command_commit(c, result);
}
