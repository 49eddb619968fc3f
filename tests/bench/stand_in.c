/*
 * stand_in.c: a stand-in for AWS that is cheap enough to measure others by: the instance metadata service (version 2)
 * and SageMaker's CreatePresignedDomainUrl, on 127.0.0.1, with OpenSSL and none of the project's code.
 *
 *   stand_in FOLDER
 *
 * FOLDER/server.pem holds certificate and key; FOLDER/ready.json appears when it serves; SIGTERM ends it.
 * Each request's signature is computed anew.  Whatever is not answered with 200 counts as refused.
 *
 *   GET IMDS/bench/counters                   what was counted; requests for /bench/ and their connections are not
 *   PUT IMDS/bench/reset                      all counters are 0 again, cpu_ns (of this process) too
 *   PUT IMDS/bench/delays?imds=MS&api=MS      round trips of a network: for the connection, for a ClientHello, for each
 *                                             answer; decimals are allowed, and what is not named stays as it is
 *
 * Threads wait in accept(2), each for a connection that it serves to its end.  Whoever takes one and leaves nobody
 * waiting starts another; none ends before the program does.  A connection so costs neither a thread's start nor what
 * OpenSSL sets up for a thread that is new to it (a random generator of its own).
 *
 * SPDX-License-Identifier: MIT
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define REGION               "ap-northeast-1"
#define DOMAIN_ID            "d-abcdefghij12"
#define ROLE                 "studio-desktop-host"
#define ACCESS_KEY_ID        "ASIABENCHBENCHBENCHB"
#define SECRET_ACCESS_KEY    "benchbenchbenchbenchbenchbenchbenchbench"
#define IMDS_TOKEN           "AQAEABENCHBENCHBENCHBENCHBENCHBENCHBENCHBENCHBENCHBENCH=="
#define IMDS_TOKEN_TTL_MAX   21600
#define SESSION_TOKEN_LENGTH 960
#define KEYS_LAST_SECONDS    21600

#define TOKEN_PATH    "/latest/api/token"
#define ROLE_PATH     "/latest/meta-data/iam/security-credentials/"
#define REGION_PATH   "/latest/meta-data/placement/region"
#define IDENTITY_PATH "/latest/dynamic/instance-identity/document"
#define BENCH_PATH    "/bench/"

#define API_TARGET       "SageMaker.CreatePresignedDomainUrl"
#define SCOPE_AFTER_DAY  "/" REGION "/sagemaker/aws4_request"
#define CLOCK_TOLERANCE  900 /* seconds */
#define AMZ_DATE_LENGTH  16  /* 20260102T030405Z */
#define DAY_LENGTH       8
#define LINK_BEGINNING   "https://" DOMAIN_ID ".studio." REGION ".sagemaker.aws/auth?token="
#define LINK_LENGTH      1566 /* of a link that AWS gave */
#define PROFILE_NAME_MAX 63

#define REQUEST_MAX   16384
#define HEADERS_MAX   64 /* the bits of a mask */
#define HEAD_MAX      512
#define BODY_MAX      4096
#define DELAY_MAX_MS  60000.0
#define BACKLOG       4096
#define WORKERS_START 16
#define WORKERS_MAX   4096
#define STACK_SIZE    ((size_t) 512 * 1024)
#define NS_PER_SECOND INT64_C(1000000000)
#define SHA256_SIZE   32
#define SHA256_HEX    64
#define JSON_TYPE     "application/json"
#define AWS_JSON_TYPE "application/x-amz-json-1.1"
#define TEXT_TYPE     "text/plain"

/* ---- What is counted --------------------------------------------------------------------------------------------- */

enum counter {
    IMDS_REQUESTS,
    IMDS_CONNECTIONS,
    CREDENTIAL_FETCHES,
    API_REQUESTS,
    LINKS,
    REFUSED,
    API_CONNECTIONS,
    HANDSHAKES,
    COUNTERS
};

static const char *const counter_names[COUNTERS] = {
    [IMDS_REQUESTS] = "imds_requests",
    [IMDS_CONNECTIONS] = "imds_connections",
    [CREDENTIAL_FETCHES] = "credential_fetches",
    [API_REQUESTS] = "api_requests",
    [LINKS] = "links",
    [REFUSED] = "refused",
    [API_CONNECTIONS] = "api_connections",
    [HANDSHAKES] = "handshakes",
};

static atomic_uint_least64_t counters[COUNTERS];
static atomic_int_least64_t cpu_ns_at_reset;

static void
count(enum counter counter)
{
    atomic_fetch_add_explicit(&counters[counter], 1, memory_order_relaxed);
}

static int64_t
clock_ns(clockid_t clock)
{
    struct timespec time;
    clock_gettime(clock, &time);
    return time.tv_sec * NS_PER_SECOND + time.tv_nsec;
}

static void
reset_counters(void)
{
    for (size_t i = 0; i < COUNTERS; i++)
        atomic_store(&counters[i], 0);
    atomic_store(&cpu_ns_at_reset, clock_ns(CLOCK_PROCESS_CPUTIME_ID));
}

/* ---- Text that lies in a buffer of somebody else ----------------------------------------------------------------- */

struct text {
    const char *data;
    size_t length;
};

static struct text
text_of(const char *string)
{
    return (struct text){string, strlen(string)};
}

static struct text
text_between(const char *start, const char *end)
{
    return (struct text){start, (size_t) (end - start)};
}

static bool
text_is(struct text text, const char *string)
{
    return text.data != NULL && text.length == strlen(string) && memcmp(text.data, string, text.length) == 0;
}

static bool
text_is_in_any_case(struct text text, const char *string)
{
    return text.length == strlen(string) && strncasecmp(text.data, string, text.length) == 0;
}

/* Take it off the beginning, if it is there. */
static bool
take(struct text *rest, const char *string)
{
    size_t length = strlen(string);
    if (rest->length < length || memcmp(rest->data, string, length) != 0)
        return false;
    *rest = (struct text){rest->data + length, rest->length - length};
    return true;
}

/* Take what stands before the separator, and the separator; false when there is none. */
static bool
take_until(struct text *rest, const char *separator, struct text *taken)
{
    const char *end = memmem(rest->data, rest->length, separator, strlen(separator));
    if (end == NULL)
        return false;
    *taken = text_between(rest->data, end);
    *rest = text_between(end + strlen(separator), rest->data + rest->length);
    return true;
}

