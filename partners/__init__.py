"""Outlets and prize centres: which there are, who works there, what they may redeem.

Doors: `outlets` (admitted by two people, suspended by one at once), `operators` (who works where),
`claim_authority` (`may` an outlet redeem this?), `claim_places` (where prizes are claimed, for
everybody), `terminal` (the session of an operator belongs to his outlet). Not here: which prize is
claimed where (`prizes.redemption`), money, games (known by their codes; `game_names` is told what
they are called). Merchants and organisers come with their features.
"""
