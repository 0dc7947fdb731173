"""One API server: configuration, transport, watch, informer, queue.

A thin client, because the copy path is what this project exists for: ready-made clients cost 5 to 20 times the CPU per
write and 20 to 60 times per decode (docs/adr/0002).
"""