/* The same, but what comes last needs no separator; false when nothing is left. */
static bool
take_next(struct text *rest, const char *separator, struct text *taken)
{
    if (rest->length == 0)
        return false;
    if (!take_until(rest, separator, taken)) {
        *taken = *rest;
        rest->length = 0;
    }
    return true;
}

static struct text
without_blanks_around(struct text text)
{
    while (text.length > 0 && (text.data[0] == ' ' || text.data[0] == '\t'))
        text = (struct text){text.data + 1, text.length - 1};
    while (text.length > 0 && (text.data[text.length - 1] == ' ' || text.data[text.length - 1] == '\t'))
        text.length--;
    return text;
}

/* Digits alone, at most the maximum. */
static bool
read_number(struct text text, size_t maximum, size_t *number)
{
    *number = 0;
    for (size_t i = 0; i < text.length; i++) {
        if (!isdigit((unsigned char) text.data[i]))
            return false;
        *number = *number * 10 + (size_t) (text.data[i] - '0');
        if (*number > maximum)
            return false;
    }
    return text.length > 0;
}

/* ---- Requests ---------------------------------------------------------------------------------------------------- */

struct header {
    struct text name, value;
};

struct request {
    struct text method, target, body;
    struct header headers[HEADERS_MAX];
    size_t header_count;
    size_t size; /* of the whole */
    bool is_last;
};

enum reading { READING_WHOLE, READING_PART, READING_BAD };

static bool
parse_request_line(struct text line, struct request *request)
{
    return take_until(&line, " ", &request->method) && take_until(&line, " ", &request->target) &&
           text_is(line, "HTTP/1.1");
}

static bool
parse_header(struct text line, struct header *header)
{
    if (!take_until(&line, ":", &header->name) || header->name.length == 0)
        return false;
    header->value = without_blanks_around(line);
    return memchr(line.data, '\0', line.length) == NULL;
}

/* head: all lines, each with its end. */
static bool
parse_head(struct text head, struct request *request)
{
    struct text line;
    request->header_count = 0;
    if (!take_until(&head, "\r\n", &line) || !parse_request_line(line, request))
        return false;
    while (take_until(&head, "\r\n", &line)) {
        if (request->header_count == HEADERS_MAX || !parse_header(line, &request->headers[request->header_count++]))
            return false;
    }
    return true;
}

/* Content-Length, and whether this is the last request; in one pass, as every request needs it. */
static bool
parse_framing(struct request *request, size_t *body_length)
{
    bool has_length = false;
    *body_length = 0;
    request->is_last = false;
    for (size_t i = 0; i < request->header_count; i++) {
        const struct header *header = &request->headers[i];
        if (text_is_in_any_case(header->name, "connection")) {
            request->is_last = text_is_in_any_case(header->value, "close");
        } else if (text_is_in_any_case(header->name, "content-length")) {
            if (has_length || !read_number(header->value, REQUEST_MAX, body_length))
                return false;
            has_length = true;
        } else if (text_is_in_any_case(header->name, "transfer-encoding")) {
            return false; /* nobody who asks for a link has a reason to */
        }
    }
    return true;
}

static enum reading
parse_request(struct text received, struct request *request)
{
    size_t body_length;
    const char *end = memmem(received.data, received.length, "\r\n\r\n", 4);
    if (end == NULL)
        return received.length < REQUEST_MAX ? READING_PART : READING_BAD;
    if (!parse_head(text_between(received.data, end + 2), request) || !parse_framing(request, &body_length))
        return READING_BAD;
    size_t head_size = (size_t) (end + 4 - received.data);
    if (body_length > REQUEST_MAX - head_size)
        return READING_BAD;
    request->body = (struct text){end + 4, body_length};
    request->size = head_size + body_length;
    return received.length < request->size ? READING_PART : READING_WHOLE;
}

static const struct header *
find_header(const struct request *request, const char *name)
{
    for (size_t i = 0; i < request->header_count; i++) {
        if (text_is_in_any_case(request->headers[i].name, name))
            return &request->headers[i];
    }
    return NULL;
}

/* Its value; no text (data NULL) when the header is absent. */
static struct text
header_value(const struct request *request, const char *name)
{
    const struct header *header = find_header(request, name);
    return header != NULL ? header->value : (struct text){NULL, 0};
}

/* ---- Answers ----------------------------------------------------------------------------------------------------- */

struct answer {
    int status;
    const char *content_type;
    char more_headers[96]; /* each with its line end */
    char body[BODY_MAX];
};

/* What AWS says when it does not do what it was asked. */
struct refusal {
    int status;
    const char *code, *message;
};

static void
set_answer(struct answer *answer, int status, const char *content_type, const char *body)
{
    answer->status = status;
    answer->content_type = content_type;
    answer->more_headers[0] = '\0';
    snprintf(answer->body, sizeof(answer->body), "%s", body);
}

static const char *
reason_phrase(int status)
{
    switch (status) {
    case 200:
        return "OK";
    case 401:
        return "Unauthorized";
    case 403:
        return "Forbidden";
    case 404:
        return "Not Found";
    case 500:
        return "Internal Server Error";
    default:
        return "Bad Request";
    }
}

/* ---- Connections and the threads that serve them ----------------------------------------------------------------- */

struct worker;

struct service {
    int listener;
    SSL_CTX *tls; /* NULL: plain */
    void (*answer)(struct worker *worker, const struct request *request, struct answer *answer);
    atomic_int_least64_t delay_ns;
    atomic_int idle; /* threads that wait for a connection */
};

struct worker {
    struct worker *next;
    pthread_t thread;
    struct service *service;
    EVP_MD_CTX *digest;
    EVP_MAC_CTX *mac;
    int fd; /* of its connection, under workers_lock; -1: none */
    SSL *tls;
    int64_t accepted_at;
    bool is_counted;
    struct answer answer;
    size_t received_length;
    char received[REQUEST_MAX];
    char sent[HEAD_MAX + BODY_MAX];
};

static struct service imds_service = {.listener = -1};
static struct service api_service = {.listener = -1};

static pthread_mutex_t workers_lock = PTHREAD_MUTEX_INITIALIZER;
static struct worker *workers;
static size_t worker_count;
static atomic_bool stopping;

/* Until the answer of a network with this round trip would come: it is open one round trip after it was accepted. */
static void
wait_round_trip(const struct worker *worker)
{
    int64_t delay = atomic_load_explicit(&worker->service->delay_ns, memory_order_relaxed);
    if (delay == 0)
        return;
    int64_t now = clock_ns(CLOCK_MONOTONIC);
    int64_t open_at = worker->accepted_at + delay;
    int64_t until = (now > open_at ? now : open_at) + delay;
    struct timespec time = {.tv_sec = until / NS_PER_SECOND, .tv_nsec = until % NS_PER_SECOND};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL) == EINTR)
        continue;
}

