"""A study's result as text, Markdown, JSON, HTML, JUnit and the files of K2-Vendor-Verifier: one value, printed."""
