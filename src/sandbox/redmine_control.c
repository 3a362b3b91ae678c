/* redmine_control: what a test or the demo may do to this tracker from outside,
 * and the digest of its state. Called by control.c and sandbox.c. */
#include "redmine.h"

#define JSON_TYPE "application/json"

static void control_race(struct call *c) {
    cleanup_json json_t *asked = call_object(c);
    c->sb->redmine->races = json_int(asked, "puts", c->sb->redmine->races);
    reply_json(c, 200, JSON_TYPE, json_pack("{s:I}", "puts", (json_int_t)c->sb->redmine->races));
}

static void control_hide(struct call *c) {
    cleanup_json json_t *asked = call_object(c);
    struct rm_issue *i = rm_issue_by_id(c->sb->redmine, json_int(asked, "issue", 0));
    if (!i) {
        reply_json(c, 404, JSON_TYPE, json_pack("{s:s}", "message", "no such issue"));
        return;
    }
    i->hidden = json_bool(asked, "hidden", true);
    reply_json(c, 200, JSON_TYPE, json_pack("{s:i,s:b}", "issue", i->id, "hidden", i->hidden));
}

static void control_dated(struct call *c) {
    cleanup_json json_t *asked = call_object(c);
    struct rm_issue *i = rm_issue_by_id(c->sb->redmine, json_int(asked, "id", 0));
    const char *text = json_text(asked, "at");
    msec_t at;
    if (!i || !text || !time_parse(text, &at)) {
        reply_json(c, 404, JSON_TYPE, json_pack("{s:s}", "message", "no such issue, or no time"));
        return;
    }
    i->created = i->updated = at;
    for (size_t k = 0; k < i->n_journals; k++)
        i->journals[k]->created = at;
    reply_json(c, 200, JSON_TYPE, json_pack("{s:i}", "issue", i->id));
}

static void control_workflow(struct call *c) {
    cleanup_json json_t *asked = call_object(c);
    c->sb->redmine->strict = json_bool(asked, "strict", c->sb->redmine->strict);
    reply_json(c, 200, JSON_TYPE, json_pack("{s:b}", "strict", c->sb->redmine->strict));
}

bool redmine_control(struct call *c) {
    if (call_match(c, "/sandbox/race"))
        control_race(c);
    else if (call_match(c, "/sandbox/dated"))
        control_dated(c);
    else if (call_match(c, "/sandbox/hide"))
        control_hide(c);
    else if (call_match(c, "/sandbox/workflow"))
        control_workflow(c);
    else
        return false;
    return true;
}

bool redmine_rights(struct sandbox *sb, const bool *set) {
    if (set)
        sb->redmine->bridge_off = !*set;
    return !sb->redmine->bridge_off;
}

bool redmine_right_take(struct sandbox *sb, const char *name) {
    if (!name)
        sb->redmine->bridge_lacks = 0;
    for (size_t i = 0; name && i < RM_PERMISSION_COUNT; i++)
        if (str_is(rm_permissions[i].name, name)) {
            sb->redmine->bridge_lacks |= rm_permissions[i].right;
            return true;
        }
    return !name;
}

const char *redmine_zone(struct sandbox *sb, const char *set) {
    for (size_t i = 0; i < sb->redmine->n_users; i++) {
        struct rm_user *u = &sb->redmine->users[i];
        if (!str_is(u->login, "bridge"))
            continue;
        if (set)
            u->zone = arena_strdup(sb->redmine->a, set);
        return u->zone;
    }
    return "";
}

char *redmine_env(const struct sandbox *sb, struct arena *a) {
    static const char *const keys[][2] = {{"REDMINE_KEY", "admin"},
                                          {"REDMINE_BRIDGE_KEY", "bridge"},
                                          {"REDMINE_DEV_KEY", "dev"},
                                          {"REDMINE_OUTSIDER_KEY", "outsider"}};
    char *out = arena_printf(a,
                             "REDMINE_URL=%s\nREDMINE_PROJECT=product\nREDMINE_CF_LINKED=1\nREDMINE_CF_COUNT=2\n"
                             "REDMINE_CF_UNRESOLVED=3\nREDMINE_VERSION_1_0=1\nREDMINE_VERSION_1_1=2\n",
                             sb->base_url);
    for (size_t i = 0; i < array_size(keys); i++)
        out = arena_printf(a, "%s%s=%s\n", out, keys[i][0], rm_user_by_login(sb->redmine, keys[i][1])->key);
    return out;
}

uint64_t redmine_digest(const struct sandbox *sb) {
    const struct redmine *rm = sb->redmine;
    struct buf b = {0};
    for (size_t i = 0; i < rm->n_issues; i++) {
        const struct rm_issue *x = rm->issues[i];
        if (!x)
            continue;
        buf_printf(&b, "i%d %d %d %d %s %s %lld %lld\n", x->id, x->project->id, x->status, x->priority, x->subject,
                   x->description ? x->description : "", (long long)x->updated, (long long)x->lock_version);
        for (size_t k = 0; k < RM_CF_COUNT; k++)
            buf_printf(&b, "f%s\n", x->values[k] ? x->values[k] : "-");
    }
    for (size_t i = 0; i < rm->n_journals; i++) {
        const struct rm_journal *x = rm->journals[i];
        buf_printf(&b, "j%d %d %d %s\n", x->id, x->gone, x->private_notes, x->notes ? x->notes : "");
        for (size_t k = 0; k < x->n_details; k++)
            buf_printf(&b, "d%s %s %s\n", x->details[k].name, x->details[k].old ? x->details[k].old : "",
                       x->details[k].new ? x->details[k].new : "");
    }
    for (size_t i = 0; i < rm->n_relations; i++)
        buf_printf(&b, "r%d %s %d\n", rm->relations[i]->id, rm->relations[i]->type, rm->relations[i]->gone);
    for (size_t i = 0; i < rm->n_versions; i++)
        buf_printf(&b, "v%d %s\n", rm->versions[i]->id, rm->versions[i]->status);
    uint64_t digest = hash_bytes(buf_text(&b), b.len);
    buf_deinit(&b);
    return digest;
}