static bool
receive_some(struct worker *worker)
{
    char *place = worker->received + worker->received_length;
    size_t room = REQUEST_MAX - worker->received_length;
    ssize_t size;
    if (worker->tls != NULL) {
        size = SSL_read(worker->tls, place, (int) room);
    } else {
        do
            size = recv(worker->fd, place, room, 0);
        while (size < 0 && errno == EINTR);
    }
    if (size <= 0)
        return false;
    worker->received_length += (size_t) size;
    return true;
}

static bool
send_all(struct worker *worker, const char *data, size_t length)
{
    if (worker->tls != NULL)
        return SSL_write(worker->tls, data, (int) length) == (int) length;
    while (length > 0) {
        ssize_t size = send(worker->fd, data, length, MSG_NOSIGNAL);
        if (size < 0 && errno == EINTR)
            continue;
        if (size <= 0)
            return false;
        data += size;
        length -= (size_t) size;
    }
    return true;
}

/* READING_PART: the client has closed the connection. */
static enum reading
receive_request(struct worker *worker, struct request *request)
{
    for (;;) {
        enum reading reading = parse_request((struct text){worker->received, worker->received_length}, request);
        if (reading != READING_PART || !receive_some(worker))
            return reading;
    }
}

static void
drop_request(struct worker *worker, const struct request *request)
{
    worker->received_length -= request->size;
    memmove(worker->received, worker->received + request->size, worker->received_length);
}

/* In one piece, so that it is one packet or one record. */
static bool
send_answer(struct worker *worker, bool is_last)
{
    const struct answer *answer = &worker->answer;
    char date[32];
    time_t now = time(NULL);
    struct tm utc;
    size_t body_length = strlen(answer->body);
    strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&now, &utc));
    int head = snprintf(worker->sent, HEAD_MAX,
                        "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\nDate: %s\r\n%s%s\r\n",
                        answer->status, reason_phrase(answer->status), answer->content_type, body_length, date,
                        answer->more_headers, is_last ? "Connection: close\r\n" : "");
    if (head <= 0 || head >= HEAD_MAX)
        return false;
    memcpy(worker->sent + head, answer->body, body_length);
    return send_all(worker, worker->sent, (size_t) head + body_length);
}

static bool
is_about_the_bench(const struct service *service, const struct request *request)
{
    struct text target = request->target;
    return service == &imds_service && take(&target, BENCH_PATH);
}

static bool
answer_request(struct worker *worker, const struct request *request)
{
    worker->service->answer(worker, request, &worker->answer);
    if (!is_about_the_bench(worker->service, request)) {
        if (worker->answer.status != 200)
            count(REFUSED);
        wait_round_trip(worker);
    }
    return send_answer(worker, request->is_last) && !request->is_last;
}

static void
refuse_what_is_no_request(struct worker *worker)
{
    count(REFUSED);
    set_answer(&worker->answer, 400, TEXT_TYPE, "This is no request of HTTP/1.1 with a body of known length.\n");
    send_answer(worker, true);
}

/* True when it is we who end the connection; else the client has closed it. */
static bool
serve_requests(struct worker *worker)
{
    struct request request;
    for (;;) {
        enum reading reading = receive_request(worker, &request);
        if (reading == READING_PART)
            return false;
        if (reading == READING_BAD) {
            refuse_what_is_no_request(worker);
            return true;
        }
        if (!answer_request(worker, &request))
            return request.is_last;
        drop_request(worker, &request);
    }
}

static void
serve_tls(struct worker *worker)
{
    count(API_CONNECTIONS);
    worker->tls = SSL_new(worker->service->tls);
    if (worker->tls != NULL && SSL_set_app_data(worker->tls, worker) == 1 && SSL_set_fd(worker->tls, worker->fd) == 1 &&
        SSL_accept(worker->tls) == 1) {
        count(HANDSHAKES);
        if (serve_requests(worker))
            SSL_shutdown(worker->tls);
    }
    SSL_free(worker->tls);
    worker->tls = NULL;
    ERR_clear_error();
}

static void start_worker(struct service *service);

/* False when the program ends. */
static bool
take_connection(struct worker *worker)
{
    const struct timespec little = {.tv_nsec = 10000000};
    int fd;
    while ((fd = accept4(worker->service->listener, NULL, NULL, SOCK_CLOEXEC)) < 0) {
        if (atomic_load(&stopping))
            return false;
        if (errno != EINTR && errno != ECONNABORTED)
            nanosleep(&little, NULL); /* no descriptor is free: somebody else has to end first */
    }
    worker->accepted_at = clock_ns(CLOCK_MONOTONIC);
    worker->is_counted = false;
    worker->received_length = 0;
    pthread_mutex_lock(&workers_lock);
    worker->fd = fd;
    if (atomic_load(&stopping))
        shutdown(fd, SHUT_RDWR);
    pthread_mutex_unlock(&workers_lock);
    return true;
}

static void
leave_connection(struct worker *worker)
{
    int fd = worker->fd;
    pthread_mutex_lock(&workers_lock);
    worker->fd = -1;
    pthread_mutex_unlock(&workers_lock);
    close(fd);
}

static void *
work(void *argument)
{
    struct worker *worker = argument;
    while (take_connection(worker)) {
        if (atomic_fetch_sub(&worker->service->idle, 1) == 1)
            start_worker(worker->service);
        if (worker->service->tls != NULL)
            serve_tls(worker);
        else
            serve_requests(worker);
        leave_connection(worker);
        atomic_fetch_add(&worker->service->idle, 1);
    }
    return NULL;
}

static EVP_MD *sha256;
static EVP_MAC *hmac_method;

static void
free_worker(struct worker *worker)
{
    EVP_MD_CTX_free(worker->digest);
    EVP_MAC_CTX_free(worker->mac);
    free(worker);
}

static struct worker *
create_worker(struct service *service)
{
    char digest_name[] = "SHA256";
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest_name, 0),
        OSSL_PARAM_construct_end(),
    };
    struct worker *worker = calloc(1, sizeof(*worker));
    if (worker == NULL)
        return NULL;
    worker->service = service;
    worker->fd = -1;
    worker->digest = EVP_MD_CTX_new();
    worker->mac = EVP_MAC_CTX_new(hmac_method);
    if (worker->digest != NULL && worker->mac != NULL && EVP_MAC_CTX_set_params(worker->mac, parameters) == 1)
        return worker;
    free_worker(worker);
    return NULL;
}

