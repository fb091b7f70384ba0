/* What the stub says and the loader expects: one definition, so that every byte can be checked. */
#pragma once
#include <stdint.h>
#include <time.h>

#define EVENT_HEAD "data: {\"id\":\"chatcmpl-bench\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"bench\"," \
                   "\"choices\":[{\"index\":0,\"delta\":{\"content\":\""
#define EVENT_MARK " w%06u t%019lld"
#define EVENT_TAIL "\"},\"finish_reason\":null}]}\n\n"
#define EVENT_SIZE (sizeof(EVENT_HEAD) - 1 + 29 + sizeof(EVENT_TAIL) - 1)
#define STREAM_END "data: {\"id\":\"chatcmpl-bench\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"bench\"," \
                   "\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n"
#define ANSWER "{\"id\":\"chatcmpl-bench\",\"object\":\"chat.completion\",\"created\":1,\"model\":\"bench\",\"choices\":[{\"index\":0," \
               "\"message\":{\"role\":\"assistant\",\"content\":\"The same weights, served by another provider, call other tools, drop " \
               "other parameters, lose other spaces. A model name is only a pointer to weights; what answers is the weights, the engine, " \
               "the template, the parser and the limits, and none of these is in the name. So the only honest yardstick is the traffic " \
               "itself, a reference, and the noise that the reference shows with itself on that very traffic. Everything else is a guess " \
               "that was true for somebody else, two weeks ago, on other prompts, at another hour, behind another load balancer.\"}," \
               "\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":120,\"completion_tokens\":118,\"total_tokens\":238}}"

static inline int64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}
