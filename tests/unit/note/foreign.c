/* foreign: what others wrote is harmless in a note, and still reads the same. */
#include "note_test.h"

static void line_is(const char *text, const char *wanted) {
    cleanup_arena struct arena *a = arena_new();
    char *got = note_foreign_line(a, text, 200);
    assert_non_null(got);
    if (strcmp(got, wanted) != 0)
        fail_msg("\"%s\" gives \"%s\", wanted \"%s\"", text ? text : "NULL", got, wanted);
}

static char *block(struct arena *a, const char *text) {
    const struct note_facts facts = {.shown = {.title = "x", .workaround = text}};
    return render_with(a, "{{title}}\n{{workaround}}", VISIBILITY_PUBLIC, &facts) + 2; /* behind "x\n" */
}

static void block_is(const char *text, const char *wanted) {
    cleanup_arena struct arena *a = arena_new();
    char *got = block(a, text);
    if (strcmp(got, wanted) != 0)
        fail_msg("\"%s\" gives \"%s\", wanted \"%s\"", text ? text : "NULL", got, wanted);
}

static void both_are(const char *text, const char *wanted) {
    line_is(text, wanted);
    block_is(text, wanted);
}

static void test_harmless_stays(void **state) {
    static const char *const same[] = {"Printing fails",
                                       "50 % of 3 < 4 & 5 > 2",
                                       "C# and F#",
                                       "a@b",
                                       "x # y",
                                       "Why!",
                                       "[1] and [a] (b",
                                       "{ a }",
                                       "AT&T; R&D",
                                       "/etc/hosts is empty",
                                       "path /close here",
                                       "Größe 漢字 👩‍🔧",
                                       "me, or support@example.org.",
                                       "john.doe+x@mail.example.org",
                                       "1-12",
                                       "eGH-12",
                                       "~tilde~ `code` *bold*",
                                       "i < j",
                                       "100!"};
    for (size_t i = 0; i < array_size(same); i++)
        both_are(same[i], same[i]);
}

static void test_mentions(void **state) {
    both_are("@all look", "@" ZW "all look");
    both_are("thanks (@bob)", "thanks (@" ZW "bob)");
    both_are("a,@b", "a,@" ZW "b");
    both_are("@@bob", "@" ZW "@" ZW "bob");
    both_are("@", "@");
    both_are("é@bob", "é@" ZW "bob");
    both_are("@*bob*", "@" ZW "*bob*");
    both_are("_@bob.example", "_@bob.example"); /* a word before it: a mention nowhere */
    both_are(".@bob", ".@" ZW "bob");
    both_are("[~bob] and [[Page]]", "[" ZW "~bob] and [" ZW "[Page]]");
}

static void test_references(void **state) {
    both_are("#12", "#" ZW "12");
    both_are("see org/repo#12.", "see org/repo#" ZW "12.");
    both_are("##12", "##" ZW "12");
    both_are("#**1**2", "#" ZW "**1**2");
    both_are("!7 and GH-7, gh-8", "!" ZW "7 and GH-" ZW "7, gh-" ZW "8");
    both_are("&#35;12 &#x40;bob &commat;bob &amp;",
             "&" ZW "#" ZW "35;12 &" ZW "#x40;bob &" ZW "commat;bob &" ZW "amp;");
    both_are("closes #5", "closes #" ZW "5");
}

static void test_hidden_characters_hide_nothing(void **state) {
    both_are("#\xe2\x80\x8b"
             "12",
             "#" ZW "12"); /* a zero-width space of their own */
    both_are("#\x01"
             "12",
             "#" ZW "12");
    both_are("@\xef\xbb\xbf"
             "bob",
             "@" ZW "bob");
    both_are("\xe2\x80\xae"
             "abc\xe2\x80\xac",
             "abc"); /* right to left */
    both_are("a\xc2\x85"
             "b\x7f\x1b[31m",
             "ab[31m"); /* C1, DEL, ESC */
    both_are("a\xf3\xa0\x80\xa1"
             "b",
             "ab"); /* a tag character */
    both_are("a\xff"
             "b\xc3",
             "a?b?"); /* no UTF-8 */
}

static void test_html(void **state) {
    both_are("<script>x</script>", "<" ZW "script>x<" ZW "/script>");
    both_are("List<String>", "List<" ZW "String>");
    both_are("<!-- x -->", "<" ZW "!-- x -->");
    both_are("<https://example.org/#1>", "<https://example.org/#1>");
    block_is("![x](http://evil.example/p.png)", "!" ZW "[x](http://evil.example/p.png)");
    line_is("![x](http://evil.example/p.png)", "!" ZW "[x]" ZW "(http://evil.example/p.png)");
}

