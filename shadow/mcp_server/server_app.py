"""Builds the MCP server over the records: its tools, resources and prompt, all read-only.

A wrong argument is an error of the tool with a sentence; whatever was recorded is returned as recorded text.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import wraps
from typing import Annotated, Literal, ParamSpec, TypeVar

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ResourceError, ResourceNotFoundError, ToolError
from mcp_types import ToolAnnotations
from pydantic import Field

from shadow.mcp_server.bug_report_prompt import bug_report_text
from shadow.mcp_server.choose_tool import ChoiceResult, ChooseTool
from shadow.mcp_server.pair_search import PairSearch
from shadow.mcp_server.pair_tools import PairTools
from shadow.mcp_server.record_resources import RecordResources
from shadow.mcp_server.strict_server import StrictServer
from shadow.mcp_server.study_tools import StudyTools
from shadow.mcp_server.tool_results import (
    NOTE,
    AlertExplanation,
    PairDetail,
    PairDiff,
    PairPage,
    PairSearchPage,
    ProviderSummary,
    StudyDetail,
    StudyList,
    ToolCallStats,
    WindowComparison,
)
from shadow.mcp_server.verdict_tools import VerdictTools
from shadow.settings.config_errors import ConfigError
from storage.store import StoreError

INSTRUCTIONS = (
    "Records of sameweights, which compares answers of LLM providers with those of a reference that serves the same model. "
    "Begin with provider_summary. A provider differs only where its verdict is `differs` or `faulty`; `not_measured` and "
    f"`undecided` are not verdicts of equality. {NOTE}"
)
READ_ONLY = ToolAnnotations(read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False)

Since = Annotated[str, Field(description="Start of the period: 30m, 24h, 7d, all, or a date such as 2026-01-31.")]
Until = Annotated[str, Field(description="End of the period, in the same form; default `now`.")]
Provider = Annotated[str, Field(description="Only this provider; empty for all.")]
OneProvider = Annotated[str, Field(description="The provider, as provider_summary names it.")]
Model = Annotated[str, Field(description="Only this model; empty for all.")]
SignalName = Annotated[str, Field(description="Only pairs that differ in this signal, as answer_kind, tools or text.")]
Page = Annotated[str, Field(description="`next_page` of the page before; empty for the first one.")]
Limit = Annotated[int, Field(description="Rows of a page, 1 to 100.")]
PairId = Annotated[str, Field(description="Id of a pair, its beginning (8 characters) or its end (4).")]

FoundText = Annotated[
    str,
    Field(
        description="What to find: 2 to 200 characters, at most 20 words, in any case of letters, within the first 250,000 "
        "characters of a request or answer."
    ),
]
P = ParamSpec("P")
T = TypeVar("T")


def records_server(
    verdicts: VerdictTools,
    pairs: PairTools,
    search: PairSearch,
    studies: StudyTools,
    resources: RecordResources,
    *,
    choice: ChooseTool,
    version: str,
) -> MCPServer:
    """The server over these records, ready to run on any transport."""
    server = StrictServer("sameweights", version=version, instructions=INSTRUCTIONS, log_level="WARNING")
    _add_verdict_tools(server, verdicts)
    _add_pair_tools(server, pairs)
    _add_search_tool(server, search)
    _add_study_tools(server, studies)
    _add_choose_tool(server, choice)
    _add_resources(server, resources)
    _add_prompt(server, verdicts)
    return server


def as_tool(function: Callable[P, T]) -> Callable[P, T]:
    """The function with the user's errors as errors of the tool; anything else is a fault of ours, whose text stays here."""

    @wraps(function)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return function(*args, **kwargs)
        except (ConfigError, StoreError) as error:
            raise ToolError(str(error)) from None

    return wrapped


def as_resource(function: Callable[P, T]) -> Callable[P, T]:
    """The function with a wrong address as an error of invalid parameters, and a store that cannot be read as one of ours."""

    @wraps(function)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return function(*args, **kwargs)
        except ConfigError as error:
            raise ResourceNotFoundError(str(error)) from None
        except StoreError as error:
            raise ResourceError(str(error)) from None

    return wrapped


def _add_verdict_tools(server: MCPServer, tools: VerdictTools) -> None:
    @server.tool(annotations=READ_ONLY)
    @as_tool
    def provider_summary(since: Since = "24h", until: Until = "now", provider: Provider = "") -> ProviderSummary:
        """Return the verdict on each provider and model over a period, the worst first, with sizes, intervals and dates."""
        return tools.provider_summary(since, until, provider)

    @server.tool(annotations=READ_ONLY)
    @as_tool
    def explain_alert(provider: OneProvider, model: Model = "") -> AlertExplanation:
        """Return a provider's drift states and their newest changes: since when, how large, which side moved, example pairs."""
        return tools.explain_alert(provider, model)

    @server.tool(annotations=READ_ONLY)
    @as_tool
    def tool_call_stats(since: Since = "24h", until: Until = "now", provider: Provider = "") -> ToolCallStats:
        """Return how often each provider calls tools when its reference does, and how many of its calls are invalid."""
        return tools.tool_call_stats(since, until, provider)

    @server.tool(annotations=READ_ONLY)
    @as_tool
    def compare_windows(
        provider: OneProvider, before_since: Since, before_until: Until, after_since: Since, after_until: Until = "now"
    ) -> WindowComparison:
        """Return every signal of a provider in two periods side by side, with intervals."""
        return tools.compare_windows(provider, (before_since, before_until), (after_since, after_until))


