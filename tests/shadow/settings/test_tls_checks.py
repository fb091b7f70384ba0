from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives import serialization as forms

from shadow.settings.tls_checks import tls_errors
from shadow.settings.top_level_config import Config
from tests.certificates import issued


@pytest.fixture
def files(tmp_path):
    return issued(tmp_path)[1]


def sentences(cert: str, key: str) -> list[str]:
    """What is wrong with the files, the same for both ports."""
    wrong = {}
    for section in ("admin", "proxy"):
        config = Config.model_validate({section: {"tls_cert": cert, "tls_key": key}})
        errors = list(tls_errors(config))
        assert all(error.path == (section, "tls_cert") for error in errors)
        wrong[section] = [error.sentence for error in errors]
    assert wrong["admin"] == wrong["proxy"]
    return wrong["proxy"]


def test_a_chain_with_its_key_is_no_error(files):
    assert sentences(*files) == []


def test_no_files_are_no_tls_and_no_error():
    assert sentences("", "") == []


@pytest.mark.parametrize("section", ["proxy", "admin"])
@pytest.mark.parametrize(("given", "other"), [("tls_cert", "tls_key"), ("tls_key", "tls_cert")])
def test_one_file_alone_is_an_error_that_names_the_other(section, given, other):
    config = Config.model_validate({section: {given: "x.pem"}})
    [error] = tls_errors(config)
    assert error.path == (section, given)
    assert f"is set without {other}" in error.sentence


def test_files_that_are_absent_or_no_pair_are_an_error_that_quotes_them(files, tmp_path):
    cert, key = files
    assert "cannot be read: no such file" in sentences(str(tmp_path / "absent.pem"), key)[0]
    assert "are not a certificate chain with its unencrypted key" in sentences(key, cert)[0]
    other = tmp_path / "other.pem"
    trustme.CA().issue_cert("localhost").private_key_pem.write_to_path(other)
    assert "are not a certificate chain with its unencrypted key" in sentences(cert, str(other))[0]


def test_encrypted_key_is_an_error_without_a_password_prompt(files, tmp_path):
    cert, key = files
    loaded = forms.load_pem_private_key(Path(key).read_bytes(), None)
    locked = tmp_path / "locked.pem"
    locked.write_bytes(
        loaded.private_bytes(forms.Encoding.PEM, forms.PrivateFormat.PKCS8, forms.BestAvailableEncryption(b"secret"))
    )
    assert "unencrypted key" in sentences(cert, str(locked))[0]
