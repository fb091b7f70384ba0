"""The configuration: flags take precedence over environment variables, those over the file; errors are reported in one pass."""
