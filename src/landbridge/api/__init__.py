"""The objects as Structs: the Kubernetes kinds that Landbridge touches, and its own.

A Struct names only the fields that are used: what it does not name is skipped while decoding, and is not copied.
"""
