/* url: is this an address, and does it stay on this machine?
 *
 * Pure: text in, reason out. Called by top.c and trackers.c. A reason is worded
 * to follow "key: ", and never repeats the text (it may hold a password). */
#include "read.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* Digits at *s, which moves on; -1 if there are none or it is no port. */
static int port_take(const char **s) {
    int n = 0, digits = 0;
    for (; isdigit((unsigned char)**s) && digits < 6; (*s)++, digits++)
        n = n * 10 + (**s - '0');
    return digits && n >= 1 && n <= 65535 ? n : -1;
}

static bool host_is_sound(const char *host, bool bracketed) {
    if (!*host || *host == '.' || *host == '-')
        return false;
    for (const char *p = host; *p; p++) {
        unsigned char c = (unsigned char)*p;
        if (bracketed ? !isxdigit(c) && c != ':' && c != '.' : !isalnum(c) && c != '.' && c != '-' && c != '_')
            return false;
    }
    return !bracketed || strchr(host, ':');
}

/* HOST or [HOST] at *s, which moves behind it. */
static bool host_take(const char **s, char host[static 256]) {
    bool bracketed = **s == '[';
    const char *from = *s + bracketed;
    size_t len = bracketed ? strcspn(from, "]") : strcspn(from, ":/?#");
    if (len == 0 || len > 255 || (bracketed && from[len] != ']'))
        return false;
    memcpy(host, from, len);
    host[len] = 0;
    *s = from + len + bracketed;
    return host_is_sound(host, bracketed);
}

static const char *path_check(const char *path) {
    if (*path && *path != '/')
        return "what follows the host is neither a port nor a path; write http://HOST:PORT/PATH";
    if (strpbrk(path, "?#"))
        return "a query or fragment (? or #) has no place here; write the address up to the path only";
    return NULL;
}

const char *url_check(const char *text, struct url *ret) {
    struct url url = {.https = str_starts(text, "https://")};
    if (!url.https && !str_starts(text, "http://"))
        return "no address; write one that begins with https:// or http://";
    if (strlen(text) > 1000)
        return "the address is longer than 1000 bytes";
    for (const char *p = text; *p; p++)
        if ((unsigned char)*p <= 0x20 || (unsigned char)*p >= 0x7f || strchr("\"<>\\^`{|}", *p))
            return "the address holds a space or a character that has to be written as %XX";
    const char *rest = text + (url.https ? 8 : 7);
    if (memchr(rest, '@', strcspn(rest, "/?#")))
        return "a user or password has no place in the address; write them under \"auth\"";
    if (!host_take(&rest, url.host))
        return "the address names no valid host; write http://HOST:PORT/PATH";
    if (*rest == ':') {
        rest++;
        if ((url.port = port_take(&rest)) < 0)
            return "the port is no number from 1 to 65535";
    }
    const char *why = path_check(rest);
    if (!why)
        *ret = url;
    return why;
}

static bool host_is_ipv4_loopback(const char *host) {
    unsigned a, b, c, d;
    int end = 0;
    return sscanf(host, "%3u.%3u.%3u.%3u%n", &a, &b, &c, &d, &end) == 4 && !host[end] && a == 127 && b < 256 &&
           c < 256 && d < 256;
}

bool host_is_loopback(const char *host) {
    size_t len = strlen(host);
    bool under_localhost = len > 10 && str_is_nocase(host + len - 10, ".localhost");
    return str_is_nocase(host, "localhost") || under_localhost || str_is(host, "::1") || host_is_ipv4_loopback(host);
}

bool host_is_served(const char *host) {
    return str_is_nocase(host, "localhost") || str_is(host, "::1") || host_is_ipv4_loopback(host);
}

const char *listen_check(const char *text, char host[static 256], int *ret_port) {
    static const char *const wanted = "no address to listen on; write HOST:PORT, such as 127.0.0.1:8420 or [::1]:8420";
    const char *rest = text;
    char found[256];
    if (!host_take(&rest, found) || *rest != ':')
        return wanted;
    rest++;
    int port = port_take(&rest);
    if (port < 0 || *rest)
        return "the port is no number from 1 to 65535; write HOST:PORT, such as 127.0.0.1:8420";
    memcpy(host, found, sizeof(found));
    *ret_port = port;
    return NULL;
}
