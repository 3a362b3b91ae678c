/* foreign: markers of notes that are found on records, ours and others'.
 *
 * An own marker says that its note was sent, whatever the database remembers:
 * what waits under it is done, what would be sent under it is entered as done
 * (a database that was lost or restored tells nobody twice). A marker of another
 * instance, or an own one made after this database could have forgotten it, says
 * that another bridge is at work: then nothing is written to that tracker until a
 * person says so (domain.md 9). Reading and deciding go on.
 *
 * Only a marker that ends a text counts, outside of quotations, and none in what
 * a requester wrote: nobody can stop the bridge by answering one of its mails.
 *
 * Called by gather.c and the commands, inside a transaction. */
#include "engine.h"

#include <stdlib.h>
#include <string.h>

#define NUMBERS_MOST 100000 /* a problem's number that is farther ahead was typed by somebody */

/* ---- stopping a tracker's writes ---- */

void lane_stop(struct lane *l, const char *kind, const char *how, const char *why, const char *clear) {
    struct engine *e = l->e;
    cleanup_arena struct arena *a = arena_new();
    struct tracker_row t;
    if (!store_tracker(e->store, a, l->cfg->name, &t))
        return;
    t.stopped = why;
    store_tracker_put(e->store, &t);
    store_meta_set(e->store, arena_printf(a, "stop:%s", l->cfg->name), how);
    store_attention_set(
        e->store,
        &(struct attention_item){.kind = kind, .subject = l->cfg->name, .text = why, .who = "owner", .clear = clear},
        now_of(e));
    journal(e, "bridge", "stopped", "", 0, 0, "tracker %s: %s", l->cfg->name, why);
    log_warn(e->world->log, "tracker %s: %s", l->cfg->name, why);
    free((char *)l->stopped);
    l->stopped = strdup(why);
    l->blind = str_is(how, STOP_ALL);
}

static void stop_foreign(struct lane *l, struct arena *a, const char *ref, const struct marker *m) {
    struct engine *e = l->e;
    bool own = str_is(m->instance, e->instance);
    if (l->stopped)
        return;
    store_meta_set(e->store, arena_printf(a, "foreign:%s", l->cfg->name), m->instance);
    lane_stop(
        l, "foreign-bridge", STOP_WRITES,
        own ? arena_printf(a,
                           "%s bears the marker %s, which is ours and which this database does not know: the same "
                           "bridge runs a second time, on a copy of the database",
                           ref, m->whole)
            : arena_printf(a,
                           "%s bears the marker %s of another Bascule (instance %s): two bridges on one tracker "
                           "would tell people twice",
                           ref, m->whole, m->instance),
        own ? arena_printf(a, "end the other one; then bascule resume %s", l->cfg->name)
            : arena_printf(a,
                           "end the other one, or give each its own scope; then bascule resume %s. If %s was this "
                           "installation, and its database and identity file are lost: bascule outbox open "
                           "--instance %s",
                           l->cfg->name, m->instance, m->instance));
}

static bool accepted(struct lane *l, struct arena *a, const char *instance) {
    const char *list = store_meta(l->e->store, a, arena_printf(a, "accepted:%s", l->cfg->name));
    return list && strstr(list, arena_printf(a, " %s ", instance));
}

void foreign_accept(struct lane *l, struct arena *a) {
    struct engine *e = l->e;
    const char *key = arena_printf(a, "foreign:%s", l->cfg->name), *instance = store_meta(e->store, a, key);
    if (!str_empty(instance) && !str_is(instance, e->instance) && !accepted(l, a, instance)) {
        const char *list_key = arena_printf(a, "accepted:%s", l->cfg->name), *list = store_meta(e->store, a, list_key);
        store_meta_set(e->store, list_key, arena_printf(a, "%s%s ", list ? list : " ", instance));
        journal(e, "bridge", "resume", "", 0, 0, "notes of instance %s in tracker %s stop nothing any more", instance,
                l->cfg->name);
    }
    store_meta_set(e->store, key, "");
    store_attention_clear(e->store, "foreign-bridge", l->cfg->name);
}

/* ---- looking ---- */

static const char *last_line(const char *body) {
    size_t n = strlen(body);
    while (n && strchr(" \t\r\n", body[n - 1]))
        n--;
    while (n && body[n - 1] != '\n')
        n--;
    return body + n;
}

