/* rt_match: one term of a search against one ticket or transaction.
 *
 * Which fields there are, and how their values compare: dates in the asking
 * user's zone, where `=` is the whole day. Called by rt_list.c. */
#include "rt.h"

#include <string.h>

struct subject {
    const struct rt_actor *who;
    const struct rt_ticket *t;
    const struct rt_txn *x;
};

static bool name_in(const char *const *names, size_t n, const char *name) {
    for (size_t i = 0; i < n; i++)
        if (str_is_nocase(names[i], name))
            return true;
    return false;
}

bool rt_ticket_field_known(const char *field, const char *sub) {
    static const char *const plain[] = {
        "id",           "Queue",     "Status",       "Subject",     "LastUpdated", "Created",         "Started",
        "Resolved",     "Due",       "Told",         "Starts",      "Updated",     "TransactionDate", "LastUpdatedBy",
        "Creator",      "Owner",     "Priority",     "EffectiveId", "Type",        "Content",         "RefersTo",
        "ReferredToBy", "DependsOn", "DependedOnBy", "MemberOf",    "HasMember",   "Lifecycle"};
    static const char *const dotted[] = {"CF", "Requestor", "Cc", "AdminCc", "Watcher", "Queue", "Owner", "Creator"};
    if (sub)
        return name_in(dotted, array_size(dotted), field);
    return name_in(plain, array_size(plain), field) || name_in(dotted + 1, 4, field);
}

bool rt_txn_field_known(const char *field, const char *sub) {
    static const char *const plain[] = {"id",          "Type",         "Field",        "OldValue",   "NewValue",
                                        "Created",     "Creator",      "ObjectId",     "ObjectType", "TicketId",
                                        "TicketQueue", "TicketStatus", "TicketSubject"};
    return !sub && name_in(plain, array_size(plain), field);
}

static bool match_number(const struct rt_node *n, int64_t have) {
    int64_t want = 0;
    bool number = str_int64(n->value, &want);
    if (!number && n->op != RT_NULL && n->op != RT_NOT_NULL)
        return n->op == RT_NE;
    return rt_sql_number(n->op, have, want);
}

static bool match_date(const struct rt_actor *who, const struct rt_node *n, msec_t have) {
    if (n->op == RT_NULL || n->op == RT_NOT_NULL)
        return (have == 0) == (n->op == RT_NULL);
    msec_t want = rt_date_read(n->value, rt_zone_of(who), who->c->now);
    have = have / SEC_MS * SEC_MS;
    if (n->op != RT_EQ)
        return rt_sql_number(n->op, have, want);
    msec_t offset = 0;
    (void)zone_offset(rt_zone_of(who), want, &offset);
    msec_t day = (want + offset) / DAY_MS * DAY_MS - offset;
    return have >= day && have < day + DAY_MS;
}

static bool match_user(const struct rt_node *n, const struct rt_user *u) {
    int64_t id;
    if (n->sub)
        return rt_sql_text(n->op, str_is_nocase(n->sub, "EmailAddress") ? (u->email ? u->email : "") : u->name,
                           n->value);
    if (str_int64(n->value, &id))
        return rt_sql_number(n->op, u->id, id);
    return rt_sql_text(n->op, u->name, n->value);
}

/* By mail address unless said otherwise; a negation asks that nobody of the role fits. */
static bool match_role(const struct rt_node *n, const struct rt_ticket *t) {
    bool negative = n->op == RT_NE || n->op == RT_UNLIKE, any = false, all = true;
    bool by_name = n->sub && str_is_nocase(n->sub, "Name");
    for (int role = 0; role < RT_ROLE_COUNT; role++) {
        if (!str_is_nocase(n->field, "Watcher") && !str_is_nocase(n->field, rt_role_names[role]))
            continue;
        for (size_t i = 0; i < t->n_watchers[role]; i++) {
            const struct rt_user *u = t->watchers[role][i];
            bool fits = rt_sql_text(n->op, by_name ? u->name : u->email ? u->email : "", n->value);
            any = any || fits;
            all = all && fits;
        }
    }
    return negative ? all : any;
}

