"""What a device can do at best, and how much of that each network, or each of its layers, attains."""
