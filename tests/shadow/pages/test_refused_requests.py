"""What a port refuses or does not find: the right status with a sentence, as a page, as the error JSON, or as a line of text."""

import re

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from shadow.pages.refused_requests import HTML, JSON, TEXT, RefusedError, accepted_form, refusals
from tests.conformance import PATIENCE, exchange_record, pair_record

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
NOT_THERE = [
    ("/nonsense", "there is no page '/nonsense'  (known: /, /pairs, "),
    ("/pairs/", "there is no page '/pairs/'; did you mean '/pairs'?"),
    ("/provider/x", "there is no page '/provider/x'; did you mean '/providers/NAME'?"),
    ("/static/none.css", "there is no page '/static/none.css'"),
    ("/pairs/absent", "'absent' is unknown, or was deleted"),
    ("/pairs/absent/report", "'absent' is unknown, or was deleted"),
    ("/exchanges/absent/request", "This exchange is unknown or was deleted"),
    ("/providers/candidat", "no provider is named 'candidat'; did you mean 'candidate'?  (known: candidate, official)"),
]


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        *((BROWSER, HTML), ("application/json", JSON), ("text/plain", TEXT), ("", TEXT), ("*/*", TEXT), ("image/png", TEXT)),
        *(("application/json, text/plain, */*", JSON), ("text/html;q=0.5, application/json", JSON)),
        *(("text/html;q=0, application/json;q=0", TEXT), ("text/html, application/json", HTML)),
    ],
)
def test_form_is_the_one_that_the_client_weighs_most_and_text_for_one_that_names_none(accept, form):
    assert accepted_form(accept) == form


@pytest.mark.parametrize(("path", "sentence"), NOT_THERE)
async def test_what_is_not_there_is_a_404_with_a_sentence_in_the_form_of_the_client(open_port, path, sentence):
    port = await open_port()
    text, error = await port.get(path), await port.get(path, Accept="application/json")
    assert (text.status, text.headers["Content-Type"], text.headers["Vary"]) == (404, "text/plain; charset=utf-8", "Accept")
    assert (await text.text()).startswith(f"404: {sentence}")
    assert (error.status, error.headers["Content-Type"]) == (404, "application/json; charset=utf-8")
    found = (await error.json())["error"]
    assert found["message"].startswith(sentence)
    assert (found["type"], found["code"]) == ("invalid_request_error", "not_found")


@pytest.mark.parametrize("path", [path for path, _ in NOT_THERE])
async def test_browser_gets_a_page_in_the_style_of_the_others(open_port, path):
    answer = await (await open_port()).get(path, Accept=BROWSER)
    assert (answer.status, answer.headers["Content-Type"]) == (404, "text/html; charset=utf-8")
    page = await answer.text()
    assert "<h1>Not found</h1>" in page
    assert '<link rel="stylesheet" href="/static/style.css">' in page
    assert '<a href="/runbook">' in page


@pytest.mark.promise("reader.page")
@pytest.mark.parametrize("path", ["/<script>x</script>", "/pairs/<script>x<b>", "/providers/<script>", "/exchanges/<script>"])
async def test_page_escapes_the_address_that_it_quotes(open_port, path):
    page = await (await (await open_port()).get(path, Accept=BROWSER)).text()
    assert "&lt;script&gt;" in page
    assert page.count("<script") == 1  # the file of the pages


async def test_line_of_text_has_no_control_of_the_address_that_it_quotes(open_port):
    text = await (await (await open_port()).get("/pairs/%1B[2Jx")).text()
    assert "[2Jx' is unknown" in text
    assert "\x1b" not in text


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [("POST", "/pairs", "GET,HEAD"), ("DELETE", "/providers/x", "GET,HEAD"), ("PUT", "/metrics", "GET,HEAD")],
)
async def test_wrong_method_is_a_405_that_names_the_right_ones(open_port, method, path, allowed):
    port = await open_port()
    answers = [await port.client.request(method, path, headers={"Accept": each}) for each in ("*/*", JSON, BROWSER)]
    assert [(each.status, each.headers["Allow"]) for each in answers] == [(405, allowed)] * 3
    text, error, page = answers
    sentence = f"'{method}' is not allowed for '{path}', which takes GET and HEAD"
    assert await text.text() == f"405: {sentence}\n"
    assert (await error.json())["error"] == {
        "message": sentence,
        "type": "invalid_request_error",
        "code": "method_not_allowed",
    }
    assert "<h1>Method Not Allowed</h1>" in await page.text()


async def test_parameter_that_a_page_does_not_know_is_quoted_escaped(open_port):
    answer = await (await open_port()).get("/pairs?<b>=1", Accept=BROWSER)
    page = await answer.text()
    assert answer.status == 400
    assert "<h1>This address cannot be shown</h1>" in page
    assert "&lt;b&gt;" in page


async def test_part_of_several_ids_is_a_404_that_names_them(open_port, store):
    for name in ("pair-of-one", "pair-of-two"):
        store.add_exchange(exchange_record(name))
        store.add_pair(pair_record(name))
    assert store.flush(PATIENCE)
    answer = await (await open_port()).get("/pairs/pair-of-")
    assert answer.status == 404
    text = await answer.text()
    assert re.search(r"'pair-of-' is the beginning or the end of several ids; use one in full, as pair-of-..., pair-of-", text)


async def test_port_without_pages_answers_browsers_with_text_and_errors_of_ours_as_server_errors():
    async def late(_):
        raise RefusedError(503, "in 3 s", title="Not built yet", headers={"Retry-After": "3"})

    app = web.Application(middlewares=[refusals(("/late",))])
    app.router.add_get("/late", late)
    async with TestClient(TestServer(app, host="127.0.0.1")) as client:
        answer = await client.get("/lat", headers={"Accept": BROWSER})
        assert await answer.text() == "404: there is no page '/lat'; did you mean '/late'?  (known: /late)\n"
        answer = await client.get("/late", headers={"Accept": JSON})
        assert (answer.status, answer.headers["Retry-After"]) == (503, "3")
        found = (await answer.json())["error"]
        assert found == {"message": "Not built yet: in 3 s", "type": "server_error", "code": "service_unavailable"}
