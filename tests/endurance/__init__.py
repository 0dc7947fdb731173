"""Endurance: a client asks by the clock while everything that is not in the data path goes away and comes back.

`python -m tests.endurance` (`make endure`) runs it on the lab with nodes: real pods, DNS, kube-proxy and packets.
"""
