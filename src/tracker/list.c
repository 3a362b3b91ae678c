/* list: what changed since the cursor, one page an operation.
 *
 * Called by the engine's poll and import. A cursor is JSON and belongs to the kind
 * of list the recipe names (`by`): it says where to go on, and nothing of it is
 * lost when the same page is read twice. Kinds:
 *
 *   keyset  asks for (updated, id) beyond the last; page numbers never shift
 *   window  asks from a time on; a second with more than a page in it is walked by id
 *   opaque  hands back what the tracker gave
 *   newest  has no filter: newest first, until what is older than last time
 *
 * A change may show a moment after its time, so a round (the pages up to one that
 * isn't full) begins an overlap before the last one's end, or before its beginning
 * if that was earlier: what shows late may lie behind pages already read. Once the
 * last change was `settle` old when a round began (calm), there is no stepping back:
 * an idle tracker answers one request with nothing. Nor is a page left behind that had
 * an element which could not be read, before it is `settle` old: it may be whole soon.
 *
 * A tracker that keeps the time of its wall (`back`) hides in the hour that comes twice a
 * year what lies behind the cursor only by that wall: op_list_back begins so much earlier. */
#include "runtime.h"

#include <stdio.h>
#include <string.h>

struct list_op {
    const json_t *spec;
    op_unchanged *unchanged;
    void *arg;
    json_t *cursor; /* as given, {} at the beginning */
    msec_t t;       /* of the cursor */
    msec_t from;    /* what this page was asked from; -1: the tracker knows */
    const char *after;
    msec_t overlap, settle, back;
    msec_t began; /* tracker's clock when the first page of this round was asked for; 0: this is it */
    size_t size;
    /* the page */
    bool more_told, more; /* the tracker says itself whether there are more pages */
    size_t count;         /* elements, readable or not */
    size_t good;          /* records, also unchanged ones */
    msec_t last, newest, oldest;
    const char *last_id, *newest_id;
    bool sorted;
};

/* ---- elements ---- */

/* Not again while it stays as it is: then it is read by itself, or waits for that. */
static void quarantine(struct op *op, const char *id, const char *why, uint64_t hash) {
    const struct list_op *l = op->mine;
    struct op_result *r = &op->result;
    if (id && l->unchanged && l->unchanged(l->arg, id, hash))
        return;
    if (r->n_quarantined < QUARANTINE_MAX)
        *arena_push(op->arena, &r->quarantined, &r->n_quarantined) = (struct quarantined){id, why, hash};
}

static void element_seen(struct list_op *l, const struct record *r) {
    if (l->good && r->updated < l->last)
        l->sorted = false;
    l->last = r->updated;
    l->last_id = r->id;
    if (r->updated >= l->newest) {
        l->newest = r->updated;
        l->newest_id = r->id;
    }
    if (!l->good || r->updated < l->oldest)
        l->oldest = r->updated;
    l->good++;
}

/* Of an element that is no record, whatever the order in which its parts are told: RT's changes by itself. */
static uint64_t element_hash(struct arena *a, const json_t *j) {
    uint64_t sum = 0;
    const char *key;
    json_t *one;
    size_t i;
    if (json_is_object(j)) {
        json_object_foreach((json_t *)j, key, one)
            sum += hash_bytes(key, strlen(key)) * (element_hash(a, one) | 1);
        return sum;
    }
    if (json_is_array(j)) {
        json_array_foreach((json_t *)j, i, one)
            sum += element_hash(a, one);
        return sum;
    }
    const char *text = json_print(a, j);
    return hash_bytes(text, strlen(text));
}

