/* rt_show: tickets, transactions, attachments, people and queues as RT writes
 * them: ids are strings but in the record itself, 1970 is "not set", the
 * custom fields come in an order that changes from request to request.
 *
 * Called by rt_http.c (whole records) and rt_list.c (fields of them). */
#include "rt.h"

#include <string.h>

#define API "/REST/2.0"

json_t *rt_ref(const struct rt_actor *who, const char *type, const char *id) {
    return json_pack("{s:s,s:s,s:s}", "type", type, "id", id, "_url",
                     arena_printf(who->c->a, "%s" API "/%s/%s", who->c->sb->base_url, type, id));
}

static json_t *ref_number(const struct rt_actor *who, const char *type, int id) {
    return rt_ref(who, type, arena_printf(who->c->a, "%d", id));
}

json_t *rt_time(const struct rt_actor *who, msec_t t) {
    return json_string(t ? time_text(who->c->a, t) : "1970-01-01T00:00:00Z");
}

static json_t *user_ref(const struct rt_actor *who, const struct rt_user *u) {
    return rt_ref(who, "user", u->name);
}

static json_t *number_text(const struct rt_actor *who, int64_t n) {
    return json_string(arena_printf(who->c->a, "%lld", (long long)n));
}

static json_t *self_link(const struct rt_actor *who, const char *type, int id) {
    json_t *j = ref_number(who, type, id);
    json_object_set_new(j, "id", json_integer(id));
    json_object_set_new(j, "ref", json_string("self"));
    return j;
}

static json_t *plain_link(const struct rt_actor *who, const char *ref, const char *path) {
    return json_pack("{s:s,s:s}", "ref", ref, "_url",
                     arena_printf(who->c->a, "%s" API "%s", who->c->sb->base_url, path));
}

/* ---- tickets ---- */

static json_t *values_show(const struct rt_actor *who, const struct rt_ticket *t) {
    json_t *all = json_array();
    if (!t->queue->has_fields || !rt_may(who, t, RT_SEE_CF))
        return all;
    size_t turn = (size_t)(who->c->sb->requests % RT_CF_COUNT);
    bool backwards = who->c->sb->requests / RT_CF_COUNT % 2;
    for (size_t k = 0; k < RT_CF_COUNT; k++) {
        size_t i = ((backwards ? RT_CF_COUNT - k : k) + turn) % RT_CF_COUNT;
        json_t *f = ref_number(who, "customfield", who->rt->fields[i].id), *values = json_array();
        if (t->values[i].present)
            json_array_append_new(values, json_text_or_null(t->values[i].text));
        json_object_set_new(f, "name", json_string(who->rt->fields[i].name));
        json_object_set_new(f, "values", values);
        json_array_append_new(all, f);
    }
    return all;
}

static bool is_to_deleted(const struct rt_ticket *t, const struct rt_link *l) {
    const struct rt_ticket *far = l->target == t ? l->base : l->target;
    return far && rt_is_deleted(far, t);
}

static json_t *link_show(const struct rt_actor *who, const struct rt_ticket *t, const struct rt_link *l) {
    static const char *const refs[RT_LINK_TYPES][2] = {
        {"refers-to", "referred-to-by"}, {"depends-on", "depended-on-by"}, {"parent", "child"}};
    bool reverse = l->target == t;
    const struct rt_ticket *far = reverse ? l->base : l->target;
    json_t *j = far ? ref_number(who, "ticket", far->id)
                    : json_pack("{s:s,s:s}", "type", "external", "_url", reverse ? l->base_uri : l->target_uri);
    json_object_set_new(j, "ref", json_string(refs[l->type][reverse]));
    return j;
}

static void fields_link(const struct rt_actor *who, json_t *links) {
    for (int i = 0; i < RT_CF_COUNT; i++) {
        json_t *j = ref_number(who, "customfield", who->rt->fields[i].id);
        json_object_set_new(j, "ref", json_string("customfield"));
        json_object_set_new(j, "name", json_string(who->rt->fields[i].name));
        json_array_append_new(links, j);
    }
}

