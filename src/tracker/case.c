/* case: reads scripted cases, makes their operations, prints results (see case.h). */
#include "case.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the file ---- */

/* Ends a body before the next part: without its last newline. */
static void body_end(struct part *p, char *end) {
    if (p && end > p->body && end[-1] == '\n')
        end[-1] = 0;
}

struct script *script_read(const char *given) {
    struct arena *a = arena_new();
    struct script *s = arena_make(a, struct script);
    char *text = arena_strdup(a, given), *end = text + strlen(text), *next;
    struct part *part = NULL;
    int line = 0;
    s->arena = a;
    for (char *p = text; *p; p = next) {
        size_t n = strcspn(p, "\n");
        next = p + n + (p[n] == '\n');
        line++;
        if (*p != '%')
            continue;
        body_end(part, p);
        char *head = arena_strndup(a, p + 1, n - 1);
        size_t word = strcspn(head, " ");
        part = arena_push(a, &s->parts, &s->n);
        *part =
            (struct part){.head = head[word] ? head + word + strspn(head + word, " ") : "", .body = next, .line = line};
        head[word] = 0;
        part->name = head;
        *p = 0;
    }
    body_end(part, end);
    return s;
}

struct script *script_free(struct script *s) {
    if (s)
        arena_free(s->arena);
    return NULL;
}

/* ---- tracker and operations ---- */

struct tracker *case_tracker(const char *connectors, json_t *j, struct fault *f) {
    struct tracker *t = NULL;
    const json_t *web = json_object_get(j, "web_urls");
    const char *web_urls[8], *own = json_text(j, "connectors");
    struct tracker_settings s = {.name = json_text(j, "name") ? json_text(j, "name") : "t",
                                 .connector = json_text(j, "connector"),
                                 .url = json_text(j, "url"),
                                 .auth = json_object_get(j, "auth"),
                                 .scope = json_object_get(j, "scope"),
                                 .fields = json_object_get(j, "fields"),
                                 .states = json_object_get(j, "states"),
                                 .write = json_object_get(j, "write"),
                                 .outcomes = json_object_get(j, "outcomes"),
                                 .priorities = json_object_get(j, "priorities"),
                                 .timeout = 30 * SEC_MS,
                                 .import_comments = json_bool(j, "comments", true),
                                 .instance = "b1",
                                 .web_urls = web_urls};
    for (; s.n_web_urls < json_array_size(web) && s.n_web_urls < 8; s.n_web_urls++)
        web_urls[s.n_web_urls] = json_string_value(json_array_get(web, s.n_web_urls));
    if (!role_parse(json_text(j, "role") ? json_text(j, "role") : "", &s.role)) {
        fault_set(f, -EINVAL, "no role");
        return NULL;
    }
    return tracker_new(own ? own : connectors, &s, &t, f) < 0 ? NULL : t;
}

static bool known_unchanged(void *arg, const char *id, uint64_t hash) {
    char word[40];
    snprintf(word, sizeof(word), "%016llx", (unsigned long long)hash);
    return str_is(json_text(arg, id), word);
}

static struct op *write_new(const struct tracker *t, struct case_op *o, const struct record *before) {
    struct write_request w = {.id = json_text(o->json, "id"),
                              .before = before,
                              .keep_state = json_bool(o->json, "keep", false),
                              .link_url = json_text(o->json, "link"),
                              .link_title = json_text(o->json, "link_title")};
    struct write_field *fields = arena_alloc(o->arena, FIELD_COUNT * sizeof(*fields));
    const char *key, *state = json_text(o->json, "state"), *outcome = json_text(o->json, "outcome");
    json_t *value;
    bool ok = (!state || state_parse(state, &w.state)) && (!outcome || outcome_parse(outcome, &w.outcome));
    json_object_foreach(json_object_get(o->json, "fields"), key, value) {
        fields[w.n_fields].value = json_string_value(value);
        ok = field_parse(key, &fields[w.n_fields++].field) && ok;
    }
    if (json_text(o->json, "note")) {
        struct write_note *note = arena_make(o->arena, struct write_note);
        *note = (struct write_note){json_bool(o->json, "internal", false) ? VISIBILITY_INTERNAL : VISIBILITY_PUBLIC,
                                    json_text(o->json, "note"), json_text(o->json, "marker")};
        w.note = note;
    }
    w.fields = fields;
    return ok ? op_write(t, &w) : NULL;
}

