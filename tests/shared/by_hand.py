"""What was measured of a device, and what its card says by hand."""

from __future__ import annotations

# Point -> seconds, multiply-adds, bytes, operators; and what that is per second, or an operator.
MEASURED = {
    "dense 3x3": (0.5, 4_000_000_000, 4000, 1),  # 8 GMAdds/s
    "pointwise": (0.25, 1_000_000_000, 4000, 1),  # 4 GMAdds/s
    "depthwise 3x3": (0.5, 100_000_000, 4000, 1),  # 0.2 GMAdds/s
    "4 groups": (0.5, 1_000_000_000, 4000, 1),  # 2 GMAdds/s
    "linear": (0.125, 100_000_000, 4000, 1),  # 0.8 GMAdds/s
    "stream": (0.5, 0, 1_000_000_000, 1),  # 2 GB/s
    "add": (0.25, 0, 1_000_000_000, 1),  # 4 GB/s
    "relu": (0.125, 0, 1_000_000_000, 1),  # 8 GB/s
    "norm": (0.5, 0, 1_000_000_000, 1),  # 2 GB/s
    "shuffle": (1.0, 0, 1_000_000_000, 1),  # 1 GB/s
    "launch": (0.25, 0, 800, 100),  # 2.5 ms
    "conv launch": (0.5, 50, 800, 50),  # 10 ms
}
RATE = {
    "dense conv": 8e9,
    "pointwise conv": 4e9,
    "depthwise conv": 0.2e9,
    "grouped conv": 2e9,
    "linear": 0.8e9,
}
MOVED = {"element-wise": 4e9, "activation": 8e9, "norm": 2e9, "data movement": 1e9}
# Of 12 rounds the interval is the 3rd to the 10th: half and twice the median.
ROUNDS = [0.5] * 3 + [1.0] * 6 + [2.0] * 3
