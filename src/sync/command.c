/* command: what people want comes in as one more event. Here: the table of all
 * commands, answers, and the small ones; links in command_link.c, problems in
 * command_problem.c, the outbox in command_outbox.c. */
#include "command.h"

#include <stdlib.h>
#include <string.h>

json_t *problem_details(int status, const char *title, const char *detail) {
    return json_pack("{s:s, s:i, s:s, s:s}", "type", "about:blank", "status", status, "title", title, "detail", detail);
}

void answer(const struct command *c, int status, json_t *result) {
    c->done(c->who, status, result);
    json_decref(result);
}

void refuse(const struct command *c, int status, const char *format, ...) {
    char text[600];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    static const struct {
        int status;
        const char *title;
    } titles[] = {{400, "Bad Request"}, {401, "Unauthorized"}, {404, "Not Found"},
                  {409, "Conflict"},    {502, "Bad Gateway"},  {503, "Service Unavailable"}};
    const char *title = "Error";
    for (size_t i = 0; i < array_size(titles); i++)
        if (titles[i].status == status)
            title = titles[i].title;
    if (c->e->store && status >= 400)
        store_rollback(c->e->store);
    answer(c, status, problem_details(status, title, text));
}

void command_commit(const struct command *c, json_t *result) {
    struct engine *e = c->e;
    if (!engine_commit(e)) {
        json_decref(result);
        answer(c, 503, problem_details(503, "Service Unavailable", e->fault.text));
        return;
    }
    if (engine_imported(e))
        worker_drain(e);
    engine_wake(e, 0);
    answer(c, 200, result);
}

const char *want_text(const struct command *c, const char *key) {
    return json_text(c->args, key);
}

bool is_blank(const char *text) {
    return !text || !text[strspn(text, " \t\r\n")];
}

bool want_problem(const struct command *c, const char *key, struct problem_row *ret) {
    int64_t id = json_int(c->args, key, 0);
    const char *text = want_text(c, key);
    if (!id && text && !problem_ref_parse(text, &id))
        str_int64(text, &id);
    if (!id || !store_problem(c->e->store, c->a, id, ret)) {
        refuse(c, 404, "there is no problem %s", text ? text : "of that number");
        return false;
    }
    return true;
}

bool want_record(const struct command *c, const char *key, struct record_row *ret) {
    const char *ref = want_text(c, key);
    if (!ref || !strchr(ref, ':')) {
        int64_t id;
        if (problem_ref_parse(ref, &id))
            refuse(c, 400, "%s is a problem: it is for incidents and defects; write TRACKER:ID", ref);
        else
            refuse(c, 400, "'%s' is no reference: write TRACKER:ID", ref ? ref : "");
        return false;
    }
    if (!engine_lane_of_ref(c->e, ref)) {
        refuse(c, 404, "%s: no tracker of that name is configured", ref);
        return false;
    }
    if (!store_record(c->e->store, c->a, ref, ret)) {
        refuse(c, 404, "%s was never seen: bascule sync %s reads it", ref, ref);
        return false;
    }
    return true;
}

/* ---- small ones ---- */

static void cmd_outcome(struct command *c) {
    struct record_row r;
    struct incident_row i;
    enum outcome o;
    const char *word = want_text(c, "outcome"), *reason = want_text(c, "reason");
    if (!want_record(c, "ref", &r))
        return;
    if (!outcome_parse(word, &o) || o == OUTCOME_UNKNOWN) {
        refuse(c, 400,
               "'%s' is no outcome: fixed, workaround, wont-fix, risk-accepted, not-reproducible, invalid, duplicate, "
               "withdrawn, incomplete or moved",
               word ? word : "");
        return;
    }
    enum state class = incident_class(r.r.state, r.r.outcome);
    if (r.r.kind == KIND_INCIDENT ? incident_rank(class) < incident_rank(STATE_CLOSED_UNRESOLVED)
                                  : r.r.state != STATE_CLOSED) {
        refuse(c, 409, "%s is %s: an outcome says why something is closed", r.ref, state_name(r.r.state));
        return;
    }
    if (r.r.kind == KIND_INCIDENT && store_incident(c->e->store, c->a, r.ref, &i)) {
        struct link_row *links;
        i.outcome_set = word;
        i.outcome_reason = reason;
        store_incident_put(c->e->store, &i);
        r.outcome_set = word;
        if (r.r.state == STATE_CLOSED) /* it counts as what it says; another state says it by itself */
            r.r.outcome = o;
        store_record_put(c->e->store, &r);
        size_t n = store_links_of(c->e->store, c->a, r.ref, "confirmed", &links);
        for (size_t k = 0; k < n; k++)
            store_due_problem(c->e->store, links[k].problem, false, "a person said why one of its incidents is closed");
        store_due(c->e->store, KIND_INCIDENT, r.ref, 0, false, "a person said why it is closed");
    } else {
        r.outcome_set = word;
        if (r.r.state == STATE_CLOSED)
            r.r.outcome = o;
        store_record_put(c->e->store, &r);
        due_problems_of(c->e, c->a, r.ref, false, "a person said how it was closed");
        store_attention_clear(c->e->store, "defect-closed-how", r.ref);
    }
    journal(c->e, c->actor, "outcome", r.ref, 0, 0, "closed because: %s%s%s", word, reason ? ": " : "",
            reason ? reason : "");
    command_commit(c, json_pack("{s:s, s:s}", "ref", r.ref, "outcome", word));
}