static bool
start_thread(struct worker *worker)
{
    pthread_attr_t attributes;
    if (pthread_attr_init(&attributes) != 0)
        return false;
    bool started = pthread_attr_setstacksize(&attributes, STACK_SIZE) == 0 &&
                   pthread_create(&worker->thread, &attributes, work, worker) == 0;
    pthread_attr_destroy(&attributes);
    return started;
}

/* Where that is impossible, new connections wait until one of the others ends. */
static void
start_worker(struct service *service)
{
    pthread_mutex_lock(&workers_lock);
    struct worker *worker = !atomic_load(&stopping) && worker_count < WORKERS_MAX ? create_worker(service) : NULL;
    if (worker != NULL) {
        atomic_fetch_add(&service->idle, 1);
        if (start_thread(worker)) {
            worker->next = workers;
            workers = worker;
            worker_count++;
        } else {
            atomic_fetch_sub(&service->idle, 1);
            free_worker(worker);
        }
    }
    pthread_mutex_unlock(&workers_lock);
}

static void
end_workers(void)
{
    pthread_mutex_lock(&workers_lock);
    atomic_store(&stopping, true);
    for (const struct worker *worker = workers; worker != NULL; worker = worker->next) {
        if (worker->fd >= 0)
            shutdown(worker->fd, SHUT_RDWR);
    }
    pthread_mutex_unlock(&workers_lock);
    shutdown(imds_service.listener, SHUT_RDWR); /* accept(2) fails in all threads */
    shutdown(api_service.listener, SHUT_RDWR);
    while (workers != NULL) {
        struct worker *worker = workers;
        workers = worker->next;
        pthread_join(worker->thread, NULL);
        free_worker(worker);
    }
}

/* ---- The bench's own requests ------------------------------------------------------------------------------------ */

static void
tell_counters(struct answer *answer)
{
    int64_t cpu_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID) - atomic_load(&cpu_ns_at_reset);
    size_t length = 0;
    set_answer(answer, 200, JSON_TYPE, "");
    for (size_t i = 0; i < COUNTERS; i++)
        length += (size_t) snprintf(answer->body + length, sizeof(answer->body) - length, "%s\"%s\": %" PRIu64,
                                    i == 0 ? "{" : ", ", counter_names[i], (uint64_t) atomic_load(&counters[i]));
    snprintf(answer->body + length, sizeof(answer->body) - length, ", \"cpu_ns\": %" PRId64 "}\n", cpu_ns);
}

static bool
read_delay(struct text text, int64_t *delay_ns)
{
    char number[32];
    char *end;
    if (text.length == 0 || text.length >= sizeof(number))
        return false;
    memcpy(number, text.data, text.length);
    number[text.length] = '\0';
    if (strspn(number, "0123456789.") != text.length)
        return false;
    double milliseconds = strtod(number, &end);
    *delay_ns = milliseconds <= DELAY_MAX_MS ? (int64_t) (milliseconds * 1e6) : -1;
    return *end == '\0' && end != number && *delay_ns >= 0;
}

/* All of them, or none when one is wrong. */
static bool
set_delays(struct text query)
{
    int64_t imds_delay = atomic_load(&imds_service.delay_ns);
    int64_t api_delay = atomic_load(&api_service.delay_ns);
    struct text pair;
    if (query.length == 0)
        return false;
    while (take_next(&query, "&", &pair)) {
        if (!(take(&pair, "imds=") && read_delay(pair, &imds_delay)) &&
            !(take(&pair, "api=") && read_delay(pair, &api_delay)))
            return false;
    }
    atomic_store(&imds_service.delay_ns, imds_delay);
    atomic_store(&api_service.delay_ns, api_delay);
    return true;
}

static void
answer_bench(const struct request *request, struct answer *answer)
{
    struct text query = request->target;
    set_answer(answer, 200, JSON_TYPE, "{}\n");
    if (text_is(request->method, "GET") && text_is(request->target, BENCH_PATH "counters"))
        tell_counters(answer);
    else if (text_is(request->method, "PUT") && text_is(request->target, BENCH_PATH "reset"))
        reset_counters();
    else if (!text_is(request->method, "PUT") || !take(&query, BENCH_PATH "delays?"))
        set_answer(answer, 404, TEXT_TYPE, "There is GET counters, PUT reset and PUT delays?imds=MS&api=MS.\n");
    else if (!set_delays(query))
        set_answer(answer, 400, TEXT_TYPE, "Expected delays?imds=MS&api=MS, each of 0 to 60000, decimals allowed.\n");
}

/* ---- The instance metadata service ------------------------------------------------------------------------------- */

static char session_token[SESSION_TOKEN_LENGTH + 1];
static char link_filler[LINK_LENGTH + 1];

static void
give_token(const struct request *request, struct answer *answer)
{
    static const char name[] = "X-aws-ec2-metadata-token-ttl-seconds";
    size_t seconds;
    if (!read_number(header_value(request, name), IMDS_TOKEN_TTL_MAX, &seconds) || seconds == 0) {
        set_answer(answer, 400, TEXT_TYPE, "");
        return;
    }
    set_answer(answer, 200, TEXT_TYPE, IMDS_TOKEN);
    snprintf(answer->more_headers, sizeof(answer->more_headers), "%s: %zu\r\n", name, seconds);
}

static void
format_time(time_t time, char text[sizeof("2026-01-02T03:04:05Z")])
{
    struct tm utc;
    strftime(text, sizeof("2026-01-02T03:04:05Z"), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&time, &utc));
}

static void
give_credentials(struct answer *answer)
{
    char updated[sizeof("2026-01-02T03:04:05Z")];
    char expiration[sizeof("2026-01-02T03:04:05Z")];
    time_t now = time(NULL);
    format_time(now, updated);
    format_time(now + KEYS_LAST_SECONDS, expiration);
    count(CREDENTIAL_FETCHES);
    set_answer(answer, 200, TEXT_TYPE, "");
    snprintf(answer->body, sizeof(answer->body),
             "{\n  \"Code\" : \"Success\",\n  \"LastUpdated\" : \"%s\",\n  \"Type\" : \"AWS-HMAC\",\n"
             "  \"AccessKeyId\" : \"" ACCESS_KEY_ID "\",\n  \"SecretAccessKey\" : \"" SECRET_ACCESS_KEY "\",\n"
             "  \"Token\" : \"%s\",\n  \"Expiration\" : \"%s\"\n}",
             updated, session_token, expiration);
}