static void element_take(struct op *op, const json_t *element) {
    struct list_op *l = op->mine;
    struct record r;
    const char *why;
    op->c.item = op->c.root = element;
    op->c.joined = NULL;
    const json_t *skip = json_object_get(l->spec, "skip");
    l->count++;
    if (skip && when_holds(&op->c, skip))
        return;
    if (!record_make(&op->c, element, &r, &why)) {
        const char *id = pick_text(&op->c, json_object_get(json_object_get(op->tracker->recipe, "record"), "id"));
        quarantine(op, id ? arena_strdup(op->arena, id) : NULL, why, element_hash(op->arena, element));
        return;
    }
    element_seen(l, &r);
    r.hash = record_hash(op->arena, &r, record_is_young(op->tracker, &r, op->seen_at));
    if (l->unchanged && l->unchanged(l->arg, r.id, r.hash)) {
        record_drop(&r);
        return;
    }
    record_own_texts(&op->c, &r, element);
    *arena_push(op->arena, &op->result.records, &op->result.n_records) = r;
}

/* A page that can't be believed gives nothing at all. */
static void page_drop(struct op *op) {
    for (size_t i = 0; i < op->result.n_records; i++)
        record_drop(&op->result.records[i]);
    op->result.n_records = op->result.n_quarantined = 0;
}

static void page_refuse(struct op *op, enum reply_class class, const char *words) {
    page_drop(op);
    op_finish(op, class, words);
}

/* One element of a page that isn't JSON as a whole. */
static void element_raw(void *arg, const char *text, size_t len) {
    struct op *op = arg;
    struct list_op *l = op->mine;
    cleanup_buf struct buf b = {0};
    struct fault fault = {0};
    raw_mend(&b, text, len);
    cleanup_json json_t *element = json_read(buf_text(&b), b.len, &fault);
    if (element) {
        element_take(op, element);
        return;
    }
    const char *path = json_text(json_object_get(op->tracker->recipe, "record"), "id");
    l->count++;
    quarantine(op, path ? raw_scalar(op->arena, text, len, path + 1) : NULL, arena_strdup(op->arena, fault.text),
               hash_bytes(text, len));
}

static bool is_full(const struct list_op *l) {
    return l->more_told ? l->more : l->count >= l->size;
}

/* {header, has}: where pages may be short before the end, the tracker's own sign counts. */
static void more_read(struct list_op *l, const struct answer *a) {
    const json_t *rule = json_object_get(l->spec, "more");
    const char *value = rule ? http_header(a->reply, json_text(rule, "header")) : NULL;
    l->more_told = rule != NULL;
    l->more = value && strstr(value, json_text(rule, "has"));
}

/* False and a finished operation when the page can't be believed. */
static bool page_take(struct op *op, const struct answer *a) {
    struct list_op *l = op->mine;
    const char *path = json_text(l->spec, "items");
    const json_t *items = pick_first(a->json, path);
    size_t i;
    json_t *element;
    l->sorted = true;
    more_read(l, a);
    if (a->class == CLASS_NONSENSE && !a->json && a->reply->result == HTTP_ANSWERED && a->reply->status == 200 &&
        raw_split(a->text, a->len, path, element_raw, op))
        return true;
    if (a->class != CLASS_OK) {
        page_drop(op); /* what stood before the tear */
        op_finish_as(op, a);
        return false;
    }
    if (!json_is_array(items)) {
        page_refuse(op, CLASS_NONSENSE, op_words(op, "%s answered without the list %s", op->path, path));
        return false;
    }
    json_array_foreach(items, i, element)
        element_take(op, element);
    const char *total = json_text(l->spec, "total");
    const json_t *all = total ? pick_first(a->json, total) : NULL;
    if (!l->count && json_is_integer(all) && json_integer_value(all) > 0) {
        page_refuse(op, CLASS_NONSENSE,
                    op_words(op, "%s says it found %lld and shows none", op->path, (long long)json_integer_value(all)));
        return false;
    }
    return true;
}

/* ---- cursors ---- */

/* When this round began. A change that shows late may lie behind what was read since. */
static msec_t round_began(const struct op *op, const struct list_op *l) {
    return l->began ? l->began : op->clock;
}

/* "held": from where something was asked that could not be read, "held_at": when that began; "bad": this round had it.
 */
