"""Costs and measured latency of networks, side by side."""