static void cmd_ignore(struct command *c) {
    struct record_row r;
    struct incident_row i;
    bool off = json_is_true(json_object_get(c->args, "off"));
    if (!want_record(c, "ref", &r))
        return;
    if (!store_incident(c->e->store, c->a, r.ref, &i)) {
        refuse(c, 400, "%s is no incident: only incidents can be ignored", r.ref);
        return;
    }
    i.ignored = !off;
    store_incident_put(c->e->store, &i);
    store_due(c->e->store, KIND_INCIDENT, r.ref, 0, false, off ? "not ignored any more" : "ignored from now on");
    if (!off)
        store_effects_merge(c->e->store, r.ref, "a person told the bridge to ignore it", now_of(c->e));
    journal(c->e, c->actor, "ignore", r.ref, 0, 0,
            off ? "the bridge looks after it again, from the next turn on" : "hands off: nothing is asserted any more");
    command_commit(c, json_pack("{s:s, s:b}", "ref", r.ref, "ignored", !off));
}

static void cmd_forget(struct command *c) {
    struct record_row r;
    if (!want_record(c, "ref", &r))
        return;
    store_record_blank(c->e->store, r.ref, now_of(c->e));
    journal(c->e, c->actor, "forget", "", 0, 0, "persons and texts of %s were blanked", r.ref);
    command_commit(c, json_pack("{s:s, s:b}", "ref", r.ref, "forgotten", true));
}

static void ack_defect(struct command *c, struct record_row *r) {
    if (r->r.presence == GONE) {
        r->excluded = true;
        store_record_put(c->e->store, r);
        due_problems_of(c->e, c->a, r->ref, false, "deleted, it was taken out of the reckoning");
        store_attention_clear(c->e->store, "defect-gone", r->ref);
    }
}

/* "A came-back is no recurrence until staff say so"; what was seen, or said, is so for its turn. */
static void ack_incident(struct command *c, struct incident_row *i, bool recurs) {
    struct link_row *links;
    i->came_back_acked = true;
    i->late_acked_turn = recurs ? 0 : i->turn;
    i->recurred_turn = recurs ? i->turn : 0;
    store_incident_put(c->e->store, i);
    store_due(c->e->store, KIND_INCIDENT, i->ref, 0, false, "its coming back was acknowledged");
    store_attention_clear(c->e->store, "recurrence", i->ref);
    size_t n = store_links_of(c->e->store, c->a, i->ref, "confirmed", &links);
    for (size_t k = 0; k < n; k++)
        store_due_problem(c->e->store, links[k].problem, false, "a person said whether it recurred");
}

#define SEEN_PROBLEM "did-not-hold recurrence"
#define SEEN_RECORD  "came-back recurrence returned lost-edit defect-gone"

/* False: refused, with what it waits for instead. */
static bool want_unseen(struct command *c, const char *ref, const char *kinds) {
    if (store_attention_has(c->e->store, kinds, ref))
        return true;
    const char *way = store_attention_way(c->e->store, c->a, ref);
    refuse(c, 409, "nothing to acknowledge on %s%s%s", ref, way ? "; it waits for: " : "", way ? way : "");
    return false;
}

/* TRACKER:?, what a list showed and could not be named. */
static bool ack_nameless(struct command *c, const char *ref) {
    const char *id = ref ? strchr(ref, ':') : NULL;
    if (!id || !str_is(id, ":?") || !store_quarantined(c->e->store, ref))
        return false;
    store_quarantine(c->e->store, arena_strndup(c->a, ref, (size_t)(id - ref)), "?", NULL, 0);
    store_attention_clear(c->e->store, "quarantined", ref);
    journal(c->e, c->actor, "ack", "", 0, 0, "%s: seen", ref);
    command_commit(c, json_pack("{s:s}", "ref", ref));
    return true;
}