static void
give_metadata(struct text path, struct answer *answer)
{
    if (text_is(path, ROLE_PATH))
        set_answer(answer, 200, TEXT_TYPE, ROLE);
    else if (text_is(path, ROLE_PATH ROLE))
        give_credentials(answer);
    else if (text_is(path, REGION_PATH))
        set_answer(answer, 200, TEXT_TYPE, REGION);
    else if (text_is(path, IDENTITY_PATH))
        set_answer(answer, 200, TEXT_TYPE,
                   "{\"instanceId\" : \"i-0123456789abcdef0\", \"region\" : \"" REGION "\", "
                   "\"availabilityZone\" : \"" REGION "a\", \"version\" : \"2017-09-30\"}");
    else
        set_answer(answer, 404, TEXT_TYPE, "");
}

static void
answer_imds(struct worker *worker, const struct request *request, struct answer *answer)
{
    if (is_about_the_bench(worker->service, request)) {
        answer_bench(request, answer);
        return;
    }
    if (!worker->is_counted)
        count(IMDS_CONNECTIONS);
    worker->is_counted = true;
    count(IMDS_REQUESTS);
    bool asks_for_token = text_is(request->method, "PUT") && text_is(request->target, TOKEN_PATH);
    if (find_header(request, "x-forwarded-for") != NULL || !(asks_for_token || text_is(request->method, "GET")))
        set_answer(answer, 403, TEXT_TYPE, "");
    else if (asks_for_token)
        give_token(request, answer);
    else if (!text_is(header_value(request, "x-aws-ec2-metadata-token"), IMDS_TOKEN))
        set_answer(answer, 401, TEXT_TYPE, "");
    else
        give_metadata(request->target, answer);
}

/* ---- Signature Version 4 ----------------------------------------------------------------------------------------- */
/* docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html */

static const struct refusal not_signed = {403, "MissingAuthenticationTokenException",
                                          "Authorization, Host, Content-Type and X-Amz-Date are needed, once."};
static const struct refusal incomplete = {400, "IncompleteSignatureException",
                                          "Authorization or X-Amz-Date has not the form that the documentation shows."};
static const struct refusal unknown_key = {400, "UnrecognizedClientException",
                                           "The security token included in the request is invalid."};
static const struct refusal wrong_scope = {400, "InvalidSignatureException",
                                           "Credential should be scoped to the day of X-Amz-Date, " REGION
                                           ", sagemaker and aws4_request."};
static const struct refusal wrong_date = {400, "InvalidSignatureException",
                                          "Signature expired or not yet current: X-Amz-Date is over 15 minutes away."};
static const struct refusal wrong_signed_headers = {
    400, "InvalidSignatureException", "SignedHeaders is not sorted, or names a header that did not come just once."};
static const struct refusal unsigned_headers = {400, "InvalidSignatureException",
                                                "There were headers present in the request which were not signed."};
static const struct refusal wrong_signature = {
    400, "InvalidSignatureException", "The request signature we calculated does not match the signature you provided."};
static const struct refusal internal_failure = {500, "InternalFailure", "The stand-in could not calculate."};

struct authorization {
    struct text access_key_id, scope, signed_headers, signature;
    struct text amz_date;
};

static const struct refusal *
read_authorization(const struct request *request, struct authorization *authorization)
{
    struct text rest = header_value(request, "authorization");
    authorization->amz_date = header_value(request, "x-amz-date");
    if (rest.data == NULL || authorization->amz_date.data == NULL || find_header(request, "host") == NULL ||
        find_header(request, "content-type") == NULL)
        return &not_signed;
    if (!take(&rest, "AWS4-HMAC-SHA256 Credential=") || !take_until(&rest, "/", &authorization->access_key_id) ||
        !take_until(&rest, ", SignedHeaders=", &authorization->scope) ||
        !take_until(&rest, ", Signature=", &authorization->signed_headers) || rest.length != SHA256_HEX ||
        authorization->amz_date.length != AMZ_DATE_LENGTH)
        return &incomplete;
    authorization->signature = rest;
    return NULL;
}

static const struct refusal *
check_date(struct text amz_date)
{
    char date[AMZ_DATE_LENGTH + 1];
    struct tm utc = {0};
    memcpy(date, amz_date.data, AMZ_DATE_LENGTH);
    date[AMZ_DATE_LENGTH] = '\0';
    const char *end = strptime(date, "%Y%m%dT%H%M%SZ", &utc);
    if (end == NULL || *end != '\0')
        return &incomplete;
    time_t distance = timegm(&utc) - time(NULL);
    return distance < -CLOCK_TOLERANCE || distance > CLOCK_TOLERANCE ? &wrong_date : NULL;
}

static const struct refusal *
check_signer(const struct request *request, const struct authorization *authorization)
{
    struct text scope = authorization->scope;
    if (!text_is(authorization->access_key_id, ACCESS_KEY_ID) ||
        !text_is(header_value(request, "x-amz-security-token"), session_token))
        return &unknown_key;
    if (scope.length <= DAY_LENGTH || memcmp(scope.data, authorization->amz_date.data, DAY_LENGTH) != 0 ||
        !text_is((struct text){scope.data + DAY_LENGTH, scope.length - DAY_LENGTH}, SCOPE_AFTER_DAY))
        return &wrong_scope;
    return NULL;
}

static bool
is_greater(struct text one, struct text other)
{
    int order = memcmp(one.data, other.data, one.length < other.length ? one.length : other.length);
    return order > 0 || (order == 0 && one.length > other.length);
}

/* The number of the header with this name (lower case), which must have come once; HEADERS_MAX when it did not. */
static size_t
number_of_single_header(const struct request *request, struct text name)
{
    size_t found = HEADERS_MAX;
    for (size_t i = 0; i < request->header_count; i++) {
        const struct text *header_name = &request->headers[i].name;
        if (header_name->length != name.length || strncasecmp(header_name->data, name.data, name.length) != 0)
            continue;
        if (found != HEADERS_MAX)
            return HEADERS_MAX;
        found = i;
    }
    return found;
}

static bool
must_be_signed(struct text name)
{
    static const char prefix[] = "x-amz-";
    return text_is_in_any_case(name, "host") || text_is_in_any_case(name, "content-type") ||
           (name.length >= strlen(prefix) && strncasecmp(name.data, prefix, strlen(prefix)) == 0);
}

