"""A pair in, one comparison out: pure functions of one shape in an ordered tuple."""