static void cmd_ack(struct command *c) {
    struct record_row r;
    struct incident_row i;
    const char *ref = want_text(c, "ref");
    bool recurs = json_is_true(json_object_get(c->args, "recurrence"));
    int64_t id;
    if (problem_ref_parse(ref, &id)) {
        struct problem_row p;
        if (!want_problem(c, "ref", &p))
            return;
        if (recurs) {
            refuse(c, 400, "--recurrence is said of an incident; of the problem: bascule problem recurred %s", ref);
            return;
        }
        if (!want_unseen(c, ref, SEEN_PROBLEM))
            return;
        p.held_acked = p.p.serial;
        store_problem_put(c->e->store, &p);
        store_attention_clear(c->e->store, "did-not-hold", ref);
        store_attention_clear(c->e->store, "recurrence", ref);
        journal(c->e, c->actor, "ack", "", id, 0, "%s: seen", ref);
        command_commit(c, json_pack("{s:s}", "ref", ref));
        return;
    }
    if (ack_nameless(c, ref) || !want_record(c, "ref", &r))
        return;
    bool incident = store_incident(c->e->store, c->a, r.ref, &i);
    if (recurs && (!incident || i.verdict != VERDICT_DELIVERED)) {
        refuse(c, 409, "%s is %s: only an incident whose fix was delivered can be a recurrence", r.ref,
               incident ? verdict_name(i.verdict) : "a defect");
        return;
    }
    if (!recurs && !want_unseen(c, r.ref, SEEN_RECORD))
        return;
    if (incident)
        ack_incident(c, &i, recurs);
    else
        ack_defect(c, &r);
    store_attention_clear(c->e->store, "came-back", r.ref);
    store_attention_clear(c->e->store, "returned", r.ref);
    store_attention_clear(c->e->store, "lost-edit", r.ref);
    journal(c->e, c->actor, "ack", r.ref, 0, 0, recurs ? "seen: it is a recurrence" : "seen");
    command_commit(c, json_pack("{s:s}", "ref", r.ref));
}

/* ---- sync: a look, now ---- */

struct waiting {
    command_done *done;
    void *who;
    char *ref;
    struct engine *e;
};

static void synced(void *arg, const struct op_result *r) {
    struct waiting *w = arg;
    struct command c = {.e = NULL, .done = w->done, .who = w->who};
    engine_wake(w->e, 0);
    cleanup_arena struct arena *a = arena_new();
    struct record_row row;
    if (r->presence != PRESENT && !store_record(w->e->store, a, w->ref, &row))
        answer(&c, 404,
               problem_details(
                   404, "Not Found",
                   arena_printf(a, "there is no %s: its tracker says %s", w->ref, presence_name(r->presence))));
    else if (r->class == CLASS_OK || r->presence != PRESENT)
        answer(&c, 200, json_pack("{s:s, s:s}", "ref", w->ref, "presence", presence_name(r->presence)));
    else
        answer(&c, 502, problem_details(502, "Bad Gateway", r->words ? r->words : reply_class_name(r->class)));
    free(w->ref);
    free(w);
}

static void cmd_sync(struct command *c) {
    const char *ref = want_text(c, "ref");
    struct lane *l = engine_lane(c->e, ref ? ref : "");
    store_rollback(c->e->store);
    if (l && (l->paused || l->stopped)) {
        refuse(c, 409, "%s is %s: bascule resume %s", ref, l->paused ? "paused" : "stopped", ref);
        return;
    }
    if (l && l->down) {
        l->poll_at = 0;
        lane_wake(l, 0);
        refuse(c, 502, "%s is down (%s): it is polled as soon as it answers again", ref, l->error);
        return;
    }
    if (l) {
        l->poll_at = 0;
        l->sweep_at = now_of(c->e);
        lane_wake(l, 0);
        answer(c, 202, json_pack("{s:s, s:s}", "tracker", ref, "does", "polls now, and sweeps all linked records"));
        return;
    }
    l = engine_lane_of_ref(c->e, ref);
    if (!l || !ref) {
        refuse(c, 404, "'%s' is neither a tracker nor TRACKER:ID of a configured one", ref ? ref : "");
    } else if (lane_busy(l, ref)) {
        refuse(c, 409, "%s is just being read or written: try again in a moment", ref);
    } else {
        struct waiting *w = calloc(1, sizeof(*w));
        *w = (struct waiting){.done = c->done, .who = c->who, .ref = strdup(ref), .e = c->e};
        lookup_now(l, ref, synced, w);
    }
}

/* ---- trackers ---- */

