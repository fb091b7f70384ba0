import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from shadow.studies.outputs.plots import SHARES, drop_scale
from shadow.studies.outputs.study_html import as_html
from shadow.studies.outputs.study_report import DropCourse, StudyReport, study_report
from shadow.studies.study_policy import PolicyScore, StudyPolicy
from shadow.studies.verdicts.study_rule import judge_study
from tests.shadow.studies.outputs.made import HOSTILE, facts, probe_report, replay_report

ROW = re.compile(r'<div class="row"><b>([^<]*)</b><svg.*?>(.*?)</svg><span class="value">([^<]*)</span>')


class Page(HTMLParser):
    """The elements with their attributes, and the text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data


def tags(text: str) -> list[str]:
    return [tag for tag, _ in Page(text).elements]


@pytest.mark.parametrize("report", [probe_report(), replay_report(), probe_report(HOSTILE, detail=HOSTILE)])
def test_a_page_stands_alone_without_script_address_or_handler(report):
    page = Page(as_html(report))
    assert not {"script", "link", "img", "iframe", "a", "object"} & {tag for tag, _ in page.elements}
    attributes = [(name, value or "") for _, found in page.elements for name, value in found.items()]
    assert not [name for name, _ in attributes if name.startswith("on") or name in {"href", "src"}]
    policy = next(found["content"] for tag, found in page.elements if found.get("http-equiv") == "Content-Security-Policy")
    assert policy == "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def test_a_hostile_name_is_text_and_adds_no_element():
    assert tags(as_html(probe_report(HOSTILE, detail=HOSTILE))) == tags(as_html(probe_report()))
    page = Page(as_html(probe_report(HOSTILE, detail=HOSTILE)))
    assert '<script>alert(1)</script>"&[ESC][2J[U+202E]| `x`' in page.text


def test_a_page_has_verdicts_plots_and_tables():
    page = Page(as_html(probe_report()))
    assert [found.get("class") for tag, found in page.elements if tag == "li"][:3] == ["FAIL", "NOT_MEASURED", "PASS"]
    drawn = [found["class"] for tag, found in page.elements if tag == "svg" and "class" in found]
    assert drawn.count("plot") == 2
    assert drawn.count("strip") == 2 + 3 + 4
    assert tags(as_html(probe_report())).count("table") == 5


def test_a_study_without_a_run_has_no_plot_and_can_be_shown():
    result = judge_study([], reference="maker", candidates=["one"], policy=StudyPolicy())
    text = as_html(study_report(facts(ended=None, ended_by=""), result, []))
    assert "svg" not in tags(text)
    assert "still running" in text


def test_a_page_is_for_light_and_dark_and_for_narrow_screens():
    text = as_html(probe_report())
    assert "prefers-color-scheme: dark" in text
    assert "max-width: 640px" in text
    assert "width=device-width" in text


def section(report: StudyReport, title: str) -> str:
    """The part of the page under a heading."""
    return as_html(report).split(f"<h2>{title}</h2>")[1].split("</section>")[0]


def rows(report: StudyReport, title: str) -> list[tuple[str, str, str]]:
    """(name, drawing, figures) of each strip of a plot."""
    return ROW.findall(section(report, title))


def judged(report: StudyReport, policy: StudyPolicy | None = None, **verdict: object) -> StudyReport:
    """A report whose first verdict has such members."""
    first, *others = report.result.verdicts
    made = replace(report.result, policy=policy or report.result.policy, verdicts=(replace(first, **verdict), *others))
    return replace(report, result=made)


def test_a_drop_has_its_points_and_bounds_over_an_axis_with_zero_and_the_allowed_drop():
    report = judged(probe_report(), drop=0.87, low=-0.064, high=0.271)
    [(name, drawn, value), (other, *_)] = rows(report, "drop")
    assert (name, value, other) == ("openrouter", "+87 [-6 to 27]", "twin")
    scale = drop_scale(report)
    assert f'class="zero" d="M{scale.at(0):.1f} ' in drawn
    assert f'class="reach" d="M{scale.at(-0.064):.1f} 12.0L{scale.at(0.271):.1f} ' in drawn
    assert f'class="beyond" x="{scale.at(0.3):.1f}"' in drawn


@pytest.mark.parametrize(
    ("report", "meaning"),
    [
        (probe_report(), "points of score below the reference, with bounds that hold however the study was stopped"),
        (replay_report(), "points by which it is the odd one more often, with bounds that hold however the study was stopped"),
    ],
)
def test_meaning_of_a_drop_names_the_allowed_points_where_a_policy_allows_any(report: StudyReport, meaning: str):
    policy = report.result.policy
    allowing = {drop: section(judged(report, replace(policy, allowed_drop=drop)), "drop") for drop in (None, 0.125)}
    assert f'<p class="quiet">{meaning}</p>' in allowing[None]
    assert f'<p class="quiet">{meaning}; shaded: beyond the 12.5 points allowed</p>' in allowing[0.125]


def test_scores_stand_in_percent_with_their_interval_the_reference_first():
    (name, drawn, value), *others = rows(probe_report(), "coverage")
    assert (name, value) == ("maker", "90 % [68 to 99]")
    assert f'class="dot" d="M{SHARES.at(0.9):.1f} ' in drawn
    assert [name for name, *_ in others] == ["openrouter", "twin"]


def test_scores_of_a_replay_are_its_complete_answers():
    assert [name for name, *_ in rows(replay_report(), "complete answers")] == ["maker", "worse", "same"]
    assert replay_report().result.policy.score is PolicyScore.SIGNALS


def test_runs_are_squares_of_one_size_over_the_longest_row_with_a_legend_of_what_occurs():
    outcomes = {"maker": ("complete",) * 40, "openrouter": ("partial",), "twin": ("error", "complete"), "small": ()}
    report = replace(probe_report(), outcomes=outcomes)
    assert [(name, value) for name, _, value in rows(report, "runs")] == [
        ("maker", "40 runs"),
        ("openrouter", "1 run"),
        ("twin", "2 runs"),
    ]
    assert {width for _, drawn, _ in rows(report, "runs") for width in re.findall(r'width="([\d.]+)"', drawn)} == {"22.0"}
    assert re.findall(r"</svg>([^<]+)</li>", section(report, "runs")) == ["complete", "partial", "error or denied"]


def test_courses_share_the_number_of_pairs_of_the_longest():
    courses = (
        DropCourse(candidate="short", pairs=(1, 2, 15), means=(0.5, 0.1, 0.254)),
        DropCourse(candidate="none", pairs=(), means=()),
        DropCourse(candidate="long", pairs=(1, 20), means=(0.0, -0.126)),
    )
    part = section(replace(probe_report(), courses=courses), "mean drop, pair by pair")
    found = re.findall(r'points="[^"]* ([\d.]+),[\d.]+"/></svg><p><b>(\w+)</b> ([^<]+)</p>', part)
    assert found == [
        ("750.0", "short", "+25 points after 15 of at most 20 pairs"),
        ("1000.0", "long", "-13 points after 20 of at most 20 pairs"),
    ]


def test_a_course_of_one_pair_is_counted_in_the_singular():
    report = replace(probe_report(), courses=(DropCourse(candidate="one", pairs=(1,), means=(0.5,)),))
    assert "<b>one</b> +50 points after 1 of at most 1 pair<" in section(report, "mean drop, pair by pair")
