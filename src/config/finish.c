/* finish: from the checked file to settings the engine may hold.
 *
 * Called by top.c as the last step: what needs the whole file (names that point
 * elsewhere in it), the world (secrets), or another value (defaults). */
#include "read.h"

#include <stdio.h>
#include <string.h>

/* ---- names ---- */

static const struct settings_tracker *tracker_find(const struct settings *s, const char *name) {
    for (size_t i = 0; i < s->n_trackers; i++)
        if (str_is(s->trackers[i].name, name))
            return &s->trackers[i];
    return NULL;
}

static void tracker_unknown(struct reader *r, const struct yaml *y) {
    const struct settings *s = r->checked->draft;
    struct nearest near = {0};
    cleanup_buf struct buf all = {.limit = 400};
    for (size_t i = 0; i < s->n_trackers; i++) {
        nearest_try(&near, y->text, s->trackers[i].name);
        buf_printf(&all, "%s%s", i ? ", " : "", s->trackers[i].name);
    }
    const char *shown = text_shown(r->faults->arena, y->text);
    if (near.word)
        faults_error(r->faults, y->place, "tracker: there is no tracker %s; did you mean \"%s\"?", shown, near.word);
    else
        faults_error(r->faults, y->place, "tracker: there is no tracker %s; there are: %s", shown, buf_text(&all));
}

static void names_check(struct reader *r) {
    const struct checked *c = r->checked;
    if (c->draft->n_trackers == 0)
        return; /* that is the fault */
    for (size_t i = 0; i < c->draft->n_patterns; i++)
        if (!tracker_find(c->draft, c->draft->patterns[i].tracker))
            tracker_unknown(r, c->pattern_trackers[i]);
    for (size_t i = 0; i < c->n_rule_trackers; i++) {
        const struct yaml *y = c->rule_trackers[i];
        const struct settings_tracker *t = tracker_find(c->draft, y->text);
        if (!t)
            tracker_unknown(r, y);
        else if (t->role != ROLE_TICKETING)
            faults_error(r->faults, y->place,
                         "tracker: \"%s\" has role %s, and rules match incidents; name a tracker with role %s", t->name,
                         role_name(t->role), role_name(ROLE_TICKETING));
    }
}

/* ---- trackers ---- */

/* A wait shorter than the request's own time would count "not there" while the
 * request may still be at work. */
static void look_after_raise(struct reader *r, struct settings_tracker *t, const struct checked_tracker *nodes) {
    if (t->look_after >= t->timeout)
        return;
    if (nodes->look_after && !yaml_is_null(nodes->look_after))
        faults_warn(r->faults, nodes->look_after->place, "look_after: %s is shorter than timeout (%s); %s is used",
                    duration_text(r->faults->arena, t->look_after), duration_text(r->faults->arena, t->timeout),
                    duration_text(r->faults->arena, t->timeout));
    t->look_after = t->timeout;
}

/* Canonical states that the bridge itself moves records to. */
static bool state_is_written(enum role role, const char *state, const char *outcome) {
    static const char *const incident[] = {"open", "waiting", "closed-unresolved", "resolved"};
    if (role == ROLE_DEFECTS)
        return str_is(state, "open") || (str_is(state, "closed") && str_is(outcome, "wont-fix"));
    for (size_t i = 0; i < array_size(incident); i++)
        if (str_is(state, incident[i]))
            return true;
    return false;
}

static const char *mapped_state(const json_t *v, const char **ret_outcome) {
    *ret_outcome = json_text(v, "outcome");
    return json_is_string(v) ? json_string_value(v) : json_text(v, "state");
}

/* The first other native, in the order of the file, that means the same; NULL: none
 * before, so `native` itself is the one that will be written. */
static const char *written_before(const struct settings_tracker *t, const char *native, const char *state,
                                  const char *outcome) {
    const char *other, *other_outcome;
    json_t *v;
    json_object_foreach(t->states, other, v) {
        if (str_is(other, native))
            return NULL;
        const char *other_state = mapped_state(v, &other_outcome);
        if (str_is(other_state, state) && (!str_is(state, "closed") || str_same(other_outcome, outcome)))
            return other;
    }
    return NULL;
}

