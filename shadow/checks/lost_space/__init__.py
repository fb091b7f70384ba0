"""A space lost between two chunks of a stream, found by the words on both sides; pure."""
