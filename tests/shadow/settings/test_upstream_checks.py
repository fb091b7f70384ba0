"""The settings of a router: what names its servers, and that it is no reference."""

import pytest

from shadow.settings.upstream_checks import reference_error, source_error

PATH = ("proxy", "providers", "hub", "upstream_from")


@pytest.mark.parametrize("source", ["", "provider", "served_by", "x" * 64, "header:x-served-by", "header:Via"])
def test_member_or_kept_field_is_accepted(source):
    assert source_error(PATH, source) is None


@pytest.mark.parametrize("source", ["x" * 65, "a member", "headers:x-served-by", "<b>", "pro\nvider"])
def test_text_that_names_neither_is_quoted(source):
    found = source_error(PATH, source)
    assert found is not None
    assert found.path == PATH
    assert "is neither a member of the body" in found.sentence


@pytest.mark.parametrize("source", ["header:x-secret-key", "header:", "header:authorization", "header:é"])
def test_field_that_the_records_do_not_keep_is_refused(source):
    found = source_error(PATH, source)
    assert found is not None
    assert "the records do not keep the field" in found.sentence


def test_router_as_reference_is_refused():
    found = reference_error(("proxy", "reference"), "hub", "provider")
    assert found is not None
    assert found.sentence.startswith("'hub' is a router")
    assert reference_error(("proxy", "reference"), "maker", "") is None


def test_each_error_quotes_what_was_written_and_states_what_may_stand_there():
    field, neither = source_error(PATH, "header:X-Other"), source_error(PATH, "a member")
    assert (field.path, field.sentence) == (
        PATH,
        "the records do not keep the field 'X-Other'; x-served-by, via, server and x-powered-by are kept",
    )
    assert neither.sentence == (
        "'a member' is neither a member of the body, as provider, nor a header field, as header:x-served-by"
    )
    router = reference_error(("proxy", "reference"), "hub", "header:via")
    assert (router.path, router.sentence) == (
        ("proxy", "reference"),
        (
            "'hub' is a router (it has upstream_from): the answers of several servers have too much noise; "
            "name one of its servers by extra_body and leave upstream_from out, or another reference"
        ),
    )
