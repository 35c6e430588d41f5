"""Money: the books, wallets, payments in and out, banks, remittance, statements, proofs.

Doors: `ledger.post` (the only way money moves); for players `deposits`, `withdrawals`,
`bank_accounts`; for staff `adjustments`, `refunds`, `periods`, `years`, `cases`, `payees`,
`payment_orders`; for other rooms `commissions`, `organisers`; `recon` (what banks say),
`statements` (what accountants read), `invariants` and `solvency` (what must hold, and its proof).
Finance has never heard of a ticket or a draw: callers hand it a reference and moves.
"""
