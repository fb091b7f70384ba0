"""The example of the tutorial: pretended providers for the fleet's tools, and the files that compare them."""
