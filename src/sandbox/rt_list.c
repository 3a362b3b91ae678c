/* rt_list: searches and collections: order, pages, chosen fields.
 *
 * Tickets that may not be seen are left out before paging, transactions after:
 * their pages can be short or empty in the middle (seen). Totals of anything
 * but tickets are for superusers. Called by rt_http.c. */
#include "rt.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

typedef json_t *show_field(const struct rt_actor *who, const void *item, const char *field);

struct list {
    const struct rt_actor *who;
    const char *type;
    const void **items;
    size_t n;
    int (*id)(const void *item);
    bool (*visible)(const struct rt_actor *who, const void *item); /* NULL: all */
    show_field *field;
    bool totals, broken; /* broken: the database refused the order; nothing comes, the total does */
};

static int64_t page_number(const struct call *c, const char *name, int64_t otherwise, int64_t max) {
    const char *text = call_param(c, name);
    int64_t v;
    if (!text || !str_int64(text, &v) || v == 0)
        return otherwise;
    return v > max ? max : v;
}

/* The address of another page: the query's own parameters again, `page` at the end. A search that came as a form
 * loses what stood in the form (seen). */
static json_t *page_link(const struct call *c, int64_t page) {
    struct buf b = {0};
    size_t in_query = 1;
    for (const char *q = c->query; *q; q++)
        in_query += *q == '&';
    buf_printf(&b, "%s%s?", c->sb->base_url, c->path);
    for (size_t i = 0; i < c->n_params && i < in_query && *c->query; i++)
        if (str_is(c->params[i].name, "page"))
            buf_str(&b, i + 1 < c->n_params ? "=&" : ""); /* what RT leaves of it */
        else
            buf_printf(&b, "%s=%s&", url_encode(c->a, c->params[i].name), url_encode(c->a, c->params[i].value));
    buf_printf(&b, "page=%lld", (long long)page);
    json_t *j = json_string(buf_text(&b));
    buf_deinit(&b);
    return j;
}

static json_t *item_show(const struct list *l, const void *item) {
    struct arena *a = l->who->c->a;
    json_t *j = rt_ref(l->who, l->type, arena_printf(a, "%d", l->id(item)));
    const char *fields = call_param(l->who->c, "fields");
    while (fields && *fields) {
        size_t len = strcspn(fields, ",");
        const char *name = arena_strndup(a, fields, len);
        if (*name && !str_is(name, "id"))
            json_object_set_new(j, name, l->field(l->who, item, name));
        fields += len + (fields[len] == ',');
    }
    return j;
}

static void list_reply(const struct list *l) {
    struct call *c = l->who->c;
    int64_t per_page = page_number(c, "per_page", 20, RT_PER_PAGE_MAX), page = page_number(c, "page", 1, INT32_MAX);
    size_t from = (size_t)((page - 1) * per_page);
    json_t *items = json_array();
    for (size_t i = from; i < l->n && i < from + (size_t)per_page && !l->broken; i++)
        if (!l->visible || l->visible(l->who, l->items[i]))
            json_array_append_new(items, item_show(l, l->items[i]));
    json_t *j = json_pack("{s:I,s:I,s:I,s:o}", "count", (json_int_t)json_array_size(items), "per_page",
                          (json_int_t)per_page, "page", (json_int_t)page, "items", items);
    if (l->totals || l->who->user->superuser) {
        int64_t pages = ((int64_t)l->n + per_page - 1) / per_page;
        json_object_set_new(j, "total", json_integer((json_int_t)l->n));
        json_object_set_new(j, "pages",
                            pages ? json_integer(pages) : json_real(0.0)); /* a float, when nothing was found */
        if (page < pages)
            json_object_set_new(j, "next_page", page_link(c, page + 1));
        if (pages && page > 1)
            json_object_set_new(j, "prev_page", page_link(c, page > pages ? pages : page - 1));
    } else {
        json_object_set_new(j, "total", json_null());
        json_object_set_new(j, "pages", json_null());
    }
    reply_json(c, 200, RT_JSON, j);
}

/* ---- order ---- */

struct order {
    const struct call *c;
    bool txns;
};

static int compare_number(int64_t a, int64_t b) {
    return a < b ? -1 : a > b;
}

static bool compare_tickets(const char *field, const struct rt_ticket *a, const struct rt_ticket *b, int *ret) {
    if (str_is_nocase(field, "id") || str_is_nocase(field, "EffectiveId"))
        *ret = compare_number(a->id, b->id);
    else if (str_is_nocase(field, "LastUpdated"))
        *ret = compare_number(a->updated, b->updated);
    else if (str_is_nocase(field, "Created"))
        *ret = compare_number(a->created / SEC_MS, b->created / SEC_MS);
    else if (str_is_nocase(field, "Resolved"))
        *ret = compare_number(a->resolved, b->resolved);
    else if (str_is_nocase(field, "Started"))
        *ret = compare_number(a->started, b->started);
    else if (str_is_nocase(field, "Due"))
        *ret = compare_number(a->due, b->due);
    else if (str_is_nocase(field, "Told"))
        *ret = compare_number(a->told, b->told);
    else if (str_is_nocase(field, "Priority"))
        *ret = compare_number(a->priority, b->priority);
    else if (str_is_nocase(field, "Queue"))
        *ret = compare_number(a->queue->id, b->queue->id);
    else if (str_is_nocase(field, "Owner"))
        *ret = strcasecmp(a->owner->name, b->owner->name);
    else if (str_is_nocase(field, "Creator"))
        *ret = strcasecmp(a->creator->name, b->creator->name);
    else if (str_is_nocase(field, "Status"))
        *ret = strcmp(a->status, b->status);
    else if (str_is_nocase(field, "Subject"))
        *ret = strcasecmp(a->subject, b->subject);
    else
        return false;
    return true;
}

