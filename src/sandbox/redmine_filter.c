/* redmine_filter: lists of issues: filters, order, offset; and the search.
 *
 * Filters are joined by AND alone; what is not known is ignored in silence; a
 * value that a known one can't take is 422. `>=` of a time begins a second
 * early, `<=` misses what happened within the named second (both seen). Times
 * are kept as the server's wall shows them: in the night in which clocks go back
 * an hour is found twice, and told as the later one (seen).
 * Called by redmine_http.c. */
#include "redmine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum kind { KIND_STATUS, KIND_ID, KIND_CHOICE, KIND_TIME, KIND_TEXT, KIND_NUMBER, KIND_USER_TRACE };

static const struct filter {
    const char *name, *label;
    enum kind kind;
} filters[] = {
    {"status_id", "Status", KIND_STATUS},
    {"project_id", "Project", KIND_CHOICE},
    {"tracker_id", "Tracker", KIND_CHOICE},
    {"priority_id", "Priority", KIND_CHOICE},
    {"author_id", "Author", KIND_CHOICE},
    {"assigned_to_id", "Assignee", KIND_CHOICE},
    {"fixed_version_id", "Target version", KIND_CHOICE},
    {"category_id", "Category", KIND_CHOICE},
    {"issue_id", "Issue", KIND_ID},
    {"parent_id", "Parent task", KIND_ID},
    {"created_on", "Created", KIND_TIME},
    {"updated_on", "Updated", KIND_TIME},
    {"closed_on", "Closed", KIND_TIME},
    {"subject", "Subject", KIND_TEXT},
    {"description", "Description", KIND_TEXT},
    {"cf_1", "Linked incidents", KIND_TEXT},
    {"cf_2", "Incident count", KIND_NUMBER},
    {"cf_3", "Closed-unresolved incidents", KIND_NUMBER},
    {"done_ratio", "% Done", KIND_NUMBER},
    {"last_updated_by", "Last updated by", KIND_USER_TRACE},
    {"updated_by", "Updated by", KIND_USER_TRACE},
};

struct condition {
    const struct filter *filter;
    const char *op;
    const char *values[2]; /* of an interval; the whole list in [0] otherwise */
    msec_t times[2];
};

/* ---- one condition ---- */

static const char *take_op(const char *const *ops, const char *text, struct condition *x) {
    for (; *ops; ops++)
        if (str_starts(text, *ops)) {
            x->op = *ops;
            return text + strlen(*ops);
        }
    x->op = "=";
    return text;
}

static const char *const *ops_of(enum kind kind) {
    static const char *const status[] = {"o", "c", "*", "!", "=", NULL};
    static const char *const choice[] = {"!*", "*", "!", "=", NULL};
    static const char *const order[] = {"><", ">=", "<=", "!*", "*", "=", NULL};
    static const char *const text[] = {"!~", "~", "!*", "*", "!", "=", NULL};
    switch (kind) {
    case KIND_STATUS: return status;
    case KIND_CHOICE:
    case KIND_USER_TRACE: return choice;
    case KIND_ID:
    case KIND_TIME:
    case KIND_NUMBER: return order;
    case KIND_TEXT: break;
    }
    return text;
}

/* A day, or a second with a Z or in the user's zone; ret_day: it was a day. */
static bool time_read(const struct rm_actor *who, const char *text, msec_t *ret, bool *ret_day) {
    int y, mo, d, h, mi, s, end = 0;
    char whole[24];
    msec_t offset = 0;
    *ret_day = sscanf(text, "%4d-%2d-%2d%n", &y, &mo, &d, &end) == 3 && end == 10 && !text[end];
    bool full = !*ret_day && sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2d%n", &y, &mo, &d, &h, &mi, &s, &end) == 6 &&
                end == 19 && (!text[end] || str_is(text + end, "Z"));
    if (!*ret_day && !full)
        return false;
    snprintf(whole, sizeof(whole), "%.19sZ", *ret_day ? arena_printf(who->c->a, "%sT00:00:00", text) : text);
    if (!time_parse(whole, ret))
        return false;
    if (!full || text[end] != 'Z')
        (void)zone_offset(who->user->zone, *ret, &offset);
    *ret -= offset;
    return true;
}

/* The bounds of a time condition as the database compares them: updated > times[0], updated <= times[1]. */
static bool times_set(const struct rm_actor *who, struct condition *x) {
    bool day;
    msec_t t;
    x->times[0] = INT64_MIN;
    x->times[1] = INT64_MAX;
    for (size_t i = 0; i < 2; i++) {
        bool from = i == 0 && !str_is(x->op, "<="),
             to = (i == 0 && str_is(x->op, "<=")) || i == 1 || str_is(x->op, "=");
        const char *text = x->values[i];
        if (!text || (i == 1 && !str_is(x->op, "><")))
            continue;
        if (!time_read(who, text, &t, &day))
            return false;
        if (from && !(i == 1))
            x->times[0] = day ? t - 1 : t - SEC_MS;
        if (to)
            x->times[1] = day ? t + DAY_MS - 1 : t;
    }
    return true;
}