static const struct refusal *
check_none_is_unsigned(const struct request *request, uint64_t is_signed)
{
    for (size_t i = 0; i < request->header_count; i++) {
        if ((is_signed >> i & 1) == 0 && must_be_signed(request->headers[i].name))
            return &unsigned_headers;
    }
    return NULL;
}

static bool
digest_text(EVP_MD_CTX *digest, struct text text)
{
    return EVP_DigestUpdate(digest, text.data, text.length) == 1;
}

static bool
digest_string(EVP_MD_CTX *digest, const char *string)
{
    return digest_text(digest, text_of(string));
}

/* A header's value with each run of blanks as one: "a   b" is "a b". */
static bool
digest_value(EVP_MD_CTX *digest, struct text value)
{
    struct text words;
    while (take_until(&value, "  ", &words)) {
        if (!digest_text(digest, words) || !digest_string(digest, " "))
            return false;
        while (take(&value, " "))
            continue;
    }
    return digest_text(digest, value);
}

/* The signed headers, as they stand in the canonical request. */
static const struct refusal *
digest_headers(EVP_MD_CTX *digest, const struct request *request, struct text names)
{
    struct text name;
    struct text previous = {"", 0};
    uint64_t is_signed = 0;
    while (take_next(&names, ";", &name)) {
        size_t number = number_of_single_header(request, name);
        if (number == HEADERS_MAX || !is_greater(name, previous))
            return &wrong_signed_headers;
        if (!digest_text(digest, name) || !digest_string(digest, ":") ||
            !digest_value(digest, request->headers[number].value) || !digest_string(digest, "\n"))
            return &internal_failure;
        is_signed |= UINT64_C(1) << number;
        previous = name;
    }
    return check_none_is_unsigned(request, is_signed);
}

static void
write_hex(const unsigned char bytes[SHA256_SIZE], char text[SHA256_HEX + 1])
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < SHA256_SIZE; i++) {
        *text++ = digits[bytes[i] >> 4];
        *text++ = digits[bytes[i] & 15];
    }
    *text = '\0';
}

static bool
end_digest(EVP_MD_CTX *digest, char hex[SHA256_HEX + 1])
{
    unsigned char bytes[SHA256_SIZE];
    if (EVP_DigestFinal_ex(digest, bytes, NULL) != 1)
        return false;
    write_hex(bytes, hex);
    return true;
}

/* The path stands as it came: the only one that is answered is "/", which no encoding changes. */
static bool
digest_request_line(EVP_MD_CTX *digest, const struct request *request)
{
    struct text query = request->target;
    struct text path;
    return take_next(&query, "?", &path) && digest_text(digest, request->method) && digest_string(digest, "\n") &&
           digest_text(digest, path) && digest_string(digest, "\n") && digest_text(digest, query) &&
           digest_string(digest, "\n");
}

static const struct refusal *
digest_canonical_request(EVP_MD_CTX *digest, const struct request *request, struct text signed_headers,
                         char hex[SHA256_HEX + 1])
{
    char body_hash[SHA256_HEX + 1];
    if (EVP_DigestInit_ex2(digest, sha256, NULL) != 1 || !digest_text(digest, request->body) ||
        !end_digest(digest, body_hash) || EVP_DigestInit_ex2(digest, sha256, NULL) != 1 ||
        !digest_request_line(digest, request))
        return &internal_failure;
    const struct refusal *refusal = digest_headers(digest, request, signed_headers);
    if (refusal != NULL)
        return refusal;
    if (!digest_string(digest, "\n") || !digest_text(digest, signed_headers) || !digest_string(digest, "\n") ||
        !digest_string(digest, body_hash) || !end_digest(digest, hex))
        return &internal_failure;
    return NULL;
}

static bool
hmac(EVP_MAC_CTX *mac, struct text key, struct text message, unsigned char result[SHA256_SIZE])
{
    size_t length;
    return EVP_MAC_init(mac, (const unsigned char *) key.data, key.length, NULL) == 1 &&
           EVP_MAC_update(mac, (const unsigned char *) message.data, message.length) == 1 &&
           EVP_MAC_final(mac, result, &length, SHA256_SIZE) == 1;
}

static bool
derive_signing_key(EVP_MAC_CTX *mac, struct text day, unsigned char key[SHA256_SIZE])
{
    const struct text result = {(const char *) key, SHA256_SIZE};
    return hmac(mac, text_of("AWS4" SECRET_ACCESS_KEY), day, key) && hmac(mac, result, text_of(REGION), key) &&
           hmac(mac, result, text_of("sagemaker"), key) && hmac(mac, result, text_of("aws4_request"), key);
}

/* It is the same for a whole day. */
static bool
signing_key_of(EVP_MAC_CTX *mac, struct text day, unsigned char key[SHA256_SIZE])
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static char known_day[DAY_LENGTH];
    static unsigned char known_key[SHA256_SIZE];
    bool is_known = true;
    pthread_mutex_lock(&lock);
    if (memcmp(known_day, day.data, DAY_LENGTH) != 0) {
        is_known = derive_signing_key(mac, day, known_key);
        memset(known_day, 0, sizeof(known_day));
        if (is_known)
            memcpy(known_day, day.data, DAY_LENGTH);
    }
    memcpy(key, known_key, SHA256_SIZE);
    pthread_mutex_unlock(&lock);
    return is_known;
}

static const struct refusal *
check_signature(const struct worker *worker, const struct request *request, const struct authorization *authorization)
{
    char canonical_hash[SHA256_HEX + 1];
    char expected[SHA256_HEX + 1];
    char to_sign[256];
    unsigned char key[SHA256_SIZE];
    const struct text key_text = {(const char *) key, SHA256_SIZE};
    const struct refusal *refusal =
        digest_canonical_request(worker->digest, request, authorization->signed_headers, canonical_hash);
    if (refusal != NULL)
        return refusal;
    snprintf(to_sign, sizeof(to_sign), "AWS4-HMAC-SHA256\n%.*s\n%.*s" SCOPE_AFTER_DAY "\n%s", AMZ_DATE_LENGTH,
             authorization->amz_date.data, DAY_LENGTH, authorization->amz_date.data, canonical_hash);
    if (!signing_key_of(worker->mac, (struct text){authorization->amz_date.data, DAY_LENGTH}, key) ||
        !hmac(worker->mac, key_text, text_of(to_sign), key))
        return &internal_failure;
    write_hex(key, expected);
    return CRYPTO_memcmp(expected, authorization->signature.data, SHA256_HEX) == 0 ? NULL : &wrong_signature;
}

