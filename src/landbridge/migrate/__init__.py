"""One Service's move from cluster to cluster: what comes after what."""
