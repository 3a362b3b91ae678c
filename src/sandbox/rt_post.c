/* rt_post: the requests that write tickets: creation, change, message, bulk.
 *
 * RT carries out what it can of a request and answers 200 or 201 with a list
 * of words; only what it cannot read at all is an error. Called by rt_http.c,
 * which has checked who asks and what may be seen. */
#include "rt.h"

#include <string.h>

static json_t *words_new(void) {
    return json_array();
}

static void words_add(json_t *words, const char *text) {
    if (text)
        json_array_append_new(words, json_string(text));
}

static void reply_crash(struct call *c) {
    reply_text(c, 500, RT_JSON, "", 0);
}

static bool is_full(const struct rt_actor *who) {
    return who->rt->n_tickets >= SANDBOX_RECORDS_MAX || who->rt->n_txns >= SANDBOX_CHANGES_MAX;
}

/* ---- creation ---- */

/* What forbids creating: a status and words; NULL when nothing does. */
static const char *create_check(const struct rt_actor *who, const json_t *data, struct rt_queue **ret_queue,
                                const char **ret_status, int *ret_code) {
    struct arena *a = who->c->a;
    const char *queue = rt_scalar(a, json_object_get(data, "Queue")), *status;
    *ret_code = 400;
    if (str_empty(queue) || str_is(queue, "0"))
        return "Could not create ticket. Queue not set";
    struct rt_queue *q = rt_queue_find(who->rt, queue);
    if (!q || !(rt_user_rights(who->rt, who->user, q) & RT_CREATE)) {
        *ret_code = 403;
        return arena_printf(a, "No permission to create tickets in the queue '%s'", queue);
    }
    *ret_queue = q;
    *ret_status = q->lifecycle->initial[0];
    status = rt_scalar(a, json_object_get(data, "Status"));
    if (str_empty(status))
        return NULL;
    *ret_status = rt_status_find(q->lifecycle, status);
    if (!*ret_status)
        return arena_printf(a, "Status '%s' isn't a valid status for tickets in this queue.", status);
    if (!rt_status_may(q->lifecycle, "", *ret_status))
        return arena_printf(a, "New tickets can not have status '%s' in this queue.", status);
    return NULL;
}

static struct rt_ticket *ticket_new(const struct rt_actor *who, const json_t *data, struct rt_queue *q,
                                    const char *status) {
    struct rt *rt = who->rt;
    msec_t now = who->c->now / SEC_MS * SEC_MS;
    struct rt_ticket *t = arena_make(rt->a, struct rt_ticket);
    *t = (struct rt_ticket){.id = (int)rt->n_tickets + 1,
                            .effective = t,
                            .queue = q,
                            .status = status,
                            .type = "ticket",
                            .owner = rt->nobody,
                            .creator = who->user,
                            .updater = who->user,
                            .created = now,
                            .updated = now};
    const char *subject = rt_scalar(who->c->a, json_object_get(data, "Subject"));
    t->subject = subject ? rt_subject_clean(rt->a, subject) : "";
    const char *owner = rt_scalar(who->c->a, json_object_get(data, "Owner"));
    struct rt_user *u = owner ? rt_user_find(rt, owner) : NULL;
    if (u && rt_user_rights(rt, u, q) & RT_OWN)
        t->owner = u;
    if (!rt_status_in(q->lifecycle->initial, status))
        t->started = now;
    if (rt_status_in(q->lifecycle->inactive, status))
        t->resolved = now;
    *arena_push(rt->a, &rt->tickets, &rt->n_tickets) = t;
    rt->next_txn += 4; /* the groups of its four roles */
    return t;
}

static struct rt_ticket *ticket_create(const struct rt_actor *who, json_t *data, const char **ret_words,
                                       int *ret_code) {
    struct rt_queue *q = NULL;
    const char *status = NULL;
    *ret_words = is_full(who) ? "the sandbox is full" : create_check(who, data, &q, &status, ret_code);
    if (*ret_words || !q)
        return NULL;
    struct rt_ticket *t = ticket_new(who, data, q, status);
    json_t *unused = words_new();
    (void)rt_watchers_set(who, t, data, true, unused);
    (void)rt_values_set(who, t, json_object_get(data, "CustomFields"), true, unused);
    const char *content = rt_scalar(who->c->a, json_object_get(data, "Content"));
    const char *type = json_text(data, "ContentType");
    struct rt_txn *x = rt_txn_add(who, t, who->user, "Create", "", NULL, NULL, NULL);
    rt_links_set(who, t, data, true, unused);
    json_decref(unused);
    content = content ? text_to_lf(who->rt->a, content) : NULL;
    if (content)
        rt_attachment_add(who->rt, x, str_empty(type) ? "text/plain" : type, t->subject, content);
    rt_scrips_run(who, t, x, content);
    return t;
}

static json_t *ticket_ref(const struct rt_actor *who, const struct rt_ticket *t) {
    return rt_ref(who, "ticket", arena_printf(who->c->a, "%d", t->id));
}

