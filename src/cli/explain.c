/* explain: the text of `explain`, out of what src/report put together.
 *
 * Pure but for printing; called by cmd-show.c. What must hold: its wording is
 * stable (golden tests compare it), nothing in it depends on the time of asking,
 * and it says only what is stored. */
#include "cli.h"

static const char *text_of(struct arena *a, const json_t *j) {
    const char *text = value_text(a, j);
    return text ? text : "";
}

static void bullet(const struct cli_sheet *s, const char *text) {
    cleanup_arena struct arena *a = arena_new();
    const char *clean = cli_text(a, text);
    if (*clean)
        text_wrap(s->out, arena_printf(a, "- %s", clean), 2, s->width);
}

/* A list of texts, or one. */
static void bullets(const struct cli_sheet *s, const json_t *list, const char *none) {
    cleanup_arena struct arena *a = arena_new();
    size_t i;
    json_t *item;
    if (json_is_array(list) && json_array_size(list) > 0) {
        json_array_foreach((json_t *)(uintptr_t)list, i, item)
            bullet(s, text_of(a, item));
        return;
    }
    bullet(s, json_is_string(list) ? json_string_value(list) : none);
}

/* What was decided: a text, or {what, on, became}. */
static void dids(const struct cli_sheet *s, const json_t *list, const char *ref, const char *none) {
    cleanup_arena struct arena *a = arena_new();
    size_t i;
    json_t *did;
    if (json_array_size(list) == 0 || !json_is_object(json_array_get(list, 0))) {
        bullets(s, list, none);
        return;
    }
    json_array_foreach((json_t *)(uintptr_t)list, i, did) {
        const char *on = json_text(did, "on"), *became = json_text(did, "became");
        bool elsewhere = on && !str_is(on, ref);
        bullet(s, arena_printf(a, "%s%s%s%s%s", word_of(did, "what"), elsewhere ? " on " : "", elsewhere ? on : "",
                               became ? ": " : "", became ? became : ""));
    }
}

static void title_print(const struct cli_sheet *s, const json_t *e) {
    cleanup_arena struct arena *a = arena_new();
    const char *name = json_text(e, "ref") ? json_text(e, "ref") : json_text(e, "id");
    const char *title = json_text(e, "title");
    fprintf(s->out, "%s%s%s: %s\n", s->colour ? "\033[1m" : "", name ? name : "", s->colour ? "\033[0m" : "",
            cli_text(a, title ? title : ""));
}

/* "incident, closed-unresolved (unknown), verdict pending, turn 1" */
static void record_line(const struct cli_sheet *s, const json_t *e) {
    const char *kind = json_text(e, "kind"), *outcome = json_text(e, "outcome"), *presence = json_text(e, "presence");
    const char *verdict = json_text(e, "verdict");
    fprintf(s->out, "  %s, %s", kind ? kind : "", word_of(e, "state"));
    if (outcome)
        fprintf(s->out, " (%s)", outcome);
    if (presence && !str_is(presence, "present"))
        fprintf(s->out, ", %s", presence);
    if (verdict)
        fprintf(s->out, ", verdict %s, turn %lld", verdict, (long long)json_int(e, "turn", 0));
    if (json_bool(e, "ignored", false))
        fprintf(s->out, ", ignored: nothing is asserted");
    fputc('\n', s->out);
}

static void problem_line(const struct cli_sheet *s, const json_t *e) {
    const char *resolution = json_text(e, "resolution");
    fprintf(s->out, "  %s, status %s, delivery %s", json_bool(e, "known_error", false) ? "known error" : "problem",
            word_of(e, "status"), word_of(e, "delivery"));
    if (resolution)
        fprintf(s->out, ", resolution %s", resolution);
    fprintf(s->out, "\n  incidents: %lld open, %lld closed-unresolved, %lld solved, %lld in all\n",
            (long long)json_integer_value(json_at(e, "/incidents/open")),
            (long long)json_integer_value(json_at(e, "/incidents/closed_unresolved")),
            (long long)json_integer_value(json_at(e, "/incidents/solved")),
            (long long)json_integer_value(json_at(e, "/incidents/total")));
}

/* ---- the decision ---- */

