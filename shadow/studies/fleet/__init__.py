"""An example for studies: a fleet of electric vehicles as an MCP server; `python -m shadow.studies.fleet` runs it."""
