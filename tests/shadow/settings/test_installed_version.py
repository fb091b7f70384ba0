"""The version of this product as it was installed."""

from importlib.metadata import PackageNotFoundError, version

from shadow.settings.installed_version import installed_version


def test_version_is_that_of_the_distribution_and_another_word_without_one(monkeypatch):
    assert installed_version("source") == version("sameweights")

    def missing(name):
        raise PackageNotFoundError(name)

    monkeypatch.setattr("shadow.settings.installed_version.version", missing)
    assert installed_version("source") == "source"