static void actions_link(const struct rt_actor *who, const struct rt_ticket *t, json_t *links) {
    const struct rt_lifecycle *l = t->queue->lifecycle;
    for (const struct rt_action *x = l->actions; x->to; x++) {
        if (!rt_status_may(l, t->status, x->to) || !rt_may(who, t, RT_MODIFY))
            continue;
        json_t *j =
            plain_link(who, "lifecycle", arena_printf(who->c->a, "/ticket/%d%s", t->id, x->update ? "/comment" : ""));
        json_object_set_new(j, "from", json_string("*"));
        json_object_set_new(j, "to", json_string(x->to));
        json_object_set_new(j, "label", json_string(x->label));
        if (x->update)
            json_object_set_new(j, "update", json_string(x->update));
        json_array_append_new(links, j);
    }
}

json_t *rt_ticket_links(const struct rt_actor *who, const struct rt_ticket *t) {
    json_t *links = json_array();
    json_array_append_new(links, self_link(who, "ticket", t->id));
    for (size_t i = 0; i < t->n_links; i++)
        if (!t->links[i]->gone && !is_to_deleted(t, t->links[i]))
            json_array_append_new(links, link_show(who, t, t->links[i]));
    if (t->queue->has_fields && rt_may(who, t, RT_SEE_CF))
        fields_link(who, links);
    json_array_append_new(links, plain_link(who, "history", arena_printf(who->c->a, "/ticket/%d/history", t->id)));
    if (rt_may(who, t, RT_REPLY))
        json_array_append_new(links,
                              plain_link(who, "correspond", arena_printf(who->c->a, "/ticket/%d/correspond", t->id)));
    if (rt_may(who, t, RT_COMMENT))
        json_array_append_new(links, plain_link(who, "comment", arena_printf(who->c->a, "/ticket/%d/comment", t->id)));
    actions_link(who, t, links);
    return links;
}

static void expand(const struct rt_actor *who, json_t *ref, const struct rt_user *u, const struct rt_queue *q,
                   const char *field) {
    const char *wanted = call_param(who->c, arena_printf(who->c->a, "fields[%s]", field));
    while (wanted && *wanted) {
        size_t len = strcspn(wanted, ",");
        const char *name = arena_strndup(who->c->a, wanted, len), *value = NULL;
        if (u)
            value = str_is(name, "Name")           ? u->name
                    : str_is(name, "RealName")     ? u->real_name
                    : str_is(name, "EmailAddress") ? u->email
                                                   : NULL;
        if (q)
            value = str_is(name, "Name")          ? q->name
                    : str_is(name, "Description") ? q->description
                    : str_is(name, "Lifecycle")   ? q->lifecycle->name
                                                  : NULL;
        if (*name && !json_object_get(ref, name))
            json_object_set_new(ref, name, json_string(value ? value : ""));
        wanted += len + (wanted[len] == ',');
    }
}

static json_t *role_show(const struct rt_actor *who, const struct rt_ticket *t, enum rt_role role, bool expanded) {
    json_t *all = json_array();
    for (size_t i = 0; i < t->n_watchers[role]; i++) {
        json_t *ref = user_ref(who, t->watchers[role][i]);
        if (expanded)
            expand(who, ref, t->watchers[role][i], NULL, rt_role_names[role]);
        json_array_append_new(all, ref);
    }
    return all;
}

static bool ticket_date(const struct rt_ticket *t, const char *name, msec_t *ret) {
    const struct {
        const char *name;
        msec_t value;
    } dates[] = {
        {"Created", t->created}, {"LastUpdated", t->updated}, {"Started", t->started}, {"Resolved", t->resolved},
        {"Due", t->due},         {"Starts", t->starts},       {"Told", t->told}};
    for (size_t i = 0; i < array_size(dates); i++)
        if (str_is(dates[i].name, name)) {
            *ret = dates[i].value;
            return true;
        }
    return false;
}

