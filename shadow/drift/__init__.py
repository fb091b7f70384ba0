"""From comparisons to a judgement: pure statistics on payoffs, with the reference's own noise as the only yardstick."""