static bool compare_txns(const char *field, const struct rt_txn *a, const struct rt_txn *b, int *ret) {
    if (str_is_nocase(field, "id"))
        *ret = compare_number(a->id, b->id);
    else if (str_is_nocase(field, "Created"))
        *ret = compare_number(a->created / SEC_MS, b->created / SEC_MS);
    else if (str_is_nocase(field, "Type"))
        *ret = strcmp(a->type, b->type);
    else
        return false;
    return true;
}

static bool compare_by(const struct order *o, const char *field, const void *a, const void *b, int *ret) {
    return o->txns ? compare_txns(field, a, b, ret) : compare_tickets(field, a, b, ret);
}

static int compare(const void *a, const void *b, void *arg) {
    const struct order *o = arg;
    const void *left = *(const void *const *)a, *right = *(const void *const *)b;
    const char *field;
    int result = 0;
    for (size_t i = 0; !result && (field = call_param_nth(o->c, "orderby", i)) != NULL; i++) {
        const char *direction = call_param_nth(o->c, "order", i);
        if (compare_by(o, field, left, right, &result) && direction && str_is_nocase(direction, "DESC"))
            result = -result;
    }
    if (!result)
        (void)compare_by(o, "id", left, right, &result);
    return result;
}

/* Sorts by the parameters orderby and order; an unknown field breaks the list. */
static void list_order(struct list *l, bool txns) {
    struct order o = {l->who->c, txns};
    const char *field;
    int unused;
    for (size_t i = 0; l->n && (field = call_param_nth(o.c, "orderby", i)) != NULL; i++)
        if (!compare_by(&o, field, l->items[0], l->items[0], &unused))
            l->broken = true;
    if (!l->broken && l->n > 1)
        qsort_r(l->items, l->n, sizeof(*l->items), compare, &o);
}

/* ---- the collections ---- */

static int ticket_id(const void *item) {
    return ((const struct rt_ticket *)item)->id;
}
static int txn_id(const void *item) {
    return ((const struct rt_txn *)item)->id;
}
static int attachment_id(const void *item) {
    return ((const struct rt_attachment *)item)->id;
}
static int queue_id(const void *item) {
    return ((const struct rt_queue *)item)->id;
}

static json_t *ticket_field(const struct rt_actor *who, const void *item, const char *field) {
    return rt_ticket_field(who, item, field);
}
static json_t *txn_field(const struct rt_actor *who, const void *item, const char *field) {
    return rt_txn_field(who, item, field);
}
static json_t *attachment_field(const struct rt_actor *who, const void *item, const char *field) {
    return rt_attachment_field(who, item, field);
}
static json_t *queue_field(const struct rt_actor *who, const void *item, const char *field) {
    json_t *whole = rt_queue_show(who, item), *value = json_incref(json_object_get(whole, field));
    json_decref(whole);
    return value ? value : json_string("");
}
static bool txn_visible(const struct rt_actor *who, const void *item) {
    return rt_txn_visible(who, item);
}
static bool attachment_visible(const struct rt_actor *who, const void *item) {
    return rt_txn_visible(who, ((const struct rt_attachment *)item)->txn);
}

static struct list list_of(const struct rt_actor *who, const char *type, int (*id)(const void *), show_field *field) {
    return (struct list){.who = who, .type = type, .id = id, .field = field};
}

static void list_add(struct list *l, const void *item) {
    *arena_push(l->who->c->a, &l->items, &l->n) = item;
}

void rt_list_empty(const struct rt_actor *who) {
    struct list l = list_of(who, "customfield", queue_id, queue_field);
    list_reply(&l);
}

/* NULL after a reply of 400. */
static struct rt_node *query_read(const struct rt_actor *who, bool (*knows)(const char *, const char *)) {
    const char *words = NULL, *text = call_param(who->c, "query");
    struct rt_node *query = rt_sql_parse(who->c->a, text, knows, &words);
    if (!query)
        rt_message(who->c, 400, words);
    return query;
}

