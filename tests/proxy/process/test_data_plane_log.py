"""proxy.process.data_plane_log: what a forwarding process logs holds no credential, in its message or in a traceback."""

import logging
import sys

from proxy.process.data_plane_log import Formatter


def test_a_traceback_that_quotes_an_address_is_logged_without_its_credential():
    try:
        int("https://h.example/v1?subscription-key=abcdefgh12&v=1")
    except ValueError:
        record = logging.LogRecord("n", logging.ERROR, __file__, 1, "x-api-key: %s", ("abcdefgh12",), sys.exc_info())
    line = Formatter("%(levelname)s %(message)s").format(record)
    assert line.startswith("ERROR x-api-key: redacted\nTraceback")
    assert "subscription-key=redacted&v=1" in line.splitlines()[-1]
    assert "abcdefgh12" not in line
