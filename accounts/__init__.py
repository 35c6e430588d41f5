"""People: users, players, identity check, staff and their posts, messages, permission.

Doors: `registration`, `identity`, `login`, `who` (who is this user?), `staff`, `messages`.
Not here: what a player may spend (`risk`), what he owns (`finance`).
"""
