"""RecordedHead: what a record holds of a request's head, and the JSON of it, made once for all requests that repeat the head."""

from __future__ import annotations

from proxy.exchange import Headers, Labels, Role
from proxy.packing import RequestWords, request_words


class RecordedHead:
    """A request's head without its credentials; `length_name` is the field between `before` and `after` that states the length
    of the body, "" where there is none.
    """

    __slots__ = ("_after", "_before", "_labels", "_length_name", "_role", "_words", "coded", "method", "target")

    def __init__(self, method: str, target: str, before: Headers, length_name: str = "", after: Headers = ()) -> None:
        self.method = method
        self.target = target
        self._before = before
        self._length_name = length_name
        self._after = after
        self.coded = any(name.lower() == "content-encoding" for name, _ in (*before, *after))
        """The body is in a content coding."""
        self._role: Role | None = None
        self._labels: Labels | None = None
        self._words = RequestWords(b"", b"")

    def __repr__(self) -> str:
        return f"<RecordedHead {self.method} {self.target.partition('?')[0]} fields={len(self.headers(''))}>"

    def headers(self, length: str) -> Headers:
        """The fields that a record may hold, with the `length` that the request states."""
        if not self._length_name:
            return (*self._before, *self._after)
        return (*self._before, (self._length_name, length), *self._after)

    def words(self, role: Role, labels: Labels) -> RequestWords:
        """The JSON of what is the same for all requests with this head and these `labels`; the last one made is kept."""
        if labels != self._labels or role is not self._role:
            fields = (self._before, self._after)
            self._words = request_words(role, labels, self.method, self.target, fields, self._length_name)
            self._role, self._labels = role, labels
        return self._words
