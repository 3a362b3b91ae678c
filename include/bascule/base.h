/* base: what every room stands on.
 *
 * Error doctrine: a fallible function returns 0 for done, a negative errno for
 * failed, a positive number for an outcome of its own that the caller must
 * handle. What a person should read about a failure goes into a struct fault,
 * written by whoever notices it first and never overwritten on the way up.
 *
 * Memory: strings and structs that belong together live in an arena and go
 * with it. When the heap is exhausted the process ends at once (a crash is a
 * state the engine is built to survive, a half-done decision is not).
 *
 * Nothing here logs, reads a clock or the environment. */
#ifndef BASCULE_BASE_H
#define BASCULE_BASE_H

#include <errno.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define must_check        __attribute__((warn_unused_result))
#define printf_like(f, a) __attribute__((format(printf, f, a)))
#define array_size(a)     (sizeof(a) / sizeof((a)[0]))

/* ---- faults: the text for a person ---- */

struct fault {
    char text[600]; /* "" while nothing went wrong; no trailing full stop */
};

/* Sets the text unless one is set already; returns code. f may be NULL. */
int fault_set(struct fault *f, int code, const char *format, ...) printf_like(3, 4);
/* Puts "prefix: " before the text that is there; returns code. */
int fault_wrap(struct fault *f, int code, const char *format, ...) printf_like(3, 4);

/* ---- arena: memory that ends together ---- */

struct arena;
struct arena *arena_new(void);
/* Frees all of it; NULL is fine; gives NULL. */
struct arena *arena_free(struct arena *a);
static inline void arena_freep(struct arena **a) {
    *a = arena_free(*a);
}
#define cleanup_arena __attribute__((cleanup(arena_freep)))
/* Zeroed memory, aligned for anything; never NULL. */
void *arena_alloc(struct arena *a, size_t size);
#define arena_make(a, type) ((type *)arena_alloc((a), sizeof(type)))
/* NULL in, NULL out. */
char *arena_strdup(struct arena *a, const char *s);
char *arena_strndup(struct arena *a, const char *s, size_t n);
char *arena_printf(struct arena *a, const char *format, ...) printf_like(2, 3);

/* Append to an array in an arena: grows `items` (of `count`) by doubling. Usage:
 *   struct text *t = arena_push(a, &r->texts, &r->n_texts, sizeof(*t)); */
void *arena_push_raw(struct arena *a, void **items, size_t *count, size_t size);
#define arena_push(a, items, count)                                                                                    \
    ((__typeof__(*(items)))arena_push_raw((a), (void **)(items), (count), sizeof(**(items))))

/* ---- buf: text that grows, on the heap, bounded ---- */

struct buf {
    char *data; /* NUL-terminated once anything was added */
    size_t len, cap;
    size_t limit; /* 0: none; what goes beyond is dropped and `over` is set */
    bool over;
};
void buf_deinit(struct buf *b);
#define cleanup_buf __attribute__((cleanup(buf_deinit)))
void buf_add(struct buf *b, const void *data, size_t len);
void buf_str(struct buf *b, const char *s);
void buf_char(struct buf *b, char c);
void buf_html(struct buf *b, const char *text); /* escaped, for text and attributes; NULL: nothing */
void buf_printf(struct buf *b, const char *format, ...) printf_like(2, 3);
/* The text, "" when empty; owned by b. */
const char *buf_text(const struct buf *b);

/* ---- text ---- */

static inline bool str_is(const char *a, const char *b) {
    return a && b && __builtin_strcmp(a, b) == 0;
}
/* Both NULL counts as equal. */
bool str_same(const char *a, const char *b);
/* ASCII case folded. */
bool str_is_nocase(const char *a, const char *b);
bool str_starts(const char *s, const char *prefix);
static inline bool str_empty(const char *s) {
    return !s || !*s;
}
/* Valid UTF-8 of at most max bytes, cut between code points; in the arena. */
char *str_cut(struct arena *a, const char *s, size_t max);
/* "1 incident", "5 incidents", "0 incidents". */
char *count_words(struct arena *a, int64_t n, const char *thing);
/* Whole decimal number without sign, 0..INT64_MAX; false on anything else. */
bool str_int64(const char *s, int64_t *ret);

