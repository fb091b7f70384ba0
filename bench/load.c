/* A client that checks every byte: CONNECTIONS at once, TOTAL exchanges, of MODEL (json, sse-CHUNKS-MS or tool-CHUNKS-MS).
   Usage: load PORT PATH MODEL CONNECTIONS TOTAL REQUEST_BYTES RATE exact|counted
   RATE is requests a second in all, 0 for as many as go. `counted` is for proxies that write the JSON anew: it only counts
   events and reads their moments. Every request is the first of a conversation of its own. Prints one JSON line. */
#define _GNU_SOURCE
#include "wire.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

struct client {
    int fd, status, chunked, head_done;
    long length, left, got;             /* body bytes: announced, of this chunk, seen */
    char line[64]; int line_n, state;   /* chunk decoder: 0 size line, 1 data, 2 CRLF after data, 3 last CRLF */
    char *head; int head_n;
    char *body; long body_n;
    unsigned events;
    int64_t begun, first, due;
};
static const struct shape *shape; static long begin_n, event_n, end_n; static int64_t gap;
static char *request, *serial; static int request_n, port, exact, epfd; static long total, started, ended, failed, wrong; static unsigned chunks, ms;
static int64_t *ttfb; static long ttfb_n; static int64_t *delay; static long delay_n, delay_cap;

