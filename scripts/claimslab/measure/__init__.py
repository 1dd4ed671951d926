"""measure: from claims to evidence: what to run, on a quiet machine, one process at a time."""
