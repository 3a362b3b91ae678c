/* arena: memory that ends together.
 *
 * Small pieces are cut from blocks; under AddressSanitizer every piece is an
 * allocation of its own, so that an overrun is seen where it happens. */
#include "bascule/base.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#define PIECES_APART 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define PIECES_APART 1
#endif
#endif
#ifndef PIECES_APART
#define PIECES_APART 0
#endif

#define BLOCK_SIZE 8192
#define ALIGNMENT  16

struct block {
    struct block *next;
    size_t size, used;
    _Alignas(ALIGNMENT) char data[];
};

struct arena {
    struct block *blocks;
};

/* No memory: end here, the state on disk is whole (see base.h). */
static void *must_have(void *p) {
    if (!p) {
        fputs("bascule: out of memory\n", stderr);
        abort();
    }
    return p;
}

struct arena *arena_new(void) {
    return must_have(calloc(1, sizeof(struct arena)));
}

struct arena *arena_free(struct arena *a) {
    if (!a)
        return NULL;
    for (struct block *b = a->blocks, *next; b; b = next) {
        next = b->next;
        free(b);
    }
    free(a);
    return NULL;
}

static struct block *block_add(struct arena *a, size_t size) {
    struct block *b = must_have(calloc(1, sizeof(*b) + size));
    b->size = size;
    b->next = a->blocks;
    a->blocks = b;
    return b;
}

void *arena_alloc(struct arena *a, size_t size) {
    size_t want = (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    struct block *b = a->blocks;
    if (PIECES_APART)
        return block_add(a, size ? size : 1)->data;
    if (!b || b->size - b->used < want)
        b = block_add(a, want > BLOCK_SIZE ? want : BLOCK_SIZE);
    void *p = b->data + b->used;
    b->used += want;
    return p;
}

char *arena_strndup(struct arena *a, const char *s, size_t n) {
    if (!s)
        return NULL;
    n = strnlen(s, n);
    char *p = arena_alloc(a, n + 1);
    memcpy(p, s, n);
    return p;
}

char *arena_strdup(struct arena *a, const char *s) {
    return s ? arena_strndup(a, s, strlen(s)) : NULL;
}

char *arena_printf(struct arena *a, const char *format, ...) {
    char *text = NULL;
    va_list args;
    va_start(args, format);
    int n = vasprintf(&text, format, args);
    va_end(args);
    char *copy = arena_strdup(a, must_have(n < 0 ? NULL : text));
    free(text);
    return copy;
}

/* Capacities are powers of two from 4, so the count alone tells when one is full. */
void *arena_push_raw(struct arena *a, void **items, size_t *count, size_t size) {
    size_t n = *count;
    if (n == 0 || (n >= 4 && (n & (n - 1)) == 0)) {
        void *grown = arena_alloc(a, (n ? n * 2 : 4) * size);
        if (n)
            memcpy(grown, *items, n * size);
        *items = grown;
    }
    *count = n + 1;
    return (char *)*items + n * size;
}
