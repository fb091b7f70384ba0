"""From comparisons to a judgement: pure statistics on payoffs, measured against the reference's own noise alone."""
