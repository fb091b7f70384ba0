"""Who serves a model: its template and tokenizer by their token counts, and its serving by what it tells of itself."""