static const struct refusal *
check_is_signed(const struct worker *worker, const struct request *request)
{
    struct authorization authorization;
    const struct refusal *refusal = read_authorization(request, &authorization);
    if (refusal == NULL)
        refusal = check_date(authorization.amz_date);
    if (refusal == NULL)
        refusal = check_signer(request, &authorization);
    return refusal != NULL ? refusal : check_signature(worker, request, &authorization);
}

/* ---- CreatePresignedDomainUrl ------------------------------------------------------------------------------------ */

static const struct refusal unknown_operation = {404, "UnknownOperationException",
                                                 "Only POST / with X-Amz-Target " API_TARGET " is known here."};
static const struct refusal wrong_content_type = {400, "SerializationException",
                                                  "Content-Type is not " AWS_JSON_TYPE "."};
static const struct refusal no_object = {400, "SerializationException",
                                         "The body is not one JSON object of strings, numbers and literals."};
static const struct refusal wrong_profile_name = {
    400, "ValidationException",
    "UserProfileName must be 1 to 63 letters, digits and inner hyphens, and DomainId must be there."};
static const struct refusal unknown_domain = {400, "ResourceNotFound", "There is only the domain " DOMAIN_ID "."};

struct parameters {
    struct text domain_id, user_profile_name;
};

static void
skip_blanks(struct text *rest)
{
    static const char blanks[] = {' ', '\t', '\r', '\n'};
    while (rest->length > 0 && memchr(blanks, rest->data[0], sizeof(blanks)) != NULL)
        *rest = (struct text){rest->data + 1, rest->length - 1};
}

/* A sign between the parts of JSON, and the blanks around it. */
static bool
take_sign(struct text *rest, const char *sign)
{
    skip_blanks(rest);
    bool taken = take(rest, sign);
    skip_blanks(rest);
    return taken;
}

/* What stands between the quotes, escapes as they are. */
static bool
take_json_string(struct text *rest, struct text *string)
{
    size_t length = 0;
    if (!take(rest, "\""))
        return false;
    while (length < rest->length && rest->data[length] != '"') {
        if ((unsigned char) rest->data[length] < ' ')
            return false;
        length += rest->data[length] == '\\' ? 2 : 1;
    }
    if (length >= rest->length)
        return false;
    *string = (struct text){rest->data, length};
    *rest = (struct text){rest->data + length + 1, rest->length - length - 1};
    return true;
}

/* A number, true, false or null. */
static bool
skip_json_scalar(struct text *rest)
{
    static const char signs[] = {'+', '-', '.'};
    size_t length = 0;
    while (length < rest->length &&
           (isalnum((unsigned char) rest->data[length]) || memchr(signs, rest->data[length], sizeof(signs)) != NULL))
        length++;
    *rest = (struct text){rest->data + length, rest->length - length};
    return length > 0;
}

static bool
take_member(struct text *rest, struct parameters *parameters)
{
    struct text name;
    struct text value = {NULL, 0};
    if (!take_json_string(rest, &name) || !take_sign(rest, ":"))
        return false;
    if (rest->length > 0 && rest->data[0] == '"' ? !take_json_string(rest, &value) : !skip_json_scalar(rest))
        return false;
    struct text *known = text_is(name, "DomainId")          ? &parameters->domain_id
                         : text_is(name, "UserProfileName") ? &parameters->user_profile_name
                                                            : NULL;
    if (known == NULL)
        return true;
    bool is_first = known->data == NULL;
    *known = value;
    return is_first;
}

static bool
parse_parameters(struct text body, struct parameters *parameters)
{
    *parameters = (struct parameters){0};
    if (!take_sign(&body, "{"))
        return false;
    if (take_sign(&body, "}"))
        return body.length == 0;
    do {
        if (!take_member(&body, parameters))
            return false;
    } while (take_sign(&body, ","));
    return take_sign(&body, "}") && body.length == 0;
}

static bool
is_profile_name(struct text name)
{
    if (name.length == 0 || name.length > PROFILE_NAME_MAX || name.data[0] == '-' || name.data[name.length - 1] == '-')
        return false;
    for (size_t i = 0; i < name.length; i++) {
        if (!isalnum((unsigned char) name.data[i]) && name.data[i] != '-')
            return false;
    }
    return true;
}

static const struct refusal *
check_operation(const struct request *request)
{
    if (!text_is(request->method, "POST") || !text_is(request->target, "/") ||
        !text_is(header_value(request, "x-amz-target"), API_TARGET))
        return &unknown_operation;
    return text_is(header_value(request, "content-type"), AWS_JSON_TYPE) ? NULL : &wrong_content_type;
}

static const struct refusal *
check_parameters(struct text body, struct text *user_profile_name)
{
    struct parameters parameters;
    if (!parse_parameters(body, &parameters))
        return &no_object;
    if (parameters.domain_id.data == NULL || !is_profile_name(parameters.user_profile_name))
        return &wrong_profile_name;
    *user_profile_name = parameters.user_profile_name;
    return text_is(parameters.domain_id, DOMAIN_ID) ? NULL : &unknown_domain;
}

/* Each link is another one, names whom it is for, and is as long as AWS's: FILLER.PROFILE.NUMBER is its token. */
static void
give_link(struct text user_profile_name, uint64_t number, struct answer *answer)
{
    size_t others = strlen(LINK_BEGINNING) + user_profile_name.length + strlen("..0123456789abcdef");
    snprintf(answer->body, sizeof(answer->body), "{\"AuthorizedUrl\":\"" LINK_BEGINNING "%.*s.%.*s.%016" PRIx64 "\"}",
             (int) (LINK_LENGTH - others), link_filler, (int) user_profile_name.length, user_profile_name.data, number);
    count(LINKS);
}

