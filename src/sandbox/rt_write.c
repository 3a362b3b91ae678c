/* rt_write: what changes a ticket: transactions, status, attributes, fields.
 *
 * Every change is a transaction, and only a transaction moves LastUpdated. The
 * functions answer in RT's manner: words, never codes; NULL when there is
 * nothing to say. Called by rt_post.c. */
#include "rt.h"

#include <string.h>

struct rt_txn *rt_txn_add(const struct rt_actor *who, struct rt_ticket *t, const struct rt_user *by, const char *type,
                          const char *field, const char *old, const char *new, const char *data) {
    struct rt *rt = who->rt;
    struct rt_txn *x = arena_make(rt->a, struct rt_txn);
    *x = (struct rt_txn){
        .id = rt->next_txn++, .ticket = t, .type = type, .field = field, .creator = by, .created = who->c->now};
    x->old = arena_strdup(rt->a, old ? old : "");
    x->new = arena_strdup(rt->a, new ? new : "");
    x->data = arena_strdup(rt->a, data ? data : "");
    *arena_push(rt->a, &rt->txns, &rt->n_txns) = x;
    *arena_push(rt->a, &t->txns, &t->n_txns) = x;
    /* RT's own mails and moves are part of what the user did */
    t->updated = who->c->now / SEC_MS * SEC_MS;
    t->updater = who->user;
    who->c->sb->writes++;
    return x;
}

struct rt_attachment *rt_attachment_add(struct rt *rt, struct rt_txn *txn, const char *type, const char *subject,
                                        const char *content) {
    struct rt_attachment *x = arena_make(rt->a, struct rt_attachment);
    *x = (struct rt_attachment){.id = (int)rt->n_attachments + 1, .txn = txn};
    x->type = arena_strdup(rt->a, type);
    x->subject = arena_strdup(rt->a, subject ? subject : "");
    x->content = arena_strdup(rt->a, content);
    x->headers = "";
    x->message_id =
        str_is(txn->type, "EmailRecord") || str_is(txn->type, "CommentEmailRecord")
            ? ""
            : arena_printf(rt->a, "rt-5.0.3-%d-%lld-0@rig.example", txn->id, (long long)(txn->created / SEC_MS));
    *arena_push(rt->a, &rt->attachments, &rt->n_attachments) = x;
    *arena_push(rt->a, &txn->parts, &txn->n_parts) = x;
    return x;
}

char *rt_scalar(struct arena *a, const json_t *j) {
    if (json_is_boolean(j))
        return arena_strdup(a, json_is_true(j) ? "1" : "0");
    return json_is_string(j) || json_is_number(j) ? json_as_text(a, j) : NULL;
}

/* ---- status ---- */

static void status_apply(const struct rt_actor *who, struct rt_ticket *t, const struct rt_user *by, const char *to) {
    const char *from = t->status;
    bool was_initial = rt_status_in(t->queue->lifecycle->initial, from);
    t->status = to;
    msec_t now = who->c->now / SEC_MS * SEC_MS;
    if (was_initial && !rt_status_in(t->queue->lifecycle->initial, to))
        t->started = now;
    if (rt_status_in(t->queue->lifecycle->inactive, to))
        t->resolved = now;
    struct rt_txn *x = rt_txn_add(who, t, by, "Status", "Status", from, to, NULL);
    rt_scrips_run(who, t, x, NULL);
}

const char *rt_status_set(const struct rt_actor *who, struct rt_ticket *t, const struct rt_user *by, const char *text) {
    struct arena *a = who->c->a;
    const struct rt_lifecycle *l = t->queue->lifecycle;
    const char *to = rt_status_find(l, text);
    if (!to)
        return arena_printf(a, "Status '%s' isn't a valid status for this ticket.", text);
    if (by == who->rt->system) {
        status_apply(who, t, by, to);
        return NULL;
    }
    /* RT asks the lifecycle with the status as this user may see it */
    const char *from = rt_may(who, t, RT_SHOW) ? t->status : "";
    if (!rt_status_may(l, from, to))
        return arena_printf(a, "You can't change status from '%s' to '%s'.", from, text);
    if (!rt_may(who, t, str_is(to, "deleted") ? RT_DELETE : RT_MODIFY))
        return "Permission Denied";
    if (rt_status_in(l->inactive, to) && !rt_status_in(l->inactive, from) && rt_has_open_dependency(t))
        return "That ticket has unresolved dependencies";
    from = t->status;
    status_apply(who, t, by, to);
    if (str_is(to, "deleted"))
        return "Ticket deleted";
    return arena_printf(a, "Status changed from '%s' to '%s'", from, to);
}

/* ---- attributes ---- */

