/* write: one composite change of one record, and the reading back.
 *
 * Called by the engine's delivery. What is wanted is split into parts (state,
 * fields, note, link); the recipe's steps say which parts go in one request and in
 * which order. No tracker's success is believed: what a read shows was applied, the
 * rest was refused. A request whose fate is unknown ends the operation at once. */
#include "runtime.h"

#include <string.h>
#include <strings.h>

enum part { PART_STATE = 1, PART_FIELDS = 2, PART_NOTE = 4, PART_LINK = 8 };
static const struct {
    const char *name;
    enum part part;
} parts[] = {{"state", PART_STATE}, {"fields", PART_FIELDS}, {"note", PART_NOTE}, {"link", PART_LINK}};

struct write_op {
    struct reading *current; /* first: see reading_start */
    struct reading reading;
    const json_t *spec;  /* recipe's write */
    const json_t *words; /* {"status","resolution","label"}, NULL: no state wanted */
    json_t *fields;      /* [{"name","value","field","before"}] */
    unsigned asked;      /* 1u << field: also those that need no write */
    const char *marker;
    bool internal; /* the note is */
    const char *before_state;
    json_t *before_ids; /* ids of changes that were there before; NULL: not known */
    msec_t before_updated;
    bool keep;        /* the state only goes along */
    unsigned wanted;  /* parts */
    unsigned open;    /* not yet sent */
    unsigned sending; /* with the request at hand */
    size_t step;
    bool page;                /* a request was answered with a web page */
    bool note_seen;           /* the tracker named our note */
    enum reply_class refused; /* OK: nothing was */
    const char *words_refused;
    const char *said; /* the tracker's words in a reply that claims success */
};

static void step_next(struct op *op);

/* ---- what is wanted ---- */

/* White space and case of ends don't make another value. */
static bool same_value(const char *a, const char *b) {
    a = a ? a : "";
    b = b ? b : "";
    for (;;) {
        a += strspn(a, " \t\r\n");
        b += strspn(b, " \t\r\n");
        if (!*a || !*b)
            return *a == *b;
        if (*a++ != *b++)
            return false;
    }
}

static int state_want(struct op *op, const struct write_request *w) {
    struct write_op *o = op->mine;
    if (w->state == STATE_NONE)
        return 0;
    o->words = tracker_write_words(op->tracker, w->state, w->outcome);
    const char *status = json_text(o->words, "status");
    if (!status) {
        op_finish(op, CLASS_REJECTED,
                  op_words(op, "%s has no way to say %s%s%s; name one under `write` or `states`", op->tracker->set.name,
                           state_name(w->state), w->outcome ? "/" : "", outcome_name(w->outcome)));
        return -1;
    }
    if (w->before && str_is_nocase(w->before->native_state, status) &&
        (!json_text(o->words, "resolution") ||
         str_is_nocase(w->before->native_resolution, json_text(o->words, "resolution"))))
        return 0; /* a write that changes nothing moves the time of change on some */
    o->wanted |= PART_STATE;
    return 0;
}

static int fields_want(struct op *op, const struct write_request *w) {
    struct write_op *o = op->mine;
    const json_t *clear = json_object_get(o->spec, "clear");
    o->fields = json_array();
    json_array_append_new(op->kept, o->fields);
    for (size_t i = 0; i < w->n_fields; i++) {
        const char *canonical = field_name(w->fields[i].field);
        const char *name = tracker_field_native(op->tracker, w->fields[i].field), *value = w->fields[i].value;
        if (!name) {
            op_finish(op, CLASS_REJECTED,
                      op_words(op, "%s has no field for %s configured", op->tracker->set.name, canonical));
            return -1;
        }
        const char *was = w->before ? json_text(w->before->fields, canonical) : NULL;
        o->asked |= 1u << w->fields[i].field;
        if (w->before && same_value(was, value))
            continue;
        json_t *said = str_empty(value) ? (clear ? json_incref((json_t *)clear) : json_null())
                                        : json_string(text_clean(op->arena, value, TEXT_BYTES_MAX));
        json_array_append_new(o->fields, json_pack("{s:s, s:s, s:o, s:s?}", "field", canonical, "name", name, "value",
                                                   said, "before", was));
    }
    if (json_array_size(o->fields)) {
        o->wanted |= PART_FIELDS;
        op_set(op, "fields", json_incref(o->fields));
    }
    return 0;
}

