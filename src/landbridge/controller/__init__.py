"""The process: leader election, engaging clusters, the workers, metrics and health."""
