"""A tournament as it is shown: read from the store, put into one value, and written as text, Markdown, JSON and a plot."""
