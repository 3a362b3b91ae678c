/* metrics: the status as Prometheus reads it: each line well-formed, each figure the status's own. */
#include "../../../src/serve/serve.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char status_text[] =
    "{\"trackers\":[{\"name\":\"helpdesk\",\"role\":\"ticketing\",\"state\":\"ok\",\"lag\":7,\"records\":5,"
    "\"backlog\":3,\"quarantined\":1,\"clock_offset\":-584,\"requests\":306,\"writes\":18,\"failures\":0},"
    "{\"name\":\"new\\\"one\\\\\\n\",\"role\":\"defects\",\"state\":\"down\",\"lag\":null,\"records\":0,"
    "\"backlog\":0,\"quarantined\":0,\"clock_offset\":0,\"failures\":4}],"
    "\"outbox\":{\"open\":false,\"why\":\"restored\",\"pending\":3,\"parked\":2},\"instance\":\"b9kc6\","
    "\"attention\":{\"kinds\":{\"parked\":2},\"total\":2},\"incidents\":{\"open\":6,\"closed-unresolved\":9},"
    "\"defects\":{\"working\":1},\"problems\":{\"open\":5,\"known_errors\":4,\"closed\":1},\"undecided\":{},"
    "\"closed_unresolved\":{\"incidents\":9},\"dry_run\":true,\"loop\":{\"turns\":284,\"p50\":1.5,\"p99\":50,"
    "\"max\":66.5,\"over_50ms\":2},\"version\":\"0.1.0\"}";

static void render(struct buf *b, const char *text) {
    cleanup_json json_t *status = json_loads(text, 0, NULL);
    assert_non_null(status);
    metrics_render(b, status);
}

static void the_figures_are_the_statuss_own(void **state) {
    static const char *const lines[] = {
        "bascule_build_info{version=\"0.1.0\",instance=\"b9kc6\"} 1",
        "bascule_incidents{state=\"open\"} 6",
        "bascule_incidents{state=\"closed-unresolved\"} 9",
        "bascule_closed_unresolved_incidents 9",
        "bascule_defects{state=\"working\"} 1",
        "bascule_problems{state=\"open\"} 5",
        "bascule_problems{state=\"closed\"} 1",
        "bascule_known_errors_open 4",
        "bascule_effects{state=\"pending\"} 3",
        "bascule_effects{state=\"parked\"} 2",
        "bascule_outbox_open 0",
        "bascule_dry_run 1",
        "bascule_attention{kind=\"parked\"} 2",
        "bascule_tracker_up{tracker=\"helpdesk\",role=\"ticketing\"} 1",
        "bascule_tracker_lag_seconds{tracker=\"helpdesk\",role=\"ticketing\"} 7",
        "bascule_tracker_backlog{tracker=\"helpdesk\",role=\"ticketing\"} 3",
        "bascule_tracker_quarantined{tracker=\"helpdesk\",role=\"ticketing\"} 1",
        "bascule_tracker_requests_total{tracker=\"helpdesk\",role=\"ticketing\"} 306",
        "bascule_tracker_writes_total{tracker=\"helpdesk\",role=\"ticketing\"} 18",
        "bascule_tracker_clock_offset_seconds{tracker=\"helpdesk\",role=\"ticketing\"} -0.584",
        "bascule_tracker_up{tracker=\"new\\\"one\\\\\\n\",role=\"defects\"} 0",
        "bascule_tracker_failures{tracker=\"new\\\"one\\\\\\n\",role=\"defects\"} 4",
        "bascule_loop_turn_seconds{quantile=\"0.5\"} 0.0015",
        "bascule_loop_turn_seconds{quantile=\"1\"} 0.0665",
        "bascule_loop_turn_seconds_count 284",
        "bascule_loop_turns_over_50ms_total 2",
    };
    cleanup_buf struct buf b = {0};
    render(&b, status_text);
    for (size_t i = 0; i < array_size(lines); i++) {
        char line[200];
        snprintf(line, sizeof(line), "\n%s\n", lines[i]);
        if (!strstr(buf_text(&b), line))
            fail_msg("no line '%s' in\n%s", lines[i], buf_text(&b));
    }
    assert_null(strstr(buf_text(&b), "lag_seconds{tracker=\"new")); /* never read: no lag, not 0 */
    assert_null(strstr(buf_text(&b), "restored"));
    (void)state;
}

/* Every sample stands behind its own HELP and TYPE, and ends in a number; names are none twice. */
static void each_line_is_well_formed(void **state) {
    cleanup_buf struct buf b = {0};
    cleanup_arena struct arena *a = arena_new();
    const char *texts[] = {status_text, "{}"};
    for (size_t t = 0; t < array_size(texts); t++) {
        char family[100] = "", *rest;
        buf_deinit(&b);
        b = (struct buf){0};
        render(&b, texts[t]);
        for (char *line = strtok_r(arena_strdup(a, buf_text(&b)), "\n", &rest); line;
             line = strtok_r(NULL, "\n", &rest)) {
            if (str_starts(line, "# HELP ")) {
                snprintf(family, sizeof(family), "%.*s", (int)strcspn(line + 7, " "), line + 7);
                char once[120];
                snprintf(once, sizeof(once), "# TYPE %s ", family);
                const char *first = strstr(buf_text(&b), once);
                assert_non_null(first);
                assert_null(strstr(first + 1, once));
            } else if (!str_starts(line, "# TYPE ")) {
                char *end;
                const char *value = strrchr(line, ' ');
                assert_non_null(value);
                assert_true(str_starts(line, family));
                (void)strtod(value + 1, &end);
                assert_int_equal(*end, 0);
                assert_true(value[1] != 0);
            }
        }
    }
    (void)state;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_figures_are_the_statuss_own),
        cmocka_unit_test(each_line_is_well_formed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
