"""The four guidelines of the ShuffleNet V2 paper on this device, beside the paper."""
