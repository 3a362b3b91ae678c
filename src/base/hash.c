/* hash: equality of content, by libsodium's BLAKE2b. Never secrecy. */
#include "bascule/base.h"

#include <sodium.h>
#include <string.h>

uint64_t hash_bytes(const void *data, size_t len) {
    unsigned char out[crypto_generichash_BYTES_MIN];
    uint64_t v;
    crypto_generichash(out, sizeof(out), data, len, NULL, 0);
    memcpy(&v, out, sizeof(v));
    return v;
}

char *hash_word(struct arena *a, const char *s, size_t n) {
    static const char letters[] = "0123456789abcdefghjkmnpqrstvwxyz";
    uint64_t v = hash_str(s);
    char *word = arena_alloc(a, n + 1);
    for (size_t i = 0; i < n && i < 12; i++, v >>= 5)
        word[i] = letters[v & 31];
    return word;
}
