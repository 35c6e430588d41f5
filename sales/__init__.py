"""Tickets: quotes, purchase, receipts, opening and closing of sales, sealing.

Doors: `quotes.quote`, `purchase.buy`, `opening`, `closing`, `sealing.seal`. Not here: results and
states of draws (`games`), what a ticket won (`prizes`).
"""
