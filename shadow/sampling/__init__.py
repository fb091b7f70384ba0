"""Which exchanges are shadowed, and at what cost: pure, so that a replay makes the same decisions."""
