"""When something is timed, and when to stop: clocks, warm-up, rounds and stopping rules. Pure."""
