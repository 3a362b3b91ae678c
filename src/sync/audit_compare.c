/* audit_compare: one record, as its tracker shows it, against the database.
 *
 * Called by audit.c with the answer of an ordinary read. What must hold: it
 * writes nothing; what is on its way is no difference; a state that people moved
 * and the bridge knows of is none either, for it is theirs (law 2), but a field
 * that the bridge was given is the bridge's. */
#include "audit.h"

#include <stdio.h>
#include <string.h>

#define VALUE_MOST   200
#define MARKERS_MOST 20

struct comparing {
    struct lane *l;
    struct engine *e;
    struct arena *a;
    const char *ref;
    const struct record *now;
    struct record_row row;
    struct incident_row incident;
    bool has_incident;
    struct effect_row *open;
    size_t n_open;
    struct audit_found *found;
};

void audit_line(json_t *lines, const char *ref, const char *what, const char *tracker, const char *bridge,
                const char *mend) {
    cleanup_arena struct arena *a = arena_new();
    json_array_append_new(lines, json_pack("{s:s, s:s, s:s, s:s, s:s}", "ref", ref, "what", what, "tracker",
                                           str_cut(a, tracker ? tracker : "", VALUE_MOST), "bridge",
                                           str_cut(a, bridge ? bridge : "", VALUE_MOST), "mend", mend));
}

static void differs(struct comparing *c, const char *what, const char *tracker, const char *bridge, const char *mend) {
    audit_line(c->found->lines, c->ref, what, tracker, bridge, mend);
}

static const char *sync_it(const struct comparing *c) {
    return arena_printf(c->a, "the next poll takes it, or bascule sync %s", c->ref);
}

static const char *retry_it(struct comparing *c, const struct effect_row *x) {
    return arena_printf(c->a, "bascule retry %lld, or bascule discard %lld --reason TEXT", (long long)x->e.n,
                        (long long)x->e.n);
}

/* The newest open effect of that kind; of that field. */
static const struct effect_row *open_effect(const struct comparing *c, enum effect_kind kind, const char *field) {
    for (size_t i = c->n_open; i-- > 0;)
        if (c->open[i].e.kind == kind && (!field || str_is(json_text(c->open[i].e.want, "field"), field)))
            return &c->open[i];
    return NULL;
}

/* ---- state ---- */

static const char *state_words(struct comparing *c, enum state s, enum outcome o) {
    return o == OUTCOME_NONE ? state_name(s) : arena_printf(c->a, "%s (%s)", state_name(s), outcome_name(o));
}

static bool state_known(const struct comparing *c) {
    const struct record *was = &c->row.r;
    return c->now->state == was->state && (c->row.outcome_set || c->now->outcome == was->outcome);
}

static void compare_state(struct comparing *c) {
    const struct effect_row *x = open_effect(c, EFFECT_STATE, NULL);
    const struct incident_row *i = &c->incident;
    const char *now = state_words(c, c->now->state, c->now->outcome);
    if (x && x->e.state != EFFECT_PARKED)
        return;
    if (x) {
        differs(c, "state (parked)", now, json_text(x->e.want, "state"), retry_it(c, x));
        return;
    }
    if (!state_known(c)) {
        differs(c, "state", now, state_words(c, c->row.r.state, c->row.r.outcome), sync_it(c));
        return;
    }
    if (c->has_incident && i->asserted != STATE_NONE && i->asserted_turn == i->turn && !i->overridden &&
        incident_class(c->now->state, c->now->outcome) != i->asserted)
        differs(c, "state, as written", now, state_name(i->asserted), sync_it(c));
}

/* ---- fields ---- */

static void compare_field(struct comparing *c, enum field f) {
    struct value_row v;
    enum kind kind = c->now->kind;
    const char *name = field_name(f), *now = json_text(c->now->fields, name), *was = json_text(c->row.r.fields, name);
    bool have = store_value(c->e->store, c->a, c->ref, name, &v);
    bool known = c->row.forgotten || field_equal(c->e, c->a, f, kind, now, was); /* forgotten: it is kept blank */
    const struct effect_row *x = open_effect(c, EFFECT_FIELD, name);
    if (x && x->e.state == EFFECT_PARKED)
        differs(c, arena_printf(c->a, "%s (parked)", name), now, json_text(x->e.want, "value"), retry_it(c, x));
    else if (x || (c->has_incident && c->incident.ignored))
        return;
    else if (have && !field_equal(c->e, c->a, f, kind, now, v.computed))
        differs(c, name, now, v.computed,
                known ? arena_printf(c->a,
                                     "put it back there by hand; else it stays until the bridge's value changes: "
                                     "bascule explain %s",
                                     c->ref)
                      : sync_it(c));
    else if (!known)
        differs(c, name, now, was, sync_it(c));
}

/* ---- notes ---- */

/* In an answer that quotes our note its marker stands in a line that begins with >. */
static bool is_quoted(const char *body, size_t at) {
    while (at > 0 && body[at - 1] != '\n')
        at--;
    return body[at + strspn(body + at, " \t")] == '>';
}

