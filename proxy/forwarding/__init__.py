"""One request on its way: prepared, exchanged with its provider, counted and recorded."""
