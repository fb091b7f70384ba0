"""A plugin of pytest for bench/mutants.py: a property ends at its first example that fails, which is not made smaller."""

from hypothesis import Phase, settings


def pytest_configure():
    """With the settings that tests/conftest.py has loaded."""
    settings.register_profile("unshrunk", settings.default, phases=(Phase.explicit, Phase.generate), database=None)
    settings.load_profile("unshrunk")
