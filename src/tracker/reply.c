/* reply: what became of a request, and the words for a person.
 *
 * Pure. Called by op.c for every reply. The rules of the recipe come first, then
 * what HTTP says. When in doubt about a write the answer is UNSURE: the engine
 * then looks, it never sends again on a guess. */
#include "runtime.h"

#include <stdio.h>
#include <string.h>

#define WORDS_MAX 500
#define WAIT_MAX  (DAY_MS)

static const char *const class_names[] = {[CLASS_OK] = "ok",
                                          [CLASS_NOT_MODIFIED] = "not-modified",
                                          [CLASS_RETRY_SAFE] = "retry-safe",
                                          [CLASS_UNSURE] = "unsure",
                                          [CLASS_CONFLICT] = "conflict",
                                          [CLASS_GONE] = "gone",
                                          [CLASS_DENIED] = "denied",
                                          [CLASS_REJECTED] = "rejected",
                                          [CLASS_LIMITED] = "limited",
                                          [CLASS_NONSENSE] = "nonsense"};

const char *reply_class_name(enum reply_class c) {
    return (size_t)c < array_size(class_names) ? class_names[c] : "?";
}

static bool class_parse(const char *s, enum reply_class *ret) {
    for (size_t i = 0; i < array_size(class_names); i++)
        if (str_is(class_names[i], s)) {
            *ret = (enum reply_class)i;
            return true;
        }
    return false;
}

/* ---- waiting ---- */

/* Seconds, an HTTP date, or a moment in another form, as a span from now on. */
static msec_t span_from(const char *text, const char *form, msec_t date) {
    int64_t number;
    msec_t moment = 0;
    if (!text)
        return 0;
    if (str_int64(text, &number) && number < WAIT_MAX) {
        if (!str_is(form, "epoch"))
            return number * SEC_MS < WAIT_MAX ? number * SEC_MS : WAIT_MAX;
    }
    if (str_is(form, "epoch") && str_int64(text, &number) && number < INT64_MAX / SEC_MS)
        moment = number * SEC_MS;
    else if (!time_parse_http(text, &moment))
        time_parse(text, &moment);
    if (!moment || !date || moment <= date)
        return 0;
    return moment - date < WAIT_MAX ? moment - date : WAIT_MAX;
}

/* A used-up quota is obeyed before it bites. */
static msec_t span_of_limits(const struct op *op, const struct http_reply *r) {
    const json_t *limits = json_object_get(op->tracker->recipe, "limits");
    const char *left = json_text(limits, "left"), *reset = json_text(limits, "reset");
    const char *n = left ? http_header(r, left) : NULL;
    if (!n || !str_is(n, "0") || !reset)
        return 0;
    return span_from(http_header(r, reset), json_text(limits, "form"), r->date);
}

/* ---- classes ---- */

static bool rule_fits(struct op *op, const json_t *rule, int status, const json_t *json) {
    struct context c = op->c;
    const json_t *wanted = json_object_get(rule, "status"), *writing = json_object_get(rule, "writing"), *one;
    size_t i;
    bool found = !wanted || (json_is_integer(wanted) && json_integer_value(wanted) == status);
    json_array_foreach(wanted, i, one)
        found = found || json_integer_value(one) == status;
    if (!found || (writing && json_is_true(writing) != op->writing))
        return false;
    c.item = json;
    return when_holds(&c, json_object_get(rule, "when"));
}

static bool rule_class(struct op *op, int status, const json_t *json, enum reply_class *ret) {
    const json_t *rules = json_object_get(op->tracker->recipe, "replies"), *rule;
    size_t i;
    json_array_foreach(rules, i, rule)
        if (rule_fits(op, rule, status, json))
            return class_parse(json_text(rule, "class"), ret);
    return false;
}