static void test_links(void **state) {
    block_is("[help](https://example.org/a)", "[help](https://example.org/a)"); /* customers' text may hold one */
    line_is("[help](https://example.org/a)", "[help]" ZW "(https://example.org/a)");
    both_are("{{collapse}}", "{" ZW "{collapse}}");
}

static void test_addresses_stay(void **state) {
    static const char *const same[] = {"https://example.org/a#123",
                                       "http://example.org/@bob/x",
                                       "see https://example.org/!7?x=&amp;#5.",
                                       "(https://example.org/a_(b)#1)",
                                       "www.example.org/#12",
                                       "https://[::1]:80/#1",
                                       "HTTPS://EXAMPLE.ORG/#1",
                                       "https://example.org/ü/#1",
                                       "https://example.org/x{y}",
                                       "https://example.org/a,https://b.de/#1"};
    for (size_t i = 0; i < array_size(same); i++)
        both_are(same[i], same[i]);
    both_are("https://example.org/ #1", "https://example.org/ #" ZW "1");
    both_are("https://example.org/)#1", "https://example.org/)#" ZW "1");
    both_are("xhttps://example.org/#1", "xhttps://example.org/#" ZW "1");
    block_is("https://example.org/![a](b)", "https://example.org/!" ZW "[a](b)"); /* its end is no image */
    both_are("https://#1", "https://#" ZW "1");
    both_are("https://example.org\">@bob", "https://example.org\">@" ZW "bob");
}

static void test_commands(void **state) {
    block_is("a\n/close", "a\n" ZW "/close");
    block_is("/assign @bob", ZW "/assign @" ZW "bob");
    block_is("a\n  /close now", "a\n  " ZW "/close now");
    block_is("/usr/bin/x", "/usr/bin/x");
    line_is("/close", ZW "/close");
    line_is("a\n/close", "a /close"); /* on one line it is none */
}

static void test_markers(void **state) {
    static const char *const quoted[] = {"[P-12 · b1-3f9k2a]",
                                         "x [P-12 · b1-3f9k2a] y",
                                         "https://x.org/[P-12 · b1-3f9k2a]",
                                         "[[P-12 · b1-3f9k2a]",
                                         "https://[P-12 · b1-3f9k2a]",
                                         "[\x01P-12 · b1-3f9k2a]",
                                         "[\xe2\x80\x8bP-12 · b1-3f9k2a]",
                                         "!7[P-1 · b1-a]",
                                         "[p-1 · b1-a]"};
    for (size_t i = 0; i < array_size(quoted); i++) {
        cleanup_arena struct arena *a = arena_new();
        assert_null(strcasestr(note_foreign_line(a, quoted[i], 200), "[P-"));
        assert_null(strcasestr(block(a, quoted[i]), "[P-"));
    }
}

static void test_lines(void **state) {
    line_is("a\nb\r\nc\td   e ", "a b c d e");
    line_is("\n a\xe2\x80\xa8"
            "b",
            "a b");
    line_is("", "");
    line_is(NULL, "");
    line_is("\x01\x02", "");
    block_is("a\r\nb\rc\n\n\n\nd\n", "a\nb\nc\n\nd");
    block_is("a  b\tc", "a  b\tc");
}

static bool utf8_whole(const char *s) {
    cleanup_arena struct arena *a = arena_new();
    return str_is(str_cut(a, s, strlen(s)), s);
}

static void test_bounds(void **state) {
    cleanup_arena struct arena *a = arena_new();
    char text[4000];
    memset(text, 'a', sizeof(text));
    text[200] = 0;
    assert_string_equal(note_foreign_line(a, text, 200), text);
    text[200] = 'a';
    text[201] = 0;
    char *cut = note_foreign_line(a, text, 200);
    assert_int_equal(strlen(cut), 200);
    assert_string_equal(cut + 197, "\xe2\x80\xa6");
    for (size_t max = 10; max < 60; max++) { /* each cut falls elsewhere in characters and breaks */
        const char *hostile = "ä#1@b漢👩 #1 #1 @x #1 #1 #1 #1 #1 #1 #1 #1 #1 #1 #1";
        cut = note_foreign_line(a, hostile, max);
        assert_true(strlen(cut) <= max);
        assert_true(utf8_whole(cut));
        assert_true(strlen(cut) > max - 9);
    }
    cut = note_foreign_line(a, "see https://example.org/long/long/long/long", 20);
    assert_string_equal(cut, "see \xe2\x80\xa6"); /* half an address leads nowhere */
    memset(text, 1, sizeof(text) - 1);
    text[sizeof(text) - 1] = 0;
    assert_string_equal(note_foreign_line(a, text, 20), "\xe2\x80\xa6"); /* much was there, nothing to see */
}

