/* page: what the pages of both trackers for people have in common: the frame,
 * and forms that only these very pages may send.
 *
 * They are for the demo: one looks at a ticket, answers as the customer,
 * releases a defect, and sees what the bridge makes of it. Called by rt_page.c
 * and redmine_page.c. Everything shown is escaped here or by html_escape. */
#include "call.h"

#include <string.h>

static const char style[] =
    "body{font:16px/1.5 system-ui,sans-serif;max-width:56em;margin:2em auto;padding:0 1em;color-scheme:light dark}"
    "th{text-align:left;padding-right:2em;vertical-align:top}pre{white-space:pre-wrap;border-left:3px solid #888;"
    "padding-left:1em}h2{font-size:1rem;margin:1.5em 0 .3em}form{border-top:1px solid "
    "#888;margin-top:2em;padding-top:1em}"
    "textarea{display:block;width:100%;margin:.5em 0;font:inherit}select,button{font:inherit;margin-right:1em}"
    ".bar{background:#b34700;color:#fff;padding:.3em 1em;margin:-1em -1em 1em}.bar a{color:#fff}";

void page_show(struct call *c, const char *title, const char *const (*rows)[2], size_t n_rows, const char *body) {
    struct buf b = {0};
    const char *name = c->sb->dialect == SANDBOX_RT ? "sandbox desk" : "sandbox defect tracker";
    buf_printf(&b,
               "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
               "content=\"width=device-width\"><title>%s</title><style>%s</style></head><body><p class=\"bar\"><a "
               "href=\"/\">%s</a> of Bascule's demo</p><h1>%s</h1><table>",
               html_escape(c->a, title), style, name, html_escape(c->a, title));
    for (size_t i = 0; i < n_rows; i++)
        if (!str_empty(rows[i][1]))
            buf_printf(&b, "<tr><th>%s</th><td>%s</td></tr>", html_escape(c->a, rows[i][0]),
                       html_escape(c->a, rows[i][1]));
    buf_printf(&b, "</table>%s</body></html>", body);
    reply_header(c, "content-security-policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'");
    reply_text(c, 200, "text/html; charset=utf-8", arena_strndup(c->a, buf_text(&b), b.len), b.len);
    buf_deinit(&b);
}

void page_missing(struct call *c) {
    const char *text = "<!DOCTYPE html><title>Not found</title><h1>Not found</h1>";
    reply_text(c, 404, "text/html; charset=utf-8", text, strlen(text));
}

bool page_form(struct call *c) {
    const char *origin = call_header(c, "origin"), *type = call_header(c, "content-type");
    bool form = type && str_starts(type, "application/x-www-form-urlencoded") && c->request->body;
    if (!form || (origin && !str_is(origin, c->sb->base_url))) {
        reply_text(c, 403, "text/plain; charset=utf-8", "not from this page", 18);
        return false;
    }
    call_read_form(c, c->request->body, c->request->body_len);
    return true;
}

void page_return(struct call *c) {
    c->reply->status = 303;
    reply_header(c, "location",
                 *c->query ? arena_printf(c->a, "%s?%s", c->path, c->query) : arena_strdup(c->a, c->path));
}

void page_select(struct call *c, struct buf *b, const char *label, const char *name, const char *const *options,
                 const char *const *values, size_t n, const char *chosen) {
    buf_printf(b, "<label>%s <select name=\"%s\">", label, name);
    for (size_t i = 0; i < n; i++)
        buf_printf(b, "<option value=\"%s\"%s>%s</option>", html_escape(c->a, values[i]),
                   str_is(values[i], chosen) ? " selected" : "", html_escape(c->a, options[i]));
    buf_str(b, "</select></label> ");
}
