"""`ForbiddenSubjects`: ends a request at once where the server reports that the user's rights forbid its subject or its answer.

NATS reports that apart from the request, by the subject alone, and the client would wait for an answer that cannot come. The
client gives the report in small letters, so subjects are compared without regard to case.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from shadow.broker.broker_errors import BrokerError

REPORT = re.compile(r'permissions violation for (?P<what>[a-z ]+"(?P<subject>[^"]*)".*)', re.IGNORECASE | re.DOTALL)


class ForbiddenSubjects:
    """The requests that wait; their answers come to subjects below `inbox`."""

    def __init__(self, inbox: str) -> None:
        self._inbox = f"{inbox}.".lower()
        self._waiting: dict[asyncio.Timeout, str] = {}
        self._ended: dict[asyncio.Timeout, str] = {}
        self._deaf = ""
        """Why no answer can come by the connection of now; "" where one can."""

    def __repr__(self) -> str:
        return f"<ForbiddenSubjects {len(self._waiting)} requests wait {self._deaf}>"

    def reconnected(self) -> None:
        """Forget what was reported of the connection before, since rights may have been given."""
        self._deaf = ""

    def report(self, error: Exception) -> None:
        """End the requests that an error of the server is about; nothing for any other error."""
        found = REPORT.search(str(error))
        if not found:
            return
        why, subject = _sentence(found["what"]), found["subject"].lower()
        answers = subject.startswith(self._inbox)
        self._deaf = why if answers else self._deaf
        for limit, requested in self._waiting.items():
            if answers or requested == subject:
                self._end(limit, why)

    def _end(self, limit: asyncio.Timeout, why: str) -> None:
        self._ended.setdefault(limit, why)
        if not limit.expired():  # because one that is ending, as by the report before, cannot be ended again
            limit.reschedule(asyncio.get_running_loop().time())

    @asynccontextmanager
    async def watched(self, subject: str, seconds: float) -> AsyncIterator[None]:
        """A request to `subject`: BrokerError at once where the rights forbid it, TimeoutError after `seconds`."""
        if self._deaf:
            raise BrokerError(self._deaf)
        limit = asyncio.timeout(seconds)
        try:
            async with limit:
                self._waiting[limit] = subject.lower()
                yield
        except TimeoutError:
            if limit in self._ended:
                raise BrokerError(self._ended[limit]) from None
            raise
        finally:
            self._waiting.pop(limit, None)
            self._ended.pop(limit, None)


def _sentence(what: str) -> str:
    remedy = "give the user of broker.credentials_env the rights that the guide to a fleet lists"
    return f"the broker does not allow {what.strip()}: {remedy}"
