"""proxy.process.server_tls: the context of a listening port, and files that cannot be used."""

import ssl
from pathlib import Path

import pytest

from proxy.process.server_tls import contents_of, renew, server_context, usable_context
from tests.certificates import handshake, issued


def test_a_port_speaks_tls_1_2_or_1_3_for_http_1_1_without_renegotiation(tmp_path):
    _, files = issued(tmp_path)
    context = server_context(*files)
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    assert context.options & ssl.OP_NO_RENEGOTIATION
    assert context.options & ssl.OP_NO_COMPRESSION


@pytest.mark.parametrize("broken", ["no key", "another's key", "no file", "no chain"])
def test_files_that_cannot_be_used_raise_and_the_context_goes_on_with_its_own(tmp_path, broken):
    trust, files = issued(tmp_path)
    context = server_context(*files)
    (tmp_path / "other").mkdir()
    _, (other_cert, other_key) = issued(tmp_path / "other")
    given = {
        "no key": (other_cert, other_cert),
        "another's key": (other_cert, files[1]),
        "no file": (other_cert, str(tmp_path / "absent.pem")),
        "no chain": (other_key, other_key),
    }[broken]
    with pytest.raises(OSError, match=r".+"):
        renew(context, *given)
    handshake(context, trust)


def test_renewed_files_serve_the_next_handshake(tmp_path):
    _, files = issued(tmp_path)
    context = server_context(*files)
    trust, _ = issued(tmp_path)
    with pytest.raises(ssl.SSLError):
        handshake(context, trust)
    renew(context, *files)
    handshake(context, trust)


def test_texts_of_files_serve_once_the_files_are_gone_and_without_them_that_is_an_error(tmp_path):
    trust, files = issued(tmp_path)
    kept = contents_of(*files)
    _, why = usable_context(*files, kept)
    assert why == ""
    for name in files:
        Path(name).unlink()
    context, why = usable_context(*files, kept)
    assert "No such file" in why
    handshake(context, trust)
    with pytest.raises(OSError, match="No such file"):
        usable_context(*files, [])


def test_files_that_are_absent_or_no_text_have_no_contents(tmp_path):
    _, (cert, key) = issued(tmp_path)
    (tmp_path / "bytes").write_bytes(b"\xff")
    assert [contents_of("", ""), contents_of(cert, str(tmp_path / "none")), contents_of(str(tmp_path / "bytes"), key)] == [[]] * 3
