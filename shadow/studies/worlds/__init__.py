"""The world of a run: tools of MCP servers, or their recorded answers, the same for every provider."""
