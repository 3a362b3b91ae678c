/* template: the language does what src/note/README.md says, and each mistake in a
 * user's file is told with its line. */
#include "note_test.h"

static const struct note_facts full = {
    .shown = {.problem = 12, .title = "Title", .version = "2.4", .count = 3, .workaround = "one\ntwo\n\nthree"},
    .inside = {.cause = "Cause"}};

static void renders(const char *template, const char *wanted) {
    cleanup_arena struct arena *a = arena_new();
    char *got = render_with(a, template, VISIBILITY_INTERNAL, &full);
    if (strcmp(got, wanted) != 0)
        fail_msg("%s\ngives\n%s\nwanted\n%s", template, got, wanted);
}

static void test_values_and_sections(void **state) {
    renders("{{title}} in {{ version }}.", "Title in 2.4.");
    renders("{{problem}}", "P-12");
    renders("a{{#version}}, in {{version}}{{/version}}{{#reason}}, as {{reason}}{{/reason}}.", "a, in 2.4.");
    renders("{{^reason}}none{{/reason}}{{^version}}never{{/version}}", "none");
    renders("{{#version}}{{#reason}}x{{/reason}}{{^reason}}{{#title}}y{{/title}}{{/reason}}{{/version}}z", "yz");
    renders("{{#reason}}{{#version}}x{{/version}}{{^version}}x{{/version}}{{/reason}}z", "z");
    renders("{{#several}}{{count}} times{{/several}}", "3 times");
    renders("a{{! not shown }}b", "ab");
    renders("a } b { c }} d", "a } b { c }} d");
    renders("{{cause}}", "Cause");
}

static void test_lines_of_tags(void **state) {
    renders("a\n{{#version}}\nb\n{{/version}}\nc", "a\nb\nc");
    renders("a\n  {{#reason}}  \nb\n\t{{/reason}}\nc", "a\nc");
    renders("{{! head }}\na", "a");
    renders("a\r\n{{#version}}\r\nb\r\n{{/version}}\r\nc\r\n", "a\nb\nc");
    renders("\xef\xbb\xbf"
            "a",
            "a");
    renders("{{#version}}\na\n{{/version}}", "a");
    renders("a\n{{title}}\nb", "a\nTitle\nb"); /* a value keeps its line */
    renders("a {{#version}}\nb{{/version}}", "a \nb");
}

static void test_empty_lines(void **state) {
    renders("\n\n\na\n\n\n\nb\n\n", "a\n\nb");
    renders("a\n\n{{#reason}}\nx\n{{/reason}}\n\nb", "a\n\nb");
}

static void test_prefixes(void **state) {
    renders("> {{workaround}}\nx", "> one\n> two\n> \n> three\nx");
    renders("- {{workaround}}\nx", "- one\n  two\n\n  three\nx");
    renders("1: {{workaround}}", "1: one\ntwo\n\nthree");
    renders("    {{workaround}}", "    one\n    two\n\n    three");
}

/* Facts are put in last: what looks like a template in them is text. */
static void test_facts_are_no_templates(void **state) {
    cleanup_arena struct arena *a = arena_new();
    const struct note_facts facts = {.shown = {.title = "{{cause}} {{#version}}"}, .inside = {.cause = "secret"}};
    char *got = render_with(a, "{{title}}", VISIBILITY_PUBLIC, &facts);
    assert_null(strstr(got, "secret"));
    assert_string_equal(got, "{" ZW "{cause}} {" ZW "{#version}}");
}

#define ALL_PUBLIC                                                                                                     \
    "problem, title, defect, workaround, version, date, reason, outcome, count, url, service, several, pending, "      \
    "declined, delivered, closed, waiting, resolved, opened"