static bool is_any(const struct condition *x) {
    return str_is(x->op, "*") || str_is(x->op, "!*");
}

static bool numbers_check(const struct condition *x) {
    for (size_t i = 0; i < 2; i++)
        if (x->values[i] && (!*x->values[i] || x->values[i][strspn(x->values[i], "0123456789,.-")]))
            return false;
    return true;
}

/* NULL: fine; else what Redmine says. */
static const char *condition_read(const struct rm_actor *who, const struct filter *f, const char *text,
                                  struct condition *x) {
    struct arena *a = who->c->a;
    *x = (struct condition){.filter = f};
    if (!*text)
        return arena_printf(a, "%s cannot be blank", f->label);
    if (f->kind == KIND_TIME && str_is(text, "t")) {
        x->op = "=";
        text = time_day(a, who->c->now);
    } else {
        text = take_op(ops_of(f->kind), text, x);
    }
    const char *bar = strchr(text, '|');
    bool interval = str_is(x->op, "><");
    x->values[0] = interval && bar ? arena_strndup(a, text, (size_t)(bar - text)) : text;
    x->values[1] = interval && bar ? bar + 1 : NULL;
    if (is_any(x) || f->kind == KIND_STATUS)
        return NULL;
    bool fine = f->kind == KIND_TIME                           ? times_set(who, x)
                : f->kind == KIND_ID || f->kind == KIND_NUMBER ? numbers_check(x)
                                                               : true;
    return fine ? NULL : arena_printf(a, "%s is invalid", f->label);
}

/* ---- one issue ---- */

static bool list_has(const char *list, const char *word) {
    size_t len = strlen(word);
    while (*list) {
        size_t n = strcspn(list, "|,");
        if (n == len && strncmp(list, word, len) == 0)
            return true;
        list += n + (list[n] != '\0');
    }
    return false;
}

static bool number_fits(const struct condition *x, int64_t v) {
    if (str_is(x->op, ">="))
        return v >= strtoll(x->values[0], NULL, 10);
    if (str_is(x->op, "<="))
        return v <= strtoll(x->values[0], NULL, 10);
    if (str_is(x->op, "><"))
        return v >= strtoll(x->values[0], NULL, 10) && (!x->values[1] || v <= strtoll(x->values[1], NULL, 10));
    char text[24];
    snprintf(text, sizeof(text), "%lld", (long long)v);
    return list_has(x->values[0], text);
}

static bool text_fits(const struct condition *x, const char *have) {
    bool empty = str_empty(have);
    if (is_any(x))
        return empty == (x->op[0] == '!');
    if (str_is(x->op, "~") || str_is(x->op, "!~"))
        return text_contains_nocase(empty ? "" : have, x->values[0]) == (x->op[0] == '~');
    return str_same(empty ? "" : have, x->values[0]) == (x->op[0] == '=');
}

static bool status_fits(const struct condition *x, const struct rm_issue *i) {
    char id[12];
    snprintf(id, sizeof(id), "%d", i->status);
    switch (x->op[0]) {
    case 'o': return !rm_is_closed(i);
    case 'c': return rm_is_closed(i);
    case '*': return true;
    default: return list_has(x->values[0], id) == (x->op[0] == '=');
    }
}

static bool choice_fits(const struct rm_actor *who, const struct condition *x, int id) {
    if (is_any(x))
        return (id == 0) == (x->op[0] == '!');
    char text[12], me[12];
    snprintf(text, sizeof(text), "%d", id);
    snprintf(me, sizeof(me), "%d", who->user->id);
    bool has = list_has(x->values[0], text) || (str_is(text, me) && list_has(x->values[0], "me"));
    return has == (x->op[0] == '=');
}

static bool trace_fits(const struct rm_actor *who, const struct condition *x, const struct rm_issue *i) {
    bool last = str_is(x->filter->name, "last_updated_by"), any = false;
    struct condition positive = *x;
    positive.op = "=";
    for (size_t k = i->n_journals; k-- > 0;) {
        const struct rm_journal *j = i->journals[k];
        if (j->gone)
            continue;
        any = any || choice_fits(who, &positive, j->user->id);
        if (last)
            break;
    }
    return any == (x->op[0] == '=');
}

