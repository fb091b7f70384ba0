"""Serving identity: the template and tokenizer by their token counts, and the server by what its responses reveal."""
