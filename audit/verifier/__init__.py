"""The verifier stands alone: standard library only, imported by nobody, run by file path.

It comes to a regulator's laptop as it is; nothing of the house may be needed to understand a seal.
"""