static bool time_fits(const struct rm_actor *who, const struct condition *x, msec_t t) {
    const char *zone = who->c->sb->server_zone;
    if (is_any(x))
        return (t == 0) == (x->op[0] == '!');
    return t && zone_wall(zone, t) > zone_wall(zone, x->times[0]) && zone_wall(zone, t) <= zone_wall(zone, x->times[1]);
}

static int choice_of(const struct rm_issue *i, const char *name) {
    const struct {
        const char *name;
        int id;
    } all[] = {{"project_id", i->project->id},
               {"tracker_id", 1},
               {"priority_id", i->priority},
               {"author_id", i->author->id},
               {"assigned_to_id", i->assigned ? i->assigned->id : 0},
               {"fixed_version_id", i->version ? i->version->id : 0},
               {"category_id", i->category}};
    for (size_t k = 0; k < array_size(all); k++)
        if (str_is(all[k].name, name))
            return all[k].id;
    return 0;
}

static bool value_fits(const struct condition *x, const struct rm_issue *i) {
    const char *name = x->filter->name;
    const char *value = str_starts(name, "cf_") ? i->values[name[3] - '1'] : NULL;
    if (x->filter->kind == KIND_TEXT)
        return text_fits(x, value                         ? value
                            : str_is(name, "subject")     ? i->subject
                            : str_is(name, "description") ? i->description
                                                          : NULL);
    if (str_is(name, "done_ratio"))
        return number_fits(x, i->done_ratio);
    if (is_any(x))
        return str_empty(value) == (x->op[0] == '!');
    return !str_empty(value) && number_fits(x, strtoll(value, NULL, 10));
}

static bool condition_fits(const struct rm_actor *who, const struct condition *x, const struct rm_issue *i) {
    const char *name = x->filter->name;
    switch (x->filter->kind) {
    case KIND_STATUS: return status_fits(x, i);
    case KIND_ID:
        if (str_is(name, "issue_id"))
            return is_any(x) || number_fits(x, i->id);
        return is_any(x) ? (i->parent == NULL) == (x->op[0] == '!') : i->parent && number_fits(x, i->parent->id);
    case KIND_CHOICE: return choice_fits(who, x, choice_of(i, name));
    case KIND_TIME:
        return time_fits(who, x,
                         str_is(name, "created_on")   ? i->created
                         : str_is(name, "updated_on") ? i->updated
                                                      : i->closed);
    case KIND_USER_TRACE: return trace_fits(who, x, i);
    case KIND_TEXT:
    case KIND_NUMBER: break;
    }
    return value_fits(x, i);
}

/* ---- order and pages ---- */

static int compare_number(int64_t a, int64_t b) {
    return a < b ? -1 : a > b;
}

struct order {
    const char *keys, *zone;
};

static int compare_time(const struct order *o, msec_t a, msec_t b) {
    return compare_number(zone_wall(o->zone, a), zone_wall(o->zone, b));
}

static bool compare_by(const struct order *o, const char *key, size_t len, const struct rm_issue *a,
                       const struct rm_issue *b, int *ret) {
#define KEY(name) (len == sizeof(name) - 1 && strncmp(key, name, len) == 0)
    if (KEY("id"))
        *ret = compare_number(a->id, b->id);
    else if (KEY("updated_on"))
        *ret = compare_time(o, a->updated, b->updated);
    else if (KEY("created_on"))
        *ret = compare_time(o, a->created, b->created);
    else if (KEY("closed_on"))
        *ret = compare_time(o, a->closed, b->closed);
    else if (KEY("status"))
        *ret = compare_number(a->status, b->status);
    else if (KEY("priority"))
        *ret = compare_number(a->priority, b->priority);
    else if (KEY("subject"))
        *ret = strcmp(a->subject, b->subject);
    else if (KEY("project"))
        *ret = strcmp(a->project->name, b->project->name);
    else
        return false;
    return true;
#undef KEY
}

static int compare(const void *a, const void *b, void *order) {
    const struct rm_issue *left = *(struct rm_issue *const *)a, *right = *(struct rm_issue *const *)b;
    const struct order *o = order;
    int result = 0;
    for (const char *key = o->keys; key && *key && !result;) {
        size_t len = strcspn(key, ","), name = strcspn(key, ":,");
        if (compare_by(o, key, name, left, right, &result) && str_starts(key + name, ":desc"))
            result = -result;
        key += len + (key[len] == ',');
    }
    return result ? result : compare_number(right->id, left->id);
}

void rm_page(const struct rm_actor *who, size_t *ret_offset, size_t *ret_limit) {
    int64_t limit = 0, offset = 0, page = 0;
    const char *text;
    if ((text = call_param(who->c, "limit")) == NULL || !str_int64(text, &limit) || limit == 0)
        limit = 25;
    limit = limit > 100 ? 100 : limit;
    if ((text = call_param(who->c, "offset")) != NULL)
        (void)str_int64(text, &offset);
    else if ((text = call_param(who->c, "page")) != NULL && str_int64(text, &page) && page > 0)
        offset = page < INT32_MAX ? (page - 1) * limit : 0;
    *ret_limit = (size_t)limit;
    *ret_offset = (size_t)offset;
}

