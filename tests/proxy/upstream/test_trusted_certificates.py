"""proxy.upstream.trusted_certificates: the system's certificates, and those of a file beside them."""

import ssl

import pytest
import trustme

from proxy.upstream.trusted_certificates import trusted_certificates


def test_the_certificates_of_a_file_are_trusted_beside_those_of_the_system(tmp_path):
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    with_file = trusted_certificates(str(tmp_path / "ca.pem")).get_ca_certs(binary_form=True)
    added = [ssl.PEM_cert_to_DER_cert(authority.cert_pem.bytes().decode())]
    without = set(trusted_certificates("").get_ca_certs(binary_form=True))
    assert [cert for cert in with_file if cert not in without] == added


def test_a_server_must_show_a_certificate_for_its_own_name():
    context = trusted_certificates("")
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname


@pytest.mark.parametrize("text", [None, "no certificate"])
def test_a_file_that_is_absent_or_holds_no_certificate_is_an_error(tmp_path, text):
    path = tmp_path / "ca.pem"
    if text is not None:
        path.write_text(text)
    with pytest.raises((OSError, ssl.SSLError)):
        trusted_certificates(str(path))
