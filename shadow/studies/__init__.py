"""Studies: providers compared on purpose, by replayed requests or by tasks with tools, each run beside one of the reference."""
