"""Studies compare providers by replayed requests or by tasks with tools, each run beside one of the reference."""