static bool match_value(const struct rt_node *n, const struct rt_ticket *t) {
    int i = rt_field_find(n->sub);
    if (i < 0)
        return n->op == RT_NE || n->op == RT_UNLIKE || n->op == RT_NULL;
    const struct rt_value *v = &t->values[i];
    if (n->op == RT_NULL)
        return !v->present || !v->text;
    if (!v->present || !v->text)
        return n->op == RT_NE || n->op == RT_UNLIKE;
    return rt_sql_text(n->op, v->text, n->value);
}

static bool match_link(const struct rt_node *n, const struct rt_ticket *t) {
    static const struct {
        const char *name;
        enum rt_link_type type;
        bool reverse;
    } kinds[] = {{"RefersTo", RT_REFERS_TO, false},   {"ReferredToBy", RT_REFERS_TO, true},
                 {"DependsOn", RT_DEPENDS_ON, false}, {"DependedOnBy", RT_DEPENDS_ON, true},
                 {"MemberOf", RT_MEMBER_OF, false},   {"HasMember", RT_MEMBER_OF, true}};
    int64_t id = 0;
    bool number = str_int64(n->value, &id), any = false, fits = false;
    for (size_t k = 0; k < array_size(kinds); k++) {
        if (!str_is_nocase(kinds[k].name, n->field))
            continue;
        for (size_t i = 0; i < t->n_links; i++) {
            const struct rt_link *l = t->links[i];
            if (l->gone || l->type != kinds[k].type || (kinds[k].reverse ? l->target : l->base) != t)
                continue;
            const struct rt_ticket *far = kinds[k].reverse ? l->base : l->target;
            const char *uri = kinds[k].reverse ? l->base_uri : l->target_uri;
            any = true;
            fits = fits || (number ? far && far->id == id : uri && str_is(uri, n->value));
        }
    }
    if (n->op == RT_NULL || n->op == RT_NOT_NULL)
        return any == (n->op == RT_NOT_NULL);
    return fits == (n->op != RT_NE);
}

static bool match_status(const struct rt_node *n, const struct rt_ticket *t) {
    const struct rt_lifecycle *l = t->queue->lifecycle;
    bool inactive = rt_status_in(l->inactive, t->status);
    if (str_is_nocase(n->value, "__Active__"))
        return inactive != (n->op == RT_EQ);
    if (str_is_nocase(n->value, "__Inactive__"))
        return inactive == (n->op == RT_EQ);
    return rt_sql_text(n->op, t->status, n->value);
}

static bool match_queue(const struct rt_node *n, const struct rt_queue *q) {
    int64_t id;
    return str_int64(n->value, &id) ? rt_sql_number(n->op, q->id, id) : rt_sql_text(n->op, q->name, n->value);
}

static bool match_ticket_date(const struct subject *s, const struct rt_node *n, bool *ret) {
    const struct rt_ticket *t = s->t;
    const struct {
        const char *name;
        msec_t value;
    } dates[] = {{"LastUpdated", t->updated}, {"Created", t->created}, {"Started", t->started},
                 {"Resolved", t->resolved},   {"Due", t->due},         {"Told", t->told},
                 {"Starts", t->starts}};
    for (size_t i = 0; i < array_size(dates); i++)
        if (str_is_nocase(dates[i].name, n->field)) {
            *ret = match_date(s->who, n, dates[i].value);
            return true;
        }
    if (!str_is_nocase(n->field, "Updated") && !str_is_nocase(n->field, "TransactionDate"))
        return false;
    *ret = false;
    for (size_t i = 0; i < t->n_txns && !*ret; i++)
        *ret = match_date(s->who, n, t->txns[i]->created);
    return true;
}