/* The last decision often has nothing left to ask for: an earlier one of the same turn did. */
static const char *did_before(struct arena *a, const json_t *e) {
    const json_t *effects = json_object_get(e, "effects"), *x;
    int64_t turn = json_int(e, "turn", 0), n = 0;
    size_t i;
    json_array_foreach(effects, i, x)
        n += turn && json_int(x, "turn", 0) == turn && !str_is(json_text(x, "kind"), "field") &&
             !str_is(json_text(x, "state"), "superseded") && str_is(json_text(x, "ref"), json_text(e, "ref"));
    return n ? arena_printf(a, "nothing more: what turn %lld asked for stands under Effects", (long long)turn)
             : "nothing";
}

static void decision_print(const struct cli_sheet *s, const json_t *d, const json_t *e) {
    cleanup_arena struct arena *a = arena_new();
    heading_print(s, "Rule");
    bullets(s, json_object_get(d, "rule"), "none");
    const char *why = json_text(d, "why");
    heading_print(s, "Why");
    text_wrap(s->out, cli_text(a, why ? why : "nothing was said"), 2, s->width);
    heading_print(s, "Facts");
    bullets(s, json_object_get(d, "facts"), "none");
    heading_print(s, "Decided");
    dids(s, json_object_get(d, "did"), json_text(e, "ref"), did_before(a, e));
}

static void change_print(const struct cli_sheet *s, const json_t *d) {
    heading_print(s, "What would change it");
    bullets(s, json_object_get(d, "would_change"), "nothing that is known");
}

/* ---- the rest ---- */

static const char *evidence_text(struct arena *a, const json_t *e) {
    const char *source = json_text(e, "source"), *place = json_text(e, "place"), *origin = json_text(e, "origin");
    const char *actor = json_text(e, "actor"), *quote = json_text(e, "quote");
    const char *other = json_text(e, "problem") ? json_text(e, "problem") : json_text(e, "defect");
    cleanup_buf struct buf b = {.limit = 1000};
    buf_printf(&b, "%s", place ? place : source ? source : "");
    if (origin)
        buf_printf(&b, " of %s", origin);
    if (other)
        buf_printf(&b, ", naming %s", other);
    if (actor)
        buf_printf(&b, ", by %s", actor);
    buf_printf(&b, ", %s", moment_text(a, json_text(e, "at")));
    if (json_bool(e, "suggested", false))
        buf_str(&b, ", only suggested");
    if (quote)
        buf_printf(&b, ": \"%s\"", quote);
    return arena_strdup(a, buf_text(&b));
}

static void links_print(const struct cli_sheet *s, const json_t *links, const json_t *rejected) {
    cleanup_arena struct arena *a = arena_new();
    size_t i, k;
    json_t *link, *evidence;
    if (json_array_size(links) + json_array_size(rejected) == 0)
        return;
    heading_print(s, "Links");
    json_array_foreach((json_t *)(uintptr_t)links, i, link) {
        fprintf(s->out, "  %s, %s, delivery %s: %s\n", word_of(link, "problem"), word_of(link, "status"),
                word_of(link, "delivery"), cli_text(a, json_text(link, "title")));
        json_array_foreach(json_object_get(link, "evidence"), k, evidence)
            text_wrap(s->out, arena_printf(a, "- %s", cli_text(a, evidence_text(a, evidence))), 4, s->width);
    }
    json_array_foreach((json_t *)(uintptr_t)rejected, i, link) {
        const char *actor = json_text(link, "actor");
        fprintf(s->out, "  %s, rejected%s%s, %s\n", word_of(link, "target"), actor ? " by " : "", actor ? actor : "",
                moment_text(a, json_text(link, "at")));
    }
}

/* Mirrored values that a newer one replaced before they left are no news. */
static bool effect_is_noise(const json_t *e) {
    return str_is(json_text(e, "kind"), "field") && str_is(json_text(e, "state"), "superseded");
}

