"""On the lab, with nodes and pods."""
