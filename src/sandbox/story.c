/* story: tells the demo's story to two sandboxes, as the people in it would:
 * through the trackers' own interfaces, at the hours at which it happened. */
#include "story.h"

#include "call.h"

#include <stdlib.h>
#include <string.h>

#define BEFORE (95 * DAY_MS) /* how long before now both trackers were set up */

struct teller {
    struct sandbox *rt, *redmine;
    struct arena *a;
    msec_t at;
};

static const char *replace(struct arena *a, const char *text, const char *mark, const char *with) {
    const char *found;
    while (text && (found = strstr(text, mark)) != NULL)
        text = arena_printf(a, "%.*s%s%s", (int)(found - text), text, with, found + strlen(mark));
    return text;
}

static const char *filled(const struct teller *t, const char *text) {
    text = replace(t->a, text, "{redmine}", t->redmine->base_url);
    return replace(t->a, text, "{rt}", t->rt->base_url);
}

/* Takes the reference to body. */
static int send(const struct teller *t, struct sandbox *to, const char *name, const char *value, const char *method,
                const char *target, json_t *body) {
    struct sandbox_header headers[] = {{name, value}, {"Content-Type", "application/json"}};
    char *text = json_print(t->a, body);
    struct sandbox_request request = {method, target, headers, array_size(headers), text, strlen(text)};
    struct sandbox_reply reply;
    sandbox_handle(to, &request, t->at, t->a, &reply);
    json_decref(body);
    return reply.status;
}

static int tell_redmine(const struct teller *t, const char *who, const char *method, const char *target, json_t *body) {
    return send(t, t->redmine, "X-Redmine-Switch-User", who, method,
                arena_printf(t->a, "%s?key=5a6b07005a6b07005a6b07005a6b07005a6b0001", target), body);
}

static int tell_rt(const struct teller *t, const char *method, const char *target, json_t *body) {
    return send(t, t->rt, "Authorization", "token 1-29-5a6b07005a6b07005a6b07005a6b0029", method,
                arena_printf(t->a, "/REST/2.0%s", target), body);
}

/* What a customer writes comes in by mail. */
static void tell_mail(const struct teller *t, const struct story_event *e) {
    json_t *mail = json_pack("{s:s,s:s,s:i}", "from", e->who, "content", filled(t, e->text), "ticket", e->number);
    json_object_set_new(mail, "subject", json_string(e->title ? e->title : ""));
    (void)send(t, t->rt, "Accept", "application/json", "POST", "/sandbox/mailgate", mail);
}

/* The desk fills in what the customer could not know. */
static void tell_triage(struct teller *t, const struct story_event *e, int number) {
    t->at += 20 * 60 * SEC_MS;
    (void)tell_rt(t, "PUT", arena_printf(t->a, "/ticket/%d", number),
                  json_pack("{s:{s:s,s:s}}", "CustomFields", "Service", e->a, "Impact", e->b));
}

static void tell_message(const struct teller *t, const struct story_event *e, const char *kind) {
    json_t *body = json_pack("{s:s,s:s}", "Content", filled(t, e->text), "ContentType", "text/plain");
    if (e->a)
        json_object_set_new(body, "Status", json_string(e->a));
    (void)tell_rt(t, "POST", arena_printf(t->a, "/ticket/%d/%s", e->number, kind), body);
}

static void tell_defect(const struct teller *t, const struct story_event *e) {
    json_t *issue = json_pack("{s:s,s:s,s:s,s:i}", "project_id", "product", "subject", e->title, "description",
                              filled(t, e->text), "priority_id", atoi(e->a));
    if (!str_empty(e->b))
        json_object_set_new(issue, "fixed_version_id", json_integer(str_is(e->b, "1.0") ? 1 : 2));
    (void)tell_redmine(t, e->who, "POST", "/issues.json", json_pack("{s:o}", "issue", issue));
}

static void tell_move(const struct teller *t, const struct story_event *e) {
    (void)tell_redmine(t, e->who, "PUT", arena_printf(t->a, "/issues/%d.json", e->number),
                       json_pack("{s:{s:i,s:s}}", "issue", "status_id", atoi(e->a), "notes", filled(t, e->text)));
}

static void tell(struct teller *t, const struct story_event *e, int *incidents) {
    switch (e->kind) {
    case STORY_DEFECT: tell_defect(t, e); break;
    case STORY_DEFECT_MOVE: tell_move(t, e); break;
    case STORY_RELATION:
        (void)tell_redmine(t, e->who, "POST", arena_printf(t->a, "/issues/%d/relations.json", e->number),
                           json_pack("{s:{s:s,s:s}}", "relation", "issue_to_id", e->a, "relation_type", "duplicates"));
        break;
    case STORY_INCIDENT:
        tell_mail(t, e);
        tell_triage(t, e, ++*incidents);
        break;
    case STORY_MAIL: tell_mail(t, e); break;
    case STORY_REPLY: tell_message(t, e, "correspond"); break;
    case STORY_COMMENT: tell_message(t, e, "comment"); break;
    case STORY_FIELD:
        (void)tell_rt(t, "PUT", arena_printf(t->a, "/ticket/%d", e->number),
                      json_pack("{s:{s:s}}", "CustomFields", "Defect", filled(t, e->a)));
        break;
    }
}

static int earlier(const void *a, const void *b) {
    const struct story_event *left = *(const struct story_event *const *)a,
                             *right = *(const struct story_event *const *)b;
    if (left->hours_ago != right->hours_ago)
        return right->hours_ago - left->hours_ago;
    return left < right ? -1 : left > right;
}

void sandbox_seed_story(struct sandbox *rt, struct sandbox *redmine, msec_t now) {
    cleanup_arena struct arena *a = arena_new();
    struct teller t = {rt, redmine, a, now};
    const struct story_event **order = arena_alloc(a, story_count * sizeof(struct story_event *));
    int incidents = 0;
    sandbox_reset(rt, now - BEFORE);
    sandbox_reset(redmine, now - BEFORE);
    for (size_t i = 0; i < story_count; i++)
        order[i] = &story_events[i];
    qsort(order, story_count, sizeof(struct story_event *), earlier);
    for (size_t i = 0; i < story_count; i++) {
        t.at = now - order[i]->hours_ago * 3600 * SEC_MS - (msec_t)(i * 37 % 60) * 60 * SEC_MS;
        tell(&t, order[i], &incidents);
    }
}