void rt_post_ticket(const struct rt_actor *who) {
    struct call *c = who->c;
    const char *words;
    int code = 400;
    cleanup_json json_t *data = call_object(c);
    cleanup_json json_t *none = json_object();
    struct rt_ticket *t = ticket_create(who, data ? data : none, &words, &code);
    if (!t) {
        rt_message(c, code, words);
        return;
    }
    reply_header(c, "location", arena_printf(c->a, "/REST/2.0/ticket/%d", t->id));
    reply_json(c, 201, RT_JSON_PLAIN, ticket_ref(who, t));
}

/* ---- change ---- */

/* In RT's order: attributes by name, fields, people, links, merging. False: it fell over on the way. */
static bool ticket_change(const struct rt_actor *who, struct rt_ticket *t, json_t *data, json_t *words) {
    static const char *const attributes[] = {"Due", "Owner", "Priority", "Queue", "Starts", "Status", "Subject"};
    struct arena *a = who->c->a;
    for (size_t i = 0; i < array_size(attributes); i++) {
        const char *said = rt_attribute_set(who, t, attributes[i], json_object_get(data, attributes[i]));
        words_add(words, said ? arena_printf(a, "Ticket %d: %s", t->id, said) : NULL);
    }
    if (!rt_values_set(who, t, json_object_get(data, "CustomFields"), false, words) ||
        !rt_watchers_set(who, t, data, false, words))
        return false;
    rt_links_set(who, t, data, false, words);
    const char *into = rt_scalar(a, json_object_get(data, "MergeInto"));
    if (!str_empty(into))
        words_add(words, rt_merge(who, t, into));
    return true;
}

void rt_put_ticket(const struct rt_actor *who, struct rt_ticket *t) {
    struct call *c = who->c;
    cleanup_json json_t *data = call_object(c);
    json_t *words = words_new();
    if (is_full(who)) {
        json_decref(words);
        rt_message(c, 507, "the sandbox is full");
    } else if (data && !ticket_change(who, t, data, words)) {
        json_decref(words);
        reply_crash(c);
    } else {
        reply_json(c, 200, RT_JSON, words);
    }
}

/* ---- messages ---- */

static bool is_requestor(const struct rt_actor *who, const struct rt_ticket *t) {
    for (size_t i = 0; i < t->n_watchers[RT_REQUESTOR]; i++)
        if (t->watchers[RT_REQUESTOR][i] == who->user)
            return true;
    return false;
}

int rt_message_add(const struct rt_actor *who, struct rt_ticket *t, bool comment, json_t *data, json_t *words,
                   struct rt_txn **ret_txn) {
    struct arena *a = who->c->a;
    const char *content = rt_scalar(a, json_object_get(data, "Content")), *type = json_text(data, "ContentType");
    const char *subject = json_text(data, "Subject"), *status = rt_scalar(a, json_object_get(data, "Status"));
    if (!str_empty(content) && str_empty(type)) {
        words_add(words, "ContentType is a required field for application/json");
        return 400;
    }
    if (!t || !rt_may(who, t, comment ? RT_COMMENT : RT_REPLY) || is_full(who)) {
        words_add(words, "Permission Denied");
        return 400;
    }
    struct rt_txn *x = rt_txn_add(who, t, who->user, comment ? "Comment" : "Correspond", "", NULL, NULL,
                                  str_empty(subject) ? "No Subject" : arena_printf(a, "%s\n", subject));
    content = text_to_lf(a, content ? content : "");
    rt_attachment_add(who->rt, x,
                      !*content         ? "application/octet-stream"
                      : str_empty(type) ? "text/plain"
                                        : type,
                      subject, content);
    if (!comment && !is_requestor(who, t))
        t->told = who->c->now / SEC_MS * SEC_MS;
    rt_scrips_run(who, t, x, content);
    *ret_txn = x;
    words_add(words, comment ? "Comments added" : "Correspondence added");
    if (!rt_values_set(who, t, json_object_get(data, "CustomFields"), false, words) ||
        !rt_watchers_set(who, t, data, false, words))
        return 500;
    if (!str_empty(status))
        words_add(words, rt_status_set(who, t, who->user, status));
    return 201;
}

/* The body as RT takes it: JSON, or the bare text of a message. NULL after a reply. */
static json_t *message_read(struct call *c) {
    const char *type = call_header(c, "content-type");
    size_t len = type ? strcspn(type, "; ") : 0;
    if (len == 16 && strncmp(type, "application/json", len) == 0) {
        json_t *data = call_object(c);
        if (!data)
            reply_crash(c); /* other than with tickets */
        return data;
    }
    if (!type || !(str_is(arena_strndup(c->a, type, len), "text/plain") ||
                   str_is(arena_strndup(c->a, type, len), "text/html"))) {
        rt_message(c, 415, "Unsupported Media Type");
        return NULL;
    }
    return json_pack("{s:s,s:s}", "Content",
                     c->request->body_len ? arena_strndup(c->a, c->request->body, c->request->body_len) : "",
                     "ContentType", arena_strndup(c->a, type, len));
}

