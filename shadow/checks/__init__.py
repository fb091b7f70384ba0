"""One answer in, findings out, no reference needed: run on all traffic."""