static char *subject_line(struct arena *a, const char *subject) {
    char *out = arena_strdup(a, subject);
    size_t n = 0;
    for (; *subject; subject++)
        if (*subject != '\r' && *subject != '\n')
            out[n++] = *subject;
    out[n] = '\0';
    return out;
}

char *rt_subject_clean(struct arena *a, const char *subject) {
    return str_cut(a, subject_line(a, subject), RT_SUBJECT_MAX);
}

static const char *quoted(struct arena *a, const char *s) {
    return str_empty(s) ? "(no value)" : arena_printf(a, "'%s'", s);
}

static const char *subject_set(const struct rt_actor *who, struct rt_ticket *t, const char *text) {
    const char *old = t->subject;
    if (str_is(text, old))
        return NULL;
    const char *clean = rt_subject_clean(who->rt->a, text);
    if (str_is(clean, old))
        return NULL;
    /* the history keeps 255 bytes, the ticket 200 */
    const char *told = str_cut(who->c->a, subject_line(who->c->a, text), 255);
    t->subject = clean;
    rt_txn_add(who, t, who->user, "Set", "Subject", old, told, NULL);
    return arena_printf(who->c->a, "Subject changed from %s to %s", quoted(who->c->a, old), quoted(who->c->a, told));
}

static const char *owner_set(const struct rt_actor *who, struct rt_ticket *t, const char *text) {
    struct rt *rt = who->rt;
    const struct rt_user *old = t->owner, *u = rt_user_find(rt, text);
    if (str_is(text, old->name))
        return NULL;
    if (!u)
        return "That user does not exist";
    if (u != rt->nobody && !(rt_user_rights(rt, u, t->queue) & RT_OWN))
        return "That user may not own tickets in that queue";
    if (old != rt->nobody && old != who->user && !who->user->superuser)
        return u == who->user ? "You can only take tickets that are unowned"
                              : "You can only reassign tickets that you own or that are unowned";
    if (u == old)
        return "That user already owns that ticket";
    const char *from = arena_printf(rt->a, "%d", old->id), *to = arena_printf(rt->a, "%d", u->id);
    t->owner = u;
    struct rt_txn *x = rt_txn_add(who, t, who->user, "Set", "Owner", from, to, NULL);
    rt_scrips_run(who, t, x, NULL);
    rt_txn_add(who, t, who->user, "SetWatcher", "Owner", from, to, NULL);
    return arena_printf(who->c->a, "Owner changed from %s to %s", old->name, u->name);
}

static const char *priority_word(int64_t p) {
    return p >= 100 ? "High" : p >= 50 ? "Medium" : "Low";
}

static const char *priority_set(const struct rt_actor *who, struct rt_ticket *t, const char *text) {
    int64_t old = t->priority, p = 0;
    if (!str_int64(text, &p))
        p = 0;
    if (p == old)
        return arena_printf(who->c->a, "%lld", (long long)p)[0] == text[0] ? NULL : "That is already the current value";
    t->priority = p;
    rt_txn_add(who, t, who->user, "Set", "Priority", arena_printf(who->c->a, "%lld", (long long)old),
               arena_printf(who->c->a, "%lld", (long long)p), NULL);
    return arena_printf(who->c->a, "Priority changed from '%s' to '%s'", priority_word(old), priority_word(p));
}

/* The other lifecycle doesn't know the status: RT itself sets the one it is mapped to. */
static void move_closed(const struct rt_actor *who, struct rt_ticket *t) {
    status_apply(who, t, who->rt->system, "resolved");
    t->updater = who->rt->system;
}

static const char *queue_set(const struct rt_actor *who, struct rt_ticket *t, const char *text) {
    struct rt *rt = who->rt;
    struct rt_queue *old = t->queue, *q = rt_queue_find(rt, text);
    if (!q)
        return arena_printf(who->c->a, "Queue %s does not exist", text);
    if (q == old)
        return NULL;
    if (!(rt_user_rights(rt, who->user, q) & RT_CREATE))
        return "Permission Denied";
    t->queue = q;
    rt_txn_add(who, t, who->user, "Set", "Queue", arena_printf(who->c->a, "%d", old->id),
               arena_printf(who->c->a, "%d", q->id), NULL);
    if (!rt_status_find(q->lifecycle, t->status))
        move_closed(who, t);
    return arena_printf(who->c->a, "Queue changed from %s to %s", old->name, q->name);
}

static const char *due_set(const struct rt_actor *who, struct rt_ticket *t, const char *name, const char *text) {
    msec_t *at = str_is(name, "Due") ? &t->due : &t->starts;
    msec_t to = rt_date_read(text, rt_zone_of(who), who->c->now);
    const char *old = *at ? time_text(who->c->a, *at) : "Not set";
    if (to == *at)
        return NULL;
    *at = to;
    rt_txn_add(who, t, who->user, "Set", name, old, text, NULL);
    return arena_printf(who->c->a, "%s changed from %s to %s", name, old, to ? time_text(who->c->a, to) : "Not set");
}

