"""Money: the ledger, wallets, deposits, withdrawals, payment providers.

Doors: `ledger.post` (the only way money moves), `deposits`, `withdrawals`, `bank_accounts`.
Finance has never heard of a ticket or a draw: callers hand it a reference and moves.
"""
