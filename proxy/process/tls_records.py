"""The TLS state of a connection, which is read a record at a time, into memory of that size.

Event loops read up to 256 KiB at once, though OpenSSL returns one record at most. For so much the C library maps memory, shrinks
the mapping and unmaps it again: three system calls and a page fault at each read, which takes one call of its own.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from typing_extensions import Buffer

RECORD = 16 * 1024
"""Bytes of the longest record, without what its cipher adds (RFC 8446 5.1)."""


class _Engine(Protocol):
    def read(self, size: int, buffer: Buffer | None = None, /) -> bytes: ...
    def write(self, data: bytes, /) -> int: ...
    def pending(self) -> int: ...


class RecordObject(ssl.SSLObject):
    """What event loops encrypt and decrypt by, as `SSLContext.sslobject_class`; errors are those of the base class.

    Its methods go straight to OpenSSL's binding: through those of the base class TLS adds a tenth more instructions to a request.
    """

    _sslobj: _Engine

    def read(self, len: int = RECORD, buffer: Buffer | None = None) -> bytes:  # noqa: A002 - the base class's name
        """At most `len` bytes of one record; with a buffer, into it, and their number."""
        if buffer is not None:
            return self._sslobj.read(len, buffer)
        return self._sslobj.read(min(len, RECORD))

    @property
    def write(self) -> Callable[[bytes], int]:  # type: ignore[override] # it is called alike
        """Encrypts bytes, and returns how many it took."""
        return self._sslobj.write

    @property
    def pending(self) -> Callable[[], int]:
        """How many decrypted bytes wait to be read."""
        return self._sslobj.pending
