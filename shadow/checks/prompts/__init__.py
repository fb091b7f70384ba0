"""What checks read of a request, and of calls that are written out in a text; pure."""
