"""The certificate of the admin port is read again at a reload; files that cannot be used leave the one that is served."""

import asyncio

import pytest
import trustme

from proxy.process.server_tls import contents_of
from shadow.processes.admin_certificate import AdminCertificate
from shadow.settings.top_level_config import AdminConfig
from tests.certificates import issued


async def served_to(certificate: AdminCertificate, trust) -> bool:
    """Whether a client that trusts one authority alone connects."""
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0, ssl=certificate.context)
    async with server:
        try:
            _, writer = await asyncio.open_connection(*server.sockets[0].getsockname(), ssl=trust)
        except OSError:
            return False
        writer.close()
        return True


async def test_renewed_files_are_served_and_unusable_ones_leave_the_certificate(tmp_path, logged):
    lines = logged("shadow.processes.admin_certificate")
    first, (cert, key) = issued(tmp_path, trustme.CA())
    certificate = AdminCertificate(AdminConfig(tls_cert=cert, tls_key=key))
    assert await served_to(certificate, first)
    second, _ = issued(tmp_path, trustme.CA())
    certificate.renew()
    assert (await served_to(certificate, first), await served_to(certificate, second)) == (False, True)
    (tmp_path / "cert.pem").write_text("no certificate")
    certificate.renew()
    assert await served_to(certificate, second)
    assert [call.kwargs["event"] for call in lines] == ["certificate_not_renewed"]


def test_port_without_a_certificate_has_no_context_and_nothing_to_renew():
    certificate = AdminCertificate(AdminConfig())
    certificate.renew()
    assert certificate.context is None


async def test_files_that_cannot_be_used_at_a_start_leave_the_texts_that_were_kept_until_they_are_renewed(tmp_path, logged):
    lines = logged("shadow.processes.admin_certificate")
    first, (cert, key) = issued(tmp_path, trustme.CA())
    kept = contents_of(cert, key)
    second, _ = issued(tmp_path, trustme.CA())
    whole = (tmp_path / "cert.pem").read_bytes()
    (tmp_path / "cert.pem").write_bytes(whole[: len(whole) // 2])
    certificate = AdminCertificate(AdminConfig(tls_cert=cert, tls_key=key), kept)
    assert await served_to(certificate, first)
    (tmp_path / "cert.pem").write_bytes(whole)
    certificate.renew()
    assert (await served_to(certificate, first), await served_to(certificate, second)) == (False, True)
    assert [call.kwargs["event"] for call in lines] == ["certificate_not_renewed"]


def test_files_that_cannot_be_used_are_an_error_where_no_texts_of_them_were_kept(tmp_path):
    with pytest.raises(OSError, match="No such file"):
        AdminCertificate(AdminConfig(tls_cert=str(tmp_path / "none"), tls_key=str(tmp_path / "none")))
