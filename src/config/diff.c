/* diff: what a reload changes, in lines for a log and for `check --diff`.
 *
 * Pure. Called by config's users after two good parses. What must hold: equal
 * settings give no line, and no secret reaches a line. */
#include "bascule/config.h"

#include <stdio.h>
#include <string.h>

#define LINES_MAX 200

struct diff {
    struct arena *arena;
    struct config_changes found;
    const char *section; /* "helpdesk.", "policy.", "" */
};

static void diff_line(struct diff *d, const char *format, ...) printf_like(2, 3);
static void diff_line(struct diff *d, const char *format, ...) {
    if (d->found.count >= LINES_MAX)
        return;
    char text[500];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    *arena_push(d->arena, &d->found.lines, &d->found.count) = str_cut(d->arena, text, sizeof(text));
}

static void diff_text(struct diff *d, const char *key, const char *before, const char *after) {
    if (!str_same(before, after))
        diff_line(d, "%s%s: %s -> %s", d->section, key, before ? before : "none", after ? after : "none");
}

static void diff_bool(struct diff *d, const char *key, bool before, bool after) {
    diff_text(d, key, before ? "true" : "false", after ? "true" : "false");
}

static void diff_number(struct diff *d, const char *key, int before, int after) {
    if (before != after)
        diff_line(d, "%s%s: %d -> %d", d->section, key, before, after);
}

static void diff_span(struct diff *d, const char *key, msec_t before, msec_t after) {
    if (before != after)
        diff_line(d, "%s%s: %s -> %s", d->section, key, duration_text(d->arena, before),
                  duration_text(d->arena, after));
}

static const char *json_shown(struct diff *d, const json_t *j) {
    return j ? json_is_string(j) ? json_string_value(j) : json_print(d->arena, j) : "none";
}

/* Key by key; what is new comes after what was there. */
static void diff_json(struct diff *d, const char *key, const json_t *before, const json_t *after) {
    const char *name;
    json_t *v;
    json_object_foreach((json_t *)before, name, v)
        if (!json_equal(v, json_object_get(after, name)))
            diff_line(d, "%s%s, %s: %s -> %s", d->section, key, name, json_shown(d, v),
                      json_shown(d, json_object_get(after, name)));
    json_object_foreach((json_t *)after, name, v)
        if (!json_object_get(before, name))
            diff_line(d, "%s%s, %s: none -> %s", d->section, key, name, json_shown(d, v));
}

/* The first of several natives with one meaning is the one that is written. */
static void diff_order(struct diff *d, const json_t *before, const json_t *after) {
    void *b = json_object_iter((json_t *)before), *a = json_object_iter((json_t *)after);
    if (!json_equal(before, after))
        return;
    for (; b && a; b = json_object_iter_next((json_t *)before, b), a = json_object_iter_next((json_t *)after, a))
        if (!str_is(json_object_iter_key(b), json_object_iter_key(a))) {
            diff_line(d, "%sstates: the order has changed", d->section);
            return;
        }
}

static void diff_secrets(struct diff *d, const json_t *before, const json_t *after) {
    const char *name;
    json_t *v;
    json_object_foreach((json_t *)before, name, v)
        if (!json_equal(v, json_object_get(after, name)))
            diff_line(d, "%sauth, %s: %s", d->section, name,
                      json_object_get(after, name) ? "changed (not shown)" : "removed");
    json_object_foreach((json_t *)after, name, v)
        if (!json_object_get(before, name))
            diff_line(d, "%sauth, %s: new (not shown)", d->section, name);
}

static const char *words_joined(struct diff *d, const char *const *words, size_t n) {
    cleanup_buf struct buf b = {.limit = 400};
    for (size_t i = 0; i < n; i++)
        buf_printf(&b, "%s%s", i ? ", " : "", words[i]);
    return n ? arena_strdup(d->arena, buf_text(&b)) : NULL;
}

/* ---- trackers ---- */

static const struct settings_tracker *tracker_find(const struct settings *s, const char *name) {
    for (size_t i = 0; i < s->n_trackers; i++)
        if (str_is(s->trackers[i].name, name))
            return &s->trackers[i];
    return NULL;
}

