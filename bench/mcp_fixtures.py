"""The MCP server of `sameweights mcp` over an empty database, with the fixtures that the conformance suite calls by name.

    PYTHONPATH=. .venv/bin/python bench/mcp_fixtures.py 127.0.0.1:8083

The server, its transport and its checks of a request are those of `sameweights mcp --http`; tools, resources and prompts are
added to it as its own are. A scenario that passes shows that this wiring carries what it is about, not that our tools need it.
"""

import base64
import json
import sys
import tempfile

from mcp.server.mcpserver import Image, MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.mcpserver.prompts.base import UserMessage
from mcp_types import AudioContent, Completion, EmbeddedResource, ImageContent, TextContent, TextResourceContents

from shadow.mcp_server.serve_records import build_server, serve_http
from shadow.settings.top_level_config import Config
from storage.opening import open_store
from storage.storage_config import StorageConfig

PNG = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGP4z8DwHwAFAAH/iZk9HQAAAABJRU5ErkJggg==")
"""A red picture of one pixel."""
WAV = b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x80\x3e\0\0\x02\0\x10\0data\0\0\0\0"
"""A sound without samples."""
PICTURE = ImageContent(type="image", data=base64.b64encode(PNG).decode(), mime_type="image/png")
SOUND = AudioContent(type="audio", data=base64.b64encode(WAV).decode(), mime_type="audio/wav")


def add_fixtures(server: MCPServer) -> None:
    """Add what the scenarios call."""
    _add_tools(server)
    _add_resources(server)
    _add_prompts(server)


def embedded(uri: str, text: str, mime_type: str = "text/plain") -> EmbeddedResource:
    """A resource within a result."""
    return EmbeddedResource(type="resource", resource=TextResourceContents(uri=uri, text=text, mime_type=mime_type))


def _add_tools(server: MCPServer) -> None:
    @server.tool(structured_output=False)
    def test_simple_text() -> str:
        """Return a text."""
        return "This is a simple text response for testing."

    @server.tool(structured_output=False)
    def test_error_handling() -> str:
        """Fail."""
        raise ToolError("This tool intentionally returns an error for testing")

    @server.tool(structured_output=False)
    def test_image_content() -> ImageContent:
        """Return a picture."""
        return PICTURE

    @server.tool(structured_output=False)
    def test_audio_content() -> AudioContent:
        """Return a sound."""
        return SOUND

    @server.tool(structured_output=False)
    def test_embedded_resource() -> EmbeddedResource:
        """Return a resource."""
        return embedded("test://embedded-resource", "This is an embedded resource content.")

    @server.tool(structured_output=False)
    def test_multiple_content_types() -> list[TextContent | ImageContent | EmbeddedResource]:
        """Return a text, a picture and a resource."""
        data = json.dumps({"test": "data", "value": 123})
        text = TextContent(type="text", text="Multiple content types test:")
        return [text, PICTURE, embedded("test://mixed-content-resource", data, "application/json")]


def _add_resources(server: MCPServer) -> None:
    @server.resource("test://static-text", mime_type="text/plain")
    def text() -> str:
        return "This is the content of the static text resource."

    @server.resource("test://static-binary", mime_type="image/png")
    def binary() -> bytes:
        return PNG

    @server.resource("test://template/{id}/data", mime_type="application/json")
    def template(id: str) -> str:  # noqa: A002 - the name of the template's part
        return json.dumps({"id": id, "templateTest": True, "data": f"Data for ID: {id}"})


def _add_prompts(server: MCPServer) -> None:
    @server.prompt()
    def test_simple_prompt() -> str:
        """Return a text."""
        return "This is a simple prompt for testing."

    @server.prompt()
    def test_prompt_with_arguments(arg1: str, arg2: str) -> str:
        """Return a text with both arguments."""
        return f"Prompt with arguments: arg1='{arg1}', arg2='{arg2}'"

    @server.prompt()
    def test_prompt_with_embedded_resource(resourceUri: str) -> list[UserMessage]:  # noqa: N803 - the suite calls it so
        """Return a resource, then a text."""
        resource = embedded(resourceUri, "Embedded resource content for testing.")
        return [UserMessage(resource), UserMessage("Please process the embedded resource above.")]

    @server.prompt()
    def test_prompt_with_image() -> list[UserMessage]:
        """Return a picture, then a text."""
        return [UserMessage(Image(data=PNG, format="png")), UserMessage("Please analyze the image above.")]

    @server.completion()
    async def complete(_ref, argument, _context) -> Completion:
        return Completion(values=[name for name in ("test", "testing") if name.startswith(argument.value)])


def main() -> None:
    (address,) = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(StorageConfig(url=f"sqlite:///{folder}/empty.db"))
        server = build_server(store, Config())
        add_fixtures(server)
        try:
            serve_http(server, address, "", ())
        except KeyboardInterrupt:
            pass
        finally:
            store.close()


if __name__ == "__main__":
    main()
