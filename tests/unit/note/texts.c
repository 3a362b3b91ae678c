/* texts: the built-in notes say what they must, never what they must not, and the
 * right file is found for a language. */
#include "note_test.h"

static bool has(enum note_kind kind, enum visibility v) {
    return v == VISIBILITY_INTERNAL || (v == VISIBILITY_PUBLIC && kind != NOTE_RECURRENCE && kind != NOTE_AGENT);
}

static void test_every_kind_has_its_texts(void **state) {
    cleanup_arena struct arena *a = arena_new();
    const struct note_templates *t = load_good(a, NULL, 0, "en");
    for (int kind = 0; kind < NOTE_KIND_COUNT; kind++)
        for (int v = VISIBILITY_OFF; v <= VISIBILITY_PUBLIC; v++) {
            struct note_facts sample = note_sample((enum note_kind)kind),
                              bare = {.shown = {.problem = 12, .title = "T", .count = 1}};
            char *text = note_render(t, (enum note_kind)kind, (enum visibility)v, &sample, a);
            char *short_text = note_render(t, (enum note_kind)kind, (enum visibility)v, &bare, a);
            if (!has((enum note_kind)kind, (enum visibility)v)) {
                assert_null(text);
                continue;
            }
            assert_true(strlen(text) > 40 && strlen(text) < 1200);
            assert_true(strlen(short_text) > 10);
            assert_null(strstr(text, "{{"));
            assert_null(strstr(text, "\n\n\n"));
            assert_null(strstr(short_text, "  "));
            assert_null(strstr(short_text, "()"));
            assert_null(strstr(short_text, " ."));
            assert_true(text[0] != '\n' && text[strlen(text) - 1] != '\n' && short_text[0] != ' ');
            assert_string_equal(note_origin(t, (enum note_kind)kind, (enum visibility)v),
                                arena_printf(a, "built-in en/%s.%s.md", note_kind_name((enum note_kind)kind),
                                             visibility_name((enum visibility)v)));
        }
}

/* Every internal fact is a word of its own; none may show in a public note, under
 * any verdict and move. */
static void test_nothing_internal_in_public(void **state) {
    cleanup_arena struct arena *a = arena_new();
    const struct note_templates *t = load_good(a, NULL, 0, "en");
    struct note_facts facts = note_sample(NOTE_FIXED);
    facts.inside = (struct note_internal){.cause = "INTERNAL1",
                                          .workaround = "INTERNAL2",
                                          .defect_url = "INTERNAL3",
                                          .incident = "INTERNAL4",
                                          .incident_url = "INTERNAL5",
                                          .by = "INTERNAL6",
                                          .review = 4070908800000,
                                          .why = "INTERNAL7",
                                          .closed_unresolved = 98765};
    for (int kind = 0; kind < NOTE_KIND_COUNT; kind++)
        for (int verdict = 0; verdict < VERDICT_COUNT; verdict++)
            for (int state_to = 0; state_to < STATE_COUNT; state_to++) {
                facts.shown.verdict = (enum verdict)verdict;
                facts.shown.state = (enum state)state_to;
                char *text = note_render(t, (enum note_kind)kind, VISIBILITY_PUBLIC, &facts, a);
                if (!text)
                    continue;
                assert_null(strstr(text, "INTERNAL"));
                assert_null(strstr(text, "2099-"));
                assert_null(strstr(text, "98765"));
            }
    /* and the test can fail: they do show in internal ones */
    assert_non_null(strstr(note_render(t, NOTE_KNOWN_ERROR, VISIBILITY_INTERNAL, &facts, a), "INTERNAL1"));
    assert_non_null(strstr(note_render(t, NOTE_DECLINED, VISIBILITY_INTERNAL, &facts, a), "2099-"));
}

