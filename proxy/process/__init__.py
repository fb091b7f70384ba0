"""What each data-plane process has: its counters, its parent, its log and its standard streams."""
