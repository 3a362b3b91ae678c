/* case_file: recorded cases as files; for the tests and the live tool. */
#ifndef TEST_TRACKER_CASE_FILE_H
#define TEST_TRACKER_CASE_FILE_H

#include "../../../src/tracker/case.h"

#include <stdio.h>

/* NULL: cannot be read. */
static inline char *case_text(struct arena *a, const char *file) {
    FILE *f = fopen(file, "re");
    cleanup_buf struct buf b = {0};
    char piece[4096];
    size_t n;
    if (!f)
        return NULL;
    while ((n = fread(piece, 1, sizeof(piece), f)) > 0)
        buf_add(&b, piece, n);
    fclose(f);
    return arena_strdup(a, buf_text(&b));
}

static inline struct script *case_script(const char *file) {
    cleanup_arena struct arena *a = arena_new();
    const char *text = case_text(a, file);
    return text ? script_read(text) : NULL;
}

#endif
