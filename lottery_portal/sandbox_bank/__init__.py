"""A small bank of its own, for development and demonstrations: it is not part of the house.

It keeps its own orders and payouts, asks for confirmation on its own page, and speaks with the
portal only as a bank would: by addresses, signed messages and queries. Only `SANDBOX_BANK_KEY` is
shared. Without that key it is switched off, and every address answers 404.

Every message, answers included, is JSON under `Bank-Timestamp` (seconds, good for five minutes) and
`Bank-Signature`: HMAC-SHA256 in hex over `<METHOD or ANSWER>\\n<path>\\n<timestamp>\\n<body>`.

    POST /bank/orders/               open a payment; answers trade and pay_url
    GET  /bank/orders/<order>/       OPEN, PAID, CANCELLED or REFUNDED
    POST /bank/orders/<order>/close/ cancel it if it is still open
    POST /bank/payouts/              pay to an account, once per order
    GET  /bank/payouts/<order>/      PAID or FAILED
    POST /bank/refunds/              return money of a payment to its card, once per order
    GET  /bank/refunds/<order>/      PAID or FAILED

To see a merchant in trouble:
- a payment whose amount ends in .13 is never announced; only a question finds it out;
- a payment whose amount ends in .22 is announced three times, as events of their own;
- a payout to an account ending in 4040 fails: the account is closed;
- a payout to an account ending in 5050 is made, but the bank's answer is lost (status 504);
- a payout to an account ending in 6060 is not taken the first time (status 503), and later is;
- a refund whose amount ends in .44 fails: the card is closed;
- a refund whose amount ends in .55 is made, but the bank's answer is lost (status 504).
"""