/* The markers of ours that stand in a text, each once. */
static size_t own_markers(struct comparing *c, const char *body, const char *words[MARKERS_MOST]) {
    size_t n = 0, from = 0;
    struct marker m;
    for (int i = 0; body && n < MARKERS_MOST && i < 4 * MARKERS_MOST && marker_find(c->a, body + from, &m); i++) {
        bool again = !str_is(m.instance, c->e->instance) || is_quoted(body, from + m.at);
        for (size_t k = 0; k < n; k++)
            again |= str_is(words[k], m.word);
        if (!again)
            words[n++] = m.word;
        from += m.at + 1;
    }
    return n;
}

static int notes_count(struct comparing *c, const char *word) {
    int count = 0;
    for (size_t i = 0; i < c->now->n_texts; i++) {
        const char *words[MARKERS_MOST];
        size_t n = own_markers(c, c->now->texts[i].body, words);
        for (size_t k = 0; k < n; k++)
            count += str_is(words[k], word);
    }
    return count;
}

static void compare_notes(struct comparing *c) {
    struct effect_row *done;
    struct audit_found *f = c->found;
    size_t n = store_notes_done(c->e->store, c->a, c->ref, &done);
    for (size_t i = 0; i < n; i++) {
        const char *note = json_text(done[i].e.want, "note"), *marker = json_text(done[i].e.want, "marker");
        int count = notes_count(c, done[i].marker);
        if (count > 1)
            differs(c, arena_printf(c->a, "note %s", note ? note : ""), arena_printf(c->a, "%d times", count), "once",
                    arena_printf(c->a, "delete one there: its marker is %s", marker ? marker : done[i].marker));
        if (count == 0 && marker)
            *arena_push(f->arena, &f->missing, &f->n_missing) =
                (struct audit_missing){.n = done[i].e.n,
                                       .note = arena_strdup(f->arena, note ? note : ""),
                                       .marker = arena_strdup(f->arena, marker)};
    }
}

/* Notes of ours that are there, and should not be: the database knows nothing of them, or believes them refused. */
static void compare_markers(struct comparing *c) {
    for (size_t i = 0; i < c->now->n_texts; i++) {
        const char *words[MARKERS_MOST];
        size_t n = own_markers(c, c->now->texts[i].body, words);
        for (size_t k = 0; k < n; k++) {
            struct effect_row x;
            if (!store_effect_by_marker(c->e->store, c->a, words[k], &x))
                differs(c, "note", arena_printf(c->a, "%s-%s", c->e->instance, words[k]), "not known",
                        "it was written by another database of this instance, perhaps before a restore: look at it "
                        "there, and delete it if it is wrong");
            else if (x.e.state == EFFECT_PARKED && str_is(x.e.ref, c->ref))
                differs(c, "note (parked)", "it is there", "not written",
                        arena_printf(c->a, "bascule discard %lld --reason TEXT", (long long)x.e.n));
        }
    }
}

void audit_missing_line(json_t *lines, const char *ref, const struct audit_missing *m) {
    cleanup_arena struct arena *a = arena_new();
    audit_line(lines, ref, arena_printf(a, "note %s", m->note), "not there", "written",
               arena_printf(a, "it is never sent twice: bascule show %lld has its text, to be put there by hand",
                            (long long)m->n));
}

/* ---- the whole ---- */

static void compare_presence(struct comparing *c, const struct op_result *r, bool known) {
    if (!known)
        differs(c, "record", presence_name(r->presence), "never read", sync_it(c));
    else if (r->presence != c->row.r.presence)
        differs(c, "presence", presence_name(r->presence), presence_name(c->row.r.presence),
                r->presence == PRESENT ? sync_it(c)
                                       : arena_printf(c->a, "bascule sync %s, twice: then it is certain", c->ref));
}

void audit_compare(struct lane *l, const char *ref, const struct op_result *r, struct audit_found *ret) {
    cleanup_arena struct arena *a = arena_new();
    struct comparing c = {.l = l, .e = l->e, .a = a, .ref = ref, .found = ret};
    engine_begin(c.e); /* for reading: what it reads is of one moment, and goes with the rollback */
    bool known = store_record(c.e->store, a, ref, &c.row);
    compare_presence(&c, r, known);
    if (known && r->presence == PRESENT && c.row.r.presence == PRESENT && r->n_records) {
        c.now = &r->records[0];
        c.has_incident = store_incident(c.e->store, a, ref, &c.incident);
        c.n_open = store_effects_open(c.e->store, a, ref, &c.open);
        compare_state(&c);
        for (int f = 0; f < FIELD_COUNT; f++)
            if (tracker_has_field(l->tracker, (enum field)f))
                compare_field(&c, (enum field)f);
        if (c.now->detailed) {
            compare_notes(&c);
            compare_markers(&c);
        }
    }
    store_rollback(c.e->store);
}