static void states_ambiguous(struct reader *r, const struct settings_tracker *t, const struct yaml *map) {
    const char *native, *outcome;
    json_t *v;
    json_object_foreach(t->states, native, v) {
        const char *state = mapped_state(v, &outcome);
        const char *first = written_before(t, native, state, outcome);
        if (!first || !state_is_written(t->role, state, outcome) || json_object_get(t->write, state))
            continue;
        const struct yaml *key = NULL;
        if (yaml_at(map, native, &key))
            faults_warn(r->faults, key->place,
                        "states: %s and %s both mean %s; the bridge writes %s, unless \"write\" says else",
                        text_shown(r->faults->arena, first), text_shown(r->faults->arena, native), state,
                        text_shown(r->faults->arena, first));
    }
}

static void same_server_warn(struct reader *r, size_t index) {
    const struct settings *s = r->checked->draft;
    const struct settings_tracker *t = &s->trackers[index];
    for (size_t i = 0; i < index; i++)
        if (t->role == s->trackers[i].role && str_same(t->url, s->trackers[i].url) &&
            json_equal(t->scope, s->trackers[i].scope))
            faults_warn(r->faults, r->checked->trackers[index].url->place,
                        "url: \"%s\" on line %d reads the same with the same scope; each record would be seen twice",
                        s->trackers[i].name, s->trackers[i].line);
}

static void trackers_finish(struct reader *r) {
    struct settings *s = r->checked->draft;
    bool role_seen[2] = {false, false};
    for (size_t i = 0; i < s->n_trackers; i++) {
        struct settings_tracker *t = &s->trackers[i];
        const struct checked_tracker *nodes = &r->checked->trackers[i];
        t->auth = secrets_read(r, t->name, nodes->auth);
        look_after_raise(r, t, nodes);
        if (t->url)
            same_server_warn(r, i);
        states_ambiguous(r, t, nodes->states);
        role_seen[t->role == ROLE_DEFECTS] = true;
    }
    if (s->n_trackers == 0 && !r->faults->failed)
        faults_error(r->faults, (struct place){0}, "trackers: there is none; name at least one under \"trackers:\"");
    else if (!r->faults->failed && (!role_seen[0] || !role_seen[1]))
        faults_warn(r->faults, (struct place){0}, "trackers: none has role %s; there is nothing to join",
                    role_name(role_seen[0] ? ROLE_DEFECTS : ROLE_TICKETING));
}

/* ---- where it listens, where it stores ---- */

static void listen_finish(struct reader *r) {
    struct settings *s = r->checked->draft;
    if (!host_is_served(s->listen_host) && r->checked->listen)
        faults_error(r->faults, r->checked->listen->place,
                     "listen: %s is no loopback address: the page asks nobody who they are yet, so other machines are "
                     "not served, with tls or behind_proxy neither; listen on 127.0.0.1, where a proxy on this machine "
                     "that asks may stand in front",
                     text_shown(r->faults->arena, s->listen_host));
    else if (s->tls_cert && !r->faults->failed)
        faults_warn(r->faults, r->checked->tls->place,
                    "tls: not served yet: %s speaks plain http, to this machine only; a proxy in front may speak https",
                    text_shown(r->faults->arena, s->listen_host));
    if (!s->public_url)
        s->public_url = arena_printf(r->arena, strchr(s->listen_host, ':') ? "http://[%s]:%d" : "http://%s:%d",
                                     s->listen_host, s->listen_port);
}

/* systemd gives one folder or several, separated by colons. */
static void database_finish(struct reader *r) {
    struct settings *s = r->checked->draft;
    const char *state = r->world->env ? r->world->env(r->world->arg, "STATE_DIRECTORY") : NULL;
    if (s->database)
        return;
    s->database =
        str_empty(state) ? "./bascule.db" : arena_printf(r->arena, "%.*s/bascule.db", (int)strcspn(state, ":"), state);
}

void checked_finish(struct reader *r) {
    names_check(r);
    trackers_finish(r);
    listen_finish(r);
    database_finish(r);
}