static void set_paused(struct command *c, bool paused) {
    const char *name = want_text(c, "tracker");
    struct lane *l = engine_lane(c->e, name ? name : "");
    struct tracker_row t;
    if (!l || !store_tracker(c->e->store, c->a, name, &t)) {
        refuse(c, 404, "no tracker '%s' is configured", name ? name : "");
        return;
    }
    t.paused = paused;
    if (!paused && l->stopped) {
        if (l->blind)
            memory_resume(l, c->a, &t);
        foreign_accept(l, c->a);
        t.stopped = NULL;
    }
    store_tracker_put(c->e->store, &t);
    journal(c->e, c->actor, paused ? "pause" : "resume", "", 0, 0, "tracker %s", name);
    l->paused = paused;
    if (!paused) {
        free((char *)l->stopped);
        l->stopped = NULL;
        l->blind = false;
        l->poll_at = l->wait_until = l->back_at = 0;
    }
    lane_wake(l, 0);
    command_commit(c, json_pack("{s:s, s:b}", "tracker", name, "paused", paused));
}

static void cmd_pause(struct command *c) {
    set_paused(c, true);
}
static void cmd_resume(struct command *c) {
    set_paused(c, false);
}

/* Live figures that are not worth a database write each poll. */
static void cmd_status(struct command *c) {
    json_t *lanes = json_array();
    store_rollback(c->e->store);
    for (size_t i = 0; i < c->e->n_lanes; i++) {
        const struct lane *l = &c->e->lanes[i];
        bool waits = l->wait_until > now_of(c->e);
        json_array_append_new(lanes, json_pack("{s:s, s:s, s:s, s:s, s:s, s:i, s:s?, s:I, s:I, s:i, s:b}", "name",
                                               l->cfg->name, "last_poll", time_text(c->a, l->last_poll), "last_ok",
                                               time_text(c->a, l->last_ok), "state",
                                               l->paused        ? "paused"
                                               : l->stopped     ? "stopped"
                                               : l->down        ? "down"
                                               : l->import_done ? "ok"
                                                                : "importing",
                                               "waits_until", waits ? time_text(c->a, l->wait_until) : "", "failures",
                                               l->failures, "error",
                                               l->error[0] && (waits || l->down || l->failures) ? l->error : NULL,
                                               "requests", (json_int_t)l->requests, "writes", (json_int_t)l->writes,
                                               "under_way", l->jobs, "sweeping", l->sweeping));
    }
    answer(c, 200,
           json_pack("{s:o, s:b, s:b}", "trackers", lanes, "outbox_open", c->e->outbox_open, "dry_run",
                     c->e->settings->dry_run));
}

static const struct {
    const char *name;
    void (*run)(struct command *c);
} commands[] = {
    {"ack", cmd_ack},
    {"audit", cmd_audit},
    {"confirm", cmd_confirm},
    {"defect-new", cmd_defect_new},
    {"discard", cmd_discard},
    {"forget", cmd_forget},
    {"ignore", cmd_ignore},
    {"link", cmd_link},
    {"outbox-close", cmd_outbox_close},
    {"outbox-open", cmd_outbox_open},
    {"outcome", cmd_outcome},
    {"pause", cmd_pause},
    {"policy-apply", cmd_policy_apply},
    {"problem-accept-risk", cmd_problem_accept_risk},
    {"problem-close", cmd_problem_close},
    {"problem-merge", cmd_problem_merge},
    {"problem-new", cmd_problem_new},
    {"problem-publish", cmd_problem_publish},
    {"problem-push-back", cmd_problem_push_back},
    {"problem-recurred", cmd_problem_recurred},
    {"problem-reopen", cmd_problem_reopen},
    {"problem-set", cmd_problem_set},
    {"problem-split", cmd_problem_split},
    {"reject", cmd_reject},
    {"release", cmd_release},
    {"resume", cmd_resume},
    {"retry", cmd_retry},
    {"status", cmd_status},
    {"sync", cmd_sync},
    {"token-check", cmd_token_check},
    {"token-list", cmd_token_list},
    {"token-new", cmd_token_new},
    {"token-revoke", cmd_token_revoke},
    {"unlink", cmd_unlink},
};

void engine_command(struct engine *e, const char *name, json_t *args, const char *actor, command_done *done,
                    void *who) {
    cleanup_arena struct arena *a = arena_new();
    struct command c = {.e = e, .a = a, .args = args, .actor = actor ? actor : "cli", .done = done, .who = who};
    for (size_t i = 0; i < array_size(commands); i++)
        if (str_is(commands[i].name, name)) {
            engine_begin(e);
            commands[i].run(&c);
            return;
        }
    refuse(&c, 404, "there is no command '%s'", name);
}