static const struct {
    enum note_kind kind;
    enum visibility visibility;
    const char *holds[5];
} must_say[] = {
    {NOTE_KNOWN_ERROR,
     VISIBILITY_PUBLIC,
     {"Invoices lose", "Until it is fixed", "Print from the preview", "We close your request"}},
    {NOTE_KNOWN_ERROR,
     VISIBILITY_INTERNAL,
     {"P-12", "product:56", "https://bugs.example.org/issues/56", "footer twice", "print.legacy"}},
    {NOTE_WORKAROUND, VISIBILITY_PUBLIC, {"Print from the preview", "Invoices lose"}},
    {NOTE_WORKAROUND, VISIBILITY_INTERNAL, {"P-12", "print.legacy", "Print from the preview"}},
    {NOTE_FIXED, VISIBILITY_PUBLIC, {"in version 2.4.1", "(2026-03-01)", "reply here"}},
    {NOTE_FIXED,
     VISIBILITY_INTERNAL,
     {"P-12", "version 2.4.1", "product:56", "https://bugs.example.org/issues/56", "2026-03-01"}},
    {NOTE_DECLINED, VISIBILITY_PUBLIC, {"No fix is planned", "goes away with version 3", "Print from the preview"}},
    {NOTE_DECLINED, VISIBILITY_INTERNAL, {"P-12", "wont-fix", "goes away with version 3", "2026-09-01", "Pat Meyer"}},
    {NOTE_DID_NOT_HOLD, VISIBILITY_PUBLIC, {"sorry", "product:56", "Print from the preview"}},
    {NOTE_DID_NOT_HOLD, VISIBILITY_INTERNAL, {"P-12", "product:56", "https://bugs.example.org/issues/56"}},
    {NOTE_UNLINKED, VISIBILITY_PUBLIC, {"no", "known problem"}},
    {NOTE_UNLINKED, VISIBILITY_INTERNAL, {"P-12", "open again"}},
    {NOTE_LINKED, VISIBILITY_PUBLIC, {"linked to this defect", "P-12"}},
    {NOTE_LINKED,
     VISIBILITY_INTERNAL,
     {"P-12", "helpdesk:4711", "https://desk.example.org/Ticket/Display.html?id=4711"}},
    {NOTE_CAME_BACK, VISIBILITY_PUBLIC, {"7 support requests"}},
    {NOTE_CAME_BACK, VISIBILITY_INTERNAL, {"7 support requests", "P-12", "helpdesk:4711"}},
    {NOTE_RECURRENCE, VISIBILITY_INTERNAL, {"in version 2.4.1", "on 2026-03-01", "recurrence?", "P-12", "product:56"}},
    {NOTE_RISK_ACCEPTED, VISIBILITY_PUBLIC, {"live with this defect", "goes away with version 3"}},
    {NOTE_RISK_ACCEPTED, VISIBILITY_INTERNAL, {"P-12", "by Pat Meyer", "2026-09-01", "7 incidents hang"}},
    {NOTE_THRESHOLD, VISIBILITY_PUBLIC, {"7 support requests"}},
    {NOTE_THRESHOLD,
     VISIBILITY_INTERNAL,
     {"7 incidents", "5 of them", "P-12", "https://bascule.example.org/problems/P-12"}},
    {NOTE_AGENT, VISIBILITY_INTERNAL, {"P-12", "version 2.4.1", "reopened by a person", "product:56"}},
};

static void test_what_they_must_say(void **state) {
    cleanup_arena struct arena *a = arena_new();
    const struct note_templates *t = load_good(a, NULL, 0, "en");
    for (size_t i = 0; i < array_size(must_say); i++) {
        struct note_facts sample = note_sample(must_say[i].kind);
        char *text = note_render(t, must_say[i].kind, must_say[i].visibility, &sample, a);
        for (size_t k = 0; k < array_size(must_say[i].holds) && must_say[i].holds[k]; k++)
            if (!strstr(text, must_say[i].holds[k]))
                fail_msg("%s lacks \"%s\":\n%s", note_origin(t, must_say[i].kind, must_say[i].visibility),
                         must_say[i].holds[k], text);
    }
}

static char *known_error(const struct note_templates *t, struct arena *a, enum state to, const char *workaround) {
    const struct note_facts f = {.shown = {.problem = 1, .title = "T", .state = to, .workaround = workaround}};
    return note_render(t, NOTE_KNOWN_ERROR, VISIBILITY_PUBLIC, &f, a);
}

/* The customer hears what happens to this request, in so many words. */
static void test_known_error_to_customers(void **state) {
    cleanup_arena struct arena *a = arena_new();
    const struct note_templates *t = load_good(a, NULL, 0, "en");
    assert_string_equal(
        known_error(t, a, STATE_NONE, NULL),
        "Your request has the same cause as a problem we already know: T\n\nWe will tell you here when it is fixed.");
    assert_string_equal(known_error(t, a, STATE_WAITING, "Use B."),
                        "Your request has the same cause as a problem we already know: T\n\nUntil it is fixed, this "
                        "helps:\n\nUse B.\n\n"
                        "Your request waits for the fix; there is nothing more you need to do. We will tell you here "
                        "when it is fixed.");
    assert_string_equal(
        known_error(t, a, STATE_CLOSED_UNRESOLVED, NULL),
        "Your request has the same cause as a problem we already know: T\n\n"
        "We close your request for now. It stays linked to the problem, and we will tell you here when it is fixed.");
}

static void test_fixed_to_customers(void **state) {
    cleanup_arena struct arena *a = arena_new();
    const struct note_templates *t = load_good(a, NULL, 0, "en");
    const struct note_facts f = {.shown = {.problem = 1, .title = "@all: #5 crashes", .version = "2.0"}};
    assert_string_equal(note_render(t, NOTE_FIXED, VISIBILITY_PUBLIC, &f, a),
                        "Good news: the problem behind your request is fixed in version 2.0.\n\nThe problem was: @" ZW
                        "all: #" ZW "5 crashes\n\nIf you still see it with version 2.0 or later, please reply here, "
                        "and we will look into it again.");
}

