/* note: the templates of all kinds, found by language, and notes made of them.
 *
 * Owns nothing beyond the caller's arena. Called by main (load, on start and
 * reload), by the engine where effects are created (render), and by `check`. */
#include "bascule/note.h"
#include "builtin.h"
#include "foreign.h"
#include "template.h"

#include <string.h>

struct note_templates {
    struct template by_kind[NOTE_KIND_COUNT][VISIBILITY_PUBLIC + 1]; /* [][OFF] is unused; no origin: there is none */
};

/* Words for agents, and a fix that may be none. */
static bool kind_has(enum note_kind kind, enum visibility v) {
    if (v == VISIBILITY_PUBLIC)
        return kind != NOTE_RECURRENCE && kind != NOTE_AGENT;
    return v == VISIBILITY_INTERNAL;
}

/* ---- finding ---- */

struct loading {
    const struct note_source *source;
    struct arena *arena;
    struct note_faults *faults;
    const char *folders[3]; /* "pt-BR/", "pt/", "" */
    size_t n_folders;
};

static const char *builtin_find(const char *name) {
    for (size_t i = 0; i < note_builtins_count; i++)
        if (str_is(note_builtins[i].name, name))
            return note_builtins[i].text;
    return NULL;
}

static const char *source_read(struct loading *l, const char *name) {
    struct fault fault = {0};
    const char *text = l->source && l->source->read ? l->source->read(l->source->arg, l->arena, name, &fault) : NULL;
    if (!text && fault.text[0])
        note_fault_add(l->faults, l->arena, name, 0, "it can't be read: %s", fault.text);
    return text;
}

/* The user's own first, then ours; English is always there. */
static const char *text_find(struct loading *l, const char *name, const char **ret_origin) {
    const char *text;
    for (size_t i = 0; i < l->n_folders; i++) {
        *ret_origin = arena_printf(l->arena, "%s%s", l->folders[i], name);
        if ((text = source_read(l, *ret_origin)))
            return text;
    }
    for (size_t i = 0; i < l->n_folders; i++) {
        const char *path = arena_printf(l->arena, "%s%s", *l->folders[i] ? l->folders[i] : "en/", name);
        *ret_origin = arena_printf(l->arena, "built-in %s", path);
        if ((text = builtin_find(path)))
            return text;
    }
    return NULL;
}

/* A file that would never be used is a mistake, and a dangerous one to keep silent about. */
static void unused_check(struct loading *l, const char *name, enum note_kind kind) {
    for (size_t i = 0; i < l->n_folders; i++) {
        const char *path = arena_printf(l->arena, "%s%s", l->folders[i], name);
        if (source_read(l, path))
            note_fault_add(l->faults, l->arena, path, 0, "a %s note is never public; there is %s.internal.md only",
                           note_kind_name(kind), note_kind_name(kind));
    }
}

static void one_load(struct loading *l, struct template *t, enum note_kind kind, enum visibility v) {
    const char *name = arena_printf(l->arena, "%s.%s.md", note_kind_name(kind), visibility_name(v));
    if (!kind_has(kind, v)) {
        unused_check(l, name, kind);
        return;
    }
    const char *text = text_find(l, name, &t->origin);
    if (!text) {
        note_fault_add(l->faults, l->arena, name, 0, "there is no such template, not even a built-in one");
        return;
    }
    t->internal = v == VISIBILITY_INTERNAL;
    struct note_facts whole = note_sample(kind), bare = {.shown = {.problem = 12, .title = "T", .count = 1}};
    if (template_read(t, text, l->arena, l->faults) && str_empty(template_render(t, &whole, l->arena)) &&
        str_empty(template_render(t, &bare, l->arena)))
        note_fault_add(l->faults, l->arena, t->origin, 0,
                       "the note would be empty; to send none, set policy.notes.%s to off", note_kind_name(kind));
}

