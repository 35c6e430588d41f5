"""What tickets won: settlement, prizes, their way into wallets.

Doors: `settlement` (in chunks and batches, as jobs), `publication`, `drill`. `engines` runs the two
engines, `result_file` is what they write, `comparison` compares it: before money moves, and after.
Not here: the arithmetic of a prize table (`games.prize_tables`), money (`finance`), engine two
itself (`audit/verifier`).
"""
