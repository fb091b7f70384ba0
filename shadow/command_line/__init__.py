"""The commands that read records: their flags, what they print, and their exit codes."""