static int cmp(const void *a, const void *b) { int64_t x = *(int64_t *)a, y = *(int64_t *)b; return (x > y) - (x < y); }
static double at(int64_t *v, long n, double q) { return n ? v[(long)(q * (n - 1))] / 1e6 : -1; }
static void dial(struct client *c) {
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int on = 1;
    c->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(c->fd, (struct sockaddr *)&a, sizeof a)) { perror("load: connect"); exit(1); }
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct epoll_event ev = {.events = EPOLLIN, .data.ptr = c};
    epoll_ctl(epfd, EPOLL_CTL_ADD, c->fd, &ev);
}
static void ask(struct client *c) {
    if (started >= total) { if (c->fd >= 0) close(c->fd); c->fd = -1; return; }
    if (gap && c->due > now_ns()) return;
    c->due += gap;
    sprintf(serial, "%08ld", started++), serial[8] = ' ';
    c->status = c->chunked = c->head_done = c->head_n = c->line_n = c->state = 0;
    c->length = -1, c->left = c->got = c->body_n = 0, c->events = 0, c->first = 0;
    if (c->fd < 0) dial(c);
    c->begun = now_ns();
    for (int sent = 0; sent < request_n;) {
        ssize_t n = send(c->fd, request + sent, request_n - sent, MSG_NOSIGNAL);
        if (n <= 0) break;
        sent += n;
    }
}
static int whole(struct client *c) {
    long last = begin_n + chunks * event_n;
    return c->body_n == last + end_n && !memcmp(c->body, shape->begin, begin_n) && !memcmp(c->body + last, shape->end, end_n);
}
static void hang_up(struct client *c) { if (c->fd >= 0) close(c->fd); c->fd = -1; }
static void finish(struct client *c, int ok) {
    ended++;
    if (!ok || c->status != 200) failed++;
    else if (exact && !chunks && (c->body_n != sizeof(ANSWER) - 1 || memcmp(c->body, ANSWER, c->body_n))) wrong++;
    else if (chunks && (c->events < chunks || (exact && !whole(c)))) wrong++;
    if (ok && ttfb_n < total) ttfb[ttfb_n++] = (chunks ? c->first : now_ns()) - c->begun;
    if (!ok) hang_up(c);
    c->begun = 0;
    ask(c);
}
static void events(struct client *c, long from, int64_t now) {
    long at_byte = from > 64 ? from - 64 : 0;
    if (exact) at_byte = begin_n + (long)c->events * event_n;
    if (at_byte > c->body_n) return;
    for (;;) {
        char *mark = memmem(c->body + at_byte, c->body_n - at_byte, " w", 2);
        if (!mark || c->body + c->body_n - mark < MARK_SIZE) return;
        unsigned seq; long long sent;
        if (sscanf(mark, " w%6u t%19lld", &seq, &sent) != 2 || seq != c->events) { at_byte = mark - c->body + 2; continue; }
        if (exact) {
            char want[1024];
            event(want, shape, seq, sent);
            char *begin = c->body + begin_n + (long)c->events * event_n;
            if (c->body + c->body_n - begin < event_n) return;
            if (memcmp(begin, want, event_n)) wrong++;
        }
        if (delay_n < delay_cap) delay[delay_n++] = now - sent;
        c->events++;
        at_byte = mark - c->body + MARK_SIZE;
    }
}
static void take(struct client *c, char *data, long n, int64_t now) {
    if (!c->first) c->first = now;
    c->got += n;
    if (c->body_n + n < 4 * 1024 * 1024) { memcpy(c->body + c->body_n, data, n); c->body_n += n; }
    if (chunks) events(c, c->body_n - n, now);
}
static int chunk_bytes(struct client *c, char *data, long n, int64_t now) {   /* 1 when the body has ended */
    long i = 0;
    while (i < n) {
        if (c->state == 1) {
            long part = n - i < c->left ? n - i : c->left;
            take(c, data + i, part, now);
            i += part, c->left -= part;
            if (!c->left) c->state = 2;
            continue;
        }
        char b = data[i++];
        if (b != '\n') { if (c->line_n < 63) c->line[c->line_n++] = b; continue; }
        c->line[c->line_n] = 0, c->line_n = 0;
        if (c->state == 2) c->state = 0;
        else if (c->state == 3) return 1;
        else { c->left = strtol(c->line, NULL, 16); c->state = c->left ? 1 : 3; }
    }
    return 0;
}
static void body(struct client *c, char *data, long n, int64_t now) {
    if (c->chunked) { if (chunk_bytes(c, data, n, now)) finish(c, 1); return; }
    take(c, data, n, now);
    if (c->length >= 0 && c->got >= c->length) finish(c, 1);
}
static void readable(struct client *c) {
    static char buf[256 * 1024];
    ssize_t n = recv(c->fd, buf, sizeof buf, 0);
    int64_t now = now_ns();
    if (n <= 0) { hang_up(c); finish(c, c->head_done && !c->chunked && c->length < 0); return; }
    if (c->head_done) { body(c, buf, n, now); return; }
    if (c->head_n + n > 65536) { finish(c, 0); return; }
    memcpy(c->head + c->head_n, buf, n);
    c->head_n += n;
    char *end = memmem(c->head, c->head_n, "\r\n\r\n", 4);
    if (!end) return;
    *end = 0;
    c->head_done = 1;
    c->status = atoi(c->head + 9);
    char *length = strcasestr(c->head, "\r\ncontent-length:");
    c->chunked = strcasestr(c->head, "\r\ntransfer-encoding: chunked") != NULL;
    if (length) c->length = atol(length + 17);
    long rest = c->head + c->head_n - (end + 4);
    if (rest) body(c, end + 4, rest, now);
    else if (c->length == 0) finish(c, 1);
}
int main(int argc, char **argv) {
    if (argc != 9) { fprintf(stderr, "usage: load PORT PATH MODEL CONNECTIONS TOTAL REQUEST_BYTES RATE exact|counted\n"); return 2; }
    signal(SIGPIPE, SIG_IGN);
    port = atoi(argv[1]);
    int many = atoi(argv[4]), pad = atoi(argv[6]), rate = atoi(argv[7]);
    total = atol(argv[5]), exact = !strcmp(argv[8], "exact");
    if ((shape = shape_of(argv[3], strlen(argv[3]), &chunks, &ms))) {
        char one[1024];
        begin_n = strlen(shape->begin), event_n = event(one, shape, 0, 0), end_n = strlen(shape->end);
    }
    gap = rate ? 1000000000LL * many / rate : 0;
    char *text = malloc(pad + 1024), *filler = malloc(pad + 1);
    memset(filler, 'x', pad), filler[pad] = 0;
    int size = sprintf(text, "{\"model\":\"%s\",\"stream\":%s,\"messages\":[{\"role\":\"user\",\"content\":\"%08d %s\"}]}", argv[3], chunks ? "true" : "false", 0, filler);
    request = malloc(size + 1024);
    request_n = sprintf(request, "POST %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Type: application/json\r\nAuthorization: Bearer bench\r\nContent-Length: %d\r\n\r\n%s", argv[2], port, size, text);
    serial = strstr(request, "00000000 ");
    ttfb = calloc(total + 1, 8);
    delay_cap = chunks ? total * chunks : 1, delay = calloc(delay_cap + 1, 8);
    epfd = epoll_create1(0);
    struct client *all = calloc(many, sizeof *all);
    int64_t begun = now_ns();
    for (int i = 0; i < many; i++) all[i].fd = -1, all[i].head = malloc(65537), all[i].body = malloc(chunks ? chunks * 1024 + 65536 : 65536);
    int64_t pause = !chunks ? gap / many : many > 1000 ? 1000000 : 1000000000LL / many, last = begun;   /* streams begin spread over a second, or 1,000 a second */
    int open = 0;
    struct epoll_event got[512];
    while (ended < total) {
        for (; open < many && now_ns() >= begun + open * pause; open++) all[open].due = now_ns(), ask(&all[open]);
        for (int i = 0; gap && i < open; i++) if (!all[i].begun && started < total) ask(&all[i]);
        int n = epoll_wait(epfd, got, 512, open < many || gap ? 1 : 1000);
        if (n) last = now_ns();
        else if (now_ns() - last > 60000000000LL) { fprintf(stderr, "load: nothing for a minute\n"); failed += total - ended; break; }
        for (int i = 0; i < n; i++) readable(got[i].data.ptr);
    }
    double seconds = (now_ns() - begun) / 1e9;
    qsort(ttfb, ttfb_n, 8, cmp);
    qsort(delay, delay_n, 8, cmp);
    printf("{\"exchanges\":%ld,\"failed\":%ld,\"wrong\":%ld,\"seconds\":%.3f,\"chunks\":%ld,\"ttfb_p50_ms\":%.3f,\"ttfb_p99_ms\":%.3f,"
           "\"delay_p50_ms\":%.3f,\"delay_p99_ms\":%.3f,\"delay_max_ms\":%.3f}\n",
           ended, failed, wrong, seconds, delay_n, at(ttfb, ttfb_n, .5), at(ttfb, ttfb_n, .99), at(delay, delay_n, .5), at(delay, delay_n, .99),
           at(delay, delay_n, 1.0));
    return 0;
}