/* The note's bytes: body, empty line, marker. */
static char *note_text(struct op *op, const char *body, const char *marker) {
    const char *form = json_text(op->tracker->recipe, "text");
    const char *text = text_for(op->arena, form, body ? body : "");
    return str_empty(marker) ? arena_strdup(op->arena, text)
                             : arena_printf(op->arena, "%s%s%s", text, *text ? "\n\n" : "", marker);
}

/* "A public note never moves the record": an incident that is not open would be moved by it, and here its state cannot
 * go along. */
static bool note_moves(const struct op *op, const struct write_request *w) {
    enum state then = w->state ? w->state : w->before ? w->before->state : STATE_NONE;
    return w->note->visibility == VISIBILITY_PUBLIC && !op->tracker->abilities.public_note_keeps_closed && w->before &&
           w->before->kind == KIND_INCIDENT && then != STATE_OPEN && then != STATE_NONE;
}

static int note_want(struct op *op, const struct write_request *w) {
    struct write_op *o = op->mine;
    const struct tracker_abilities *able = &op->tracker->abilities;
    if (!w->note || w->note->visibility == VISIBILITY_OFF)
        return 0;
    op->result.note_inside = note_moves(op, w);
    bool internal = w->note->visibility == VISIBILITY_INTERNAL || op->result.note_inside;
    if (internal ? !able->internal_note : !able->public_note) {
        op_finish(op, CLASS_REJECTED,
                  op_words(op, "%s has no %s notes", op->tracker->set.name, internal ? "internal" : "public"));
        return -1;
    }
    if (internal && op->tracker->cache->leaks) {
        op_finish(op, CLASS_REJECTED,
                  op_words(op,
                           "an internal note came out public on %s: give its account the right to "
                           "write private notes, then start again",
                           op->tracker->set.name));
        return -1;
    }
    o->internal = internal;
    o->wanted |= PART_NOTE;
    o->marker = w->note->marker ? arena_strdup(op->arena, w->note->marker) : NULL;
    op_set(op, "note",
           json_pack("{s:s, s:b, s:b, s:s}", "text", note_text(op, w->note->body, w->note->marker), "internal",
                     internal, "public", !internal, "visibility",
                     visibility_name(internal ? VISIBILITY_INTERNAL : VISIBILITY_PUBLIC)));
    if (w->keep_state && !internal && !(o->wanted & PART_STATE) && w->before && able->public_note_keeps_closed) {
        o->keep = true;
        o->words = json_pack("{s:s}", "status", w->before->native_state);
        json_array_append_new(op->kept, (json_t *)o->words);
        o->wanted |= PART_STATE;
    }
    return 0;
}

static void link_want(struct op *op, const struct write_request *w) {
    struct write_op *o = op->mine;
    if (str_empty(w->link_url))
        return;
    o->wanted |= PART_LINK;
    op_set(op, "link",
           json_pack("{s:s, s:s}", "url", w->link_url, "title", w->link_title ? w->link_title : w->link_url));
}

/* What was there before, copied: the caller's record need not outlive this call. */
static void before_keep(struct op *op, const struct record *before) {
    struct write_op *o = op->mine;
    if (!before)
        return;
    o->before_state = arena_strdup(op->arena, before->native_state);
    op_set(op, "before",
           json_pack("{s:I, s:s}", "updated", (json_int_t)before->updated, "state", before->native_state));
    o->before_updated = before->updated;
    if (!before->detailed || before->n_changes >= RECORD_CHANGES_MAX) /* a history that was cut tells nothing of age */
        return;
    o->before_ids = json_object();
    json_array_append_new(op->kept, o->before_ids);
    for (size_t i = 0; i < before->n_changes; i++)
        if (before->changes[i].id)
            json_object_set_new(o->before_ids, before->changes[i].id, json_true());
}

/* ---- steps ---- */

static unsigned step_parts(const json_t *step) {
    unsigned takes = 0;
    size_t i;
    json_t *one;
    json_array_foreach(json_object_get(step, "takes"), i, one)
        for (size_t k = 0; k < array_size(parts); k++)
            if (str_is(parts[k].name, json_string_value(one)))
                takes |= parts[k].part;
    return takes;
}

/* The parts that go with this request, and no others. The note stays for `when`. */
static void parts_set(struct op *op, unsigned now) {
    struct write_op *o = op->mine;
    const char *status = now & PART_STATE ? json_text(o->words, "status") : NULL;
    op_set_text(op, "state", status);
    op_set_text(op, "resolution", status ? json_text(o->words, "resolution") : NULL);
    op_set_text(op, "label", status ? json_text(o->words, "label") : NULL);
    op_set(op, "fields", now & PART_FIELDS ? json_incref(o->fields) : NULL);
}

