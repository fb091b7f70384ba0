"""PlayedProcess: a child process that the test plays, for code that starts one by `start_module`."""

import asyncio


class PlayedInput:
    """Standard input of the process; `error` is what `drain` ends with."""

    def __init__(self) -> None:
        self.data, self.error, self.closed = b"", None, False

    def write(self, data: bytes) -> None:
        self.data += data

    async def drain(self) -> None:
        if self.error:
            raise self.error

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True


class PlayedProcess:
    """Ends when the test has it end, or when it is killed, which `signals` lists with requests to end."""

    def __init__(self, pid: int) -> None:
        self.pid, self.returncode, self.signals = pid, None, []
        self.stdin, self.stdout, self._over = PlayedInput(), asyncio.StreamReader(), asyncio.Event()

    def end(self, code: int) -> None:
        if self.returncode is None:
            self.returncode = code
            self.stdout.feed_eof()
            self._over.set()

    def terminate(self) -> None:
        self.signals.append("terminate")

    def kill(self) -> None:
        self.signals.append("kill")
        self.end(-9)

    async def wait(self) -> int:
        await self._over.wait()
        return self.returncode
