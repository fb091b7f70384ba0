from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives import serialization as forms

from shadow.settings.tls_checks import tls_context, tls_errors
from shadow.settings.top_level_config import Config


@pytest.fixture
def files(tmp_path):
    made = trustme.CA().issue_cert("localhost")
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    made.cert_chain_pems[0].write_to_path(cert)
    made.private_key_pem.write_to_path(key)
    return str(cert), str(key)


def sentences(cert: str, key: str) -> list[str]:
    config = Config.model_validate({"admin": {"tls_cert": cert, "tls_key": key}})
    return [f"{'.'.join(map(str, each.path))}: {each.sentence}" for each in tls_errors(config)]


def test_a_chain_with_its_key_is_no_error(files):
    assert sentences(*files) == []
    assert tls_context(Config.model_validate({"admin": {"tls_cert": files[0], "tls_key": files[1]}}).admin) is not None


def test_no_files_are_no_tls_and_no_error():
    assert sentences("", "") == []
    assert tls_context(Config().admin) is None


@pytest.mark.parametrize("given", ["tls_cert", "tls_key"])
def test_one_file_alone_is_an_error_that_names_the_other(given):
    config = Config.model_validate({"admin": {given: "x.pem"}})
    [error] = tls_errors(config)
    assert error.path == ("admin", given)
    assert "is set without tls_" in error.sentence


def test_files_that_are_absent_or_no_pair_are_an_error_that_quotes_them(files, tmp_path):
    cert, key = files
    assert "cannot be read: no such file" in sentences(str(tmp_path / "absent.pem"), key)[0]
    assert "are no certificate chain with its unencrypted key" in sentences(key, cert)[0]
    other = tmp_path / "other.pem"
    trustme.CA().issue_cert("localhost").private_key_pem.write_to_path(other)
    assert "are no certificate chain with its unencrypted key" in sentences(cert, str(other))[0]


def test_encrypted_key_is_an_error_without_a_password_prompt(files, tmp_path):
    cert, key = files
    loaded = forms.load_pem_private_key(Path(key).read_bytes(), None)
    locked = tmp_path / "locked.pem"
    locked.write_bytes(
        loaded.private_bytes(forms.Encoding.PEM, forms.PrivateFormat.PKCS8, forms.BestAvailableEncryption(b"secret"))
    )
    assert "unencrypted key" in sentences(cert, str(locked))[0]
