"""With a real Argo CD on the hub."""