static void diff_tracker(struct diff *d, const struct settings_tracker *b, const struct settings_tracker *a) {
    d->section = arena_printf(d->arena, "%s.", a->name);
    diff_text(d, "connector", b->connector, a->connector);
    diff_text(d, "role", role_name(b->role), role_name(a->role));
    diff_text(d, "url", b->url, a->url);
    diff_text(d, "web_urls", words_joined(d, b->web_urls, b->n_web_urls), words_joined(d, a->web_urls, a->n_web_urls));
    diff_secrets(d, b->auth, a->auth);
    diff_json(d, "scope", b->scope, a->scope);
    diff_span(d, "poll", b->poll, a->poll);
    diff_span(d, "sweep", b->sweep, a->sweep);
    diff_span(d, "timeout", b->timeout, a->timeout);
    diff_span(d, "look_after", b->look_after, a->look_after);
    diff_number(d, "concurrency", b->concurrency, a->concurrency);
    diff_text(d, "ca", b->ca, a->ca);
    diff_bool(d, "paused", b->paused, a->paused);
    diff_text(d, "import.since", b->import_since ? time_text(d->arena, b->import_since) : NULL,
              a->import_since ? time_text(d->arena, a->import_since) : NULL);
    diff_bool(d, "import.comments", b->import_comments, a->import_comments);
    diff_json(d, "states", b->states, a->states);
    diff_order(d, b->states, a->states);
    diff_json(d, "outcomes", b->outcomes, a->outcomes);
    diff_json(d, "priorities", b->priorities, a->priorities);
    diff_json(d, "write", b->write, a->write);
    diff_json(d, "fields", b->fields, a->fields);
}

static void diff_trackers(struct diff *d, const struct settings *before, const struct settings *after) {
    for (size_t i = 0; i < before->n_trackers; i++) {
        const struct settings_tracker *now = tracker_find(after, before->trackers[i].name);
        if (now)
            diff_tracker(d, &before->trackers[i], now);
        else
            diff_line(d, "tracker %s: removed; its records stay, and are no longer read or written",
                      before->trackers[i].name);
    }
    for (size_t i = 0; i < after->n_trackers; i++) {
        const struct settings_tracker *t = &after->trackers[i];
        if (!tracker_find(before, t->name))
            diff_line(d, "tracker %s: new (%s, %s, %s)", t->name, t->connector, role_name(t->role), t->url);
    }
    d->section = "";
}

/* ---- references and policy ---- */

static bool pattern_in(const struct settings *s, const struct settings_pattern *p) {
    for (size_t i = 0; i < s->n_patterns; i++)
        if (str_is(s->patterns[i].pattern, p->pattern) && str_is(s->patterns[i].tracker, p->tracker))
            return true;
    return false;
}

static void diff_references(struct diff *d, const struct settings *before, const struct settings *after) {
    d->section = "references.";
    diff_text(d, "from_requesters", before->requesters_suggest ? "suggest" : "confirm",
              after->requesters_suggest ? "suggest" : "confirm");
    for (size_t i = 0; i < before->n_patterns; i++)
        if (!pattern_in(after, &before->patterns[i]))
            diff_line(d, "references: '%s' for %s removed", before->patterns[i].pattern, before->patterns[i].tracker);
    for (size_t i = 0; i < after->n_patterns; i++)
        if (!pattern_in(before, &after->patterns[i]))
            diff_line(d, "references: '%s' for %s added", after->patterns[i].pattern, after->patterns[i].tracker);
    d->section = "";
}

static const char *thresholds_text(struct diff *d, const struct policy *p) {
    cleanup_buf struct buf b = {.limit = 200};
    for (size_t i = 0; i < p->n_thresholds; i++)
        buf_printf(&b, "%s%d", i ? ", " : "", p->thresholds[i]);
    return arena_printf(d->arena, "[%s]", buf_text(&b));
}

