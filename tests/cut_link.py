"""A relay before a PostgreSQL server that cuts a connection at its next commit: before it is done, or before its answer."""

import select
import socket
import threading
from contextlib import suppress
from urllib.parse import urlsplit

SENT = b"COMMIT"


class CutLink:
    """`url` leads through the relay. `cut = "answer"` has the next commit done and its answer lost, `"commit"` loses the commit,
    which the server has undone before the client's connection ends; while it `refuses`, further connections are ended at once.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._server = ("127.0.0.1", parts.port)
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = url.replace(f":{parts.port}/", f":{self._listening.getsockname()[1]}/")
        self.cut = ""
        self.refuses = False
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def close(self) -> None:
        """End the relay; its clients have closed their connections."""
        self._listening.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        self._listening.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                self._threads.append(threading.Thread(target=self._relay, args=(client,)))
                self._threads[-1].start()

    def _relay(self, client: socket.socket) -> None:
        with client, suppress(OSError):
            if self.refuses:
                return
            with socket.create_connection(self._server) as server:
                while self._pass_on(client, server):
                    pass

    def _pass_on(self, client: socket.socket, server: socket.socket) -> bool:
        """Pass on what came from either side; False at the end of the connection."""
        ready, _, _ = select.select([client, server], [], [])
        data = ready[0].recv(65_536)
        if ready[0] is server:
            client.sendall(data)
            return bool(data)
        kind = self.cut if SENT in data else ""
        if kind:
            self.cut = ""
        if kind != "commit":
            server.sendall(data)
        if kind == "answer":
            server.recv(65_536)
        if kind == "commit":
            _ended(server)
        return bool(data) and not kind


def _ended(server: socket.socket) -> None:
    """Return once the server has ended the connection, and with it the transaction: a client asks for its outcome at once."""
    server.shutdown(socket.SHUT_WR)
    while server.recv(65_536):
        pass
