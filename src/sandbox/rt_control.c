/* rt_control: what a test or the demo may do to this tracker from outside, and
 * the digest of its state. Called by control.c and sandbox.c. */
#include "rt.h"

#include <string.h>

#define JSON_TYPE "application/json"

static void control_scrip(struct call *c) {
    cleanup_json json_t *asked = call_object(c);
    struct rt *rt = c->sb->rt;
    rt->resolve_scrip_off = !json_bool(asked, "on_resolve", !rt->resolve_scrip_off);
    reply_json(c, 200, JSON_TYPE, json_pack("{s:b}", "on_resolve", !rt->resolve_scrip_off));
}

static void control_merge(struct call *c) {
    cleanup_json json_t *asked = call_object(c);
    struct rt *rt = c->sb->rt;
    struct rt_actor who = {c, rt, rt_user_find(rt, "agent")};
    struct rt_ticket *from = rt_ticket_find(rt, arena_printf(c->a, "%lld", (long long)json_int(asked, "from", 0)));
    if (!from) {
        reply_json(c, 404, JSON_TYPE, json_pack("{s:s}", "message", "no such ticket"));
        return;
    }
    const char *words = rt_merge(&who, from, arena_printf(c->a, "%lld", (long long)json_int(asked, "into", 0)));
    reply_json(c, 200, JSON_TYPE, json_pack("{s:s}", "message", words));
}

/* As the mail gateway: a new ticket of that sender, or his answer to one. */
static void control_mailgate(struct call *c) {
    cleanup_json json_t *asked = call_object(c);
    struct rt *rt = c->sb->rt;
    const char *from = json_text(asked, "from"), *subject = json_text(asked, "subject"),
               *content = json_text(asked, "content");
    const char *id = arena_printf(c->a, "%lld", (long long)json_int(asked, "ticket", 0)), *words = "no sender";
    struct rt_actor who = {c, rt, from && strchr(from, '@') ? rt_user_obtain(rt, from, c->now) : NULL};
    struct rt_ticket *t =
        who.user ? rt_mail_in(&who, rt_ticket_find(rt, id), subject ? subject : "", content ? content : "", &words)
                 : NULL;
    if (t)
        reply_json(c, 201, JSON_TYPE, json_pack("{s:i}", "ticket", t->id));
    else
        reply_json(c, 400, JSON_TYPE, json_pack("{s:s}", "message", words));
}

static void control_dated(struct call *c) {
    cleanup_json json_t *asked = call_object(c);
    const char *id = arena_printf(c->a, "%lld", (long long)json_int(asked, "id", 0)), *text = json_text(asked, "at");
    struct rt_ticket *t = rt_ticket_find(c->sb->rt, id);
    msec_t at;
    if (!t || !text || !time_parse(text, &at)) {
        reply_json(c, 404, JSON_TYPE, json_pack("{s:s}", "message", "no such ticket, or no time"));
        return;
    }
    t->created = t->updated = at;
    for (size_t i = 0; i < t->n_txns; i++)
        t->txns[i]->created = at;
    reply_json(c, 200, JSON_TYPE, json_pack("{s:i}", "ticket", t->id));
}

bool rt_control(struct call *c) {
    if (call_match(c, "/sandbox/mail"))
        reply_json(c, 200, JSON_TYPE, rt_mails_show(c->sb->rt, call_param(c, "address"), c->a));
    else if (call_match(c, "/sandbox/scrip"))
        control_scrip(c);
    else if (call_match(c, "/sandbox/mailgate") && call_is(c, "POST"))
        control_mailgate(c);
    else if (call_match(c, "/sandbox/dated"))
        control_dated(c);
    else if (call_match(c, "/sandbox/merge"))
        control_merge(c);
    else
        return false;
    return true;
}

bool rt_rights(struct sandbox *sb, const bool *set) {
    if (set)
        sb->rt->bridge_off = !*set;
    return !sb->rt->bridge_off;
}

bool rt_right_take(struct sandbox *sb, const char *name) {
    static const struct {
        const char *name;
        unsigned right;
    } rights[] = {{"SeeQueue", RT_SEE_QUEUE},
                  {"ShowTicket", RT_SHOW},
                  {"ModifyTicket", RT_MODIFY},
                  {"CommentOnTicket", RT_COMMENT},
                  {"SeeCustomField", RT_SEE_CF}};
    if (!name)
        sb->rt->bridge_lacks = 0;
    for (size_t i = 0; name && i < array_size(rights); i++)
        if (str_is(rights[i].name, name)) {
            sb->rt->bridge_lacks |= rights[i].right;
            return true;
        }
    return !name;
}

const char *rt_zone(struct sandbox *sb, const char *set) {
    struct rt_user *bridge = rt_user_find(sb->rt, "bridge");
    if (set)
        bridge->zone = arena_strdup(sb->rt->a, set);
    return bridge->zone;
}

char *rt_env(const struct sandbox *sb, struct arena *a) {
    static const char *const names[][2] = {{"RT_TOKEN", "bridge"},
                                           {"RT_AGENT_TOKEN", "agent"},
                                           {"RT_OUTSIDER_TOKEN", "outsider"},
                                           {"RT_ROOT_TOKEN", "root"}};
    char *out = arena_printf(a, "RT_URL=%s\nRT_QUEUE=Incidents\n", sb->base_url);
    for (size_t i = 0; i < array_size(names); i++)
        out = arena_printf(a, "%s%s=%s\n", out, names[i][0], rt_user_find(sb->rt, names[i][1])->token);
    return out;
}

uint64_t rt_digest(const struct sandbox *sb) {
    const struct rt *rt = sb->rt;
    struct buf b = {0};
    for (size_t i = 0; i < rt->n_tickets; i++) {
        const struct rt_ticket *t = rt->tickets[i];
        buf_printf(&b, "t%d %d %s %s %lld %s\n", t->id, t->effective->id, t->status, t->subject, (long long)t->updated,
                   t->owner->name);
        for (size_t k = 0; k < RT_CF_COUNT; k++)
            buf_printf(&b, "f%d %s\n", t->values[k].present, t->values[k].text ? t->values[k].text : "");
    }
    for (size_t i = 0; i < rt->n_txns; i++) {
        const struct rt_txn *x = rt->txns[i];
        buf_printf(&b, "x%d %s %s %s %s %s %lld\n", x->id, x->type, x->field, x->old, x->new, x->creator->name,
                   (long long)x->created);
    }
    for (size_t i = 0; i < rt->n_attachments; i++)
        buf_printf(&b, "a%d %s\n", rt->attachments[i]->id, rt->attachments[i]->content);
    uint64_t digest = hash_bytes(buf_text(&b), b.len);
    buf_deinit(&b);
    return digest;
}
