/* TLS: whom the transport believes. A GnuTLS server with certificates made for
 * the occasion: a CA, a server of it for 127.0.0.1, one for another name. */
#include "world.h"

#include <arpa/inet.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

struct certificate {
    gnutls_x509_crt_t crt;
    gnutls_x509_privkey_t key;
};

static void certificate_make(struct certificate *c, const char *name, const struct certificate *ca, bool expired) {
    static unsigned char serial = 1;
    time_t now = time(NULL);
    unsigned char ip[4] = {127, 0, 0, 1};
    serial++;
    gnutls_x509_privkey_init(&c->key);
    gnutls_x509_privkey_generate(c->key, GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0);
    gnutls_x509_crt_init(&c->crt);
    gnutls_x509_crt_set_version(c->crt, 3);
    gnutls_x509_crt_set_serial(c->crt, &serial, 1);
    gnutls_x509_crt_set_dn_by_oid(c->crt, GNUTLS_OID_X520_COMMON_NAME, 0, name, (unsigned)strlen(name));
    gnutls_x509_crt_set_activation_time(c->crt, now - 7200);
    gnutls_x509_crt_set_expiration_time(c->crt, expired ? now - 3600 : now + 3600);
    gnutls_x509_crt_set_key(c->crt, c->key);
    gnutls_x509_crt_set_basic_constraints(c->crt, ca == NULL, -1);
    if (!ca)
        gnutls_x509_crt_set_key_usage(c->crt, GNUTLS_KEY_KEY_CERT_SIGN);
    else if (str_is(name, "here"))
        gnutls_x509_crt_set_subject_alt_name(c->crt, GNUTLS_SAN_IPADDRESS, ip, 4, GNUTLS_FSAN_SET);
    else
        gnutls_x509_crt_set_subject_alt_name(c->crt, GNUTLS_SAN_DNSNAME, name, (unsigned)strlen(name), GNUTLS_FSAN_SET);
    assert_int_equal(gnutls_x509_crt_sign2(c->crt, ca ? ca->crt : c->crt, ca ? ca->key : c->key, GNUTLS_DIG_SHA256, 0),
                     0);
}

static void certificate_free(struct certificate *c) {
    gnutls_x509_crt_deinit(c->crt);
    gnutls_x509_privkey_deinit(c->key);
}

/* One certificate, handshakes one after another, "hello" to whatever is asked. */
struct tls_server {
    int fd, port;
    pthread_t thread;
    gnutls_certificate_credentials_t credentials;
    const char *priorities;
    _Atomic int requests;
};

static void tls_serve(struct tls_server *s, int fd) {
    gnutls_session_t session;
    char text[4096];
    gnutls_init(&session, GNUTLS_SERVER);
    gnutls_priority_set_direct(session, s->priorities, NULL);
    gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, s->credentials);
    gnutls_transport_set_int(session, fd);
    static const char reply[] = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello";
    if (gnutls_handshake(session) == 0 && gnutls_record_recv(session, text, sizeof(text)) > 0) {
        s->requests++;
        gnutls_record_send(session, reply, sizeof(reply) - 1);
        gnutls_bye(session, GNUTLS_SHUT_WR);
    }
    gnutls_deinit(session);
    close(fd);
}

static void *tls_accept(void *arg) {
    struct tls_server *s = arg;
    int fd;
    while ((fd = accept(s->fd, NULL, NULL)) >= 0)
        tls_serve(s, fd);
    return NULL;
}

static void tls_start(struct tls_server *s, struct certificate *c, const char *priorities) {
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(a);
    s->priorities = priorities;
    s->requests = 0;
    gnutls_certificate_allocate_credentials(&s->credentials);
    gnutls_certificate_set_x509_key(s->credentials, &c->crt, 1, c->key);
    s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(s->fd, (struct sockaddr *)&a, sizeof(a)), 0);
    listen(s->fd, 16);
    getsockname(s->fd, (struct sockaddr *)&a, &len);
    s->port = ntohs(a.sin_port);
    pthread_create(&s->thread, NULL, tls_accept, s);
}

static int tls_stop(struct tls_server *s) {
    shutdown(s->fd, SHUT_RDWR);
    pthread_join(s->thread, NULL);
    close(s->fd);
    gnutls_certificate_free_credentials(s->credentials);
    return s->requests;
}

static void ca_write(const struct certificate *ca, char *path) {
    gnutls_datum_t pem;
    assert_int_equal(gnutls_x509_crt_export2(ca->crt, GNUTLS_X509_FMT_PEM, &pem), 0);
    int fd = mkstemp(path);
    assert_int_equal(write(fd, pem.data, pem.size), pem.size);
    close(fd);
    gnutls_free(pem.data);
}

/* POST to a server with that certificate; gives what came of it. */
static enum http_result ask(struct world *w, struct certificate *c, const char *priorities, const char *ca, char *why,
                            int *requests) {
    struct tls_server s;
    struct call call;
    tls_start(&s, c, priorities);
    call_init(&call, w, "POST", "");
    snprintf(call.url, sizeof(call.url), "https://127.0.0.1:%d/x", s.port);
    call.request.ca = ca;
    call_send(&call);
    world_settle(w);
    *requests = tls_stop(&s);
    enum http_result result = call.reply.result;
    snprintf(why, 400, "%s", call.reply.why ? call.reply.why : call.reply.body);
    call_deinit(&call);
    return result;
}

static void believes_only_whom_it_should(void **state) {
    struct world *w = *state;
    struct certificate ca, stranger, here, elsewhere, old;
    char ours[] = "/tmp/bascule-ca-XXXXXX", theirs[] = "/tmp/bascule-ca-XXXXXX", why[400];
    int requests;
    certificate_make(&ca, "our ca", NULL, false);
    certificate_make(&stranger, "other ca", NULL, false);
    certificate_make(&here, "here", &ca, false);
    certificate_make(&elsewhere, "elsewhere.example", &ca, false);
    certificate_make(&old, "here", &ca, true);
    ca_write(&ca, ours);
    ca_write(&stranger, theirs);

    assert_int_equal(ask(w, &here, "NORMAL", ours, why, &requests), HTTP_ANSWERED);
    assert_string_equal(why, "hello");
    assert_int_equal(requests, 1);
    const struct {
        struct certificate *shown;
        const char *priorities, *ca;
    } refused[] = {
        {&here, "NORMAL", theirs},
        {&here, "NORMAL", NULL}, /* the system's */
        {&elsewhere, "NORMAL", ours},
        {&old, "NORMAL", ours},
        {&here, "NORMAL:-VERS-ALL:+VERS-TLS1.1:+SHA1:%COMPAT", ours},
    };
    for (size_t i = 0; i < array_size(refused); i++) {
        assert_int_equal(ask(w, refused[i].shown, refused[i].priorities, refused[i].ca, why, &requests), HTTP_NOT_SENT);
        assert_true(why[0] != 0);
        assert_int_equal(requests, 0);
    }
    unlink(ours);
    unlink(theirs);
    certificate_free(&ca);
    certificate_free(&stranger);
    certificate_free(&here);
    certificate_free(&elsewhere);
    certificate_free(&old);
}

int main(void) {
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(believes_only_whom_it_should, world_setup, world_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