static void cursor_hold(const struct op *op, json_t *cursor, bool more) {
    const struct list_op *l = op->mine;
    msec_t held = json_int(l->cursor, "held", 0), at = json_int(l->cursor, "held_at", 0), began = round_began(op, l);
    bool now = op->result.n_quarantined > 0, bad = now || (l->began && json_bool(l->cursor, "bad", false));
    if (now && (!at || l->from < held))
        held = l->from;
    at = now && !at ? began : at;
    if (l->from < 0 || !at || (!more && !bad))
        return;
    json_object_set_new(cursor, "held", json_integer(held));
    json_object_set_new(cursor, "held_at", json_integer(at));
    json_object_set_new(cursor, "bad", json_boolean(bad));
    if (!more && json_object_get(cursor, "calm") && began < at + l->settle) {
        if (json_is_true(json_object_get(cursor, "calm")) || held < json_int(cursor, "from", 0))
            json_object_set_new(cursor, "from", json_integer(held));
        json_object_set_new(cursor, "calm", json_false());
    }
}

static void cursor_give(struct op *op, json_t *cursor, bool more) {
    cursor_hold(op, cursor, more);
    op->result.cursor = json_print(op->arena, cursor);
    op->result.more = more;
    op->result.from = ((const struct list_op *)op->mine)->from;
    json_decref(cursor);
    op_finish(op, CLASS_OK, NULL);
}

/* Nothing that happened at t could still show up when the round began. */
static bool is_calm(const struct op *op, const struct list_op *l, msec_t t) {
    return round_began(op, l) >= t + l->settle;
}

/* What was young in a round (record_is_young: a second more than the overlap) is listed once more in the next. */
static msec_t stepped_back(const struct list_op *l, msec_t t) {
    return t > l->overlap + SEC_MS ? t - l->overlap - SEC_MS : 0;
}

/* Where the next round begins, unless it is calm. */
static msec_t next_from(const struct op *op, const struct list_op *l, msec_t t) {
    msec_t began = round_began(op, l), from = began && began < t ? began : t;
    from -= from % SEC_MS;
    return stepped_back(l, from);
}

static bool page_useless(struct op *op, bool wants_order) {
    struct list_op *l = op->mine;
    bool zoned = json_object_get(op->tracker->recipe, "zoned") != NULL;
    if (zoned && l->good && l->oldest < l->from - l->overlap - 2 * SEC_MS && tracker_says(op->tracker, l->from)) {
        page_refuse(op, CLASS_NONSENSE,
                    op_words(op,
                             "%s answered with records older than asked for: is the time zone of the account another "
                             "one now (taken: %s)?",
                             op->path, zone_name(op->tracker->cache->zone)));
        return true;
    }
    if (wants_order && !l->sorted) {
        page_refuse(op, CLASS_NONSENSE, op_words(op, "%s answered in another order than was asked for", op->path));
        return true;
    }
    if (is_full(l) && !l->good && !json_object_get(l->spec, "next")) {
        page_refuse(op, CLASS_NONSENSE, op_words(op, "%s: not one record of a whole page can be read", op->path));
        return true;
    }
    return false;
}

static void keyset_done(struct op *op, const struct answer *a) {
    struct list_op *l = op->mine;
    if (!page_take(op, a) || page_useless(op, true))
        return;
    const char *had = json_text(l->cursor, "id");
    msec_t t = l->t;
    const char *id = had ? had : l->after;
    if (l->good && (is_full(l) || l->last > t)) {
        t = l->last;
        id = l->last_id;
    } else if (l->good && l->last == t && id_order(l->last_id, id) > 0) {
        id = l->last_id;
    }
    if (is_full(l) && t == l->from && str_is(id, l->after)) {
        page_refuse(op, CLASS_NONSENSE, op_words(op, "%s gives the same page again", op->path));
        return;
    }
    if (is_full(l))
        cursor_give(op,
                    json_pack("{s:I, s:s, s:b, s:I}", "t", (json_int_t)t, "id", id, "mid", 1, "began",
                              (json_int_t)round_began(op, l)),
                    true);
    else
        cursor_give(op,
                    json_pack("{s:I, s:s, s:b, s:I}", "t", (json_int_t)t, "id", id, "calm", is_calm(op, l, t), "from",
                              (json_int_t)next_from(op, l, t)),
                    false);
}

