"""Rows of data sets in every shape that is read, each as one chat request; pure but for the files themselves."""
