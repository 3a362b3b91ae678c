/* What the tests of note share: templates from a table of files. */
#ifndef NOTE_TEST_H
#define NOTE_TEST_H

#include "bascule/note.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ZW "\xe2\x80\x8b"

struct file {
    const char *name, *text; /* text NULL: it is there, but can't be read */
};
struct folder {
    const struct file *files;
    size_t count;
};

static inline char *folder_read(void *arg, struct arena *a, const char *name, struct fault *fault) {
    const struct folder *folder = arg;
    for (size_t i = 0; i < folder->count; i++)
        if (str_is(folder->files[i].name, name)) {
            if (!folder->files[i].text)
                fault_set(fault, -EACCES, "Permission denied");
            return arena_strdup(a, folder->files[i].text);
        }
    return NULL;
}

static inline const struct note_templates *load_good(struct arena *a, const struct file *files, size_t n,
                                                     const char *language) {
    struct folder folder = {files, n};
    const struct note_source source = {folder_read, &folder};
    const struct note_templates *t = NULL;
    struct note_faults faults;
    int rc = note_templates_load(n ? &source : NULL, language, a, &t, &faults);
    for (size_t i = 0; i < faults.count; i++)
        print_error("%s:%d: %s\n", faults.items[i].file, faults.items[i].line, faults.items[i].text);
    assert_int_equal(rc, 0);
    assert_non_null(t);
    return t;
}

/* One template, as fixed.VISIBILITY.md, rendered. */
static inline char *render_with(struct arena *a, const char *template, enum visibility v,
                                const struct note_facts *facts) {
    const struct file files[] = {{v == VISIBILITY_PUBLIC ? "fixed.public.md" : "fixed.internal.md", template}};
    return note_render(load_good(a, files, 1, "en"), NOTE_FIXED, v, facts, a);
}

#endif
