"""The timers of an event loop as a list, for tests of what is done when one of them is over."""

from types import SimpleNamespace


class NotedTimers:
    """`timers` holds the seconds and the call of each that was set, `cancelled` how many were cancelled; none runs by itself."""

    def __init__(self):
        self.timers, self.cancelled = [], 0

    def call_later(self, seconds, call):
        self.timers.append((seconds, call))
        return SimpleNamespace(cancel=self._cancel)

    def _cancel(self):
        self.cancelled += 1