static void echo_add(struct op *op, const char *id) {
    struct op_result *r = &op->result;
    for (size_t i = 0; i < r->n_echoes; i++)
        if (str_is(r->echoes[i], id))
            return;
    *arena_push(op->arena, &r->echoes, &r->n_echoes) = id;
    if (!r->echo)
        r->echo = id;
}

/* {header, cut} or {at}: which id names what we just made. */
static const char *echo_of(struct op *op, const json_t *step, const struct answer *a) {
    const json_t *rule = json_object_get(step, "echo");
    const char *header = json_text(rule, "header"), *at = json_text(rule, "at");
    if (at)
        return pick_as_text(op->arena, pick_first(a->json, at));
    const char *value = header ? http_header(a->reply, header) : NULL;
    if (!value)
        return NULL;
    const char *slash = strrchr(value, '/');
    const char *id = slash ? slash + 1 : value;
    return *id ? arena_strndup(op->arena, id, strcspn(id, "?#")) : NULL;
}

static void step_done(struct op *op, const struct answer *a) {
    struct write_op *o = op->mine;
    const json_t *step = json_array_get(json_object_get(o->spec, "steps"), o->step);
    bool touched = (o->wanted & ~o->open) != 0;
    if (a->class == CLASS_OK) {
        const char *id = echo_of(op, step, a), *said = json_text(step, "says");
        if (id && (o->sending & PART_NOTE)) {
            o->note_seen = true;
            echo_add(op, id);
        }
        op->c.item = a->json;
        o->page |= !a->json && a->reply->body && a->reply->body[strspn(a->reply->body, " \t\r\n")] == '<';
        o->said = said ? pick_as_text(op->arena, pick_first(a->json, said)) : o->said;
        o->open &= ~o->sending;
        o->step++;
        step_next(op);
        return;
    }
    bool known =
        a->class == CLASS_REJECTED || a->class == CLASS_GONE || (a->class == CLASS_DENIED && op->result.status != 401);
    if (!known) { /* an earlier request was carried out: the whole is neither done nor not done */
        op_finish(op, touched ? CLASS_UNSURE : a->class, a->words ? arena_strdup(op->arena, a->words) : NULL);
        return;
    }
    o->refused = a->class;
    o->words_refused = arena_strdup(op->arena, a->words);
    o->step = json_array_size(json_object_get(o->spec, "steps"));
    step_next(op);
}

static void verify(struct op *op, struct reading *r);

static void step_next(struct op *op) {
    struct write_op *o = op->mine;
    const json_t *steps = json_object_get(o->spec, "steps");
    for (; o->step < json_array_size(steps); o->step++) {
        const json_t *step = json_array_get(steps, o->step);
        o->sending = o->open & step_parts(step);
        if (!o->sending || !when_holds(&op->c, json_object_get(step, "when")))
            continue;
        parts_set(op, o->sending);
        op_ask(op, step, step_done);
        return;
    }
    op_set(op, "page", NULL);
    reading_start(op, &o->reading, json_object_get(o->spec, "verify"), verify);
}

/* {get, keep}: what a step needs to know of the record at this moment (a revision). */
static void first_done(struct op *op, const struct answer *a) {
    struct write_op *o = op->mine;
    const char *name;
    json_t *path;
    if (a->class != CLASS_OK) {
        op_finish_as(op, a);
        return;
    }
    json_object_foreach(json_object_get(json_object_get(o->spec, "first"), "keep"), name, path)
        op_set(op, name, json_incref(pick_first(a->json, json_string_value(path))));
    step_next(op);
}

/* ---- reading back ---- */

static bool change_is_new(const struct write_op *o, const struct change *c) {
    if (o->before_ids)
        return c->id && !json_object_get(o->before_ids, c->id);
    return c->at >= o->before_updated;
}

/* Our change stands in the history, even if somebody changed it again since. */
static bool change_ours(struct op *op, const struct record *after, const char *field, const char *to) {
    struct write_op *o = op->mine;
    bool found = false;
    for (size_t i = 0; i < after->n_changes; i++) {
        const struct change *c = &after->changes[i];
        if (!str_is_nocase(c->field, field) || !change_is_new(o, c))
            continue;
        if (str_is(field, "state") ? str_is_nocase(c->to, to) : same_value(c->to, to)) {
            found = true;
            if (c->id)
                echo_add(op, c->id);
        }
    }
    return found;
}

