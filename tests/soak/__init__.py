"""Soak: seeded faults over three real control planes and fifty Services, and what must hold all the while.

`python -m tests.soak` (`make soak`) runs seeds one after the other on one lab. `schedule` says what happens when, a
pure function of the seed; `stage` is the scene and the providers' every-day changes; `faults` does things to it;
`observer` sees what consumers hold; `verdict` judges, purely.
"""
