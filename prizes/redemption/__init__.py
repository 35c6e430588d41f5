"""Redemption: how a prize that waits for its winner comes to its end, paid or lapsed.

Until when it is claimed (`deadlines`), what stops that clock (`holds`) or moves it (`extensions`),
what happens when it has run out (`forfeiture`), and who is told in time (`reminders`, `lapsing`).
"""