/* The conditions of the request; false after a reply of 422. */
static bool conditions_read(const struct rm_actor *who, struct condition **ret, size_t *ret_n) {
    json_t *errors = json_array();
    bool status = false;
    for (size_t i = 0; i < array_size(filters); i++) {
        const char *text = call_param(who->c, filters[i].name);
        if (filters[i].kind == KIND_STATUS) {
            status = text != NULL;
            text = text ? text : "o"; /* without a word about the status only open ones come */
        }
        if (!text || (str_is(filters[i].name, "project_id") && *text))
            continue; /* projects were looked up by the caller, by name too */
        struct condition *x = arena_push(who->c->a, ret, ret_n);
        const char *words = condition_read(who, &filters[i], text, x);
        if (words)
            json_array_append_new(errors, json_string(words));
    }
    (void)status;
    bool fine = json_array_size(errors) == 0;
    if (fine)
        json_decref(errors);
    else
        rm_reply_errors(who, errors);
    return fine;
}

void rm_list_issues(const struct rm_actor *who, const struct rm_project *p) {
    struct condition *all = NULL;
    struct rm_issue **found = NULL;
    size_t n_all = 0, n = 0, offset, limit;
    if (!conditions_read(who, &all, &n_all))
        return;
    for (size_t k = 0; k < who->rm->n_issues; k++) {
        struct rm_issue *i = who->rm->issues[k];
        bool fits = i && (!p || i->project == p) && rm_visible(who, i);
        for (size_t x = 0; x < n_all && fits; x++)
            fits = condition_fits(who, &all[x], i);
        if (fits)
            *arena_push(who->c->a, &found, &n) = i;
    }
    struct order order = {call_param(who->c, "sort"), who->c->sb->server_zone};
    if (n > 1)
        qsort_r(found, n, sizeof(struct rm_issue *), compare, &order);
    rm_page(who, &offset, &limit);
    json_t *issues = json_array();
    for (size_t k = offset; k < n && k < offset + limit; k++) {
        json_t *j = rm_issue_json(who, found[k]);
        rm_issue_include(who, found[k], call_param(who->c, "include"), true, j);
        json_array_append_new(issues, j);
    }
    rm_reply(who, 200,
             json_pack("{s:o,s:I,s:I,s:I}", "issues", issues, "total_count", (json_int_t)n, "offset",
                       (json_int_t)offset, "limit", (json_int_t)limit));
}

/* ---- search.json ---- */

static bool issue_mentions(const struct rm_issue *i, const char *word) {
    bool found = text_contains_nocase(i->subject, word) || text_contains_nocase(i->description, word);
    for (size_t k = 0; k < i->n_journals && !found; k++)
        found = !i->journals[k]->gone && !i->journals[k]->private_notes &&
                text_contains_nocase(i->journals[k]->notes, word);
    return found;
}

void rm_search(const struct rm_actor *who) {
    struct arena *a = who->c->a;
    const char *q = call_param(who->c, "q");
    json_t *results = json_array();
    size_t offset, limit, n = 0;
    rm_page(who, &offset, &limit);
    for (size_t k = who->rm->n_issues; q && *q && k-- > 0;) {
        const struct rm_issue *i = who->rm->issues[k];
        bool fits = i && rm_visible(who, i);
        for (const char *w = q; *w && fits;) {
            size_t len = strcspn(w, " ");
            fits = len < 2 || issue_mentions(i, arena_strndup(a, w, len));
            w += len + strspn(w + len, " ");
        }
        if (!fits || n++ < offset || n > offset + limit)
            continue;
        const struct rm_named *s = rm_status(i->status);
        json_array_append_new(results, json_pack("{s:i,s:s,s:s,s:s,s:s?,s:s}", "id", i->id, "title",
                                                 arena_printf(a, "Bug #%d (%s): %s", i->id, s->name, i->subject),
                                                 "type", s->closed ? "issue-closed" : "issue", "url",
                                                 arena_printf(a, "%s/issues/%d", who->c->sb->base_url, i->id),
                                                 "description", i->description, "datetime",
                                                 time_text(a, zone_of_wall(who->c->sb->server_zone, i->created))));
    }
    rm_reply(who, 200,
             json_pack("{s:o,s:I,s:I,s:I}", "results", results, "total_count", (json_int_t)n, "offset",
                       (json_int_t)offset, "limit", (json_int_t)limit));
}
