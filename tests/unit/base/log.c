/* Log: who listens from which level on; nobody is fine. */
#include "head.h"

struct heard {
    int count;
    enum log_level level;
    char text[2000];
};

static void hear(void *arg, enum log_level level, const char *text) {
    struct heard *h = arg;
    h->count++;
    h->level = level;
    snprintf(h->text, sizeof(h->text), "%s", text);
}

static void test_levels(void **state) {
    for (int from = LOG_LEVEL_DEBUG; from <= LOG_LEVEL_ERROR; from++) {
        struct heard h = {0};
        struct log log = {.level = (enum log_level)from, .write = hear, .arg = &h};
        log_debug(&log, "d");
        assert_int_equal(h.count, from <= LOG_LEVEL_DEBUG);
        log_info(&log, "i");
        log_warn(&log, "w");
        log_error(&log, "%s %d", "e", 5);
        assert_int_equal(h.count, 4 - from);
        assert_int_equal(h.level, LOG_LEVEL_ERROR);
        assert_string_equal(h.text, "e 5");
    }
    log_error(NULL, "nobody");
}

static void test_bound(void **state) {
    struct heard h = {0};
    struct log log = {.write = hear, .arg = &h};
    log_info(&log, "%*s", 5000, "x");
    assert_int_equal(strlen(h.text), 1023);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_levels), cmocka_unit_test(test_bound)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