static void diff_policy(struct diff *d, const struct policy *b, const struct policy *a) {
    diff_text(d, "treatment", treatment_name(b->treatment), treatment_name(a->treatment));
    diff_bool(d, "require_workaround", b->require_workaround, a->require_workaround);
    diff_text(d, "delivered_when", delivered_when_name(b->delivered_when), delivered_when_name(a->delivered_when));
    diff_text(d, "several_defects", several_defects_name(b->several_defects), several_defects_name(a->several_defects));
    diff_text(d, "on_declined", on_declined_name(b->on_declined), on_declined_name(a->on_declined));
    diff_text(d, "on_reopen", on_reopen_name(b->on_reopen), on_reopen_name(a->on_reopen));
    diff_number(d, "recurrences", b->recurrences, a->recurrences);
    diff_text(d, "on_risk_accepted", on_risk_accepted_name(b->on_risk_accepted),
              on_risk_accepted_name(a->on_risk_accepted));
    diff_span(d, "reopen_window", b->reopen_window, a->reopen_window);
    for (int v = 1; v < VERDICT_COUNT; v++)
        diff_span(d, arena_printf(d->arena, "settle.%s", verdict_name((enum verdict)v)), b->settle[v], a->settle[v]);
    diff_text(d, "thresholds", thresholds_text(d, b), thresholds_text(d, a));
    for (int kind = 0; kind < NOTE_KIND_COUNT; kind++)
        diff_text(d, arena_printf(d->arena, "notes.%s", note_kind_name((enum note_kind)kind)),
                  visibility_name(b->notes[kind]), visibility_name(a->notes[kind]));
}

static bool words_equal(const struct policy_words *b, const struct policy_words *a) {
    if (b->count != a->count)
        return false;
    for (size_t i = 0; i < b->count; i++)
        if (!str_is(b->words[i], a->words[i]))
            return false;
    return true;
}

static bool match_equal(const struct policy_rule *b, const struct policy_rule *a) {
    if (!words_equal(&b->service, &a->service) || !words_equal(&b->priority, &a->priority) ||
        !words_equal(&b->tracker, &a->tracker) || b->n_fields != a->n_fields)
        return false;
    for (size_t i = 0; i < b->n_fields; i++)
        if (!str_is(b->fields[i].name, a->fields[i].name) || !words_equal(&b->fields[i].values, &a->fields[i].values))
            return false;
    return true;
}

static void diff_rules(struct diff *d, const struct policy_set *before, const struct policy_set *after) {
    for (size_t i = 0; i < before->n_rules || i < after->n_rules; i++) {
        int n = (int)i + 1;
        if (i >= after->n_rules) {
            diff_line(d, "policy.for: rule %d removed", n);
            continue;
        }
        if (i >= before->n_rules) {
            diff_line(d, "policy.for: rule %d added (line %d)", n, after->rules[i].line);
            continue;
        }
        const struct policy_rule *b = &before->rules[i], *a = &after->rules[i];
        d->section = arena_printf(d->arena, "policy.for, rule %d, ", n);
        if (!match_equal(b, a))
            diff_line(d, "policy.for, rule %d matches other incidents now (line %d)", n, a->line);
        if (b->set != a->set)
            diff_line(d, "policy.for, rule %d sets other keys now (line %d)", n, a->line);
        diff_policy(d, &b->policy, &a->policy);
    }
    d->section = "";
}

/* ---- the whole ---- */

static const char *listen_text(struct diff *d, const struct settings *s) {
    return arena_printf(d->arena, "%s:%d", s->listen_host, s->listen_port);
}

/* What is open since the start can't be moved under a running service. */
static void diff_fixed(struct diff *d, const char *key, const char *before, const char *after) {
    if (!str_same(before, after))
        diff_line(d, "%s: %s -> %s (after a restart)", key, before ? before : "none", after ? after : "none");
}

struct config_changes config_diff(const struct settings *before, const struct settings *after, struct arena *a) {
    struct diff d = {.arena = a, .section = ""};
    diff_fixed(&d, "database", before->database, after->database);
    diff_fixed(&d, "listen", listen_text(&d, before), listen_text(&d, after));
    diff_text(&d, "public_url", before->public_url, after->public_url);
    diff_bool(&d, "behind_proxy", before->behind_proxy, after->behind_proxy);
    diff_fixed(&d, "tls.cert", before->tls_cert, after->tls_cert);
    diff_fixed(&d, "tls.key", before->tls_key, after->tls_key);
    diff_bool(&d, "dry_run", before->dry_run, after->dry_run);
    diff_text(&d, "history", before->history_assert ? "assert" : "adopt", after->history_assert ? "assert" : "adopt");
    diff_number(&d, "brake", before->brake, after->brake);
    diff_text(&d, "language", before->language, after->language);
    diff_text(&d, "texts", before->texts, after->texts);
    diff_trackers(&d, before, after);
    diff_references(&d, before, after);
    d.section = "policy.";
    diff_policy(&d, &before->policy.base, &after->policy.base);
    diff_rules(&d, &before->policy, &after->policy);
    return d.found;
}
