"""The commands that start no processes and print no report."""