json_t *rt_ticket_show(const struct rt_actor *who, const struct rt_ticket *t) {
    static const char *const dates[] = {"Created", "LastUpdated", "Started", "Resolved", "Due", "Starts"};
    static const char *const zeros[] = {"TimeEstimated", "TimeWorked", "TimeLeft", "InitialPriority", "FinalPriority"};
    json_t *j = json_pack("{s:i,s:s,s:s,s:s,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "id", t->id, "Type", t->type, "Subject",
                          t->subject, "Status", t->status, "Queue", ref_number(who, "queue", t->queue->id), "Owner",
                          user_ref(who, t->owner), "Creator", user_ref(who, t->creator), "LastUpdatedBy",
                          user_ref(who, t->updater), "Priority", number_text(who, t->priority), "EffectiveId",
                          ref_number(who, "ticket", t->effective->id), "CustomFields", values_show(who, t),
                          "_hyperlinks", rt_ticket_links(who, t));
    for (size_t i = 0; i < array_size(dates); i++) {
        msec_t at = 0;
        (void)ticket_date(t, dates[i], &at);
        json_object_set_new(j, dates[i], rt_time(who, at));
    }
    if (t->told)
        json_object_set_new(j, "Told", rt_time(who, t->told));
    for (size_t i = 0; i < array_size(zeros); i++)
        json_object_set_new(j, zeros[i], json_string("0"));
    for (int role = 0; role < RT_ROLE_COUNT; role++)
        json_object_set_new(j, rt_role_names[role], role_show(who, t, (enum rt_role)role, false));
    return j;
}

static json_t *expanded_user(const struct rt_actor *who, const struct rt_user *u, const char *field) {
    json_t *ref = user_ref(who, u);
    expand(who, ref, u, NULL, field);
    return ref;
}

json_t *rt_ticket_field(const struct rt_actor *who, const struct rt_ticket *t, const char *field) {
    msec_t at;
    if (ticket_date(t, field, &at))
        return rt_time(who, at);
    if (str_is(field, "id"))
        return number_text(who, t->id);
    if (str_is(field, "Subject"))
        return json_string(t->subject);
    if (str_is(field, "Status"))
        return json_string(t->status);
    if (str_is(field, "Type"))
        return json_string(t->type);
    if (str_is(field, "Priority"))
        return number_text(who, t->priority);
    if (str_is(field, "EffectiveId"))
        return number_text(who, t->effective->id);
    if (str_is(field, "CustomFields"))
        return values_show(who, t);
    if (str_is(field, "_hyperlinks"))
        return rt_ticket_links(who, t);
    if (str_is(field, "Owner"))
        return expanded_user(who, t->owner, field);
    if (str_is(field, "Creator"))
        return expanded_user(who, t->creator, field);
    if (str_is(field, "LastUpdatedBy"))
        return expanded_user(who, t->updater, field);
    if (str_is(field, "Queue")) {
        json_t *ref = ref_number(who, "queue", t->queue->id);
        expand(who, ref, NULL, t->queue, field);
        return ref;
    }
    for (int role = 0; role < RT_ROLE_COUNT; role++)
        if (str_is(field, rt_role_names[role]))
            return role_show(who, t, (enum rt_role)role, true);
    return json_string("");
}

/* ---- transactions and attachments ---- */