static bool match_ticket_term(const void *arg, const struct rt_node *n) {
    const struct subject *s = arg;
    const struct rt_ticket *t = s->t;
    const char *f = n->field;
    bool result;
    if (str_is_nocase(f, "id"))
        return match_number(n, t->id);
    if (str_is_nocase(f, "EffectiveId"))
        return match_number(n, t->effective->id);
    if (str_is_nocase(f, "Priority"))
        return match_number(n, t->priority);
    if (str_is_nocase(f, "Queue"))
        return match_queue(n, t->queue);
    if (str_is_nocase(f, "Status"))
        return match_status(n, t);
    if (str_is_nocase(f, "CF"))
        return match_value(n, t);
    if (str_is_nocase(f, "Subject"))
        return rt_sql_text(n->op, t->subject, n->value);
    if (str_is_nocase(f, "Type"))
        return rt_sql_text(n->op, t->type, n->value);
    if (str_is_nocase(f, "Lifecycle"))
        return rt_sql_text(n->op, t->queue->lifecycle->name, n->value);
    if (str_is_nocase(f, "Owner"))
        return match_user(n, t->owner);
    if (str_is_nocase(f, "Creator"))
        return match_user(n, t->creator);
    if (str_is_nocase(f, "LastUpdatedBy"))
        return match_user(n, t->updater);
    if (str_is_nocase(f, "Content")) /* there is no full-text index */
        return false;
    if (match_ticket_date(s, n, &result))
        return result;
    if (name_in(rt_role_names, RT_ROLE_COUNT, f) || str_is_nocase(f, "Watcher"))
        return match_role(n, t);
    return match_link(n, t);
}

static bool match_txn_term(const void *arg, const struct rt_node *n) {
    const struct subject *s = arg;
    const struct rt_txn *x = s->x;
    const char *f = n->field;
    if (str_is_nocase(f, "id"))
        return match_number(n, x->id);
    if (str_is_nocase(f, "Type"))
        return rt_sql_text(n->op, x->type, n->value);
    if (str_is_nocase(f, "Field"))
        return rt_sql_text(n->op, x->field, n->value);
    if (str_is_nocase(f, "OldValue"))
        return rt_sql_text(n->op, x->old, n->value);
    if (str_is_nocase(f, "NewValue"))
        return rt_sql_text(n->op, x->new, n->value);
    if (str_is_nocase(f, "Created"))
        return match_date(s->who, n, x->created);
    if (str_is_nocase(f, "Creator"))
        return match_user(n, x->creator);
    if (str_is_nocase(f, "ObjectType"))
        return rt_sql_text(n->op, x->ticket ? "RT::Ticket" : "RT::Queue", n->value);
    if (str_is_nocase(f, "ObjectId") ||
        str_is_nocase(f, "TicketId")) /* TicketId finds queues of that number too (seen) */
        return match_number(n, x->ticket ? x->ticket->id : x->queue);
    /* joined by number alone: a transaction of queue 3 counts as one of ticket 3 (seen) */
    int id = x->ticket ? x->ticket->id : x->queue;
    const struct rt *rt = s->who->rt;
    const struct rt_ticket *t = id <= (int)rt->n_tickets ? rt->tickets[id - 1] : NULL;
    if (!t)
        return false;
    if (str_is_nocase(f, "TicketQueue"))
        return match_queue(n, t->queue);
    return str_is_nocase(f, "TicketStatus") ? match_status(n, t) : rt_sql_text(n->op, t->subject, n->value);
}

bool rt_ticket_match(const struct rt_actor *who, const struct rt_ticket *t, const struct rt_node *query) {
    struct subject s = {.who = who, .t = t};
    return rt_sql_eval(query, match_ticket_term, &s);
}

bool rt_txn_match(const struct rt_actor *who, const struct rt_txn *x, const struct rt_node *query) {
    struct subject s = {.who = who, .x = x};
    return rt_sql_eval(query, match_txn_term, &s);
}
