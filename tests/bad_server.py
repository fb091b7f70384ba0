"""An MCP server that misbehaves in one way, named by its argument: standard library only, so that it starts at once.

Without an argument it behaves. Its tools: `echo` answers its `text`, `bad` does what the way names, `write` writes a file.
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

MIB = 2**20
WAY = sys.argv[1] if len(sys.argv) > 1 else ""
TOOLS = [
    {"name": "echo", "inputSchema": {"type": "object", "properties": {"text": {"type": "string"}}}},
    {"name": "bad", "inputSchema": {"type": "object"}, "outputSchema": {"type": "object", "required": ["never"]}},
    {"name": "write", "inputSchema": {"type": "object", "properties": {"path": {"type": "string"}, "text": {"type": "string"}}}},
]


def leaking(tools):
    """The tools with the value of TOKEN in a description, a schema and a name."""
    token = os.environ["TOKEN"]
    schema = {"type": "object", "properties": {"key": {"type": "string", "default": token}}}
    leaks = {"name": "leaks", "description": f"Calls with {token}.", "inputSchema": schema}
    return [*tools, leaks, {"name": f"call-{token}", "inputSchema": {"type": "object"}}]


def send(message):
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def answer(request, result):
    send({"jsonrpc": "2.0", "id": request["id"], "result": result})


def text(content, **members):
    return {"content": [{"type": "text", "text": content}], **members}


def at_start():
    """What goes wrong before the first message."""
    if WAY == "exits":
        sys.exit("Error: no licence key")
    if WAY in {"hangs", "stays"}:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if WAY == "hangs":
        time.sleep(600)
    if WAY == "endless_line":
        while True:
            sys.stdout.write("x" * MIB)
    if WAY == "prints":
        print("Welcome!\n\n{}\n[1, 2]\nnull")
    if WAY == "prints_for_ever":
        while True:
            print("tick")
    if WAY == "grows_a_child":
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    if WAY == "errors":
        sys.stderr.write("a line of standard error\n" * 20_000)
    if WAY == "leaks_at_start":
        sys.exit(f"Error: {'x' * 180} {os.environ['TOKEN']}")


def call(request):
    """The answer to a call of `bad`, in the way that is named."""
    if WAY == "dies":
        sys.stderr.write("Traceback (most recent call last):\nOSError: disk full\n")
        os._exit(3)
    if WAY == "never":
        return
    if WAY == "leaks":
        fault = {"code": -32602, "message": f"{'x' * 31_985} {os.environ['TOKEN']}"}
        send({"jsonrpc": "2.0", "id": request["id"], "error": fault})
    elif WAY == "leaks_to_the_cut":
        answer(request, text(f"{'x' * 31_990} {os.environ['TOKEN']}"))
    elif WAY == "leaks_in_json":
        answer(request, {"content": [], "structuredContent": {"key": os.environ["TOKEN"]}})
    elif WAY == "huge":
        answer(request, text("x" * (50 * MIB)))
    elif WAY == "notifies":
        for number in range(5_000):
            send({"jsonrpc": "2.0", "method": "notifications/message", "params": {"level": "info", "data": number}})
        answer(request, text("done"))
    elif WAY == "refuses":
        send({"jsonrpc": "2.0", "id": request["id"], "error": {"code": -32601, "message": "tasks only"}})
    elif WAY == "other_shape":
        answer(request, {"resultType": "inputRequired", "content": "none"})
    elif WAY == "other_id":
        send({"jsonrpc": "2.0", "id": 999_999, "result": text("to another")})
        answer(request, text("to this one"))
    else:
        answer(request, text("fine", structuredContent={"other": 1}))


def handle(request):
    method, params = request.get("method"), request.get("params") or {}
    if method == "initialize":
        send(
            {
                "jsonrpc": "2.0",
                "id": request["id"],
                "result": {
                    "protocolVersion": "2025-11-25",
                    "capabilities": {"tools": {}},
                    "serverInfo": {"name": "bad", "version": "1"},
                },
            }
        )
    elif method == "tools/list":
        tools = [{"name": 7}] if WAY == "odd_tools" else TOOLS
        tools = leaking(tools) if WAY == "leaks" else tools
        answer(request, {"tools": tools, **({"nextCursor": "again"} if WAY == "pages" else {})})
    elif method == "tools/call" and params["name"] == "bad":
        call(request)
    elif method == "tools/call" and params["name"] == "write":
        Path(params["arguments"]["path"]).write_text(params["arguments"]["text"])
        answer(request, text(f"wrote {params['arguments']['path']}"))
    elif method == "tools/call" and params["arguments"].get("text") == "environment":
        answer(request, text(json.dumps({**os.environ, "cwd": str(Path.cwd())})))
    elif method == "tools/call":
        answer(request, text(json.dumps(params["arguments"])))
    elif "id" in request:
        send({"jsonrpc": "2.0", "id": request["id"], "error": {"code": -32601, "message": f"no method {method}"}})


def main():
    at_start()
    for line in sys.stdin:
        handle(json.loads(line))
    if WAY == "stays":
        time.sleep(600)


if __name__ == "__main__":
    main()
