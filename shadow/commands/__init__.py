"""What the commands do that start no processes and print no report."""