bool rt_txn_visible(const struct rt_actor *who, const struct rt_txn *x) {
    if (!x->ticket) {
        for (size_t i = 0; i < who->rt->n_queues; i++)
            if (who->rt->queues[i].id == x->queue)
                return rt_user_rights(who->rt, who->user, &who->rt->queues[i]) & RT_SEE_QUEUE;
        return false;
    }
    unsigned needed = RT_SHOW;
    if (str_is(x->type, "Comment"))
        needed |= RT_SHOW_COMMENTS;
    else if (str_is(x->type, "EmailRecord"))
        needed |= RT_SHOW_OUTGOING;
    else if (str_is(x->type, "CommentEmailRecord"))
        needed |= RT_SHOW_OUTGOING | RT_SHOW_COMMENTS;
    else if (str_is(x->type, "CustomField"))
        needed |= RT_SEE_CF;
    return rt_may(who, x->ticket, needed);
}

json_t *rt_txn_show(const struct rt_actor *who, const struct rt_txn *x) {
    json_t *links = json_array();
    json_array_append_new(links, self_link(who, "transaction", x->id));
    for (size_t i = 0; i < x->n_parts; i++)
        json_array_append_new(
            links, plain_link(who, "attachment", arena_printf(who->c->a, "/attachment/%d", x->parts[i]->id)));
    json_t *j = json_pack("{s:i,s:s,s:o,s:o,s:s,s:o,s:o}", "id", x->id, "Type", x->type, "Creator",
                          user_ref(who, x->creator), "Created", rt_time(who, x->created), "TimeTaken", "0", "Object",
                          x->ticket ? ref_number(who, "ticket", x->ticket->id) : ref_number(who, "queue", x->queue),
                          "_hyperlinks", links);
    const char *const texts[][2] = {{"Field", x->field}, {"OldValue", x->old}, {"NewValue", x->new}, {"Data", x->data}};
    for (size_t i = 0; i < array_size(texts); i++)
        if (*texts[i][1])
            json_object_set_new(j, texts[i][0], json_string(texts[i][1]));
    return j;
}

json_t *rt_txn_field(const struct rt_actor *who, const struct rt_txn *x, const char *field) {
    const char *const texts[][2] = {{"Type", x->type},
                                    {"Field", x->field},
                                    {"OldValue", x->old},
                                    {"NewValue", x->new},
                                    {"Data", x->data},
                                    {"TimeTaken", "0"},
                                    {"ObjectType", x->ticket ? "RT::Ticket" : "RT::Queue"}};
    for (size_t i = 0; i < array_size(texts); i++)
        if (str_is(field, texts[i][0]))
            return json_string(texts[i][1]);
    if (str_is(field, "id"))
        return number_text(who, x->id);
    if (str_is(field, "ObjectId"))
        return number_text(who, x->ticket ? x->ticket->id : x->queue);
    if (str_is(field, "Created"))
        return rt_time(who, x->created);
    return str_is(field, "Creator") ? expanded_user(who, x->creator, field) : json_string("");
}

static const char *attachment_headers(const struct rt_actor *who, const struct rt_attachment *x) {
    if (*x->headers)
        return x->headers;
    return arena_printf(who->c->a,
                        "Content-Type: %s; charset=\"utf-8\"\nX-RT-Original-Encoding: utf-8\nContent-Length: %zu",
                        x->type, strlen(x->content));
}

json_t *rt_attachment_show(const struct rt_actor *who, const struct rt_attachment *x) {
    size_t len = strlen(x->content);
    bool nothing = str_starts(x->type, "multipart/") || !len;
    json_t *j = json_pack("{s:i,s:s,s:s,s:o,s:o,s:s,s:s,s:o,s:o,s:[o]}", "id", x->id, "ContentType", x->type, "Subject",
                          x->subject, "Creator", user_ref(who, x->txn->creator), "Created",
                          rt_time(who, x->txn->created), "Headers", attachment_headers(who, x), "MessageId",
                          x->message_id, "TransactionId", ref_number(who, "transaction", x->txn->id), "Content",
                          nothing ? json_null() : json_string(base64_mime(who->c->a, x->content, len)), "_hyperlinks",
                          self_link(who, "attachment", x->id));
    json_object_set_new(j, "Parent", x->parent ? ref_number(who, "attachment", x->parent) : json_string("0"));
    return j;
}