static void
answer_api(struct worker *worker, const struct request *request, struct answer *answer)
{
    static atomic_uint_least64_t answers;
    uint64_t number = atomic_fetch_add_explicit(&answers, 1, memory_order_relaxed);
    struct text user_profile_name = {NULL, 0};
    count(API_REQUESTS);
    const struct refusal *refusal = check_operation(request);
    if (refusal == NULL)
        refusal = check_is_signed(worker, request);
    if (refusal == NULL)
        refusal = check_parameters(request->body, &user_profile_name);
    answer->status = refusal != NULL ? refusal->status : 200;
    answer->content_type = AWS_JSON_TYPE;
    snprintf(answer->more_headers, sizeof(answer->more_headers),
             "x-amzn-RequestId: 00000000-0000-4000-8000-%012" PRIx64 "\r\n", number & UINT64_C(0xffffffffffff));
    if (refusal == NULL)
        give_link(user_profile_name, number, answer);
    else
        snprintf(answer->body, sizeof(answer->body), "{\"__type\":\"%s\",\"message\":\"%s\"}", refusal->code,
                 refusal->message);
}

/* ---- Beginning and end ------------------------------------------------------------------------------------------- */

static _Noreturn void
fail_with_openssl(const char *what)
{
    fprintf(stderr, "stand_in: %s\n", what);
    ERR_print_errors_fp(stderr);
    exit(EXIT_FAILURE);
}

/* Text of an alphabet that links and tokens share; it is as little a secret as the keys here are. */
static void
fill(char *text, size_t length)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    uint32_t state = 1;
    for (size_t i = 0; i < length; i++) {
        state = state * UINT32_C(1664525) + UINT32_C(1013904223);
        text[i] = alphabet[(state >> 16) % strlen(alphabet)];
    }
    text[length] = '\0';
}

static int
select_protocol(SSL *tls, const unsigned char **selected, unsigned char *selected_length, const unsigned char *offered,
                unsigned int offered_length, void *argument)
{
    static const unsigned char http_1_1[] = "\x08http/1.1";
    unsigned char *match;
    (void) tls;
    (void) argument;
    if (SSL_select_next_proto(&match, selected_length, http_1_1, sizeof(http_1_1) - 1, offered, offered_length) !=
        OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_NOACK;
    *selected = match;
    return SSL_TLSEXT_ERR_OK;
}

static int
client_hello_came(SSL *tls, int *alert, void *argument)
{
    (void) alert;
    (void) argument;
    wait_round_trip(SSL_get_app_data(tls));
    return SSL_CLIENT_HELLO_SUCCESS;
}

static SSL_CTX *
create_tls(const char *certificate_file)
{
    SSL_CTX *tls = SSL_CTX_new(TLS_server_method());
    if (tls == NULL || SSL_CTX_set_min_proto_version(tls, TLS1_3_VERSION) != 1 ||
        SSL_CTX_use_certificate_chain_file(tls, certificate_file) != 1 ||
        SSL_CTX_use_PrivateKey_file(tls, certificate_file, SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(tls) != 1)
        fail_with_openssl(certificate_file);
    SSL_CTX_set_alpn_select_cb(tls, select_protocol, NULL);
    SSL_CTX_set_client_hello_cb(tls, client_hello_came, NULL);
    SSL_CTX_set_read_ahead(tls, 1); /* one read(2) for a record, not one for its head and one for the rest */
    return tls;
}

/* The port.  What is accepted inherits TCP_NODELAY (tcp(7)). */
static uint16_t
start_listening(struct service *service)
{
    const int on = 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof(address);
    service->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (service->listener < 0 || setsockopt(service->listener, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) != 0 ||
        bind(service->listener, (const struct sockaddr *) &address, size) != 0 ||
        listen(service->listener, BACKLOG) != 0 ||
        getsockname(service->listener, (struct sockaddr *) &address, &size) != 0)
        err(EXIT_FAILURE, "127.0.0.1 cannot be listened on");
    return ntohs(address.sin_port);
}

static void
start_workers(struct service *service)
{
    for (size_t i = 0; i < WORKERS_START; i++)
        start_worker(service);
    if (atomic_load(&service->idle) == 0 && worker_count == 0)
        errx(EXIT_FAILURE, "no thread can be started");
}

static char *
path_in(const char *folder, const char *name)
{
    char *path = NULL;
    if (asprintf(&path, "%s/%s", folder, name) < 0)
        err(EXIT_FAILURE, "no memory for a path");
    return path;
}

static void
write_ready(const char *folder, uint16_t imds_port, uint16_t api_port)
{
    char *new_path = path_in(folder, "ready.json.new");
    char *path = path_in(folder, "ready.json");
    FILE *file = fopen(new_path, "we");
    if (file == NULL)
        err(EXIT_FAILURE, "%s", new_path);
    fprintf(file,
            "{\"imds_url\": \"http://127.0.0.1:%d\", \"api_url\": \"https://localhost:%d\", \"region\": \"" REGION
            "\", \"domain_id\": \"" DOMAIN_ID "\", \"role\": \"" ROLE "\", \"pid\": %d}\n",
            imds_port, api_port, (int) getpid());
    if (fclose(file) != 0 || rename(new_path, path) != 0)
        err(EXIT_FAILURE, "%s", path);
    free(new_path);
    free(path);
}

static void
raise_descriptor_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static void
prepare(const char *folder)
{
    char *certificate_file = path_in(folder, "server.pem");
    raise_descriptor_limit();
    prctl(PR_SET_TIMERSLACK, 1UL); /* delays as they are asked for, not 50 us more; threads inherit it */
    fill(session_token, SESSION_TOKEN_LENGTH);
    fill(link_filler, LINK_LENGTH);
    sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    hmac_method = EVP_MAC_fetch(NULL, "HMAC", NULL);
    if (sha256 == NULL || hmac_method == NULL)
        fail_with_openssl("no SHA-256");
    imds_service.answer = answer_imds;
    api_service.answer = answer_api;
    api_service.tls = create_tls(certificate_file);
    free(certificate_file);
}

static void
release(void)
{
    close(imds_service.listener);
    close(api_service.listener);
    SSL_CTX_free(api_service.tls);
    EVP_MAC_free(hmac_method);
    EVP_MD_free(sha256);
}

int
main(int argument_count, char **arguments)
{
    sigset_t ends;
    int signal_number;
    if (argument_count != 2) {
        fprintf(stderr, "Usage: stand_in FOLDER (which holds server.pem)\n");
        return 64;
    }
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    pthread_sigmask(SIG_BLOCK, &ends, NULL);
    signal(SIGPIPE, SIG_IGN);
    prepare(arguments[1]);
    uint16_t imds_port = start_listening(&imds_service);
    uint16_t api_port = start_listening(&api_service);
    start_workers(&imds_service);
    start_workers(&api_service);
    reset_counters();
    write_ready(arguments[1], imds_port, api_port);
    sigwait(&ends, &signal_number);
    end_workers();
    release();
    return 0;
}