/* RT sends the words of a message as Latin-1, and falls dead before it answers when one does not fit in (seen): the
 * work is done, the connection closes. */
static void reply_latin1(struct call *c, json_t *words) {
    reply_json(c, 201, RT_JSON, words);
    const unsigned char *from = (const unsigned char *)c->reply->body;
    char *out = arena_alloc(c->a, c->reply->body_len + 1);
    size_t n = 0;
    for (; *from; from++) {
        if (*from > 0xc3) {
            c->reply->status = 0;
            c->reply->body = "";
            c->reply->body_len = 0;
            return;
        }
        bool two = *from >= 0xc0;
        out[n++] = (char)(two ? (from[0] & 3) << 6 | (from[1] & 0x3f) : *from);
        from += two;
    }
    c->reply->body = out;
    c->reply->body_len = n;
}

void rt_post_message(const struct rt_actor *who, struct rt_ticket *t, bool comment) {
    struct call *c = who->c;
    const char *match = call_header(c, "if-match");
    if (match && !str_is(match, "*")) { /* a message has no version that could match */
        rt_message(c, 412, "Precondition Failed");
        return;
    }
    cleanup_json json_t *data = message_read(c);
    if (!data)
        return;
    json_t *words = words_new();
    struct rt_txn *x = NULL;
    int status = rt_message_add(who, t, comment, data, words, &x);
    if (status == 201) {
        reply_header(c, "location", arena_printf(c->a, "/REST/2.0/transaction/%d", x->id));
        reply_latin1(c, words);
        return;
    }
    if (status == 400)
        rt_message(c, 400, json_string_value(json_array_get(words, 0)));
    else
        reply_crash(c);
    json_decref(words);
}

/* ---- mail ---- */

struct rt_ticket *rt_mail_in(const struct rt_actor *who, struct rt_ticket *t, const char *subject, const char *content,
                             const char **ret_words) {
    int code = 0;
    cleanup_json json_t *data = json_pack("{s:s,s:s,s:s,s:s,s:s}", "Queue", "Incidents", "Requestor", who->user->name,
                                          "Subject", subject, "Content", content, "ContentType", "text/plain");
    cleanup_json json_t *words = words_new();
    struct rt_txn *x;
    *ret_words = "not a text";
    if (!data)
        return NULL;
    if (!t)
        return ticket_create(who, data, ret_words, &code);
    code = rt_message_add(who, t, false, data, words, &x);
    *ret_words = arena_strdup(who->c->a, json_string_value(json_array_get(words, 0)));
    return code == 201 ? t : NULL;
}

/* ---- many at once ---- */

static json_t *bulk_read(struct call *c) {
    json_t *all = c->request->body ? json_read(c->request->body, c->request->body_len, NULL) : NULL;
    if (json_is_array(all))
        return all;
    json_decref(all);
    rt_message(c, 400, "JSON object must be a ARRAY");
    return NULL;
}

static json_t *bulk_answer(json_t *id, json_t *words) {
    json_t *answer = json_array();
    json_array_append(answer, id ? id : json_null());
    json_array_extend(answer, words);
    json_decref(words);
    return answer;
}

void rt_put_bulk(const struct rt_actor *who) {
    cleanup_json json_t *all = bulk_read(who->c);
    if (!all)
        return;
    json_t *answers = json_array(), *data;
    size_t i;
    json_array_foreach(all, i, data) {
        json_t *words = words_new(), *id = json_object_get(data, "id");
        const char *text = rt_scalar(who->c->a, id);
        struct rt_ticket *t = text ? rt_ticket_find(who->rt, text) : NULL;
        if (!t || is_full(who))
            words_add(words, "Resource does not exist");
        else
            (void)ticket_change(who, t, data, words);
        json_array_append_new(answers, bulk_answer(id, words));
    }
    reply_json(who->c, 200, RT_JSON, answers);
}

static json_t *bulk_create(const struct rt_actor *who, json_t *data) {
    const char *said;
    int code;
    struct rt_ticket *t = ticket_create(who, data, &said, &code);
    return t ? ticket_ref(who, t) : json_pack("{s:s}", "message", said);
}

static json_t *bulk_message(const struct rt_actor *who, json_t *data, bool comment) {
    json_t *words = words_new(), *id = json_object_get(data, "id");
    const char *text = rt_scalar(who->c->a, id);
    struct rt_txn *x;
    (void)rt_message_add(who, text ? rt_ticket_find(who->rt, text) : NULL, comment, data, words, &x);
    return bulk_answer(id, words);
}

void rt_post_bulk(const struct rt_actor *who, const char *kind) {
    cleanup_json json_t *all = bulk_read(who->c);
    if (!all)
        return;
    json_t *answers = json_array(), *data;
    size_t i;
    json_array_foreach(all, i, data)
        json_array_append_new(answers,
                              kind ? bulk_message(who, data, str_is(kind, "comment")) : bulk_create(who, data));
    reply_header(who->c, "location", "/REST/2.0/tickets/bulk");
    reply_json(who->c, 201, RT_JSON, answers);
}
