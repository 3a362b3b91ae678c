/* secret: long random words that open something, and what is kept of them.
 *
 * Not for passwords: what people choose needs a slow hash. A word of 256 random
 * bits can't be guessed, so BLAKE2b is enough (libsodium's generichash). */
#include "bascule/base.h"

#include <sodium.h>
#include <string.h>

_Static_assert(SECRET_TEXT_SIZE == sodium_base64_ENCODED_LEN(SECRET_BYTES, sodium_base64_VARIANT_URLSAFE_NO_PADDING),
               "the text of a secret");

void secret_text(const unsigned char bytes[SECRET_BYTES], char ret[SECRET_TEXT_SIZE]) {
    sodium_bin2base64(ret, SECRET_TEXT_SIZE, bytes, SECRET_BYTES, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

char *secret_hash(struct arena *a, const char *text) {
    unsigned char out[crypto_generichash_BYTES];
    char *hex = arena_alloc(a, 2 * sizeof(out) + 1);
    crypto_generichash(out, sizeof(out), (const unsigned char *)text, strlen(text), NULL, 0);
    return sodium_bin2hex(hex, 2 * sizeof(out) + 1, out, sizeof(out));
}

bool secret_same(const char *a, const char *b) {
    size_t n = strlen(a);
    return n == strlen(b) && sodium_memcmp(a, b, n) == 0;
}
