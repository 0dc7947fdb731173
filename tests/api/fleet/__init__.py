"""The fleet's commands, on real API servers."""