/* ---- time: milliseconds since 1970-01-01 UTC; 0 means unknown ---- */

typedef int64_t msec_t;
#define SEC_MS 1000LL
#define DAY_MS (86400LL * SEC_MS)
/* RFC 3339 in UTC, seconds: "2026-01-02T03:04:05Z"; "" for 0. */
char *time_text(struct arena *a, msec_t t);
/* The calendar day in UTC: "2026-01-02". */
char *time_day(struct arena *a, msec_t t);
/* RFC 3339 with any offset and fraction; also "+0000" without the colon (Jira). */
bool time_parse(const char *s, msec_t *ret);
/* The Date header of HTTP (RFC 9110, IMF-fixdate). */
bool time_parse_http(const char *s, msec_t *ret);
/* "30s", "15m", "6h", "30d", "250ms"; false when it is none. */
bool duration_parse(const char *s, msec_t *ret);
char *duration_text(struct arena *a, msec_t d);

/* ---- secret ---- */
/* A word that opens something: 256 random bits as base64url, and what is kept of it (hex). Not for passwords. */
#define SECRET_BYTES     32
#define SECRET_TEXT_SIZE 44 /* with the NUL */
void secret_text(const unsigned char bytes[SECRET_BYTES], char ret[SECRET_TEXT_SIZE]);
char *secret_hash(struct arena *a, const char *text);
bool secret_same(const char *a, const char *b); /* in a time that tells nothing but their lengths */

/* ---- hash ---- */

/* 64 bits of BLAKE2b: equality of content, never secrecy. */
uint64_t hash_bytes(const void *data, size_t len);
static inline uint64_t hash_str(const char *s) {
    return s ? hash_bytes(s, __builtin_strlen(s)) : 0;
}
/* n characters of lower-case base32 (Crockford's letters) of the hash, n <= 12. */
char *hash_word(struct arena *a, const char *s, size_t n);

/* ---- JSON: bounded readers over jansson ---- */

static inline void json_freep(json_t **j) {
    json_decref(*j);
}
#define cleanup_json __attribute__((cleanup(json_freep)))
/* Parses at most 64 levels deep; NULL and a fault on anything else. */
json_t *json_read(const char *text, size_t len, struct fault *f);
/* RFC 6901 pointer ("/a/0/b", "" is the whole); NULL when absent. Borrowed. */
json_t *json_at(const json_t *root, const char *pointer);
/* The string at a key, NULL when absent or no string. Borrowed. */
const char *json_text(const json_t *object, const char *key);
int64_t json_int(const json_t *object, const char *key, int64_t otherwise);
bool json_bool(const json_t *object, const char *key, bool otherwise);
/* Compact, keys sorted: the same value gives the same bytes. In the arena. */
char *json_print(struct arena *a, const json_t *j);
/* A value as text: strings as they are, numbers and booleans printed, null as NULL. */
char *json_as_text(struct arena *a, const json_t *j);

/* ---- log: who is told; passed along, never global ---- */

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR };
struct log {
    enum log_level level; /* less important ones are dropped */
    void (*write)(void *arg, enum log_level level, const char *text);
    void *arg;
};
/* log may be NULL: nobody listens. */
void log_at(const struct log *log, enum log_level level, const char *format, ...) printf_like(3, 4);
#define log_debug(log, ...) log_at((log), LOG_LEVEL_DEBUG, __VA_ARGS__)
#define log_info(log, ...)  log_at((log), LOG_LEVEL_INFO, __VA_ARGS__)
#define log_warn(log, ...)  log_at((log), LOG_LEVEL_WARN, __VA_ARGS__)
#define log_error(log, ...) log_at((log), LOG_LEVEL_ERROR, __VA_ARGS__)

#endif
