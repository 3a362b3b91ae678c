/* marker: what stands at the end of each of our notes, "[P-12 · b1-3f9k2a]".
 *
 * Pure. Made once when a note is frozen, found again in histories, quotations
 * and descriptions; trackers may have wrapped or escaped it, so white space is
 * read freely and everything else strictly. */
#include "runtime.h"

#include <string.h>

#define DOT          "\xc2\xb7" /* · */
#define WORD_LENGTH  6
#define INSTANCE_MAX 12
#define WORD_MAX     12

char *marker_make(struct arena *a, int64_t problem, const char *instance, const char *key) {
    return arena_printf(a, "[P-%lld " DOT " %s-%s]", (long long)problem, instance, hash_word(a, key, WORD_LENGTH));
}

static const char *skip_space(const char *p) {
    while (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r' || strncmp(p, "\xc2\xa0", 2) == 0)
        p += (unsigned char)*p == 0xc2 ? 2 : 1;
    return p;
}

static size_t word_length(const char *p) {
    size_t n = 0;
    while ((p[n] >= '0' && p[n] <= '9') || (p[n] >= 'a' && p[n] <= 'z'))
        n++;
    return n;
}

/* A marker that begins at p; gives its end, NULL when there is none. */
static const char *marker_read(struct arena *a, const char *p, struct marker *m) {
    char digits[20];
    size_t n = 0;
    if (strncmp(p, "[P-", 3) != 0)
        return NULL;
    p += 3;
    while (p[n] >= '0' && p[n] <= '9' && n + 1 < sizeof(digits))
        n++;
    memcpy(digits, p, n);
    digits[n] = 0;
    if (!str_int64(digits, &m->problem))
        return NULL;
    p = skip_space(p + n);
    if (strncmp(p, DOT, 2) != 0)
        return NULL;
    p = skip_space(p + 2);
    n = word_length(p);
    if (!n || n > INSTANCE_MAX || p[n] != '-')
        return NULL;
    const char *instance = p, *word = p + n + 1;
    size_t m_len = word_length(word);
    if (!m_len || m_len > WORD_MAX || word[m_len] != ']')
        return NULL;
    m->instance = arena_strndup(a, instance, n);
    m->word = arena_strndup(a, word, m_len);
    return word + m_len + 1;
}

bool marker_find(struct arena *a, const char *text, struct marker *ret) {
    for (const char *p = text; p && (p = strstr(p, "[P-")); p++) {
        struct marker m = {0};
        const char *end = marker_read(a, p, &m);
        if (!end)
            continue;
        m.at = (size_t)(p - text);
        m.whole = arena_strndup(a, p, (size_t)(end - p));
        *ret = m;
        return true;
    }
    return false;
}
