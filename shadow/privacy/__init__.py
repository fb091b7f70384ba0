"""What is removed from a record before it is stored or shown; pure."""
