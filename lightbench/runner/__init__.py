"""How cases become records: planned, made ready, timed in rounds, noted."""