static void test_block_bound(void **state) {
    enum { LONG = 100000, MOST = 64 << 10, WHOLE = 60 << 10 };
    cleanup_arena struct arena *a = arena_new();
    char *text = calloc(1, LONG + 1);
    for (int i = 0; i < LONG; i++)
        text[i] = i % 80 == 79 ? '\n' : '#';
    assert_true(strlen(block(a, text)) <= MOST);
    for (int i = 0; i < LONG; i++)
        text[i] = "#1"[i % 2];
    size_t most = strlen(block(a, text));
    assert_true(most <= MOST && most > MOST - 200);
    memset(text, 'x', WHOLE);
    text[WHOLE] = 0;
    assert_string_equal(block(a, text), text); /* what a person published is told to its end */
    free(text);
}

static void test_fences(void **state) {
    block_is("```\nx", "```\nx\n```");
    block_is("```sh\nx\n```", "```sh\nx\n```");
    block_is("````\n```\nx", "````\n```\nx\n````");
    block_is("~~~\n```\n", "~~~\n```\n~~~");
    block_is("a\n  ```\nx\n``` no end", "a\n  ```\nx\n``` no end\n```");
    block_is("``` `x` ```", "``` `x` ```");
    block_is("```\na\n```\nb\n```", "```\na\n```\nb\n```\n```");
}

/* Our breaks are dropped on the way in, and must all come back. */
static void test_settled(void **state) {
    static const char *const hostile[] = {"@a #1 !2 <b> &#1; [~x] [P-1 · b1-a] /close {{x}} GH-1 ![x]",
                                          "/close\n@#1@#2",
                                          "&&#1;;",
                                          "[[[~[P-1",
                                          "<<<a",
                                          "!![[P-",
                                          "##1#1",
                                          "@@@",
                                          "#@1 @#1",
                                          "]((#1"};
    for (size_t i = 0; i < array_size(hostile); i++) {
        cleanup_arena struct arena *a = arena_new();
        char *once = note_foreign_line(a, hostile[i], 200);
        assert_string_equal(note_foreign_line(a, once, 200), once);
    }
}

/* Any bytes: bounded, sound, no marker, no control character. */
static void test_any_bytes(void **state) {
    static const char *const bits[] = {
        "@", "#",   "1",   "a",    " ",       "\n", "[", "P-",           "]",        "(",    ")",
        "<", "/",   "&",   ";",    "http://", "!",  "{", "\xe2\x80\x8b", "\xc3\xa9", "\xff", "\x01",
        "`", "```", "~~~", "www.", ".",       "\\", "-", "GH",           "\r"};
    uint32_t seed = 88172645u;
    for (int round = 0; round < 3000; round++) {
        char text[400] = "";
        for (int i = 0; i < 30; i++) {
            seed ^= seed << 13;
            seed ^= seed >> 17;
            seed ^= seed << 5;
            strcat(text, bits[seed % array_size(bits)]);
        }
        cleanup_arena struct arena *a = arena_new();
        size_t max = 20 + seed % 200;
        char *line = note_foreign_line(a, text, max);
        assert_true(strlen(line) <= max && utf8_whole(line) && !strstr(line, "[P-") && !strchr(line, '\n'));
        for (char *p = line; *p; p++)
            assert_true((unsigned char)*p >= 0x20);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_harmless_stays), cmocka_unit_test(test_mentions),
        cmocka_unit_test(test_references),     cmocka_unit_test(test_hidden_characters_hide_nothing),
        cmocka_unit_test(test_html),           cmocka_unit_test(test_links),
        cmocka_unit_test(test_addresses_stay), cmocka_unit_test(test_commands),
        cmocka_unit_test(test_markers),        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_bounds),         cmocka_unit_test(test_block_bound),
        cmocka_unit_test(test_fences),         cmocka_unit_test(test_settled),
        cmocka_unit_test(test_any_bytes),
    };
    return cmocka_run_group_tests_name("note/foreign", tests, NULL, NULL);
}
