"""A transport that notes what is done with it, for tests of what a connection does in one of its states."""

import asyncio


class NotedTransport(asyncio.Transport):
    """`done` has each call with its arguments; `extra` is what the event loop knows of the connection."""

    def __init__(self, **extra):
        super().__init__(extra)
        self.done = []
        self.closing = False
        self.reading = True
        self.buffered = 0

    def _note(self, *call):
        self.done.append(call)

    def write(self, data):
        self._note("write", data)

    def writelines(self, parts):
        self._note("writelines", parts)

    def write_eof(self):
        self._note("write_eof")

    def can_write_eof(self):
        return self.get_extra_info("ssl_object") is None

    def set_write_buffer_limits(self, high=None, low=None):
        self._note("set_write_buffer_limits", high, low)

    def get_write_buffer_size(self):
        return self.buffered

    def set_protocol(self, protocol):
        self._note("set_protocol", protocol)

    def is_reading(self):
        return self.reading

    def pause_reading(self):
        self.reading = False
        self._note("pause_reading")

    def resume_reading(self):
        self.reading = True
        self._note("resume_reading")

    def is_closing(self):
        return self.closing

    def close(self):
        self.closing = True
        self._note("close")

    def abort(self):
        self.closing = True
        self._note("abort")
