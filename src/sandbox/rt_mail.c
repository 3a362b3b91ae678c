/* rt_mail: what RT's own scrips do after a transaction: mail to people, and the
 * reopening of a ticket that is answered. Nothing is sent: mails stand in a
 * list, as they stand in the mbox files of the rig.
 *
 * Whoever did it gets no mail of it (but a requester the receipt of a new
 * ticket); every mail is an EmailRecord transaction with the text as parts.
 * Called by rt_write.c and rt_post.c after each transaction. */
#include "rt.h"

#include <string.h>

#define RULE "------------------------------------------------------------------------------"

static bool is_addressed(const struct rt_mail *m, const char *address) {
    for (size_t i = 0; i < m->n_to; i++)
        if (str_is_nocase(m->to[i], address))
            return true;
    return false;
}

/* Nobody gets a mail twice, nobody one of what he did himself. */
static void mail_add(struct rt *rt, struct rt_mail *m, bool copy, const struct rt_user *u,
                     const struct rt_user *except) {
    if (str_empty(u->email) || u == except || is_addressed(m, u->email))
        return;
    if (copy)
        *arena_push(rt->a, &m->cc, &m->n_cc) = u->email;
    else
        *arena_push(rt->a, &m->to, &m->n_to) = u->email;
}

static void mail_to_role(const struct rt_actor *who, const struct rt_ticket *t, enum rt_role role, struct rt_mail *m,
                         bool copy, const struct rt_user *except) {
    for (size_t i = 0; i < t->n_watchers[role]; i++)
        mail_add(who->rt, m, copy, t->watchers[role][i], except);
}

/* Parts as RT records them: the envelope, the words, the words as HTML. */
static void mail_record(const struct rt_actor *who, struct rt_ticket *t, const struct rt_mail *m, int scrip,
                        const char *html) {
    struct rt *rt = who->rt;
    struct rt_txn *x = rt_txn_add(who, t, rt->system, scrip == 1 ? "CommentEmailRecord" : "EmailRecord", "", NULL, NULL,
                                  m->message_id);
    char *bare = arena_strndup(rt->a, m->message_id + 1, strlen(m->message_id) - 2);
    struct rt_attachment *whole = rt_attachment_add(rt, x, "multipart/alternative", m->subject, "");
    whole->message_id = bare;
    struct buf b = {0};
    buf_printf(&b, "Subject: %s\nFrom: %s\nTo: ", m->subject, m->from);
    for (size_t i = 0; i < m->n_to; i++)
        buf_printf(&b, "%s%s", i ? ", " : "", m->to[i]);
    buf_printf(&b, "\nMessage-ID: %s\nX-RT-Ticket: rig #%d\nContent-Length: 0", m->message_id, t->id);
    whole->headers = arena_strdup(rt->a, buf_text(&b));
    buf_deinit(&b);
    rt_attachment_add(rt, x, "text/plain", "", m->body)->parent = whole->id;
    rt_attachment_add(rt, x, "text/html", "", html)->parent = whole->id;
}

static const char *trimmed(struct arena *a, const char *s) {
    s += strspn(s, " \t");
    size_t n = strlen(s);
    while (n && strchr(" \t", s[n - 1]))
        n--;
    return arena_strndup(a, s, n);
}

static void mail_send(const struct rt_actor *who, struct rt_ticket *t, struct rt_mail *m, const char *subject,
                      const char *body, int scrip) {
    struct rt *rt = who->rt;
    if (m->n_to + m->n_cc == 0 || rt->n_mails >= SANDBOX_CHANGES_MAX)
        return;
    const char *name = str_empty(who->user->real_name) ? who->user->name : who->user->real_name;
    m->from = arena_printf(rt->a, "\"%s via RT\" <incidents@rig.example>", scrip == 7 ? t->queue->description : name);
    const char *line =
        arena_printf(rt->a, "[rig #%d] %s%s", t->id, scrip == 1 ? "[Comment] " : "", trimmed(who->c->a, subject));
    m->subject = trimmed(rt->a, line);
    m->body = arena_strdup(rt->a, body);
    m->message_id = arena_printf(rt->a, "<rt-5.0.3-%zu-%lld-%d.%d-%d-0@rig.example>", rt->n_mails + 1,
                                 (long long)(who->c->now / SEC_MS), rt->next_txn, t->id, scrip);
    m->ticket = t->id;
    m->date = who->c->now;
    *arena_push(rt->a, &rt->mails, &rt->n_mails) = m;
    mail_record(who, t, m, scrip, arena_printf(rt->a, "<pre>%s</pre>\n", html_escape(who->c->a, body)));
}

static struct rt_mail *mail_new(const struct rt_actor *who) {
    return arena_make(who->rt->a, struct rt_mail);
}

static void tell_owner(const struct rt_actor *who, struct rt_ticket *t, const char *content, int scrip) {
    struct rt_mail *m = mail_new(who);
    mail_add(who->rt, m, false, t->owner, who->user);
    mail_to_role(who, t, RT_ADMIN_CC, m, false, who->user);
    const char *body = arena_printf(who->c->a, "%s\nTicket <URL: %s/Ticket/Display.html?id=%d >\n\n%s\n", t->subject,
                                    who->c->sb->base_url, t->id, content ? content : "");
    mail_send(who, t, m, t->subject, body, scrip);
}

