/* command_token: API tokens are made, listed, revoked, and looked at when somebody
 * comes with one. A token is bsc_ID_SECRET; its secret is shown once, and of it only
 * a hash is kept. */
#include "command.h"

#include <string.h>

#define PREFIX     "bsc_"
#define ID_LEN     8
#define NAME_MOST  40
#define USED_EVERY (3600 * SEC_MS) /* not every request writes */

static bool name_is_one(const char *name) {
    size_t n = name ? strlen(name) : 0;
    for (size_t i = 0; i < n; i++)
        if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.@_-", name[i]))
            return false;
    return n > 0 && n <= NAME_MOST;
}

static const char *word_new(struct command *c) {
    static const char letters[] = "0123456789abcdefghjkmnpqrstvwxyz";
    uint64_t v = randomness_u64(&c->e->world->randomness);
    char *id = arena_alloc(c->a, ID_LEN + 1);
    for (size_t i = 0; i < ID_LEN; i++, v >>= 5)
        id[i] = letters[v & 31];
    return id;
}

static const char *secret_new(struct command *c) {
    unsigned char bytes[SECRET_BYTES];
    char *text = arena_alloc(c->a, SECRET_TEXT_SIZE);
    c->e->world->randomness.fill(c->e->world->randomness.arg, bytes, sizeof(bytes));
    secret_text(bytes, text);
    return text;
}

/* False: refused already. */
static bool want_expiry(struct command *c, msec_t *ret) {
    const char *span = want_text(c, "expires");
    msec_t after;
    *ret = 0;
    if (!span)
        return true;
    if (!duration_parse(span, &after) || after <= 0) {
        refuse(c, 400, "expires '%s': a span like 90d or 12h", span);
        return false;
    }
    *ret = now_of(c->e) + after;
    return true;
}

void cmd_token_new(struct command *c) {
    struct token_row t = {.name = want_text(c, "name"), .created = now_of(c->e), .created_by = c->actor}, other;
    const char *role = want_text(c, "role"), *secret = secret_new(c);
    if (!name_is_one(t.name)) {
        refuse(c, 400, "a token has a name of at most %d letters, digits, dots, @, _ and -: whom or what it is for",
               NAME_MOST);
        return;
    }
    if (!user_role_parse(role, &t.role)) {
        refuse(c, 400, "'%s' is no role: viewer, practitioner, manager or owner", role ? role : "");
        return;
    }
    if (!want_expiry(c, &t.expires))
        return;
    if (store_token_named(c->e->store, c->a, t.name, &other)) {
        refuse(c, 409, "there is a token %s already: revoke it, or take another name", t.name);
        return;
    }
    t.id = word_new(c);
    t.hash = secret_hash(c->a, secret);
    store_token_add(c->e->store, &t);
    journal(c->e, c->actor, "token", "", 0, 0, "token %s (%s) was made for %s", t.id, user_role_name(t.role), t.name);
    command_commit(c, json_pack("{s:s, s:s, s:s, s:s, s:s?}", "id", t.id, "name", t.name, "role",
                                user_role_name(t.role), "token", arena_printf(c->a, PREFIX "%s_%s", t.id, secret),
                                "expires", t.expires ? time_text(c->a, t.expires) : NULL));
}

void cmd_token_revoke(struct command *c) {
    struct token_row t;
    const char *which = want_text(c, "token");
    if (!which || !(store_token_named(c->e->store, c->a, which, &t) || store_token(c->e->store, c->a, which, &t))) {
        refuse(c, 404, "there is no token %s: bascule token list shows them", which ? which : "of that name");
        return;
    }
    if (t.revoked) {
        refuse(c, 409, "token %s was revoked at %s", t.id, time_text(c->a, t.revoked));
        return;
    }
    store_token_revoke(c->e->store, t.id, c->actor, now_of(c->e));
    journal(c->e, c->actor, "token", "", 0, 0, "token %s of %s was revoked", t.id, t.name);
    command_commit(c, json_pack("{s:s, s:s}", "id", t.id, "name", t.name));
}

static const char *condition(const struct token_row *t, msec_t now) {
    return t->revoked ? "revoked" : t->expires && t->expires <= now ? "expired" : "valid";
}

static const char *moment(struct arena *a, msec_t at) {
    return at ? time_text(a, at) : NULL;
}

void cmd_token_list(struct command *c) {
    struct token_row *all;
    json_t *items = json_array();
    size_t n = store_tokens(c->e->store, c->a, &all);
    for (size_t i = 0; i < n; i++)
        json_array_append_new(items,
                              json_pack("{s:s, s:s, s:s, s:s, s:s?, s:s, s:s?, s:s?, s:s?}", "id", all[i].id, "name",
                                        all[i].name, "role", user_role_name(all[i].role), "state",
                                        condition(&all[i], now_of(c->e)), "created", moment(c->a, all[i].created),
                                        "created_by", all[i].created_by, "expires", moment(c->a, all[i].expires),
                                        "used", moment(c->a, all[i].used), "revoked", moment(c->a, all[i].revoked)));
    store_rollback(c->e->store);
    answer(c, 200, json_pack("{s:o, s:n}", "items", items, "after"));
}

/* What whoever comes with it is told is the same whatever is wrong with it. */
void cmd_token_check(struct command *c) {
    struct token_row t;
    const char *token = want_text(c, "token"), *at = token;
    msec_t now = now_of(c->e);
    char id[ID_LEN + 1] = "";
    if (at && str_starts(at, PREFIX) && strlen(at) > strlen(PREFIX) + ID_LEN + 1 && at[strlen(PREFIX) + ID_LEN] == '_')
        memcpy(id, at + strlen(PREFIX), ID_LEN);
    if (!store_token(c->e->store, c->a, id, &t) ||
        !secret_same(t.hash, secret_hash(c->a, at + strlen(PREFIX) + ID_LEN + 1)) ||
        !str_is(condition(&t, now), "valid")) {
        refuse(c, 401, "this token opens nothing: it is unknown, expired or revoked; bascule token new makes one");
        return;
    }
    json_t *who = json_pack("{s:s, s:s}", "name", t.name, "role", user_role_name(t.role));
    if (now - t.used < USED_EVERY) {
        store_rollback(c->e->store);
        answer(c, 200, who);
        return;
    }
    store_token_used(c->e->store, t.id, now);
    if (!engine_commit(c->e))
        log_warn(c->e->world->log, "%s", c->e->fault.text); /* it opens all the same */
    answer(c, 200, who);
}
