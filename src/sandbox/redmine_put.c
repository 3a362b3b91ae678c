/* redmine_put: what a request asks of an issue, as far as this user may have
 * it: unknown ids, forbidden statuses and fields that are not his are left out
 * without a word (204); only a wrong value is an error (422).
 *
 * Called by redmine_http.c for POST and PUT of issues. */
#include "redmine.h"

#include <stdlib.h>
#include <string.h>

struct asked {
    const struct rm_actor *who;
    const json_t *fields;
    json_t *errors;
    struct rm_issue *draft;
    const struct rm_issue *before; /* NULL: creating */
};

static void fault(const struct asked *x, const char *text) {
    json_array_append_new(x->errors, json_string(text));
}

/* The value of a key as text, "" for null; NULL when the key is not there. In the sandbox's arena. */
static const char *text_of(const struct asked *x, const char *key) {
    json_t *j = json_object_get(x->fields, key);
    if (!j || json_is_object(j) || json_is_array(j))
        return NULL;
    if (json_is_boolean(j))
        return json_is_true(j) ? "1" : "0";
    const char *text = json_as_text(x->who->rm->a, j);
    return text ? text : "";
}

/* False: not asked. An id that is no number counts as 0. */
static bool id_of(const struct asked *x, const char *key, int64_t *ret) {
    const char *text = text_of(x, key);
    if (!text)
        return false;
    *ret = 0;
    (void)str_int64(text, ret);
    return true;
}

static void apply_project(struct asked *x) {
    const char *text = text_of(x, "project_id");
    const struct rm_project *p = text ? rm_project_find(text) : NULL;
    if (!p || p == x->draft->project || !(rm_rights(x->who, p) & RM_ADD))
        return;
    x->draft->project = p;
    x->draft->version = NULL;
    x->draft->category = 0;
}

static void apply_status(struct asked *x) {
    int64_t id;
    if (id_of(x, "status_id", &id) && rm_status(id) &&
        rm_status_allowed(x->who, x->before ? x->before : x->draft, (int)id))
        x->draft->status = (int)id;
}

static size_t characters(const char *s) {
    size_t n = 0;
    for (; *s; s++)
        n += (*s & 0xc0) != 0x80;
    return n;
}

static void apply_texts(struct asked *x) {
    const char *subject = text_of(x, "subject"), *description = text_of(x, "description");
    if (subject)
        x->draft->subject = subject;
    if (description)
        x->draft->description =
            json_is_null(json_object_get(x->fields, "description")) ? NULL : text_to_crlf(x->who->rm->a, description);
    if (!x->draft->subject[strspn(x->draft->subject, " \t\r\n")])
        fault(x, "Subject cannot be blank");
    else if (characters(x->draft->subject) > RM_SUBJECT_MAX)
        fault(x, "Subject is too long (maximum is 255 characters)");
}

static void apply_priority(struct asked *x) {
    int64_t id;
    if (!id_of(x, "priority_id", &id))
        return;
    if (rm_priority(id))
        x->draft->priority = (int)id;
    else
        fault(x, "Priority cannot be blank");
}

static void apply_ratio(struct asked *x) {
    int64_t v;
    if (!id_of(x, "done_ratio", &v))
        return;
    x->draft->done_ratio = v;
    if (v < 0 || v > 100)
        fault(x, "% Done is not included in the list");
}

static bool is_date(const char *s) {
    msec_t t;
    char whole[32];
    if (strlen(s) != 10 || strspn(s, "0123456789-") != 10)
        return false;
    memcpy(whole, s, 10);
    memcpy(whole + 10, "T00:00:00Z", 11);
    return time_parse(whole, &t);
}

static void apply_date(struct asked *x, const char *key, const char *name, const char **field) {
    const char *text = text_of(x, key);
    if (!text)
        return;
    bool wrong = *text && !is_date(text);
    if (wrong)
        fault(x, arena_printf(x->who->c->a, "%s is not a valid date", name));
    *field = *text && !wrong ? text : NULL;
}

static void apply_dates(struct asked *x) {
    struct rm_issue *d = x->draft;
    apply_date(x, "start_date", "Start date", &d->start_date);
    apply_date(x, "due_date", "Due date", &d->due_date);
    if (d->start_date && d->due_date && strcmp(d->due_date, d->start_date) < 0)
        fault(x, "Due date must be greater than start date");
    const char *hours = text_of(x, "estimated_hours");
    if (hours)
        d->estimated = *hours ? strtod(hours, NULL) : -1;
}