/* A message as a mail shows it: tabs as spaces, an empty line at the end. */
static const char *mail_words(const struct rt_actor *who, const char *content) {
    struct buf b = {0};
    size_t column = 0, len = strlen(content);
    if (!len)
        return "(no text)\n\n";
    for (const char *s = content; *s; s++) {
        size_t n = *s == '\t' ? 8 - column % 8 : 1;
        for (size_t i = 0; i < n; i++)
            buf_char(&b, *s == '\t' ? ' ' : *s);
        column = *s == '\n' ? 0 : column + n;
    }
    buf_str(&b, len && content[len - 1] == '\n' ? "\n" : "\n\n");
    char *out = arena_strdup(who->c->a, buf_text(&b));
    buf_deinit(&b);
    return out;
}

static void on_create(const struct rt_actor *who, struct rt_ticket *t, const char *content) {
    struct rt_mail *m = mail_new(who), *copies = mail_new(who);
    mail_to_role(who, t, RT_REQUESTOR, m, false, NULL);
    mail_send(
        who, t, m, arena_printf(who->c->a, "AutoReply: %s", t->subject),
        arena_printf(who->c->a,
                     "Hello,\n\nyour message about %s has arrived and is kept as [rig #%d].\nPlease leave [rig #%d] in "
                     "the subject when you write about it.\n\nincidents@rig.example\n\n" RULE "\n\n%s\n\n",
                     str_empty(t->subject) ? "(no subject)" : t->subject, t->id, t->id, content),
        7);
    if (t->owner != who->rt->nobody || t->n_watchers[RT_ADMIN_CC])
        tell_owner(who, t, content, 8);
    mail_to_role(who, t, RT_CC, copies, true, who->user);
    mail_send(who, t, copies, t->subject, mail_words(who, content), 9);
}

static void on_correspond(const struct rt_actor *who, struct rt_ticket *t, const char *content) {
    tell_owner(who, t, content, 3);
    struct rt_mail *m = mail_new(who);
    mail_to_role(who, t, RT_REQUESTOR, m, false, who->user);
    mail_to_role(who, t, RT_CC, m, true, who->user);
    mail_send(who, t, m, t->subject, mail_words(who, content), 5);
    const struct rt_lifecycle *l = t->queue->lifecycle;
    if (rt_status_in(l->initial, t->status) || rt_status_in(l->inactive, t->status))
        (void)rt_status_set(who, t, who->rt->system, l->active[0]);
}

static void on_resolve(const struct rt_actor *who, struct rt_ticket *t) {
    struct rt_mail *m = mail_new(who);
    mail_to_role(who, t, RT_REQUESTOR, m, false, who->user);
    mail_send(who, t, m, arena_printf(who->c->a, "Resolved: %s", t->subject),
              "We have set your request to resolved. If it is not, please answer this message.\n", 12);
}

void rt_scrips_run(const struct rt_actor *who, struct rt_ticket *t, struct rt_txn *txn, const char *content) {
    if (str_is(txn->type, "Create"))
        on_create(who, t, content ? content : "");
    else if (str_is(txn->type, "Correspond"))
        on_correspond(who, t, content ? content : "");
    else if (str_is(txn->type, "Comment") && t->n_watchers[RT_ADMIN_CC])
        tell_owner(who, t, content, 1);
    else if (str_is(txn->type, "Set") && str_is(txn->field, "Owner"))
        tell_owner(who, t, NULL, 11);
    else if (str_is(txn->type, "Status") && str_is(txn->new, "resolved") && !who->rt->resolve_scrip_off)
        on_resolve(who, t);
}

static json_t *address_list(const char *const *list, size_t n) {
    json_t *j = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(j, json_string(list[i]));
    return j;
}

static bool address_in(const char *const *list, size_t n, const char *address) {
    for (size_t i = 0; i < n; i++)
        if (str_is_nocase(list[i], address))
            return true;
    return false;
}

json_t *rt_mails_show(const struct rt *rt, const char *address, struct arena *a) {
    json_t *all = json_array();
    for (size_t i = 0; i < rt->n_mails; i++) {
        const struct rt_mail *m = rt->mails[i];
        if (!str_empty(address) && !address_in(m->to, m->n_to, address) && !address_in(m->cc, m->n_cc, address))
            continue;
        json_array_append_new(all,
                              json_pack("{s:o,s:o,s:[],s:s,s:s,s:s,s:s,s:s,s:i,s:s}", "to",
                                        address_list(m->to, m->n_to), "cc", address_list(m->cc, m->n_cc), "bcc", "from",
                                        m->from, "subject", m->subject, "body", m->body, "message-id", m->message_id,
                                        "date", time_text(a, m->date), "ticket", m->ticket, "in-reply-to", ""));
    }
    return all;
}
