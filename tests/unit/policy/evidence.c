/* What the bridge wrote is never evidence: notes that come back, fields that it filled. */
#include "world.h"

#define MARKER "[P-12 \xc2\xb7 b1-3f9k2a]"
static const char note[] = "This is a known error.\n"
                           "\n"
                           "It is tracked as http://product.example/issues/56 and will be\tsolved  there.\n"
                           "DEF-56\n"
                           "> Workaround: restart\n"
                           "Regards\n" MARKER;

static const struct {
    const char *name, *text, *own, *marker, *rest;
} cases[] = {
    {"foreign", "DEF-12 is it", note, MARKER, "DEF-12 is it\n"},
    {"empty", "", note, MARKER, ""},
    {"the note itself", note, note, MARKER, "\n"},
    {"the note, CRLF", "This is a known error.\r\nRegards\r\n" MARKER "\r\n", note, MARKER, ""},
    {"quoted whole", "Thanks\n> This is a known error.\n>\n> DEF-56\n> " MARKER "\n", note, MARKER, "Thanks\n>\n"},
    {"quoted deeper", "> > > DEF-56\n>>| " MARKER "\nme: DEF-57", note, MARKER, "me: DEF-57\n"},
    {"broken by the mail program",
     "> It is tracked as\n> http://product.example/issues/56 and will be\n> solved there.\nfoo\n", note, MARKER,
     "foo\n"},
    {"broken and unmarked, with the marker",
     "It is tracked as\n    http://product.example/issues/56\n-- " MARKER "\nfoo\n", note, MARKER, "foo\n"},
    {"a part of the note in a person's own words", "http://product.example/issues/56\n", note, MARKER,
     "http://product.example/issues/56\n"},
    {"the end of a line without the marker", "solved there.\n", note, MARKER, "solved there.\n"},
    {"the beginning of a line without the marker", "It is tracked as\n", note, MARKER, "It is tracked as\n"},
    {"a whole line without the marker", "  DEF-56  \nand more", note, MARKER, "and more\n"},
    {"a quoted part without the marker", "> http://product.example/issues/56\nyes", note, MARKER, "yes\n"},
    {"half a word is no quotation", "> DEF-5\n> issues/56\n" MARKER, note, MARKER, "> DEF-5\n> issues/56\n"},
    {"words over line ends", "> Regards " MARKER "\n> error. It is\n", note, MARKER, ""},
    {"more than the note says", "> DEF-56 DEF-57\n" MARKER, note, MARKER, "> DEF-56 DEF-57\n"},
    {"a person's line beside the marker goes with it", "DEF-57 " MARKER "\nDEF-58", note, MARKER, "DEF-58\n"},
    {"marks after white space", " \t> \t| DEF-56\n\tDEF-57", note, MARKER, "\tDEF-57\n"},
    {"quotation marks in the note", "> > Workaround: restart\n", note, MARKER, ""},
    {"blank lines are nobody's", "\n\n> \n", note, MARKER, "\n\n> \n"},
    {"foreign quotations stay", "> DEF-12\n" MARKER, note, MARKER, "> DEF-12\n"},
    {"not known: quoted lines go", "me: DEF-12\n> DEF-56\n> " MARKER "\n| DEF-57", NULL, MARKER, "me: DEF-12\n"},
    {"not known, and the marker stands unquoted", "DEF-56\nfoo " MARKER "\nDEF-57", NULL, MARKER, ""},
    {"not known, no marker", "DEF-56\n> DEF-57", NULL, MARKER, "DEF-56\n"},
    {"no marker given", "DEF-56\nDEF-57", note, NULL, "DEF-57\n"},
    {"empty marker", "DEF-56\nDEF-57", note, "", "DEF-57\n"},
    {"no marker, not known", "DEF-56\n> DEF-57", NULL, NULL, "DEF-56\n"},
    {"another marker", "DEF-57\n[P-13 \xc2\xb7 b1-3f9k2a]", note, MARKER, "DEF-57\n[P-13 \xc2\xb7 b1-3f9k2a]\n"},
    {"an empty note", "DEF-57\n\n> x", "", MARKER, "DEF-57\n\n> x\n"},
    {"a note of blank lines", " \n> \n", "\n  \n> \n", MARKER, " \n> \n"},
};

static void test_strip(void **state) {
    for (size_t i = 0; i < array_size(cases); i++) {
        const char *rest = own_text_strip(*state, cases[i].text, cases[i].own, cases[i].marker);
        if (!str_is(rest, cases[i].rest)) {
            print_error("%s:\n%s---\n%s", cases[i].name, rest, cases[i].rest);
            fail();
        }
    }
}

/* A megabyte of short lines is no way to stop the loop. */
static void test_strip_is_linear(void **state) {
    struct buf b = {0};
    for (int i = 0; i < 60000; i++)
        buf_str(&b, "a\n");
    const char *rest = own_text_strip(*state, buf_text(&b), note, MARKER);
    assert_int_equal(strlen(rest), b.len);
    buf_deinit(&b);
}

/* Each of three targets is or is not in the field now, was or was not written,
 * was or was not a person's: all 512 worlds, one target at a time. */
static void test_compare(void **state) {
    static const struct reference all[] = {
        {"product", "56", 0, NULL}, {"product", "57", 0, NULL}, {NULL, NULL, 12, NULL}};
    for (unsigned world = 0; world < 512; world++) {
        struct reference items[3][3];
        struct references sets[3] = {{items[0], 0}, {items[1], 0}, {items[2], 0}};
        struct arena *a = arena_new();
        struct field_diff diff;
        size_t added = 0, withdrawn = 0, rejected = 0;
        for (int t = 0; t < 3; t++)
            for (int s = 0; s < 3; s++)
                if (world >> (t * 3 + s) & 1)
                    sets[s].items[sets[s].count++] = all[t];
        field_compare(a, &sets[0], &sets[1], &sets[2], &diff);
        for (int t = 0; t < 3; t++) {
            bool now = world >> (t * 3) & 1, written = world >> (t * 3 + 1) & 1, person = world >> (t * 3 + 2) & 1;
            assert_int_equal(references_have(&diff.added, &all[t]), now && !written && !person);
            assert_int_equal(references_have(&diff.withdrawn, &all[t]), !now && person);
            assert_int_equal(references_have(&diff.rejected, &all[t]), !now && written);
            added += now && !written && !person;
            withdrawn += !now && person;
            rejected += !now && written;
        }
        assert_int_equal(diff.added.count, added);
        assert_int_equal(diff.withdrawn.count, withdrawn);
        assert_int_equal(diff.rejected.count, rejected);
        arena_free(a);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {world_test(test_strip), world_test(test_strip_is_linear),
                                       world_test(test_compare)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