static void apply_version(struct asked *x) {
    int64_t id;
    if (!id_of(x, "fixed_version_id", &id))
        return;
    const struct rm_version *v = rm_version_by_id(x->who->rm, id);
    bool usable = v && v->project == x->draft->project->id &&
                  (str_is(v->status, "open") || (x->before && x->before->version == v));
    if (id && !usable)
        fault(x, "Target version is not included in the list");
    else
        x->draft->version = id ? v : NULL;
}

static void apply_assignee(struct asked *x) {
    int64_t id;
    if (!id_of(x, "assigned_to_id", &id) || json_is_null(json_object_get(x->fields, "assigned_to_id")))
        return; /* null is as good as nothing, "" takes the assignee out (seen) */
    if (str_is(text_of(x, "assigned_to_id"), "me"))
        id = x->who->user->id;
    const struct rm_user *u = rm_user_by_id(x->who->rm, id);
    const struct rm_role *role = u ? u->roles[x->draft->project->id - 1] : NULL;
    bool usable = u && (u == x->draft->author || (x->before && u == x->before->assigned) || (role && role->assignable));
    if (id && !usable)
        fault(x, "Assignee is invalid");
    else
        x->draft->assigned = u;
}

static void apply_category(struct asked *x) {
    int64_t id;
    if (!id_of(x, "category_id", &id))
        return;
    if (id > 1 || (id == 1 && x->draft->project->id != 1))
        fault(x, "Category is not included in the list");
    else
        x->draft->category = (int)id;
}

static void apply_parent(struct asked *x) {
    int64_t id;
    if (!(rm_rights(x->who, x->draft->project) & RM_SUBTASKS) || !id_of(x, "parent_issue_id", &id))
        return;
    struct rm_issue *p = rm_issue_by_id(x->who->rm, id);
    bool loop = false;
    for (const struct rm_issue *up = p; up && x->before && !loop; up = up->parent)
        loop = up->id == x->before->id;
    if (id && (!p || loop || !rm_visible(x->who, p)))
        fault(x, "Parent task is invalid");
    else
        x->draft->parent = p;
}

static bool is_integer(const char *s) {
    s += strspn(s, " ");
    s += *s == '-' || *s == '+';
    size_t n = strspn(s, "0123456789");
    return n && !s[n + strspn(s + n, " ")];
}

static void apply_value(struct asked *x, const char *id_text, json_t *value) {
    int64_t id;
    if (!id_text || !str_int64(id_text, &id) || id < 1 || id > RM_CF_COUNT)
        return;
    const struct rm_field *f = &rm_fields[id - 1];
    if (json_is_array(value) || json_is_object(value)) {
        fault(x, arena_printf(x->who->c->a, "%s is invalid", f->name));
        return;
    }
    const char *text = json_is_boolean(value) ? (json_is_true(value) ? "1" : "0") : json_as_text(x->who->rm->a, value);
    text = text ? text : "";
    if (*text && str_is(f->format, "int") && !is_integer(text))
        fault(x, arena_printf(x->who->c->a, "%s is not a number", f->name));
    x->draft->values[id - 1] = text;
}

static void apply_values(struct asked *x) {
    json_t *list = json_object_get(x->fields, "custom_fields"),
           *map = json_object_get(x->fields, "custom_field_values"), *item;
    const char *key;
    size_t i;
    if (json_is_array(list)) /* an object instead of a list does nothing (seen) */
        json_array_foreach(list, i, item)
            apply_value(x, json_as_text(x->who->c->a, json_object_get(item, "id")), json_object_get(item, "value"));
    if (json_is_object(map))
        json_object_foreach(map, key, item)
            apply_value(x, key, item);
}

static void apply_privacy(struct asked *x) {
    const char *text = text_of(x, "is_private");
    if (text && rm_rights(x->who, x->draft->project) & RM_SET_PRIVATE)
        x->draft->is_private = str_is(text, "1") || str_is(text, "true");
}

void rm_draft_apply(const struct rm_actor *who, struct rm_issue *draft, const struct rm_issue *before,
                    const json_t *asked, json_t *errors) {
    struct asked x = {who, asked, errors, draft, before};
    if (before)
        apply_project(&x);
    apply_status(&x);
    apply_texts(&x);
    apply_priority(&x);
    apply_ratio(&x);
    apply_dates(&x);
    apply_version(&x);
    apply_assignee(&x);
    apply_category(&x);
    apply_parent(&x);
    apply_privacy(&x);
    apply_values(&x);
}

