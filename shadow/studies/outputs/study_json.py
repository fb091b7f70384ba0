"""as_json(): a study as JSON under a schema that is documented and only grows; None becomes null, and no NaN is ever written."""

from __future__ import annotations

import json
from dataclasses import asdict

from shadow.studies.outputs.study_report import StudyReport
from shadow.studies.verdicts.study_verdict import exit_code

SCHEMA = "sameweights.study/1"


def as_json(report: StudyReport) -> str:
    """The study with the keys of its dataclasses; `verdicts` stand at the top, worst first."""
    found = asdict(report)
    result = found.pop("result")
    document = {
        "schema": SCHEMA,
        "exit_code": exit_code(report.result),
        "study": found.pop("facts"),
        "policy": result["policy"],
        "verdicts": result["verdicts"],
        "reference": result["reference"],
        **found,
    }
    return json.dumps(document, indent=2, allow_nan=False)
