/* What the stub says and the loader expects: one definition, so that every byte can be checked. */
#pragma once
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define CHUNK(delta, reason) "data: {\"id\":\"chatcmpl-bench\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"bench\"," \
                             "\"choices\":[{\"index\":0,\"delta\":" delta ",\"finish_reason\":" reason "}]}\n\n"
#define CALL(rest) "{\"tool_calls\":[{\"index\":0," rest "}]}"
#define MARK_SIZE 29 /* " w%06u t%019lld": the number of the event, and the moment it was sent */

/* A stream: what comes once at its beginning, a prefix and a suffix of every event's mark, and what comes once at its end. */
struct shape { const char *name, *begin, *head, *tail, *end; };
static const struct shape SHAPES[] = {
    {"sse", CHUNK("{\"role\":\"assistant\",\"content\":\"\"}", "null"),
     "data: {\"id\":\"chatcmpl-bench\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"bench\",\"choices\":[{\"index\":0,"
     "\"delta\":{\"content\":\"", "\"},\"finish_reason\":null}]}\n\n", CHUNK("{}", "\"stop\"") "data: [DONE]\n\n"},
    {"tool", CHUNK(CALL("\"id\":\"call_bench\",\"type\":\"function\",\"function\":{\"name\":\"note\",\"arguments\":\"{\\\"text\\\":\\\"\"}"), "null"),
     "data: {\"id\":\"chatcmpl-bench\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"bench\",\"choices\":[{\"index\":0,"
     "\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"", "\"}}]},\"finish_reason\":null}]}\n\n",
     CHUNK(CALL("\"function\":{\"arguments\":\"\\\"}\"}"), "null") CHUNK("{}", "\"tool_calls\"") "data: [DONE]\n\n"},
};
#define ANSWER "{\"id\":\"chatcmpl-bench\",\"object\":\"chat.completion\",\"created\":1,\"model\":\"bench\",\"choices\":[{\"index\":0," \
               "\"message\":{\"role\":\"assistant\",\"content\":\"The same weights, served by another provider, call other tools, drop " \
               "other parameters, lose other spaces. A model name is only a pointer to weights; what answers is the weights, the engine, " \
               "the template, the parser and the limits, and none of these is in the name. So the only honest yardstick is the traffic " \
               "itself, a reference, and the noise that the reference shows with itself on that very traffic. Everything else is a guess " \
               "that was true for somebody else, two weeks ago, on other prompts, at another hour, behind another load balancer.\"}," \
               "\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":120,\"completion_tokens\":118,\"total_tokens\":238}}"

/* The shape that a text names as SHAPE-CHUNKS-MS, with its two numbers; NULL when it names none. */
static inline const struct shape *shape_of(const char *text, size_t size, unsigned *chunks, unsigned *ms) {
    for (size_t i = 0; i < sizeof SHAPES / sizeof *SHAPES; i++) {
        char mark[16], format[32];
        snprintf(mark, sizeof mark, "%s-", SHAPES[i].name);
        snprintf(format, sizeof format, "%s-%%u-%%u", SHAPES[i].name);
        const char *at = memmem(text, size < 2048 ? size : 2048, mark, strlen(mark));
        if (!at && size > 2048) at = memmem(text + size - 1024, 1024, mark, strlen(mark)); /* some proxies put the model last */
        if (at && sscanf(at, format, chunks, ms) == 2) return &SHAPES[i];
    }
    return NULL;
}
static inline int event(char *out, const struct shape *s, unsigned number, int64_t at) {
    return sprintf(out, "%s w%06u t%019lld%s", s->head, number, (long long)at, s->tail);
}
static inline int64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}