static void test_counts_read_well(void **state) {
    cleanup_arena struct arena *a = arena_new();
    const struct note_templates *t = load_good(a, NULL, 0, "en");
    struct note_facts f = {.shown = {.problem = 1, .title = "T", .count = 1}};
    assert_true(str_starts(note_render(t, NOTE_CAME_BACK, VISIBILITY_INTERNAL, &f, a), "A support request linked"));
    assert_non_null(strstr(note_render(t, NOTE_RISK_ACCEPTED, VISIBILITY_INTERNAL, &f, a), "1 incident hangs on"));
    f.shown.count = 2;
    assert_true(str_starts(note_render(t, NOTE_CAME_BACK, VISIBILITY_INTERNAL, &f, a), "2 support requests linked"));
    assert_non_null(strstr(note_render(t, NOTE_RISK_ACCEPTED, VISIBILITY_INTERNAL, &f, a), "2 incidents hang on"));
}

static void test_same_bytes_again(void **state) {
    cleanup_arena struct arena *a = arena_new();
    const struct note_templates *t = load_good(a, NULL, 0, "en"), *u = load_good(a, NULL, 0, "en");
    for (int kind = 0; kind < NOTE_KIND_COUNT; kind++) {
        struct note_facts f = note_sample((enum note_kind)kind);
        assert_string_equal(note_render(t, (enum note_kind)kind, VISIBILITY_INTERNAL, &f, a),
                            note_render(u, (enum note_kind)kind, VISIBILITY_INTERNAL, &f, a));
    }
}

/* ---- which file ---- */

static const struct file own[] = {
    {"fixed.public.md", "any"},       {"de/fixed.public.md", "deutsch"}, {"de-AT/linked.internal.md", "wien"},
    {"de/linked.internal.md", "ulm"}, {"linked.internal.md", "any"},     {"en/fixed.internal.md", "english"},
};

static void origin_is(const char *language, enum note_kind kind, enum visibility v, const char *origin,
                      const char *text) {
    cleanup_arena struct arena *a = arena_new();
    const struct note_templates *t = load_good(a, own, array_size(own), language);
    struct note_facts f = note_sample(kind);
    assert_string_equal(note_origin(t, kind, v), origin);
    if (text)
        assert_string_equal(note_render(t, kind, v, &f, a), text);
}

static void test_languages(void **state) {
    origin_is("de", NOTE_FIXED, VISIBILITY_PUBLIC, "de/fixed.public.md", "deutsch");
    origin_is("de-AT", NOTE_FIXED, VISIBILITY_PUBLIC, "de/fixed.public.md", "deutsch");
    origin_is("de-AT", NOTE_LINKED, VISIBILITY_INTERNAL, "de-AT/linked.internal.md", "wien");
    origin_is("de", NOTE_LINKED, VISIBILITY_INTERNAL, "de/linked.internal.md", "ulm");
    origin_is("fr", NOTE_LINKED, VISIBILITY_INTERNAL, "linked.internal.md", "any");
    origin_is("fr", NOTE_FIXED, VISIBILITY_INTERNAL, "built-in en/fixed.internal.md", NULL);
    origin_is("en", NOTE_FIXED, VISIBILITY_INTERNAL, "en/fixed.internal.md", "english");
    origin_is("en", NOTE_FIXED, VISIBILITY_PUBLIC, "fixed.public.md", "any");
    origin_is("fr", NOTE_DECLINED, VISIBILITY_PUBLIC, "built-in en/declined.public.md", NULL);
}

static void test_no_such_kind(void **state) {
    cleanup_arena struct arena *a = arena_new();
    const struct note_templates *t = load_good(a, NULL, 0, "en");
    const struct note_facts f = {0};
    assert_null(note_render(t, NOTE_KIND_COUNT, VISIBILITY_PUBLIC, &f, a));
    assert_null(note_render(t, NOTE_FIXED, VISIBILITY_OFF, &f, a));
    assert_null(note_origin(t, NOTE_AGENT, VISIBILITY_PUBLIC));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_kind_has_its_texts),
        cmocka_unit_test(test_nothing_internal_in_public),
        cmocka_unit_test(test_what_they_must_say),
        cmocka_unit_test(test_known_error_to_customers),
        cmocka_unit_test(test_fixed_to_customers),
        cmocka_unit_test(test_counts_read_well),
        cmocka_unit_test(test_same_bytes_again),
        cmocka_unit_test(test_languages),
        cmocka_unit_test(test_no_such_kind),
    };
    return cmocka_run_group_tests_name("note/texts", tests, NULL, NULL);
}
