"""proxy.process.server_tls: the context of a listening port, and files that cannot be used."""

import ssl

import pytest

from proxy.process.server_tls import load_chain, server_context
from tests.certificates import issued


def test_a_port_speaks_tls_1_2_or_1_3_for_http_1_1_without_renegotiation(tmp_path):
    _, files = issued(tmp_path)
    context = server_context(*files)
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    assert context.options & ssl.OP_NO_RENEGOTIATION
    assert context.options & ssl.OP_NO_COMPRESSION


def test_files_that_cannot_be_used_raise_and_leave_a_running_context_as_it_is(tmp_path):
    _, files = issued(tmp_path)
    context = server_context(*files)
    (tmp_path / "key.pem").write_text("no key")
    with pytest.raises(ssl.SSLError):
        load_chain(context, *files)
    with pytest.raises(FileNotFoundError):
        load_chain(context, str(tmp_path / "absent.pem"), files[1])
    with pytest.raises(ssl.SSLError):
        server_context(*files)
