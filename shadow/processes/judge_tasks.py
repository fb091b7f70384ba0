"""`JudgeTasks`: has an audit process judge what is stored, and keep its lease while it does.

A process that was stopped while its lease ran out shows no drift state until it has renewed it, since another one may judge.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from dataclasses import asdict

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler

from shadow.commands.acknowledge import acknowledge_ordered
from shadow.commands.mailbox import CommandMailbox
from shadow.judging.judge import Judge
from shadow.judging.judge_lease import RENEWALS
from shadow.judging.operator_words import ActionLog

log = structlog.get_logger("sameweights.audit")

STEP_SECONDS = 0.5
"""Between two looks at what is stored, and at the lease of another process."""
AWAKE_SECONDS = 0.5


class JudgeTasks:
    """`mailbox` has the acknowledgements for this process, whose givers `log` stores; `wake` is called when there is something
    to send, and `stopped` after this process was stopped while its lease ran out.
    """

    def __init__(
        self,
        judge: Judge,
        mailbox: CommandMailbox,
        log: ActionLog,
        *,
        wake: Callable[[], None],
        stopped: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._judge = judge
        self._mailbox = mailbox
        self._log = log
        self._wake = wake
        self._stopped = stopped
        self._clock = clock
        self._awake_at = clock()

    def __repr__(self) -> str:
        return f"<JudgeTasks {self._judge!r}>"

    def work(self) -> list[Coroutine[None, None, None]]:
        """What runs until the end."""
        return [self._judging(), self._renewing(), self._staying_awake()]

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Before each answer, take note of a time in which this process did not run."""
        self.note_awake()
        return await handler(request)

    def note_awake(self) -> None:
        """Take note that this process runs; after a time in which it did not, and its lease ran out, no state is shown.

        An event loop that runs while the lease ends has a store that does not answer: what was shown last stays then.
        """
        before, self._awake_at = self._awake_at, self._clock()
        if self._awake_at - before > 2 * AWAKE_SECONDS and not self._judge.lease_is_sure:
            self._judge.hide()
            self._stopped()

    async def _judging(self) -> None:
        while True:
            more = await asyncio.to_thread(self._judge.try_step, time.time())
            await asyncio.to_thread(acknowledge_ordered, self._mailbox, self._judge, self._log)
            for alarm in self._judge.take_alarms():
                log.warning("drift_state_changed", state=alarm.new, previous=alarm.old, signal=alarm.name, **asdict(alarm.group))
                self._wake()
            if not more:
                await asyncio.sleep(STEP_SECONDS)

    async def _renewing(self) -> None:
        while True:
            await asyncio.sleep(self._judge.lease_seconds / RENEWALS)
            await asyncio.to_thread(self._judge.renew, time.time())

    async def _staying_awake(self) -> None:
        while True:
            self.note_awake()
            await asyncio.sleep(AWAKE_SECONDS)
