"""Which candidates may replace the reference: the claims of a tournament, its plan, and the order of prices; pure statistics."""
