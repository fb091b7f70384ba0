"""The runbook's page: one entry an alert, and nothing but text in it."""

from shadow.pages.runbook import entries, runbook

TEXT = """# Runbook

Common words, with `code`.

- **Silence:** with `amtool`.

## OneAlert

- **Means:** a < b & `x > y`.
- **Do:** nothing.
"""


def test_the_entries_are_the_headings_with_their_points():
    before, alert = entries(TEXT)
    assert (before.name, str(before.lead)) == ("", "Common words, with <code>code</code>.")
    assert [point.label for point in before.points] == ["Silence:"]
    assert alert.name == "OneAlert"
    assert [(point.label, str(point.text)) for point in alert.points] == [
        ("Means:", "a &lt; b &amp; <code>x &gt; y</code>."),
        ("Do:", "nothing."),
    ]


def test_the_packaged_runbook_is_read_whole():
    before, *alerts = runbook()
    assert before.points
    assert len(alerts) > 20
    assert all(len(alert.points) == 5 for alert in alerts)
