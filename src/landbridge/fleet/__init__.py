"""The fleet: which clusters belong to it, how each is reached, and what Landbridge may do there."""
