"""The tutorial's application: three Services that call each other and name the cluster that answered.

It runs in a container, on Debian's Python and its standard library alone.
"""
