"""From the runs of a study to one verdict for each candidate: PASS, FAIL, UNDECIDED or NOT MEASURED; pure."""
