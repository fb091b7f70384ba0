"""Reports of the records that `fill` makes: filling and building one takes longer than most tests of what it holds."""

from dataclasses import dataclass

import pytest

from shadow.report.build_report import build, build_verdicts
from shadow.report.figures import Report
from tests.records import NOW, fill


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """What the same records give: the whole report and the verdicts alone."""

    report: Report
    verdicts: Report


@pytest.fixture(scope="session")
def _built() -> dict[str, Built]:
    return {}


@pytest.fixture(params=["sqlite_store", pytest.param("postgres_store", marks=pytest.mark.slow)], ids=["sqlite", "postgres"])
def filled(request: pytest.FixtureRequest, _built: dict[str, Built]) -> Built:
    """The reports by the records of each engine, made once in a session, since they are frozen."""
    if request.param not in _built:
        store = request.getfixturevalue(request.param)
        fill(store)
        _built[request.param] = Built(report=build(store, 0.0, NOW + 60), verdicts=build_verdicts(store, 0.0, NOW + 60))
    return _built[request.param]
