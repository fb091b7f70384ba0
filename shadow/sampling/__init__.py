"""Which exchanges are shadowed, and at what cost: pure, so that a replay decides again the same."""
