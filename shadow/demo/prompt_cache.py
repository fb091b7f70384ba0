"""PromptCache: how many prompt tokens of a request a pretended server read from its cache: its longest known beginning.

A prompt is its tools, then its messages. No size is too small to be kept, other than in real caches.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from hashlib import blake2b

from shadow.demo.loose_json import Object, objects
from shadow.demo.wire_format import prompt_tokens

MOST = 20_000
"""Beginnings that are kept; the least recently used is dropped first."""


class PromptCache:
    """The beginnings of the prompts that one server had."""

    def __init__(self) -> None:
        self._known: OrderedDict[bytes, int] = OrderedDict()

    def __repr__(self) -> str:
        return f"<PromptCache {len(self._known)} beginnings>"

    def read(self, body: Object) -> int:
        """The tokens of the longest beginning that an earlier request had; all of this one's are kept. The last message is always
        new, since a server answers it again.
        """
        running = blake2b(json.dumps([body.get("model"), body.get("tools")], sort_keys=True).encode(), digest_size=16)
        found = self._tokens(running.digest(), {"tools": body.get("tools"), "messages": []})
        messages = objects(body.get("messages"))
        for place, message in enumerate(messages[:-1], 1):
            running.update(json.dumps(message, sort_keys=True).encode())
            found = self._tokens(running.digest(), {"tools": body.get("tools"), "messages": [*messages[:place]]}) or found
        return found

    def _tokens(self, name: bytes, beginning: Object) -> int:
        """The tokens of a beginning that is known; 0 for a new one."""
        known = self._known.get(name, 0)
        if not known:
            self._known[name] = prompt_tokens(beginning)
        self._known.move_to_end(name)
        if len(self._known) > MOST:
            self._known.popitem(last=False)
        return known