const char *rt_attribute_set(const struct rt_actor *who, struct rt_ticket *t, const char *name, const json_t *value) {
    const char *text = rt_scalar(who->rt->a, value);
    if (!text)
        return NULL;
    if (str_is(name, "Status"))
        return str_is(text, t->status) ? NULL : rt_status_set(who, t, who->user, text);
    if (!rt_may(who, t, RT_MODIFY))
        return "Permission Denied";
    if (str_is(name, "Subject"))
        return subject_set(who, t, text);
    if (str_is(name, "Owner"))
        return owner_set(who, t, text);
    if (str_is(name, "Priority"))
        return priority_set(who, t, text);
    return str_is(name, "Queue") ? queue_set(who, t, text) : due_set(who, t, name, text);
}

/* ---- custom fields, all with a single value ---- */

static const char *option_find(const struct rt_field *f, const char *text) {
    if (!f->options)
        return text;
    for (const char *const *o = f->options; *o; o++)
        if (str_is_nocase(*o, text))
            return *o;
    return NULL;
}

static const char *value_delete(const struct rt_actor *who, struct rt_ticket *t, int i) {
    const char *old = t->values[i].text;
    t->values[i] = (struct rt_value){0};
    rt_txn_add(who, t, who->user, "CustomField", arena_printf(who->rt->a, "%d", who->rt->fields[i].id), old, NULL,
               NULL);
    return arena_printf(who->c->a, "%s is no longer a value for custom field %s", old, who->rt->fields[i].name);
}

/* text NULL or "": the field then holds an empty value - each time anew, with a transaction. */
static const char *value_set(const struct rt_actor *who, struct rt_ticket *t, int i, const char *text) {
    struct rt *rt = who->rt;
    const struct rt_field *f = &rt->fields[i];
    const char *old = t->values[i].present ? t->values[i].text : NULL;
    const char *new = str_empty(text) ? NULL : option_find(f, text);
    if (!str_empty(text) && !new)
        return "Invalid value for custom field";
    if (new &&str_is(old, new))
        return NULL;
    t->values[i] = (struct rt_value){true, arena_strdup(rt->a, new)};
    rt_txn_add(who, t, who->user, "CustomField", arena_printf(rt->a, "%d", f->id), old, new, NULL);
    if (old && new)
        return arena_printf(who->c->a, "%s %s changed to %s", f->name, old, new);
    return arena_printf(who->c->a, "%s %s %s", f->name, old ? old : new ? new : "", old ? "deleted" : "added");
}

static void value_begin(const struct rt_actor *who, struct rt_ticket *t, int i, const char *text) {
    const char *value = str_empty(text) ? NULL : option_find(&who->rt->fields[i], text);
    if (value)
        t->values[i] = (struct rt_value){true, arena_strdup(who->rt->a, value)};
}

/* Who may not see a field reaches it by its number all the same, and is refused for each value; for none, twice (seen).
 */
static void values_refuse(const json_t *value, json_t *results) {
    size_t n = json_is_array(value) ? json_array_size(value) : json_is_null(value) ? 2 : 1;
    for (size_t i = 0; i < n && i < 100; i++)
        json_array_append_new(results, json_string("Could not add new custom field value: Permission Denied"));
}

static bool is_perl_true(const char *s) {
    return !str_empty(s) && !str_is(s, "0");
}

bool rt_values_set(const struct rt_actor *who, struct rt_ticket *t, json_t *fields, bool creating, json_t *results) {
    const char *name;
    json_t *value;
    bool seen = rt_may(who, t, RT_SEE_CF) && t->queue->has_fields;
    json_object_foreach(fields, name, value) {
        int i = rt_field_find(name);
        if (i >= 0 && !seen && !creating && name[0] >= '0' && name[0] <= '9')
            values_refuse(value, results);
        if (i < 0 || !seen)
            continue;
        if (json_is_array(value))
            value = json_array_get(value, 0);
        if (json_is_object(value) || json_is_array(value) || json_is_boolean(value))
            return false;
        const char *text = rt_scalar(who->c->a, value), *words;
        if (creating) {
            value_begin(who, t, i, text);
            continue;
        }
        if (!rt_may(who, t, RT_MODIFY_CF))
            words = "Permission Denied";
        else if (json_is_null(value) && t->values[i].present && is_perl_true(t->values[i].text))
            words = value_delete(who, t, i);
        else
            words = value_set(who, t, i, text);
        if (words)
            json_array_append_new(results, json_string(words));
    }
    return true;
}