/* The marker that ends the text; trackers may have wrapped it. */
static bool ends_with(struct arena *a, const char *body, struct marker *ret) {
    const char *line = last_line(body);
    size_t back = 0;
    while (!strstr(line, "[P-") && line > body && back++ < 2) {
        size_t n = (size_t)(line - body);
        const char *before = arena_strndup(a, body, n - 1);
        line = body + (last_line(before) - before);
    }
    if (line[strspn(line, " \t")] == '>' || !marker_find(a, line, ret))
        return false;
    const char *rest = strstr(line, ret->whole) + strlen(ret->whole);
    return rest[strspn(rest, " \t\r\n")] == 0;
}

/* What waits under that marker was sent already. */
static void settle_found(struct engine *e, struct arena *a, const char *ref, const char *word) {
    struct effect_row *open;
    size_t n = store_effects_open(e->store, a, ref, &open);
    for (size_t i = 0; i < n; i++) {
        const struct effect_row *x = &open[i];
        if (x->e.kind != EFFECT_NOTE || !str_is(x->marker, word) ||
            (x->e.state != EFFECT_PENDING && x->e.state != EFFECT_PARKED))
            continue;
        store_effect_move(e->store, x->e.n, EFFECT_DONE, NULL, "found on the record", now_of(e));
        store_attention_clear(e->store, "parked", arena_printf(a, "effect:%lld", (long long)x->e.n));
        journal(e, "bridge", "found", ref, x->e.problem, x->e.n, "its note stands there already: not sent again");
    }
}

static void found(struct lane *l, struct arena *a, const char *ref, const struct text *t, const struct marker *m) {
    struct engine *e = l->e;
    msec_t at = ours(l, t->at);
    struct effect_row x;
    bool own = str_is(m->instance, e->instance) ||
               (store_effect_by_marker(e->store, a, m->word, &x) && str_is(json_text(x.e.want, "marker"), m->whole));
    bool known = own && (store_effect_by_marker(e->store, a, m->word, &x) ||
                         store_marker_ref(e->store, a, m->instance, m->word, NULL));
    if (own)
        settle_found(e, a, ref, m->word);
    if (known && store_effect_by_marker(e->store, a, m->word, &x) && x.e.state == EFFECT_DONE)
        return;
    bool is_new = store_marker_add(e->store, ref, m->instance, m->word, at);
    if (own && m->problem < store_problem_top(e->store) + NUMBERS_MOST)
        store_problem_floor(e->store, m->problem);
    if (!is_new || known)
        return;
    bool lost = own && (!l->import_done || (e->recovered && at <= e->recovered + 2 * SEC_MS));
    if (lost)
        journal(e, "bridge", "found", ref, 0, 0, "bears our note %s, which this database had forgotten", m->whole);
    else if (own || !accepted(l, a, m->instance))
        stop_foreign(l, a, ref, m);
}

void foreign_look(struct lane *l, struct arena *a, const char *ref, const struct record *r) {
    for (size_t i = 0; i < r->n_texts; i++) {
        struct marker m;
        if (r->texts[i].body && !r->texts[i].requester && ends_with(a, r->texts[i].body, &m))
            found(l, a, ref, &r->texts[i], &m);
    }
}

void foreign_number(struct lane *l, int64_t problem) {
    struct engine *e = l->e;
    if ((e->recovered || !l->import_done) && problem < store_problem_top(e->store) + NUMBERS_MOST)
        store_problem_floor(e->store, problem);
}

/* ---- what was said before under a key ---- */

bool told_before(struct engine *e, struct arena *a, const char *ref, const char *key, msec_t *ret_at) {
    return store_marker(e->store, ref, e->instance, hash_word(a, key, 6), ret_at);
}

/* A turn whose notes are older than the move that would begin it was another one, of a
 * time that this database has forgotten: its number is not used again. */
bool turn_was_used(struct engine *e, struct arena *a, const char *ref, int turn, msec_t moved) {
    static const enum note_kind kinds[] = {NOTE_FIXED, NOTE_DECLINED, NOTE_DID_NOT_HOLD, NOTE_UNLINKED,
                                           NOTE_RECURRENCE};
    msec_t at;
    for (size_t i = 0; moved && i < array_size(kinds); i++)
        if (told_before(e, a, ref, arena_printf(a, "note:%s:%s:%d", ref, note_kind_name(kinds[i]), turn), &at) && at &&
            at + 2 * SEC_MS < moved)
            return true;
    return false;
}