static enum reply_class class_of_status(int status, bool writing, bool told_to_wait) {
    if (status >= 200 && status < 300)
        return CLASS_OK;
    switch (status) {
    case 304: return CLASS_NOT_MODIFIED;
    case 401: return CLASS_DENIED;
    case 403: return told_to_wait ? CLASS_LIMITED : CLASS_DENIED;
    case 404:
    case 410: return CLASS_GONE;
    case 409:
    case 412: return CLASS_CONFLICT;
    case 429: return CLASS_LIMITED;
    case 501:
    case 505: return CLASS_REJECTED;
    default: break;
    }
    if (status >= 500 || status == 408)
        return writing ? CLASS_UNSURE : told_to_wait ? CLASS_LIMITED : CLASS_RETRY_SAFE;
    return status >= 400 ? CLASS_REJECTED : CLASS_NONSENSE; /* 1xx and redirects are no answers */
}

enum reply_class reply_classify(struct op *op, const struct http_reply *r, const json_t *json, msec_t *ret_after) {
    enum reply_class class;
    if (r->result == HTTP_NOT_SENT)
        return CLASS_RETRY_SAFE;
    if (r->result != HTTP_ANSWERED)
        return op->writing ? CLASS_UNSURE : CLASS_RETRY_SAFE;
    msec_t wait = span_from(http_header(r, "retry-after"), NULL, r->date), limit = span_of_limits(op, r);
    *ret_after = wait > limit ? wait : limit;
    if (rule_class(op, r->status, json, &class))
        return class;
    class = class_of_status(r->status, op->writing, *ret_after > 0);
    if (class == CLASS_OK && !json && !op->raw && !op->writing)
        return CLASS_NONSENSE;
    return class;
}

/* ---- words ---- */

/* One line, without control characters. */
static const char *words_clean(struct op *op, const char *text) {
    char *s = str_cut(op->arena, text, WORDS_MAX), *to = s;
    for (const char *p = s; *p; p++)
        if ((unsigned char)*p >= 0x20 && *p != 0x7f)
            *to++ = *p;
        else if (to > s && to[-1] != ' ')
            *to++ = ' ';
    *to = 0;
    while (to > s && (to[-1] == ' ' || to[-1] == '.'))
        *--to = 0;
    return s;
}

static bool is_html(const struct http_reply *r) {
    const char *p = r->body ? r->body : "";
    p += strspn(p, " \t\r\n");
    return *p == '<';
}

static const char *words_nonsense(struct op *op, const struct http_reply *r) {
    if (r->status >= 300 && r->status < 400) {
        const char *to = http_header(r, "location");
        return op_words(op, "%s redirects to %s: is `url` the address the service itself answers at?", op->path,
                        to ? words_clean(op, to) : "somewhere else");
    }
    if (is_html(r))
        return op_words(op, "%s answered %d with a web page instead of JSON: is `url` right, or a proxy in between?",
                        op->path, r->status);
    return op_words(op, "%s answered %d with what is no JSON", op->path, r->status);
}

const char *reply_words(struct op *op, const struct http_reply *r, const json_t *json) {
    struct context c = op->c;
    const json_t *paths = json_object_get(op->tracker->recipe, "words"), *path;
    size_t i;
    if (r->result != HTTP_ANSWERED)
        return op_words(op, "%s: %s", op->path, str_empty(r->why) ? "no answer" : words_clean(op, r->why));
    c.item = json;
    json_array_foreach(paths, i, path) {
        const char *text = pick_text(&c, path);
        if (!str_empty(text))
            return op_words(op, "%s (HTTP %d)", words_clean(op, text), r->status);
    }
    if (r->status < 400)
        return words_nonsense(op, r);
    static const struct {
        int status;
        const char *words;
    } known[] = {{401, "the credentials are not accepted"},
                 {403, "forbidden for this account"},
                 {404, "not there, or hidden from this account"},
                 {409, "changed by somebody else meanwhile"},
                 {422, "refused without a word"},
                 {429, "too many requests"}};
    for (i = 0; i < array_size(known); i++)
        if (known[i].status == r->status)
            return op_words(op, "%s: %s (HTTP %d)", op->path, known[i].words, r->status);
    return op_words(op, "%s answered HTTP %d", op->path, r->status);
}
