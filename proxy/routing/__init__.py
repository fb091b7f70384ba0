"""Which provider a request goes to, and how its target, fields and body are rewritten for it; pure."""
