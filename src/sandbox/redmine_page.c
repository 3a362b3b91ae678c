/* redmine_page: issues for people: the list, one with its journal, and a form
 * to move it on. See page.c. */
#include "redmine.h"

#include <string.h>

#define LISTED_MAX 500

static void show_list(struct call *c) {
    const struct redmine *rm = c->sb->redmine;
    struct buf b = {0};
    size_t shown = 0;
    buf_str(&b, "<table><tr><th>#</th><th>Status</th><th>Version</th><th>Subject</th></tr>");
    for (size_t k = rm->n_issues; k-- > 0 && shown < LISTED_MAX;) {
        const struct rm_issue *i = rm->issues[k];
        if (!i)
            continue;
        buf_printf(&b, "<tr><td>%d</td><td>%s</td><td>%s</td><td><a href=\"/issues/%d\">%s</a></td></tr>", i->id,
                   html_escape(c->a, rm_status(i->status)->name), i->version ? html_escape(c->a, i->version->name) : "",
                   i->id, html_escape(c->a, i->subject));
        shown++;
    }
    buf_str(&b, "</table>");
    page_show(c, "Issues", NULL, 0, buf_text(&b));
    buf_deinit(&b);
}

static const char *status_name(const char *id_text) {
    int64_t id;
    const struct rm_named *s = id_text && str_int64(id_text, &id) ? rm_status(id) : NULL;
    return s ? s->name : "nothing";
}

static void add_journal(struct call *c, const struct rm_journal *x, struct buf *b) {
    const char *who = html_escape(c->a, rm_user_name(c->a, x->user)),
               *at = time_text(c->a, zone_of_wall(c->sb->server_zone, x->created));
    for (size_t k = 0; k < x->n_details; k++)
        if (str_is(x->details[k].name, "status_id"))
            buf_printf(b, "<h2>%s, %s: %s &rarr; %s</h2>", at, who, html_escape(c->a, status_name(x->details[k].old)),
                       html_escape(c->a, status_name(x->details[k].new)));
    if (!str_empty(x->notes))
        buf_printf(b, "<h2>%s, %s%s</h2><pre>%s</pre>", at, who, x->private_notes ? " (private)" : "",
                   html_escape(c->a, x->notes));
}

static void add_form(struct call *c, const struct rm_issue *i, struct buf *b) {
    const char *names[RM_STATUS_COUNT], *values[RM_STATUS_COUNT];
    const char *versions[64] = {"none"}, *version_ids[64] = {""};
    size_t n = 1;
    for (size_t k = 0; k < RM_STATUS_COUNT; k++) {
        names[k] = rm_statuses[k].name;
        values[k] = arena_printf(c->a, "%d", rm_statuses[k].id);
    }
    for (size_t k = 0; k < c->sb->redmine->n_versions && n < array_size(versions); k++) {
        versions[n] = c->sb->redmine->versions[k]->name;
        version_ids[n++] = arena_printf(c->a, "%d", c->sb->redmine->versions[k]->id);
    }
    buf_str(b, "<form method=\"post\"><label>Note<textarea name=\"notes\" rows=\"4\"></textarea></label>");
    page_select(c, b, "Status", "status_id", names, values, RM_STATUS_COUNT, arena_printf(c->a, "%d", i->status));
    page_select(c, b, "Target version", "fixed_version_id", versions, version_ids, n,
                i->version ? arena_printf(c->a, "%d", i->version->id) : "");
    buf_str(b, "<button>Save</button></form>");
}

static void show_issue(struct call *c, const struct rm_issue *i) {
    struct buf b = {0};
    if (!str_empty(i->description))
        buf_printf(&b, "<pre>%s</pre>", html_escape(c->a, i->description));
    for (size_t k = 0; k < i->n_relations; k++)
        if (!i->relations[k]->gone)
            buf_printf(&b, "<p>#%d %s #%d</p>", i->relations[k]->from->id, i->relations[k]->type,
                       i->relations[k]->to->id);
    for (size_t k = 0; k < i->n_journals; k++)
        if (!i->journals[k]->gone)
            add_journal(c, i->journals[k], &b);
    add_form(c, i, &b);
    const char *rows[RM_CF_COUNT + 3][2] = {{"Status", rm_status(i->status)->name},
                                            {"Priority", rm_priority(i->priority)->name},
                                            {"Target version", i->version ? i->version->name : ""}};
    for (size_t k = 0; k < RM_CF_COUNT; k++) {
        rows[k + 3][0] = rm_fields[k].name;
        rows[k + 3][1] = i->values[k];
    }
    page_show(c, arena_printf(c->a, "Bug #%d: %s", i->id, i->subject), (const char *const(*)[2])rows, RM_CF_COUNT + 3,
              buf_text(&b));
    buf_deinit(&b);
}

static void act(struct call *c, struct rm_issue *i) {
    const char *notes = call_param(c, "notes"), *status = call_param(c, "status_id"),
               *version = call_param(c, "fixed_version_id");
    struct rm_actor admin = {c, c->sb->redmine, rm_user_by_login(c->sb->redmine, "admin")};
    cleanup_json json_t *asked = json_object(), *errors = json_array();
    struct rm_issue draft = *i;
    if (status)
        json_object_set_new(asked, "status_id", json_string(status));
    if (version)
        json_object_set_new(asked, "fixed_version_id", json_string(version));
    rm_draft_apply(&admin, &draft, i, asked, errors);
    notes = notes && text_is_utf8(notes, strlen(notes)) ? notes : "";
    bool fine = json_array_size(errors) == 0 && rm_issue_save(&admin, i, &draft, notes, false);
    if (fine)
        page_return(c);
    else
        reply_text(c, 422, "text/plain; charset=utf-8", "Redmine refuses that", 20);
}

void redmine_page(struct call *c) {
    int64_t id;
    struct redmine *rm = c->sb->redmine;
    struct rm_issue *i = call_match(c, "/issues/#") && str_int64(c->args[0], &id) ? rm_issue_by_id(rm, id) : NULL;
    if (i && call_is(c, "POST")) {
        if (page_form(c))
            act(c, i);
    } else if (i) {
        show_issue(c, i);
    } else if (str_is(c->path, "/")) {
        show_list(c);
    } else {
        page_missing(c);
    }
}