static const struct row {
    const char *file, *template;
    int line;
    const char *words;
} faults[] = {
    {"fixed.public.md", "a\n{{titel}}", 2, "there is no placeholder {{titel}}; there are " ALL_PUBLIC},
    {"fixed.public.md", "a\n\n{{cause}}", 3,
     "{{cause}} is internal and can't stand in a public note; public are " ALL_PUBLIC},
    {"fixed.public.md", "a {{#cause}}x{{/cause}}", 1,
     "{{cause}} is internal and can't stand in a public note; public are " ALL_PUBLIC},
    {"fixed.public.md", "{{#title}}\n{{^defect_url}}x{{/defect_url}}{{/title}}", 2,
     "{{defect_url}} is internal and can't stand in a public note; public are " ALL_PUBLIC},
    {"fixed.internal.md", "{{several}}", 1,
     "{{several}} has no text; it is for sections: {{#several}} ... {{/several}}"},
    {"fixed.internal.md", "a\n{{title\n}}", 2, "{{ is not closed; write }} on the same line"},
    {"fixed.internal.md", "a\nb {{", 2, "{{ is not closed; write }} on the same line"},
    {"fixed.internal.md", "a {{}}", 1,
     "{{}} is no placeholder; write {{name}}, {{#name}}, {{^name}}, {{/name}} or {{! comment }}"},
    {"fixed.internal.md", "a {{# }}", 1,
     "{{}} is no placeholder; write {{name}}, {{#name}}, {{^name}}, {{/name}} or {{! comment }}"},
    {"fixed.internal.md", "a {{{title}}}", 1,
     "{{{title}} is no placeholder; write {{name}}, {{#name}}, {{^name}}, {{/name}} or {{! comment }}"},
    {"fixed.internal.md", "a {{>title}}", 1,
     "{{>title}} is no placeholder; write {{name}}, {{#name}}, {{^name}}, {{/name}} or {{! comment }}"},
    {"fixed.internal.md", "a\n{{#title}}\nb", 2, "the section {{#title}} is not ended; write {{/title}}"},
    {"fixed.internal.md", "a\n{{/title}}", 2, "{{/title}} ends a section that was not begun"},
    {"fixed.internal.md", "a\n{{#title}}\n{{/version}}{{/title}}", 3,
     "{{/version}} stands where {{/title}} is wanted, for the section of line 2"},
    {"fixed.internal.md", "", 0, "the note would be empty; to send none, set policy.notes.fixed to off"},
    {"fixed.internal.md", "{{! only a comment }}\n", 0,
     "the note would be empty; to send none, set policy.notes.fixed to off"},
    {"fixed.internal.md", "caf\xe9", 0, "the template is no UTF-8; save it as UTF-8"},
    {"fixed.internal.md", "see [P-12", 0, "[P- begins the bridge's own marker; write {{problem}} for the number"},
    {"fixed.internal.md",
     "{{#title}}{{#title}}{{#title}}{{#title}}{{#title}}{{#title}}{{#title}}{{#title}}\n{{#title}}{{/title}}{{/"
     "title}}{{/title}}"
     "{{/title}}{{/title}}{{/title}}{{/title}}{{/title}}{{/title}}",
     2, "sections are nested deeper than 8"},
    {"fixed.internal.md", NULL, 0, "it can't be read: Permission denied"},
    {"recurrence.public.md", "x", 0, "a recurrence note is never public; there is recurrence.internal.md only"},
    {"de/agent.public.md", "x", 0, "a agent note is never public; there is agent.internal.md only"},
};

static bool row_holds(const struct row *row) {
    cleanup_arena struct arena *a = arena_new();
    const struct file files[] = {{row->file, row->template}};
    struct folder folder = {files, 1};
    const struct note_source source = {folder_read, &folder};
    const struct note_templates *t = NULL;
    struct note_faults got;
    int rc = note_templates_load(&source, "de", a, &t, &got);
    bool holds = rc == -EINVAL && !t && got.count >= 1 && got.items[0].line == row->line &&
                 str_is(got.items[0].text, row->words) && str_is(got.items[0].file, row->file);
    if (!holds)
        print_error("%s\nwanted %d: %s\ngot %d: %s\n", row->template, row->line, row->words,
                    got.count ? got.items[0].line : -1, got.count ? got.items[0].text : "nothing");
    return holds;
}

static void test_faults(void **state) {
    size_t wrong = 0;
    for (size_t i = 0; i < array_size(faults); i++)
        wrong += !row_holds(&faults[i]);
    assert_int_equal(wrong, 0);
}

static void load_any(const char *text) {
    cleanup_arena struct arena *a = arena_new();
    const struct file files[] = {{"fixed.public.md", text}};
    struct folder folder = {files, 1};
    const struct note_source source = {folder_read, &folder};
    const struct note_templates *t = NULL;
    struct note_faults got;
    if (note_templates_load(&source, "en", a, &t, &got) == 0)
        assert_non_null(note_render(t, NOTE_FIXED, VISIBILITY_PUBLIC, &full, a));
    else
        assert_true(got.count > 0 && got.count <= 50);
}

static void test_too_large(void **state) {
    char *text = calloc(1, 16386);
    memset(text, 'a', 16384);
    load_any(text);
    memset(text, 'a', 16385);
    load_any(text);
    for (int i = 0; i < 1260; i++)
        memcpy(text + i * 13, "{{title}} xx\n", 13);
    text[1260 * 13] = 0;
    load_any(text);
    free(text);
}

static void test_any_template(void **state) {
    static const char *const bits[] = {
        "{{",  "}}", "{{#title}}", "{{/title}}", "{{^reason}}", "{{/reason}}", "{{title}}", "\n", " ",   "a",
        "{{!", "#",  "/",          "{",          "}",           "{{version}}", "> ",        "- ", "\r\n"};
    uint32_t seed = 2463534242u;
    for (int round = 0; round < 300; round++) {
        char text[600] = "";
        for (int i = 0; i < 25; i++) {
            seed ^= seed << 13;
            seed ^= seed >> 17;
            seed ^= seed << 5;
            strcat(text, bits[seed % array_size(bits)]);
        }
        load_any(text);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values_and_sections),
        cmocka_unit_test(test_lines_of_tags),
        cmocka_unit_test(test_empty_lines),
        cmocka_unit_test(test_prefixes),
        cmocka_unit_test(test_facts_are_no_templates),
        cmocka_unit_test(test_faults),
        cmocka_unit_test(test_too_large),
        cmocka_unit_test(test_any_template),
    };
    return cmocka_run_group_tests_name("note/template", tests, NULL, NULL);
}
