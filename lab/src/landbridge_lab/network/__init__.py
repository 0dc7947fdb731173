"""Addresses, the machines that have them, the fabric between them, and the forwarders in front of the API servers."""