/* An hour that the account's zone can't say is asked for from before it, and walked by id. */
static void blurred_done(struct op *op, const struct answer *a) {
    struct list_op *l = op->mine;
    if (!page_take(op, a) || page_useless(op, false))
        return;
    msec_t newest = json_int(l->cursor, "newest", l->t);
    const char *key = json_text(l->cursor, "key");
    if (l->good && (l->newest > newest || (l->newest == newest && (!key || id_order(l->newest_id, key) > 0)))) {
        newest = l->newest;
        key = l->newest_id;
    }
    key = key ? key : "0";
    if (is_full(l) && id_order(l->last_id, l->after) <= 0)
        page_refuse(op, CLASS_NONSENSE, op_words(op, "%s gives the same page again", op->path));
    else if (is_full(l))
        cursor_give(op,
                    json_pack("{s:I, s:b, s:I, s:s, s:I, s:s, s:I}", "t", (json_int_t)l->t, "dense", 1, "from",
                              (json_int_t)l->from, "id", l->last_id, "newest", (json_int_t)newest, "key", key, "began",
                              (json_int_t)round_began(op, l)),
                    true);
    else
        cursor_give(op,
                    json_pack("{s:I, s:s, s:b, s:I}", "t", (json_int_t)newest, "id", key, "calm",
                              is_calm(op, l, newest), "from", (json_int_t)next_from(op, l, newest)),
                    false);
}

static void blurred_begin(struct op *op) {
    struct list_op *l = op->mine;
    bool on = json_bool(l->cursor, "dense", false);
    const char *id = json_text(l->cursor, "id");
    if (!on && id)
        json_object_set(l->cursor, "key", json_object_get(l->cursor, "id"));
    l->after = on && id ? id : "0";
    op_set(op, "since", json_integer(l->from));
    op_set_text(op, "after", l->after);
    op_ask(op, json_object_get(l->spec, "dense"), blurred_done);
}

static void keyset_begin(struct op *op) {
    struct list_op *l = op->mine;
    bool exact = json_bool(l->cursor, "mid", false) || json_bool(l->cursor, "calm", false);
    const char *first = json_text(l->spec, "first_id");
    l->after = exact ? json_text(l->cursor, "id") : first ? first : "0";
    l->from = exact ? l->t : json_int(l->cursor, "from", stepped_back(l, l->t));
    if (json_object_get(l->spec, "dense") &&
        (json_bool(l->cursor, "dense", false) || !tracker_says(op->tracker, l->from))) {
        blurred_begin(op);
        return;
    }
    op_set(op, "since", json_integer(l->from));
    op_set_text(op, "after", l->after);
    op_ask(op, l->spec, keyset_done);
}

/* ---- window ---- */

/* On within this round, from t exactly. */
static json_t *window_mid(const struct op *op, const struct list_op *l, msec_t t) {
    return json_pack("{s:I, s:b, s:I}", "t", (json_int_t)t, "mid", 1, "began", (json_int_t)round_began(op, l));
}

/* The round is over. */
static json_t *window_over(const struct op *op, const struct list_op *l, msec_t t) {
    return json_pack("{s:I, s:b, s:I}", "t", (json_int_t)t, "calm", is_calm(op, l, t), "from",
                     (json_int_t)next_from(op, l, t));
}

static json_t *window_dense(const struct op *op, const struct list_op *l, msec_t t, const char *id) {
    return json_pack("{s:I, s:b, s:s, s:I}", "t", (json_int_t)t, "dense", 1, "id", id, "began",
                     (json_int_t)round_began(op, l));
}

/* More than a page in one second: by id, over it and the next one, as the ends of
 * such filters are blurred by a second. */