static bool state_is_there(struct op *op, const struct record *after) {
    struct write_op *o = op->mine;
    const char *status = json_text(o->words, "status"), *resolution = json_text(o->words, "resolution");
    bool ours = change_ours(op, after, "state", status);
    bool now = str_is_nocase(after->native_state, status) &&
               (!resolution || str_is_nocase(after->native_resolution, resolution));
    return now || ours;
}

/* The first field that isn't there; NULL when all are. Those that are there are done. */
static const char *field_missing(struct op *op, const struct record *after) {
    struct write_op *o = op->mine;
    const char *missing = NULL;
    size_t i;
    json_t *one;
    op->result.fields_done = o->asked;
    json_array_foreach(o->fields, i, one) {
        const char *value = json_string_value(json_object_get(one, "value")), *name = json_text(one, "name");
        bool ours = change_ours(op, after, name, value);
        bool now = same_value(json_text(after->fields, json_text(one, "field")), value);
        enum field f;
        if (ours || now)
            continue;
        if (field_parse(json_text(one, "field"), &f))
            op->result.fields_done &= ~(1u << f);
        missing = missing ? missing : name;
    }
    return missing;
}

/* ---- what our write went over ---- */

/* A move that the tracker makes on its own because of our public note stands behind that note in the history. */
static bool is_within(const struct op *op, const struct change *c) {
    const struct write_op *o = op->mine;
    int64_t note, id;
    return op->result.echo && !o->internal && c->id && str_is(c->field, "state") && str_int64(op->result.echo, &note) &&
           str_int64(c->id, &id) && id > note;
}

/* A new change of that field, just before ours, by which it was no longer what the caller had read. */
static void lost_find(struct op *op, const struct record *after, const char *what, const char *field, const char *to,
                      const char *before) {
    struct write_op *o = op->mine;
    struct op_result *r = &op->result;
    const struct change *theirs = NULL;
    bool state = str_is(field, "state"), ours = false;
    for (size_t i = 0; i < after->n_changes && !ours; i++) {
        const struct change *c = &after->changes[i];
        if (!str_is_nocase(c->field, field) || !change_is_new(o, c))
            continue;
        ours = state ? str_is_nocase(c->to, to) : same_value(c->to, to);
        if (!ours && !is_within(op, c))
            theirs = c;
    }
    if (!ours || !theirs || same_value(theirs->to, before))
        return;
    *arena_push(op->arena, &r->lost, &r->n_lost) =
        (struct lost_edit){.what = what, .value = theirs->to, .wrote = to, .by = theirs->by, .at = theirs->at};
}

static void lost_look(struct op *op, const struct record *after) {
    struct write_op *o = op->mine;
    size_t i;
    json_t *one;
    if (!o->before_ids) /* without them what was known could seem new */
        return;
    if (o->wanted & PART_STATE)
        lost_find(op, after, "state", "state", json_text(o->words, "status"), o->before_state);
    json_array_foreach(o->fields, i, one)
        lost_find(op, after, json_text(one, "field"), json_text(one, "name"),
                  json_string_value(json_object_get(one, "value")), json_text(one, "before"));
}

static bool note_is_there(struct op *op, const struct record *after) {
    struct write_op *o = op->mine;
    for (size_t i = 0; o->marker && i < after->n_texts; i++)
        if (strstr(after->texts[i].body, o->marker)) {
            if (after->texts[i].id)
                echo_add(op, after->texts[i].id);
            if (o->internal && !after->texts[i].internal)
                op->tracker->cache->leaks = true;
            return true;
        }
    return o->note_seen;
}

/* Where the tracker shows its links, the link must be among them. */
static bool link_is_there(struct op *op, const struct record *after) {
    const char *url = json_text(json_object_get(op->c.vars, "link"), "url");
    for (size_t i = 0; i < after->n_relations; i++)
        if (after->relations[i].type == RELATION_URL && str_is(after->relations[i].target, url))
            return true;
    return !op->tracker->abilities.relations;
}

/* What was ignored, in words; with the moves that are allowed. */
static const char *words_ignored(struct op *op, const struct record *after, const char *field) {
    struct write_op *o = op->mine;
    const struct op_result *r = &op->result;
    cleanup_buf struct buf b = {.limit = 480};
    if (!r->state_applied && (o->wanted & PART_STATE)) {
        buf_printf(&b, "status stayed \"%s\" instead of \"%s\"", after->native_state, json_text(o->words, "status"));
        if (after->allowed)
            buf_printf(&b, "; allowed from there: %s", after->allowed);
    }
    if (!r->fields_applied && (o->wanted & PART_FIELDS))
        buf_printf(&b, "%sfield \"%s\" was not set", b.len ? "; " : "", field ? field : "?");
    if (!r->note_applied && (o->wanted & PART_NOTE))
        buf_printf(&b, "%sthe note is not there", b.len ? "; " : "");
    if ((o->wanted & PART_LINK) && !link_is_there(op, after))
        buf_printf(&b, "%sthe link is not there", b.len ? "; " : "");
    if (o->words_refused)
        buf_printf(&b, "%s%s", b.len ? "; " : "", o->words_refused);
    else if (o->said)
        buf_printf(&b, "; %s said: %s", op->tracker->set.name, o->said);
    return op_words(op, "%s", buf_text(&b));
}

