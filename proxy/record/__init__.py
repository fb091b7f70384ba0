"""What is recorded of an exchange, without credentials, and how it is sent to the audit."""
