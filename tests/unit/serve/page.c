/* page: what stands on the status page, and what never can. */
#include "../../../src/serve/serve.h"
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const char status_text[] =
    "{\"trackers\":[{\"name\":\"helpdesk\",\"role\":\"ticketing\",\"url\":\"http://desk.example/"
    "?a=1&b=2\",\"state\":\"ok\","
    "\"last_ok\":\"2026-01-02T02:58:00Z\",\"records\":5,\"backlog\":1,\"error\":null,\"stopped\":null},"
    "{\"name\":\"product\",\"role\":\"defects\",\"url\":\"javascript:alert(1)\",\"state\":\"down\",\"last_ok\":null,"
    "\"records\":0,\"backlog\":0,\"error\":\"401 <script>\"}],"
    "\"outbox\":{\"open\":%s,\"why\":\"restored from a "
    "backup\",\"pending\":3,\"in-flight\":1,\"unsure\":0,\"parked\":2},"
    "\"attention\":{\"total\":4},\"incidents\":{\"open\":6,\"waiting\":1},\"problems\":{\"known_errors\":8},"
    "\"closed_unresolved\":{\"incidents\":9}}";
static const char attention_text[] =
    "{\"items\":[{\"kind\":\"parked\",\"subject\":\"helpdesk:2\",\"text\":\"<img src=x onerror=alert(1)>\","
    "\"who\":\"the \\\"admin\\\"\",\"clear\":\"bascule retry 2\",\"since\":\"2026-01-01T00:00:00Z\","
    "\"url\":\"http://desk.example/'\\\"><script>\"}]}";
static const char problems_text[] =
    "{\"items\":[{\"id\":\"P-1\",\"title\":\"Sum & total\",\"status\":\"diagnosed\",\"delivery\":\"pending\","
    "\"incidents\":{\"total\":12,\"open\":1,\"closed_unresolved\":10},\"workaround\":\"x\",\"defects\":[\"product:56\"]"
    "}]}";
static const char effects_text[] =
    "{\"items\":[{\"n\":31,\"ref\":\"helpdesk:1\",\"kind\":\"state\",\"state\":\"done\",\"reason\":\"why\","
    "\"error\":null,\"created\":\"2026-01-02T02:59:58Z\",\"settled\":null}]}";

static void render(struct buf *b, bool open, bool empty) {
    cleanup_arena struct arena *a = arena_new();
    const char *text = arena_printf(a, status_text, open ? "true" : "false");
    cleanup_json json_t *status = empty ? json_object() : json_loads(text, 0, NULL);
    cleanup_json json_t *attention = empty ? json_object() : json_loads(attention_text, 0, NULL);
    cleanup_json json_t *problems = empty ? json_object() : json_loads(problems_text, 0, NULL);
    cleanup_json json_t *effects = empty ? json_object() : json_loads(effects_text, 0, NULL);
    assert_true(status && attention && problems && effects);
    page_render(b, &(struct page_parts){.status = status,
                                        .attention = attention,
                                        .problems = problems,
                                        .effects = effects,
                                        .version = "0.1.0",
                                        .now = 1767322800000});
}

static void has(const struct buf *b, const char *words) {
    if (!strstr(buf_text(b), words))
        fail_msg("no '%s' in %s", words, buf_text(b));
}

static void it_says_what_there_is(void **state) {
    cleanup_buf struct buf b = {0};
    render(&b, true, false);
    static const char *const words[] = {"<b>4</b><span>wait for a person",
                                        "<b>8</b><span>open known errors",
                                        "<b>9</b><span>incidents closed",
                                        "<b>7</b><span>incidents open",
                                        "<b>4</b><span>changes on",
                                        "<b>2</b><span>changes parked",
                                        "(4) Bascule</title>",
                                        "2 min ago",
                                        "bascule retry 2",
                                        "P-1",
                                        "product:56",
                                        ">12<",
                                        ">10<",
                                        "internal",
                                        "lang=\"en\"",
                                        "http-equiv=\"refresh\"",
                                        "2 s ago",
                                        ">never<",
                                        "Sum &amp; total"};
    for (size_t i = 0; i < array_size(words); i++)
        has(&b, words[i]);
    assert_null(strstr(buf_text(&b), "outbox is shut"));
}

static void nothing_foreign_becomes_markup(void **state) {
    cleanup_buf struct buf b = {0};
    render(&b, true, false);
    assert_null(strstr(buf_text(&b), "<script"));
    assert_null(strstr(buf_text(&b), "<img"));
    assert_null(strstr(buf_text(&b), "javascript:"));
    has(&b, "&lt;img src=x onerror=alert(1)&gt;");
    has(&b, "401 &lt;script&gt;");
    has(&b, "href=\"http://desk.example/&#39;&quot;&gt;&lt;script&gt;\"");
    has(&b, "http://desk.example/?a=1&amp;b=2");
    has(&b, "the &quot;admin&quot;");
}

static void a_shut_outbox_is_said(void **state) {
    cleanup_buf struct buf b = {0};
    render(&b, false, false);
    has(&b, "outbox is shut");
    has(&b, "restored from a backup");
}

static void an_empty_service_has_a_page(void **state) {
    cleanup_buf struct buf b = {0};
    render(&b, true, true);
    has(&b, "No tracker has been polled yet");
    has(&b, "Nothing waits for a person");
    has(&b, "<title>Bascule</title>");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_says_what_there_is),
        cmocka_unit_test(nothing_foreign_becomes_markup),
        cmocka_unit_test(a_shut_outbox_is_said),
        cmocka_unit_test(an_empty_service_has_a_page),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
