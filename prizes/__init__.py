"""What tickets won: settlement, prizes, their way into wallets.

Doors: `settlement` (in chunks, as jobs), `publication`, `drill`; `proof` counts a settled draw
again from its sealed file. Not here: the arithmetic of a prize table (`games.prize_tables`), money
(`finance`).
"""