static void judge(struct op *op, const struct record *after) {
    struct write_op *o = op->mine;
    struct op_result *r = &op->result;
    r->note_applied = !(o->wanted & PART_NOTE) || note_is_there(op, after); /* first: `echo` is the note's */
    r->state_applied = !(o->wanted & PART_STATE) || state_is_there(op, after);
    const char *missing = field_missing(op, after);
    r->fields_applied = missing == NULL;
    lost_look(op, after);
    bool kept = o->keep ? true : r->state_applied;
    bool linked = !(o->wanted & PART_LINK) || link_is_there(op, after);
    if (kept && linked && r->fields_applied && r->note_applied && o->refused == CLASS_OK) {
        const char *words = NULL;
        if (!r->state_applied)
            words =
                op_words(op, "the note moved the record from \"%s\" to \"%s\"", o->before_state, after->native_state);
        if (o->internal && op->tracker->cache->leaks)
            words = op_words(op, "the internal note came out public: this account may not write private ones");
        op_finish(op, CLASS_OK, words);
        return;
    }
    if (o->refused == CLASS_OK && !r->note_applied && o->marker &&
        !json_is_true(json_object_get(o->spec, "shows_notes"))) {
        op_finish(op, CLASS_UNSURE, op_words(op, "the note was taken, but not named"));
        return;
    }
    if (o->page && o->refused == CLASS_OK) { /* something in between answered: the tracker may not have seen it yet */
        op_finish(op, CLASS_UNSURE,
                  op_words(op, "a web page came for an answer, and %s", words_ignored(op, after, missing)));
        return;
    }
    op_finish(op, CLASS_REJECTED, words_ignored(op, after, missing));
}

static void verify_assemble(struct op *op) {
    struct write_op *o = op->mine;
    struct record after;
    const char *why;
    if (!reading_record(op, &o->reading, json_is_true(json_object_get(o->spec, "verify_whole")), &after, &why)) {
        op_finish(op, CLASS_UNSURE, op_words(op, "sent, but reading back failed: %s", why));
        return;
    }
    if (op_fetch_wanted(op, verify_assemble)) {
        record_drop(&after);
        return;
    }
    op->result.after = arena_make(op->arena, struct record);
    *op->result.after = after;
    op->result.presence = after.presence;
    if (!str_is(after.id, json_text(op->c.vars, "id"))) {
        op->result.presence = MERGED;
        op->result.merged_into = after.id;
    }
    judge(op, op->result.after);
}

static void verify(struct op *op, struct reading *r) {
    struct write_op *o = op->mine;
    if (r->class == CLASS_OK)
        verify_assemble(op);
    else if (o->refused)
        op_finish(op, o->refused, o->words_refused);
    else {
        op->result.note_applied = o->note_seen;
        op_finish(op, CLASS_UNSURE,
                  op_words(op, "sent, but reading back failed: %s", r->words ? r->words : "no answer"));
    }
}

/* ---- op_write ---- */

struct op *op_write(const struct tracker *t, const struct write_request *w) {
    struct op *op = op_new(t);
    struct write_op *o = arena_make(op->arena, struct write_op);
    op->mine = o;
    o->spec = json_object_get(t->recipe, "write");
    o->refused = CLASS_OK;
    op_set_text(op, "id", w->id);
    before_keep(op, w->before);
    if (!o->spec) {
        op_finish(op, CLASS_REJECTED, op_words(op, "the connector of %s can't write", t->set.name));
        return op;
    }
    if (state_want(op, w) < 0 || fields_want(op, w) < 0 || note_want(op, w) < 0)
        return op;
    link_want(op, w);
    o->open = o->wanted;
    if (!o->wanted) {
        op->result.state_applied = op->result.fields_applied = op->result.note_applied = true;
        op_finish(op, CLASS_OK, NULL);
        return op;
    }
    if (json_object_get(o->spec, "first"))
        op_ask(op, json_object_get(o->spec, "first"), first_done);
    else
        step_next(op);
    return op;
}
