"""Scaling: throughput against latency of a network as its batch, threads, resolution or width grows."""
