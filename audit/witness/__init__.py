"""The witness: a process with a key and a file of its own, which believes nothing it cannot check.

It signs that the log only grew, keeps the leaves of the tickets while they are sold, and signs a
seal when the sealed file has exactly those. It shares no code with the portal, knows no Django, and
runs as another account where it can: `python -m audit.witness --directory DIR --port N`.
"""