int note_templates_load(const struct note_source *source, const char *language, struct arena *a,
                        const struct note_templates **ret, struct note_faults *ret_faults) {
    struct note_templates *t = arena_make(a, struct note_templates);
    struct loading l = {.source = source, .arena = a, .faults = ret_faults};
    *ret_faults = (struct note_faults){0};
    l.folders[l.n_folders++] = arena_printf(a, "%s/", language);
    if (strchr(language, '-'))
        l.folders[l.n_folders++] = arena_printf(a, "%.*s/", (int)strcspn(language, "-"), language);
    l.folders[l.n_folders++] = "";
    for (int kind = 0; kind < NOTE_KIND_COUNT; kind++)
        for (int v = VISIBILITY_INTERNAL; v <= VISIBILITY_PUBLIC; v++)
            one_load(&l, &t->by_kind[kind][v], (enum note_kind)kind, (enum visibility)v);
    if (ret_faults->count)
        return -EINVAL;
    *ret = t;
    return 0;
}

/* ---- using ---- */

static const struct template *template_of(const struct note_templates *t, enum note_kind kind, enum visibility v) {
    return kind < NOTE_KIND_COUNT && v <= VISIBILITY_PUBLIC && kind_has(kind, v) ? &t->by_kind[kind][v] : NULL;
}

char *note_render(const struct note_templates *t, enum note_kind kind, enum visibility visibility,
                  const struct note_facts *facts, struct arena *a) {
    const struct template *template = template_of(t, kind, visibility);
    return template ? template_render(template, facts, a) : NULL;
}

const char *note_origin(const struct note_templates *t, enum note_kind kind, enum visibility visibility) {
    const struct template *template = template_of(t, kind, visibility);
    return template ? template->origin : NULL;
}

/* Which verdict and which move a kind goes with most often. */
static void sample_situation(enum note_kind kind, struct note_public *shown) {
    static const struct {
        enum verdict verdict;
        enum state state;
    } of[NOTE_KIND_COUNT] = {
        [NOTE_KNOWN_ERROR] = {VERDICT_PENDING, STATE_CLOSED_UNRESOLVED},
        [NOTE_WORKAROUND] = {VERDICT_PENDING, STATE_NONE},
        [NOTE_FIXED] = {VERDICT_DELIVERED, STATE_RESOLVED},
        [NOTE_DECLINED] = {VERDICT_DECLINED, STATE_CLOSED_UNRESOLVED},
        [NOTE_DID_NOT_HOLD] = {VERDICT_PENDING, STATE_CLOSED_UNRESOLVED},
        [NOTE_UNLINKED] = {VERDICT_UNLINKED, STATE_OPEN},
        [NOTE_LINKED] = {VERDICT_PENDING, STATE_NONE},
        [NOTE_CAME_BACK] = {VERDICT_PENDING, STATE_NONE},
        [NOTE_RECURRENCE] = {VERDICT_DELIVERED, STATE_NONE},
        [NOTE_RISK_ACCEPTED] = {VERDICT_DECLINED, STATE_NONE},
        [NOTE_THRESHOLD] = {VERDICT_PENDING, STATE_NONE},
        [NOTE_AGENT] = {VERDICT_DELIVERED, STATE_NONE},
    };
    shown->verdict = of[kind].verdict;
    shown->state = of[kind].state;
}

struct note_facts note_sample(enum note_kind kind) {
    struct note_facts f = {.shown = {.problem = 12,
                                     .title = "Invoices lose their last line when printed",
                                     .defect = "product:56",
                                     .workaround = "Print from the preview: *File > Preview > Print*.",
                                     .version = "2.4.1",
                                     .date = 1772323200000, /* 2026-03-01 */
                                     .reason = "The old print path goes away with version 3.",
                                     .outcome = OUTCOME_WONT_FIX,
                                     .count = 7,
                                     .url = "https://bascule.example.org/problems/P-12",
                                     .service = "Billing"},
                           .inside = {.cause = "The page break counts the footer twice.",
                                      .workaround = "Set `print.legacy = off` on the print server.",
                                      .defect_url = "https://bugs.example.org/issues/56",
                                      .incident = "helpdesk:4711",
                                      .incident_url = "https://desk.example.org/Ticket/Display.html?id=4711",
                                      .by = "Pat Meyer",
                                      .review = 1788220800000, /* 2026-09-01 */
                                      .why = "reopened by a person",
                                      .closed_unresolved = 5}};
    if ((unsigned)kind < NOTE_KIND_COUNT)
        sample_situation(kind, &f.shown);
    return f;
}