void rt_list_tickets(const struct rt_actor *who) {
    struct list l = list_of(who, "ticket", ticket_id, ticket_field);
    l.totals = true;
    if (!str_empty(call_param(who->c, "query"))) {
        struct rt_node *query = query_read(who, rt_ticket_field_known);
        if (!query)
            return;
        bool merged_too = rt_sql_uses(query, "EffectiveId");
        for (size_t i = 0; i < who->rt->n_tickets; i++) {
            const struct rt_ticket *t = who->rt->tickets[i];
            if (str_is(t->status, "deleted") || (t->effective != t && !merged_too) ||
                !rt_may(who, t, RT_SHOW | RT_SEE_QUEUE))
                continue;
            if (rt_ticket_match(who, t, query))
                list_add(&l, t);
        }
    }
    list_order(&l, false);
    list_reply(&l);
}

void rt_list_txns(const struct rt_actor *who) {
    struct list l = list_of(who, "transaction", txn_id, txn_field);
    l.visible = txn_visible;
    if (!str_empty(call_param(who->c, "query"))) {
        struct rt_node *query = query_read(who, rt_txn_field_known);
        if (!query)
            return;
        for (size_t i = 0; i < who->rt->n_txns; i++)
            if (rt_txn_match(who, who->rt->txns[i], query))
                list_add(&l, who->rt->txns[i]);
    }
    list_order(&l, true);
    list_reply(&l);
}

static int compare_ids(const void *a, const void *b) {
    return compare_number((*(struct rt_txn *const *)a)->id, (*(struct rt_txn *const *)b)->id);
}

struct rt_txn **rt_history(const struct rt_actor *who, const struct rt_ticket *t, size_t *ret_count) {
    struct rt_txn **all = NULL;
    size_t n = 0;
    for (size_t i = 0; i < t->n_txns; i++)
        *arena_push(who->c->a, &all, &n) = t->txns[i];
    for (size_t k = 0; k < t->n_merged; k++)
        for (size_t i = 0; i < t->merged[k]->n_txns; i++)
            *arena_push(who->c->a, &all, &n) = t->merged[k]->txns[i];
    if (all && t->n_merged)
        qsort(all, n, sizeof(struct rt_txn *), compare_ids);
    *ret_count = n;
    return all;
}

void rt_list_history(const struct rt_actor *who, const struct rt_ticket *t) {
    struct list l = list_of(who, "transaction", txn_id, txn_field);
    size_t n = 0;
    struct rt_txn **all = t ? rt_history(who, t, &n) : NULL;
    for (size_t i = 0; i < n; i++)
        list_add(&l, all[i]);
    l.visible = txn_visible;
    list_order(&l, true);
    list_reply(&l);
}

void rt_list_queue_history(const struct rt_actor *who, const struct rt_queue *q) {
    struct list l = list_of(who, "transaction", txn_id, txn_field);
    l.visible = txn_visible;
    for (size_t i = 0; q && i < who->rt->n_txns; i++)
        if (!who->rt->txns[i]->ticket && who->rt->txns[i]->queue == q->id)
            list_add(&l, who->rt->txns[i]);
    list_reply(&l);
}

/* Attachments are ordered by nothing but their id. */
static void attachments_reply(struct list *l) {
    const char *direction = call_param(l->who->c, "order");
    if (call_param(l->who->c, "orderby") && direction && str_is_nocase(direction, "DESC"))
        for (size_t i = 0; i < l->n / 2; i++) {
            const void *item = l->items[i];
            l->items[i] = l->items[l->n - 1 - i];
            l->items[l->n - 1 - i] = item;
        }
    l->visible = attachment_visible;
    list_reply(l);
}

/* ?query=[{"field", "operator", "value"}]: of it only a ContentType that begins so is told apart; no part has a file
 * name. */
static bool attachment_asked_for(const json_t *query, const struct rt_attachment *x) {
    size_t i;
    json_t *limit;
    json_array_foreach(query, i, limit)
        if (str_is(json_text(limit, "field"), "ContentType") && str_is(json_text(limit, "operator"), "STARTSWITH") &&
            !str_starts(x->type, json_text(limit, "value")))
            return false;
    return true;
}

void rt_list_attachments(const struct rt_actor *who, const struct rt_ticket *t) {
    struct list l = list_of(who, "attachment", attachment_id, attachment_field);
    const char *text = call_param(who->c, "query");
    cleanup_json json_t *query = text ? json_loads(text, 0, NULL) : NULL;
    size_t n = 0;
    struct rt_txn **all = t && rt_may(who, t, RT_SHOW) ? rt_history(who, t, &n) : NULL;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < all[i]->n_parts; k++)
            if (attachment_asked_for(query, all[i]->parts[k]))
                list_add(&l, all[i]->parts[k]);
    attachments_reply(&l);
}

void rt_list_txn_attachments(const struct rt_actor *who, const struct rt_txn *x) {
    struct list l = list_of(who, "attachment", attachment_id, attachment_field);
    for (size_t k = 0; x && k < x->n_parts; k++)
        list_add(&l, x->parts[k]);
    attachments_reply(&l);
}

void rt_list_queues(const struct rt_actor *who, bool all) {
    struct list l = list_of(who, "queue", queue_id, queue_field);
    for (size_t i = 0; all && i < who->rt->n_queues; i++)
        if (rt_user_rights(who->rt, who->user, &who->rt->queues[i]) & RT_SEE_QUEUE)
            list_add(&l, &who->rt->queues[i]);
    list_reply(&l);
}
