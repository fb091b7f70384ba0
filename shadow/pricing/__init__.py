"""What answers cost: the classes of their tokens, the configured prices, and the one function from both to money. Pure."""
