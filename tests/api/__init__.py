"""On real API servers."""