json_t *rt_attachment_field(const struct rt_actor *who, const struct rt_attachment *x, const char *field) {
    if (str_is(field, "Content"))
        return json_string(x->content);
    if (str_is(field, "ContentType"))
        return json_string(x->type);
    if (str_is(field, "TransactionId"))
        return number_text(who, x->txn->id);
    if (str_is(field, "Created"))
        return rt_time(who, x->txn->created);
    if (str_is(field, "Creator"))
        return expanded_user(who, x->txn->creator, field);
    if (str_is(field, "Subject"))
        return json_string(x->subject);
    if (str_is(field, "Parent"))
        return number_text(who, x->parent);
    return json_string(str_is(field, "MessageId") ? x->message_id : "");
}

/* ---- people and queues ---- */

json_t *rt_user_show(const struct rt_actor *who, const struct rt_user *u) {
    json_t *links = json_array();
    json_array_append_new(links, self_link(who, "user", u->id));
    json_t *j = json_pack("{s:s,s:s?,s:s?,s:i,s:o}", "Name", u->name, "RealName", u->real_name, "EmailAddress",
                          u->email, "Privileged", u->privileged ? 1 : 0, "_hyperlinks", links);
    if (u != who->user && !who->user->superuser)
        return j; /* a stranger gets the summary */
    json_array_append_new(links, plain_link(who, "history", arena_printf(who->c->a, "/user/%d/history", u->id)));
    if (who->user->superuser)
        json_array_append_new(links, plain_link(who, "memberships", arena_printf(who->c->a, "/user/%d/groups", u->id)));
    json_t *more = json_pack("{s:i,s:s,s:s,s:[],s:[],s:o,s:o,s:o,s:o}", "id", u->id, "Timezone", u->zone, "Disabled",
                             "0", "Memberships", "CustomFields", "Created", rt_time(who, u->created), "LastUpdated",
                             rt_time(who, u->created), "Creator", user_ref(who, who->rt->system), "LastUpdatedBy",
                             user_ref(who, who->rt->system));
    json_object_update(j, more);
    json_decref(more);
    return j;
}

json_t *rt_queue_show(const struct rt_actor *who, const struct rt_queue *q) {
    json_t *links = json_array(), *fields = json_array();
    json_array_append_new(links, self_link(who, "queue", q->id));
    json_array_append_new(links, plain_link(who, "history", arena_printf(who->c->a, "/queue/%d/history", q->id)));
    json_t *create = plain_link(who, "create", arena_printf(who->c->a, "/ticket?Queue=%d", q->id));
    json_object_set_new(create, "type", json_string("ticket"));
    json_array_append_new(links, create);
    if (q->has_fields && rt_user_rights(who->rt, who->user, q) & RT_SEE_CF)
        fields_link(who, fields);
    json_t *j = json_pack("{s:i,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:o,s:o}", "id", q->id, "Name", q->name, "Description",
                          q->description, "Lifecycle", q->lifecycle->name, "CorrespondAddress", q->correspond,
                          "CommentAddress", q->comment, "Disabled", "0", "SLADisabled", "1", "SortOrder", "0",
                          "TicketCustomFields", fields, "_hyperlinks", links);
    static const char *const empty[] = {"Cc", "AdminCc", "CustomFields", "TicketTransactionCustomFields"};
    for (size_t i = 0; i < array_size(empty); i++)
        json_object_set_new(j, empty[i], json_array());
    json_object_set_new(j, "Created", rt_time(who, who->rt->seeded));
    json_object_set_new(j, "LastUpdated", rt_time(who, who->rt->seeded));
    json_object_set_new(j, "Creator", user_ref(who, who->rt->system));
    json_object_set_new(j, "LastUpdatedBy", user_ref(who, who->rt->system));
    return j;
}