/* The object under "issue"; NULL and a reply when the body is none. Anything but JSON counts as empty. */
static json_t *issue_read(const struct rm_actor *who, json_t **ret_body) {
    const struct sandbox_request *r = who->c->request;
    const char *type = call_header(who->c, "content-type");
    bool json = type && str_starts(type, "application/json");
    *ret_body = json && r->body_len ? json_read(r->body, r->body_len, NULL) : json_object();
    json_t *issue = json_object_get(*ret_body, "issue");
    if (!*ret_body)
        reply_json(who->c, 400, RM_JSON, json_pack("{s:i,s:s}", "status", 400, "error", "Bad Request"));
    else if (issue && !json_is_object(issue) && !json_is_null(issue))
        reply_json(who->c, 500, RM_JSON, json_pack("{s:i,s:s}", "status", 500, "error", "Internal Server Error"));
    else if (json_is_object(issue))
        return json_incref(issue);
    else
        return json_object();
    return NULL;
}

static bool is_full(const struct rm_actor *who) {
    if (who->rm->n_issues < SANDBOX_RECORDS_MAX && who->rm->n_journals < SANDBOX_CHANGES_MAX)
        return false;
    rm_reply_empty(who, 507);
    return true;
}

static void reply_no_project(const struct rm_actor *who, const struct rm_issue *draft, json_t *errors) {
    static const char *const words[] = {"Project cannot be blank", "Tracker cannot be blank", "Status cannot be blank"};
    if (str_empty(draft->subject))
        json_array_append_new(errors, json_string("Subject cannot be blank"));
    for (size_t i = 0; i < array_size(words); i++)
        json_array_append_new(errors, json_string(words[i]));
    rm_reply_errors(who, errors);
}

void rm_post_issue(const struct rm_actor *who) {
    struct call *c = who->c;
    json_t *body;
    cleanup_json json_t *asked = issue_read(who, &body);
    cleanup_json json_t *holder = body;
    (void)holder;
    if (!asked || is_full(who))
        return;
    const char *name = json_as_text(c->a, json_object_get(asked, "project_id")), *subject = json_text(asked, "subject");
    const struct rm_project *p = name ? rm_project_find(name) : NULL;
    struct rm_issue draft = {.project = p,
                             .status = 1,
                             .priority = 2,
                             .author = who->user,
                             .subject = subject ? subject : "",
                             .estimated = -1,
                             .lock_version = 1};
    json_t *errors = json_array();
    if (!p || !(rm_rights(who, p) & RM_ADD)) {
        reply_no_project(who, &draft, errors);
        return;
    }
    draft.start_date = time_day(who->rm->a, c->now);
    rm_draft_apply(who, &draft, NULL, asked, errors);
    if (json_array_size(errors)) {
        rm_reply_errors(who, errors);
        return;
    }
    json_decref(errors);
    struct rm_issue *i = rm_issue_new(who, &draft);
    reply_header(c, "location", arena_printf(c->a, "%s/issues/%d", c->sb->base_url, i->id));
    rm_reply(who, 201, json_pack("{s:o}", "issue", rm_issue_json(who, i)));
}

void rm_put_issue(const struct rm_actor *who, struct rm_issue *i) {
    json_t *body, *errors = json_array();
    cleanup_json json_t *asked = issue_read(who, &body);
    cleanup_json json_t *holder = body;
    (void)holder;
    int64_t lock = json_int(asked, "lock_version", i->lock_version);
    if (!asked || is_full(who)) {
        json_decref(errors);
        return;
    }
    struct rm_issue draft = *i;
    rm_draft_apply(who, &draft, i, asked, errors);
    bool lost = lock != i->lock_version || who->rm->races > 0;
    if (!json_array_size(errors) && lost && lock == i->lock_version)
        who->rm->races--;
    if (json_array_size(errors) || lost) {
        rm_reply_errors(who, errors);
        return;
    }
    json_decref(errors);
    const char *notes = json_as_text(who->c->a, json_object_get(asked, "notes"));
    json_t *private_notes = json_object_get(asked, "private_notes");
    bool private = json_is_true(private_notes) || str_is(json_string_value(private_notes), "1");
    bool words = !str_empty(notes) && notes[strspn(notes, " \t\r\n")];
    private = private && words && rm_rights(who, i->project) & RM_PRIVATE_NOTES;
    if (rm_issue_save(who, i, &draft, notes, private))
        rm_reply_empty(who, 204);
    else
        reply_json(who->c, 500, RM_JSON, json_pack("{s:i,s:s}", "status", 500, "error", "Internal Server Error"));
}
