"""Games, their rules, draws and their calendar, results, licences and switches.

Doors: `draws` (states), `calendar`, `results` (typed blind by two), `licences`, `switches`;
`rules`, `bets`, `counting`, `odds`, `prize_tables` are pure arithmetic. Not here: tickets
(`sales`), money.
"""