static void effect_print(const struct cli_sheet *s, const json_t *e, const char *ref) {
    cleanup_arena struct arena *a = arena_new();
    cleanup_buf struct buf b = {.limit = 2000};
    const char *error = json_text(e, "error"), *settled = json_text(e, "settled"), *on = json_text(e, "ref");
    buf_printf(&b, "effect %lld", (long long)json_int(e, "n", 0));
    if (on && !str_is(on, ref))
        buf_printf(&b, " on %s", on);
    buf_printf(&b, ", %s, %s", word_of(e, "wants"), word_of(e, "state"));
    if (json_bool(e, "adopted", false))
        buf_str(&b, " (not sent)");
    if (settled)
        buf_printf(&b, ", %s", moment_text(a, settled));
    buf_printf(&b, ": %s", word_of(e, "reason"));
    if (error)
        buf_printf(&b, "; %s%s", str_is(json_text(e, "state"), "superseded") ? "" : "the tracker says: ", error);
    bullet(s, buf_text(&b));
}

static void effects_print(const struct cli_sheet *s, const json_t *effects, const char *ref) {
    bool any = false;
    for (size_t i = json_array_size(effects); i-- > 0;) { /* they come newest first */
        const json_t *e = json_array_get(effects, i);
        if (effect_is_noise(e))
            continue;
        if (!any)
            heading_print(s, "Effects");
        any = true;
        effect_print(s, e, ref);
    }
}

static void overrides_print(const struct cli_sheet *s, const json_t *e) {
    cleanup_arena struct arena *a = arena_new();
    size_t i, n = 0;
    json_t *h;
    if (json_bool(e, "overridden", false)) {
        heading_print(s, "Overridden");
        const char *asserted = json_text(e, "asserted");
        bullet(s, arena_printf(a,
                               "the bridge left it %s; people have moved it since, and that is left alone until its "
                               "turn moves",
                               asserted ? asserted : "in another state"));
        n++;
    }
    json_array_foreach(json_object_get(e, "history"), i, h) {
        const char *what = json_text(h, "what");
        if (!str_is(what, "override") && !str_is(what, "refused"))
            continue;
        if (n++ == 0)
            heading_print(s, "Overridden");
        bullet(s, arena_printf(a, "%s, %s: %s", moment_text(a, json_text(h, "at")), word_of(h, "actor"),
                               word_of(h, "text")));
    }
}

static void attention_print(const struct cli_sheet *s, const json_t *items) {
    cleanup_arena struct arena *a = arena_new();
    size_t i;
    json_t *t;
    if (json_array_size(items) == 0)
        return;
    heading_print(s, "Attention");
    json_array_foreach((json_t *)(uintptr_t)items, i, t)
        bullet(s, arena_printf(a, "%s: %s; %s can clear it: %s", word_of(t, "kind"), word_of(t, "text"),
                               word_of(t, "who"), word_of(t, "clear")));
}

/* A defect is decided through the problems it stands behind. */
static void problems_print(const struct cli_sheet *s, const json_t *problems) {
    cleanup_arena struct arena *a = arena_new();
    size_t i;
    json_t *p;
    json_array_foreach((json_t *)(uintptr_t)problems, i, p) {
        const json_t *d = json_object_get(p, "decision");
        heading_print(s, arena_printf(a, "Problem %s: %s", word_of(p, "id"), cli_text(a, json_text(p, "title"))));
        fprintf(s->out, "  status %s, delivery %s\n", word_of(p, "status"), word_of(p, "delivery"));
        if (!json_is_object(d))
            continue;
        bullet(s, text_of(a, json_object_get(d, "rule")));
        bullet(s, text_of(a, json_object_get(d, "why")));
        bullets(s, json_object_get(d, "facts"), "");
    }
}

void explain_print(const struct cli_sheet *s, const json_t *e) {
    const json_t *decision = json_object_get(e, "decision");
    bool incident = str_is(json_text(e, "kind"), "incident"), problem = json_text(e, "id") && !json_text(e, "ref");
    title_print(s, e);
    if (problem)
        problem_line(s, e);
    else
        record_line(s, e);
    if (json_is_object(decision))
        decision_print(s, decision, e);
    else if (incident || problem)
        fprintf(s->out, "\nNothing has been decided about it yet.\n");
    links_print(s, json_object_get(e, "links"), json_object_get(e, "rejected"));
    if (!incident && !problem)
        problems_print(s, json_object_get(e, "problem_items"));
    effects_print(s, json_object_get(e, "effects"), json_text(e, "ref"));
    overrides_print(s, e);
    attention_print(s, json_object_get(e, "attention_items"));
    if (json_is_object(decision))
        change_print(s, decision);
}