static struct op *create_new(const struct tracker *t, struct case_op *o) {
    struct create_request c = {.title = json_text(o->json, "title"),
                               .body = json_text(o->json, "body"),
                               .marker = json_text(o->json, "marker"),
                               .service = json_text(o->json, "service"),
                               .priority = json_text(o->json, "priority")};
    struct write_field *fields = arena_alloc(o->arena, FIELD_COUNT * sizeof(*fields));
    const char *key;
    json_t *value;
    json_object_foreach(json_object_get(o->json, "fields"), key, value) {
        fields[c.n_fields].value = json_string_value(value);
        if (field_parse(key, &fields[c.n_fields].field))
            c.n_fields++;
    }
    c.fields = fields;
    return op_create(t, &c);
}

struct case_op case_op_new(const struct tracker *t, const char *json, const struct record *before) {
    struct case_op o = {.arena = arena_new(), .json = json_loads(json, 0, NULL)};
    const char *what = json_text(o.json, "do"), *id = json_text(o.json, "id"), *marker = json_text(o.json, "marker");
    const json_t *known = json_object_get(o.json, "known");
    msec_t since = 0;
    if (json_text(o.json, "since") && !time_parse(json_text(o.json, "since"), &since))
        what = NULL;
    if (str_is(what, "list")) {
        const json_t *cursor = json_object_get(o.json, "cursor");
        o.op = (json_bool(o.json, "back", false) ? op_list_back : op_list)(
            t, json_is_object(cursor) ? json_print(o.arena, cursor) : json_string_value(cursor), since,
            known ? known_unchanged : NULL, (void *)(uintptr_t)known);
    } else if (str_is(what, "read"))
        o.op = op_read(t, id);
    else if (str_is(what, "write"))
        o.op = write_new(t, &o, before);
    else if (str_is(what, "look-note"))
        o.op = op_look_note(t, id, marker);
    else if (str_is(what, "look-created"))
        o.op = op_look_created(t, marker, since);
    else if (str_is(what, "create"))
        o.op = create_new(t, &o);
    else if (str_is(what, "check"))
        o.op = op_check(t, since);
    else if (str_is(what, "versions"))
        o.op = op_versions(t);
    return o;
}

void case_op_free(struct case_op *o) {
    op_free(o->op);
    json_decref(o->json);
    arena_free(o->arena);
}

/* ---- results ---- */

static void print_text(struct buf *b, const char *key, const char *value) {
    if (value)
        buf_printf(b, " %s=\"%s\"", key, value);
}

static void print_one(struct buf *b, struct arena *a, const struct record *r) {
    buf_printf(b, "record %s", r->id);
    print_text(b, "title", r->title);
    buf_printf(b, " native=\"%s%s%s\" state=%s", r->native_state, r->native_resolution ? "/" : "",
               r->native_resolution ? r->native_resolution : "", state_name(r->state));
    if (r->outcome)
        buf_printf(b, "/%s", outcome_name(r->outcome));
    if (r->presence != PRESENT)
        buf_printf(b, " presence=%s", presence_name(r->presence));
    buf_printf(b, " created=%s updated=%s", time_text(a, r->created), time_text(a, r->updated));
    print_text(b, "priority", r->priority);
    print_text(b, "service", r->service);
    print_text(b, "reporter", r->reporter);
    print_text(b, "assignee", r->assignee);
    print_text(b, "version", r->version);
    buf_printf(b, "%s%s hash=%016llx\n", r->version_closed ? " version-closed" : "", r->detailed ? " detailed" : "",
               (unsigned long long)r->hash);
    buf_printf(b, "  url %s\n  fields %s\n  native %s\n", r->url, json_print(a, r->fields), json_print(a, r->native));
    if (r->allowed)
        buf_printf(b, "  allowed %s\n", r->allowed);
    for (size_t i = 0; i < r->n_texts; i++) {
        const struct text *x = &r->texts[i];
        cleanup_json json_t *body = json_string(x->body);
        buf_printf(b, "  text %s %s by \"%s\"%s%s at %s: %s\n", x->place, x->id ? x->id : "-",
                   x->author ? x->author : "", x->requester ? " requester" : "", x->internal ? " internal" : "",
                   time_text(a, x->at), json_print(a, body));
    }
    for (size_t i = 0; i < r->n_changes; i++) {
        const struct change *x = &r->changes[i];
        buf_printf(b, "  change %s %s: \"%s\" -> \"%s\" by \"%s\" at %s\n", x->id ? x->id : "-", x->field,
                   x->from ? x->from : "", x->to ? x->to : "", x->by ? x->by : "", time_text(a, x->at));
    }
    for (size_t i = 0; i < r->n_relations; i++) {
        const struct relation *x = &r->relations[i];
        buf_printf(b, "  relation %s %s",
                   x->type == RELATION_URL       ? "url"
                   : x->type == RELATION_HELD_BY ? "held-by"
                                                 : "duplicate-of",
                   x->target);
        print_text(b, "by", x->by);
        buf_printf(b, "%s%s\n", x->at ? " at " : "", time_text(a, x->at));
    }
}

