/* rt_page: tickets for people: the list, one with its history, and a form to
 * answer as the desk or as the customer. See page.c. */
#include "rt.h"

#include <string.h>

#define LISTED_MAX 500

static void show_list(struct call *c) {
    const struct rt *rt = c->sb->rt;
    struct buf b = {0};
    size_t shown = 0;
    buf_str(&b, "<table><tr><th>#</th><th>Status</th><th>Defect</th><th>Subject</th></tr>");
    for (size_t i = rt->n_tickets; i-- > 0 && shown < LISTED_MAX;) {
        const struct rt_ticket *t = rt->tickets[i];
        if (t->effective != t || str_is(t->status, "deleted"))
            continue;
        const struct rt_value *defect = &t->values[rt_field_find("Defect")];
        buf_printf(&b,
                   "<tr><td>%d</td><td>%s</td><td>%s</td><td><a href=\"/Ticket/Display.html?id=%d\">%s</a></td></tr>",
                   t->id, t->status, defect->present && defect->text ? html_escape(c->a, defect->text) : "", t->id,
                   str_empty(t->subject) ? "(no subject)" : html_escape(c->a, t->subject));
        shown++;
    }
    buf_str(&b, "</table>");
    page_show(c, "Tickets", NULL, 0, buf_text(&b));
    buf_deinit(&b);
}

static void add_history(struct call *c, const struct rt_ticket *t, struct buf *b) {
    struct rt_actor who = {c, c->sb->rt, c->sb->rt->system};
    size_t n = 0;
    struct rt_txn **all = rt_history(&who, t, &n);
    for (size_t i = 0; i < n; i++) {
        const struct rt_txn *x = all[i];
        if (str_is(x->type, "Status"))
            buf_printf(b, "<h2>%s, %s: %s &rarr; %s</h2>", time_text(c->a, x->created),
                       html_escape(c->a, x->creator->name), x->old, x->new);
        else if (x->n_parts && !strstr(x->type, "EmailRecord"))
            buf_printf(b, "<h2>%s, %s%s</h2><pre>%s</pre>", time_text(c->a, x->created),
                       html_escape(c->a, x->creator->name), str_is(x->type, "Comment") ? " (internal)" : "",
                       html_escape(c->a, x->parts[0]->content));
    }
}

static void add_form(struct call *c, const struct rt_ticket *t, struct buf *b) {
    static const char *const people[] = {"the desk, to the customer", "the desk, internally", "the customer"};
    static const char *const kinds[] = {"correspond", "comment", "customer"};
    static const char *const statuses[] = {"as it is",          "new",      "open",    "stalled",
                                           "closed-unresolved", "resolved", "rejected"};
    const char *names[array_size(statuses)], *values[array_size(statuses)];
    size_t n = 0;
    for (size_t i = 0; i < array_size(statuses); i++)
        if (i == 0 || rt_status_may(t->queue->lifecycle, t->status, statuses[i])) {
            names[n] = statuses[i];
            values[n++] = i ? statuses[i] : "";
        }
    buf_str(b, "<form method=\"post\"><label>Say something<textarea name=\"text\" rows=\"4\"></textarea></label>");
    page_select(c, b, "as", "kind", people, kinds, array_size(people), "correspond");
    page_select(c, b, "and leave it", "status", names, values, n, "");
    buf_str(b, "<button>Send</button></form>");
}

static void show_ticket(struct call *c, const struct rt_ticket *t) {
    struct buf b = {0};
    add_history(c, t, &b);
    add_form(c, t, &b);
    const char *rows[RT_CF_COUNT + 3][2] = {{"Status", t->status},
                                            {"Requestor", t->n_watchers[0] ? t->watchers[0][0]->email : ""},
                                            {"Owner", t->owner->name}};
    for (size_t i = 0; i < RT_CF_COUNT; i++) {
        rows[i + 3][0] = c->sb->rt->fields[i].name;
        rows[i + 3][1] = t->values[i].present ? t->values[i].text : "";
    }
    page_show(c, arena_printf(c->a, "#%d: %s", t->id, t->subject), (const char *const(*)[2])rows, RT_CF_COUNT + 3,
              buf_text(&b));
    buf_deinit(&b);
}

static void act(struct call *c, struct rt_ticket *t) {
    const char *kind = call_param(c, "kind"), *text = call_param(c, "text"), *status = call_param(c, "status"), *said;
    struct rt *rt = c->sb->rt;
    struct rt_actor desk = {c, rt, rt_user_find(rt, "agent")};
    struct rt_actor customer = {c, rt, t->n_watchers[0] ? t->watchers[0][0] : NULL};
    if (!text_is_utf8(text ? text : "", text ? strlen(text) : 0)) {
        page_missing(c);
        return;
    }
    if (str_is(kind, "customer") && customer.user && !str_empty(text)) {
        (void)rt_mail_in(&customer, t, "", text, &said);
    } else {
        json_t *data = json_pack("{s:s,s:s}", "Content", text ? text : "", "ContentType", "text/plain");
        json_t *words = json_array(), *to = json_string(status ? status : "");
        struct rt_txn *x;
        if (!str_empty(text))
            (void)rt_message_add(&desk, t, str_is(kind, "comment"), data, words, &x);
        if (!str_empty(status))
            (void)rt_attribute_set(&desk, t, "Status", to);
        json_decref(data);
        json_decref(words);
        json_decref(to);
    }
    page_return(c);
}

void rt_page(struct call *c) {
    const char *id = call_param(c, "id");
    struct rt_ticket *t = str_is(c->path, "/Ticket/Display.html") && id ? rt_ticket_find(c->sb->rt, id) : NULL;
    if (t && call_is(c, "POST")) {
        if (page_form(c))
            act(c, t);
    } else if (t) {
        show_ticket(c, t);
    } else if (str_is(c->path, "/")) {
        show_list(c);
    } else {
        page_missing(c);
    }
}