static void dense_done(struct op *op, const struct answer *a) {
    struct list_op *l = op->mine;
    if (!page_take(op, a) || page_useless(op, false))
        return;
    if (is_full(l) && id_order(l->last_id, l->after) <= 0)
        page_refuse(op, CLASS_NONSENSE, op_words(op, "%s gives the same page again", op->path));
    else if (is_full(l))
        cursor_give(op, window_dense(op, l, l->t, l->last_id), true);
    else
        cursor_give(op, window_mid(op, l, l->t + 2 * SEC_MS), true);
}

static void dense_begin(struct op *op) {
    struct list_op *l = op->mine;
    int64_t id = 0;
    l->after = json_text(l->cursor, "id");
    l->after = l->after ? l->after : "0";
    l->from = l->t;
    op_set(op, "since", json_integer(l->t));
    op_set(op, "until", json_integer(l->t + 2 * SEC_MS));
    op_set_text(op, "after", l->after);
    if (str_int64(l->after, &id))
        op_set(op, "next_id", json_integer(id + 1));
    op_ask(op, json_object_get(l->spec, "dense"), dense_done);
}

/* Pages by a token the tracker gives; the time moves when there is none any more. */
static bool window_token(struct op *op, const struct answer *a) {
    struct list_op *l = op->mine;
    const char *path = json_text(l->spec, "next");
    const char *token = path ? pick_as_text(op->arena, pick_first(a->json, path)) : NULL;
    const json_t *end = json_object_get(l->spec, "end");
    msec_t newest = json_int(l->cursor, "newest", l->t);
    if (!path)
        return false;
    newest = l->newest > newest ? l->newest : newest;
    op->c.item = a->json;
    if (end && when_holds(&op->c, end))
        token = NULL;
    if (token)
        cursor_give(op,
                    json_pack("{s:I, s:s, s:I, s:I, s:I}", "t", (json_int_t)l->t, "token", token, "newest",
                              (json_int_t)newest, "from", (json_int_t)l->from, "began", (json_int_t)round_began(op, l)),
                    true);
    else
        cursor_give(op, window_over(op, l, newest), false);
    return true;
}

static void window_done(struct op *op, const struct answer *a) {
    struct list_op *l = op->mine;
    if (!page_take(op, a) || page_useless(op, json_object_get(l->spec, "next") == NULL) || window_token(op, a))
        return;
    if (!is_full(l)) {
        msec_t t = l->good && l->last > l->t ? l->last : l->t;
        cursor_give(op, window_over(op, l, t), false);
    } else if (l->last - l->last % SEC_MS > l->from) {
        cursor_give(op, window_mid(op, l, l->last - l->last % SEC_MS), true);
    } else if (json_object_get(l->spec, "dense")) {
        cursor_give(op, window_dense(op, l, l->from, "0"), true);
    } else {
        page_refuse(op, CLASS_NONSENSE, op_words(op, "%s: more than %zu records share one moment", op->path, l->size));
    }
}

static void window_begin(struct op *op) {
    struct list_op *l = op->mine;
    if (json_bool(l->cursor, "dense", false) && !l->back) {
        dense_begin(op);
        return;
    }
    msec_t t = l->t - l->t % SEC_MS;
    if (json_bool(l->cursor, "mid", false))
        l->from = t;
    else if (json_bool(l->cursor, "calm", false))
        l->from = t + SEC_MS; /* a filter that begins a second early still finds what is later in that second */
    else
        l->from = json_int(l->cursor, "from", stepped_back(l, t));
    l->from = l->from > l->back ? l->from - l->back : 0;
    op_set(op, "since", json_integer(l->from));
    op_set_text(op, "token", json_text(l->cursor, "token"));
    op_ask(op, l->spec, window_done);
}

/* ---- opaque ---- */

static void opaque_done(struct op *op, const struct answer *a) {
    struct list_op *l = op->mine;
    const char *path = json_text(l->spec, "next");
    if (!page_take(op, a))
        return;
    const char *next = path ? pick_as_text(op->arena, pick_first(a->json, path)) : NULL;
    const char *had = json_text(l->cursor, "cursor");
    const json_t *end = json_object_get(l->spec, "end");
    op->c.item = a->json;
    bool over = !next || str_is(next, had) || (end && when_holds(&op->c, end));
    const char *keep = next ? next : had;
    cursor_give(op,
                keep ? json_pack("{s:s, s:I}", "cursor", keep, "t", (json_int_t)l->t)
                     : json_pack("{s:I}", "t", (json_int_t)l->t),
                !over);
}