def _add_pair_tools(server: MCPServer, tools: PairTools) -> None:
    @server.tool(annotations=READ_ONLY)
    @as_tool
    def list_divergent_pairs(  # noqa: PLR0917 - the SDK passes by keyword; each is an argument of the tool
        provider: Provider = "",
        model: Model = "",
        signal: SignalName = "",
        since: Since = "24h",
        page: Page = "",
        limit: Limit = 20,
        upstream: Annotated[str, Field(description="Name of the server behind a router; empty for all.")] = "",
    ) -> PairPage:
        """List compared requests in which some signal differs, newest first; a single one can be the reference's noise."""
        return tools.list_divergent_pairs(
            provider=provider, model=model, signal=signal, since=since, page=page, limit=limit, upstream=upstream
        )

    @server.tool(annotations=READ_ONLY)
    @as_tool
    def get_pair(pair_id: PairId) -> PairDetail:
        """Return one compared request: the request, each answer with its tool calls, and every signal."""
        return tools.get_pair(pair_id)

    @server.tool(annotations=READ_ONLY)
    @as_tool
    def diff_pair(
        pair_id: PairId,
        against: Annotated[
            Literal["reference", "control"], Field(description="The reference's answer, or its second one to the same request.")
        ] = "reference",
    ) -> PairDiff:
        """Return where the provider's answer differs from the reference's: words, calls, and places of arguments."""
        return tools.diff_pair(pair_id, against)


def _add_search_tool(server: MCPServer, tools: PairSearch) -> None:
    @server.tool(annotations=READ_ONLY)
    @as_tool
    def search_pairs(  # noqa: PLR0917 - the SDK passes by keyword; each is an argument of the tool
        text: FoundText,
        provider: Provider = "",
        model: Model = "",
        since: Since = "24h",
        page: Page = "",
        limit: Limit = 20,
    ) -> PairSearchPage:
        """Find a text in compared requests and their answers, newest first; pass `next_page` on until it is empty."""
        return tools.search_pairs(text=text, provider=provider, model=model, since=since, page=page, limit=limit)


def _add_study_tools(server: MCPServer, tools: StudyTools) -> None:
    @server.tool(annotations=READ_ONLY)
    @as_tool
    def list_studies() -> StudyList:
        """List the studies of this database (replay, probe, fork) with their outcomes."""
        return tools.list_studies()

    @server.tool(annotations=READ_ONLY)
    @as_tool
    def get_study(study_id: Annotated[str, Field(description="Id of a study, as list_studies names it.")]) -> StudyDetail:
        """Return one study: what was planned, sent and answered at each provider, its runs and tries without an answer."""
        return tools.get_study(study_id)


def _add_choose_tool(server: MCPServer, tool: ChooseTool) -> None:
    @server.tool(annotations=READ_ONLY)
    @as_tool
    def choose(
        route: Annotated[str, Field(description="Route of the configuration; empty for the only one with candidates.")] = "",
    ) -> ChoiceResult:
        """Return which candidates of a route are proven the same as its reference, worse, or not yet known, and the cheapest."""
        return tool.choose(route)


def _add_resources(server: MCPServer, resources: RecordResources) -> None:
    @server.resource(
        "pair://{pair_id}", mime_type="application/json", description="One compared request, as get_pair returns it."
    )
    @as_resource
    def pair(pair_id: str) -> str:
        return resources.pair(pair_id)

    @server.resource(
        "exchange://{pair_id}/{side}",
        mime_type="application/json",
        description="The request of a pair, or one answer (provider, reference, control), as recorded, up to 200,000 characters.",
    )
    @as_resource
    def exchange(pair_id: str, side: str) -> str:
        return resources.exchange(pair_id, side)

    @server.resource("report://latest", mime_type="text/plain", description="The report of the last 24 hours.")
    @as_resource
    def report() -> str:
        return resources.report()

    @server.resource("study://{study_id}", mime_type="application/json", description="One study, as get_study returns it.")
    @as_resource
    def study(study_id: str) -> str:
        return resources.study(study_id)

    @server.resource("config://effective", mime_type="application/json", description="The configuration in force, keys masked.")
    def config() -> str:
        return json.dumps(resources.config(), indent=2)


def _add_prompt(server: MCPServer, tools: VerdictTools) -> None:
    @server.prompt(description="Ask for a bug report about one provider, from its evidence here.")
    def bug_report(provider: OneProvider) -> str:
        """Return the instructions for a bug report about a provider."""
        return bug_report_text(provider, tools)
