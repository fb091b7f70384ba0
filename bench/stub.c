/* A provider that is not one: answers every POST with fixed JSON, or, for a model named sse-CHUNKS-MS or tool-CHUNKS-MS, with
   that many events, one every MS milliseconds, each bearing the moment it was sent. One thread, epoll, keep-alive.
   Usage: stub PORT */
#define _GNU_SOURCE
#include "wire.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_FDS 65536
#define BUFFER (512 * 1024)

struct peer { char *in; int have; const struct shape *shape; unsigned sent, chunks; int64_t due, every; int heap_at; };
static struct peer peers[MAX_FDS];
static int heap[MAX_FDS], heap_size, ep;

static void heap_set(int at, int fd) { heap[at] = fd; peers[fd].heap_at = at; }
static void heap_up(int at) {
    int fd = heap[at];
    while (at > 0 && peers[heap[(at - 1) / 2]].due > peers[fd].due) { heap_set(at, heap[(at - 1) / 2]); at = (at - 1) / 2; }
    heap_set(at, fd);
}
static void heap_down(int at) {
    int fd = heap[at];
    for (;;) {
        int child = 2 * at + 1;
        if (child >= heap_size) break;
        if (child + 1 < heap_size && peers[heap[child + 1]].due < peers[heap[child]].due) child++;
        if (peers[heap[child]].due >= peers[fd].due) break;
        heap_set(at, heap[child]);
        at = child;
    }
    heap_set(at, fd);
}
static void heap_remove(int fd) {
    int at = peers[fd].heap_at;
    if (at < 0) return;
    peers[fd].heap_at = -1;
    int last = heap[--heap_size];
    if (last == fd) return;
    heap_set(at, last);
    heap_up(at);
    heap_down(peers[last].heap_at);
}
static void gone(int fd) {
    heap_remove(fd);
    free(peers[fd].in);
    memset(&peers[fd], 0, sizeof peers[fd]);
    peers[fd].heap_at = -1;
    close(fd);
}
static int put(int fd, const char *data, int size) {
    while (size > 0) {
        ssize_t n = send(fd, data, size, MSG_NOSIGNAL);
        if (n < 0 && errno == EAGAIN) { usleep(50); continue; }
        if (n <= 0) return -1;
        data += n;
        size -= n;
    }
    return 0;
}
static int tick(int fd) {
    struct peer *p = &peers[fd];
    char data[1024], out[1100];
    int n;
    if (p->sent < p->chunks) {
        n = event(data, p->shape, p->sent, now_ns());
        n = sprintf(out, "%x\r\n%s\r\n", n, data);
        p->sent++;
        p->due += p->every;
    } else {
        n = sprintf(out, "%zx\r\n%s\r\n0\r\n\r\n", strlen(p->shape->end), p->shape->end);
        heap_remove(fd);
    }
    return put(fd, out, n);
}
static int answer(int fd, const char *body, int size) {
    struct peer *p = &peers[fd];
    unsigned chunks, ms;
    const struct shape *shape = shape_of(body, size, &chunks, &ms);
    if (!shape) {
        static const char whole[] = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s";
        char out[4096];
        return put(fd, out, sprintf(out, whole, sizeof(ANSWER) - 1, ANSWER));
    }
    static const char head[] = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n%zx\r\n%s\r\n";
    char out[2048];
    if (put(fd, out, sprintf(out, head, strlen(shape->begin), shape->begin)) < 0) return -1;
    p->shape = shape, p->sent = 0, p->chunks = chunks, p->every = ms * 1000000LL, p->due = now_ns() + p->every;
    heap[heap_size] = fd;
    p->heap_at = heap_size++;
    heap_up(p->heap_at);
    return 0;
}
static int requests(int fd) {
    struct peer *p = &peers[fd];
    for (;;) {
        char *end = memmem(p->in, p->have, "\r\n\r\n", 4);
        if (!end) return 0;
        int head = end - p->in + 4, size = 0;
        *end = 0;
        char *length = strcasestr(p->in, "\r\ncontent-length:");
        char *chunked = strcasestr(p->in, "\r\ntransfer-encoding:");
        *end = '\r';
        if (length) size = atoi(length + 17);
        if (chunked) {
            char *last = memmem(p->in + head, p->have - head, "0\r\n\r\n", 5);
            if (!last) return 0;
            size = last + 5 - (p->in + head);
        }
        if (p->have < head + size) return 0;
        if (answer(fd, p->in + head, size) < 0) return -1;
        p->have -= head + size;
        memmove(p->in, p->in + head + size, p->have);
    }
}
static void readable(int fd) {
    struct peer *p = &peers[fd];
    if (!p->in) p->in = malloc(BUFFER);
    ssize_t n = recv(fd, p->in + p->have, BUFFER - p->have, 0);
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) { gone(fd); return; }
    p->have += n;
    if (requests(fd) < 0) gone(fd);
}
static int listening(int port) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), on = 1;
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, (struct sockaddr *)&a, sizeof a) || listen(fd, 4096)) { perror("stub"); exit(1); }
    return fd;
}
int main(int argc, char **argv) {
    if (argc != 2) { fprintf(stderr, "usage: stub PORT\n"); return 2; }
    signal(SIGPIPE, SIG_IGN);
    for (int i = 0; i < MAX_FDS; i++) peers[i].heap_at = -1;
    int door = listening(atoi(argv[1]));
    ep = epoll_create1(0);
    struct epoll_event ev = {.events = EPOLLIN, .data.fd = door}, got[512];
    epoll_ctl(ep, EPOLL_CTL_ADD, door, &ev);
    for (;;) {
        int64_t wait = heap_size ? (peers[heap[0]].due - now_ns()) / 1000000 : 1000;
        int n = epoll_wait(ep, got, 512, wait < 0 ? 0 : wait > 1000 ? 1000 : (int)wait);
        for (int i = 0; i < n; i++) {
            if (got[i].data.fd != door) { readable(got[i].data.fd); continue; }
            int fd, on = 1;
            while ((fd = accept4(door, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
                setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
                ev = (struct epoll_event){.events = EPOLLIN, .data.fd = fd};
                epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev);
            }
        }
        int64_t now = now_ns();
        while (heap_size && peers[heap[0]].due <= now) {
            int fd = heap[0];
            if (tick(fd) < 0) gone(fd);
            else if (peers[fd].heap_at >= 0) heap_down(peers[fd].heap_at);
        }
    }
}