static void opaque_begin(struct op *op) {
    struct list_op *l = op->mine;
    op_set_text(op, "cursor", json_text(l->cursor, "cursor"));
    if (!json_text(l->cursor, "cursor"))
        op_set(op, "since", json_integer(l->t));
    op_ask(op, l->spec, opaque_done);
}

/* ---- newest first ---- */

static void newest_done(struct op *op, const struct answer *a) {
    struct list_op *l = op->mine;
    if (!page_take(op, a) || page_useless(op, false))
        return;
    int64_t page = json_int(l->cursor, "page", 1);
    msec_t top = page == 1 ? l->newest : json_int(l->cursor, "top", l->t);
    bool older = l->good && l->oldest < l->from;
    if (is_full(l) && !older)
        cursor_give(
            op,
            json_pack("{s:I, s:I, s:I}", "t", (json_int_t)l->t, "page", (json_int_t)page + 1, "top", (json_int_t)top),
            true);
    else
        cursor_give(op, json_pack("{s:I}", "t", (json_int_t)(top > l->t ? top : l->t)), false);
}

static void newest_begin(struct op *op) {
    struct list_op *l = op->mine;
    l->from = stepped_back(l, l->t);
    int64_t page = json_int(l->cursor, "page", 1);
    op_set(op, "page", json_integer(page));
    op_set(op, "offset", json_integer((page - 1) * (int64_t)l->size));
    op_ask(op, l->spec, newest_done);
}

/* ---- op_list ---- */

static msec_t span_of(const json_t *spec, const char *key, msec_t otherwise) {
    msec_t span;
    const char *text = json_text(spec, key);
    return text && duration_parse(text, &span) ? span : otherwise;
}

static const struct {
    const char *name;
    void (*begin)(struct op *op);
} kinds[] = {{"keyset", keyset_begin}, {"window", window_begin}, {"opaque", opaque_begin}, {"newest", newest_begin}};

static struct op *list_new(const struct tracker *t, const char *cursor, msec_t since, op_unchanged *unchanged,
                           void *arg, bool back) {
    struct op *op = op_new(t);
    struct list_op *l = arena_make(op->arena, struct list_op);
    struct fault fault = {0};
    op->mine = l;
    l->spec = json_object_get(t->recipe, "list");
    l->from = -1;
    l->unchanged = unchanged;
    l->arg = arg;
    l->size = (size_t)json_int(l->spec, "size", 100);
    l->overlap = span_of(l->spec, "overlap", 3 * SEC_MS);
    l->settle = span_of(l->spec, "settle", 60 * SEC_MS);
    l->back = back ? span_of(l->spec, "back", 0) : 0;
    l->cursor = cursor ? json_read(cursor, strlen(cursor), &fault) : json_object();
    if (!json_is_object(l->cursor)) {
        json_decref(l->cursor);
        op_finish(op, CLASS_NONSENSE, op_words(op, "the cursor of %s is unreadable: %s", t->set.name, fault.text));
        return op;
    }
    json_array_append_new(op->kept, l->cursor);
    l->t = json_int(l->cursor, "t", since);
    l->began = json_int(l->cursor, "began", 0);
    for (size_t i = 0; i < array_size(kinds); i++)
        if (str_is(kinds[i].name, json_text(l->spec, "by")))
            kinds[i].begin(op);
    return op;
}

struct op *op_list(const struct tracker *t, const char *cursor, msec_t since, op_unchanged *unchanged, void *arg) {
    return list_new(t, cursor, since, unchanged, arg, false);
}

struct op *op_list_back(const struct tracker *t, const char *cursor, msec_t since, op_unchanged *unchanged, void *arg) {
    return list_new(t, cursor, since, unchanged, arg, true);
}
