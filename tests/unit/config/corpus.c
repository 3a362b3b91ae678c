/* corpus: whatever bytes come, config_parse ends, without a crash, a leak or a
 * lie (0 with a fault, a fault outside the file, a secret in a text). */
#include "config_test.h"

#define EXAMPLE SOURCE_ROOT "/config/bascule.example.yaml"

static int lines_of(const char *text, size_t len) {
    int n = 1;
    for (size_t i = 0; i < len; i++)
        n += text[i] == '\n';
    return n;
}

/* The text is copied to a block of its exact size, so that a read beyond it shows. */
static void survives(const char *text, size_t len) {
    char *exact = malloc(len ? len : 1);
    memcpy(exact, text, len);
    struct parsed p = parse_bytes(exact, len, &test_world);
    bool failed = false;
    for (size_t i = 0; i < p.faults.count; i++) {
        const struct config_fault *f = &p.faults.items[i];
        failed = failed || !f->warning;
        assert_true(f->line >= 0 && f->line <= lines_of(text, len) && f->column >= 0);
        assert_true((f->line == 0) == (f->column == 0));
        assert_false(str_empty(f->text) || strchr(f->text, '\n'));
        assert_null(strstr(f->text, SECRET));
    }
    assert_int_equal(p.rc, failed ? -EINVAL : 0);
    assert_true((p.rc == 0) == (p.settings != NULL));
    assert_true(p.faults.count <= 50);
    parsed_free(&p);
    free(exact);
}

static void test_cut_at_every_byte(void **state) {
    char *text = file_read(EXAMPLE);
    size_t len = strlen(text);
    for (size_t n = 0; n <= len; n++)
        survives(text, n);
    free(text);
}

/* A small generator of our own: the same bytes on every machine. */
static uint32_t next(uint32_t *seed) {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 17;
    *seed ^= *seed << 5;
    return *seed;
}

/* Comments away: what is changed is then seldom a comment. */
static size_t without_comments(char *text) {
    char *out = text;
    for (char *line = text; *line;) {
        size_t len = strcspn(line, "\n"), keep = len;
        for (size_t i = 0; i < len; i++)
            if (line[i] == '#' && (i == 0 || line[i - 1] == ' ')) {
                keep = i;
                break;
            }
        while (keep && line[keep - 1] == ' ')
            keep--;
        bool more = line[len];
        memmove(out, line, keep);
        out += keep;
        if (more && keep)
            *out++ = '\n';
        line += len + more;
    }
    *out = 0;
    return (size_t)(out - text);
}

static void test_changed_bytes(void **state) {
    static const char *const bits[] = {
        ":",   "- ",   "\n",           "  ",  "[",  "]",    "{",  "}",     "'",     "\"",
        "*a",  "&a ",  "!!int ",       "|\n", ">",  "#",    "? ", "---\n", "...\n", "%YAML 1.1\n",
        "\\",  "\xc3", "\xef\xbb\xbf", "\r",  "\t", "null", "~",  "<<: ",  "\x7f",  "\xe2\x80\xa8",
        "0x1", ", "};
    char *text = file_read(EXAMPLE);
    size_t len = without_comments(text);
    uint32_t seed = 2463534242u;
    for (int round = 0; round < 1500; round++) {
        char changed[16384];
        assert_true(len + 64 < sizeof(changed));
        memcpy(changed, text, len);
        size_t n = len;
        for (uint32_t k = next(&seed) % 3 + 1; k > 0; k--) {
            const char *bit = bits[next(&seed) % array_size(bits)];
            size_t at = next(&seed) % n, width = strlen(bit), over = next(&seed) % 3;
            if (at + over > n || n + width > sizeof(changed))
                continue;
            memmove(changed + at + width, changed + at + over, n - at - over);
            memcpy(changed + at, bit, width);
            n = n + width - over;
        }
        survives(changed, n);
    }
    free(text);
}

/* Lines away, doubled, or indented otherwise. */
static void test_changed_lines(void **state) {
    char *text = file_read(EXAMPLE);
    size_t len = without_comments(text);
    for (char *line = text; *line; line += strcspn(line, "\n") + 1) {
        size_t at = (size_t)(line - text), width = strcspn(line, "\n") + 1;
        for (int how = 0; how < 3; how++) {
            cleanup_buf struct buf b = {0};
            buf_add(&b, text, at);
            if (how == 1)
                buf_add(&b, line, width);
            if (how == 2)
                buf_str(&b, " ");
            if (how)
                buf_add(&b, line, width);
            buf_add(&b, line + width, len - at - width);
            survives(buf_text(&b), b.len);
        }
        if (at + width >= len)
            break;
    }
    free(text);
}

static void repeated(struct buf *b, const char *text, int n) {
    for (int i = 0; i < n; i++)
        buf_str(b, text);
}

static void test_hostile(void **state) {
    static const struct {
        const char *head, *repeat;
        int times;
    } cases[] = {
        {"", "[", 5000},
        {"", "{a: ", 5000},
        {"a: ", "- ", 5000},
        {"? ", "? ", 5000},
        {"", "a: &a\n", 300},
        {"x: ", "!!str ", 3000},
        {"trackers: [", "a, ", 30000},
        {"trackers: {", "a: 1, ", 3000},
        {"\"", "\\u0041", 20000},
        {"", "---\n", 3000},
        {"", "\xf0\x9f\x9a\xa7", 3000},
        {"%TAG ! tag:x,2000:\n", "--- !", 100},
        {"", "|\n", 1000},
        {"", "#", 100000},
    };
    for (size_t i = 0; i < array_size(cases); i++) {
        cleanup_buf struct buf b = {0};
        buf_str(&b, cases[i].head);
        repeated(&b, cases[i].repeat, cases[i].times);
        survives(buf_text(&b), b.len);
    }
    survives("\0\0\0", 3);
    survives("a: \0b", 5);
    survives("\xff\xfe"
             "a\0:\0",
             6);
}

/* Ten aliases, ten levels: ten thousand million values if they were written out. */
static void test_many_aliases(void **state) {
    cleanup_buf struct buf b = {0};
    buf_str(&b, HELPDESK PRODUCT "    scope:\n      a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for (int i = 1; i < 10; i++) {
        buf_printf(&b, "      a%d: &a%d [", i, i);
        for (int k = 0; k < 10; k++)
            buf_printf(&b, "%s*a%d", k ? ", " : "", i - 1);
        buf_str(&b, "]\n");
    }
    struct parsed p = parse_text(buf_text(&b));
    assert_int_equal(p.rc, -EINVAL);
    assert_string_equal(p.faults.items[0].text, "more than 2000 values under one key");
    parsed_free(&p);
}

static void test_too_large(void **state) {
    size_t len = (1 << 20) + 1;
    char *text = malloc(len);
    memset(text, '#', len);
    struct parsed p = parse_bytes(text, len, &test_world);
    assert_int_equal(p.rc, -EINVAL);
    assert_string_equal(p.faults.items[0].text, "the file is larger than 1 MiB; that can't be a configuration");
    parsed_free(&p);
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cut_at_every_byte), cmocka_unit_test(test_changed_bytes),
        cmocka_unit_test(test_changed_lines),     cmocka_unit_test(test_hostile),
        cmocka_unit_test(test_many_aliases),      cmocka_unit_test(test_too_large),
    };
    return cmocka_run_group_tests_name("config/corpus", tests, NULL, NULL);
}