static void print_write(struct buf *b, const struct op_result *r) {
    if (r->state_applied || r->fields_applied || r->note_applied || r->after)
        buf_printf(b, "applied%s%s%s\n", r->state_applied ? " state" : "", r->fields_applied ? " fields" : "",
                   !r->note_applied ? ""
                   : r->note_inside ? " note, inside"
                                    : " note");
    if (r->echo)
        buf_printf(b, "echo %s\n", r->echo);
    for (size_t i = 0; i < r->n_echoes; i++)
        buf_printf(b, "%s%s%s", i ? " " : "echoes ", r->echoes[i], i + 1 == r->n_echoes ? "\n" : "");
    if (r->fields_done && !r->fields_applied)
        for (int f = 0; f < FIELD_COUNT; f++)
            if (r->fields_done & 1u << f)
                buf_printf(b, "field %s is there\n", field_name((enum field)f));
    for (size_t i = 0; i < r->n_lost; i++)
        buf_printf(b, "lost %s \"%s\" by \"%s\": \"%s\" went over it\n", r->lost[i].what,
                   r->lost[i].value ? r->lost[i].value : "", r->lost[i].by ? r->lost[i].by : "",
                   r->lost[i].wrote ? r->lost[i].wrote : "");
    if (r->created_id)
        buf_printf(b, "created %s\n", r->created_id);
    if (r->found)
        buf_printf(b, "found\n");
}

void case_print(struct buf *b, const struct op_result *r) {
    static const char *const levels[] = {"OK", "WARN", "FAIL"};
    cleanup_arena struct arena *a = arena_new();
    buf_printf(b, "%s", reply_class_name(r->class));
    if (r->presence != PRESENT)
        buf_printf(b, " presence=%s", presence_name(r->presence));
    if (r->merged_into)
        buf_printf(b, " into %s", r->merged_into);
    if (r->retry_after)
        buf_printf(b, " retry-after=%s", duration_text(a, r->retry_after));
    buf_printf(b, " requests=%d\n", r->requests);
    if (r->words)
        buf_printf(b, "words %s\n", r->words);
    for (size_t i = 0; i < r->n_records; i++)
        print_one(b, a, &r->records[i]);
    for (size_t i = 0; i < r->n_quarantined; i++)
        buf_printf(b, "quarantined %s: %s\n", r->quarantined[i].id ? r->quarantined[i].id : "?", r->quarantined[i].why);
    if (r->cursor)
        buf_printf(b, "cursor %s%s\n", r->cursor, r->more ? " more" : "");
    print_write(b, r);
    if (r->after) {
        buf_str(b, "after ");
        print_one(b, a, r->after);
    }
    for (size_t i = 0; i < r->n_findings; i++)
        buf_printf(b, "%s %s: %s\n", levels[r->findings[i].level], r->findings[i].what, r->findings[i].text);
    if (r->versions)
        buf_printf(b, "versions %s\n", json_print(a, r->versions));
}
