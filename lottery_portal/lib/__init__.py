"""Small tools every room may use: money, refusals, database rules, codes, encryption.

No models, and no knowledge of any room.
"""
