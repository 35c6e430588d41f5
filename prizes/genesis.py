"""The first rows of this room: accounts of the games, opening of pool and fund, prize policies."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from audit import policies, trail
from finance import ledger
from finance.ledger import AccountKind, EntryKind, Move
from games import announcements, rules
from games.models import Game
from lottery_portal.lib.db import door, inside_transaction
from lottery_portal.lib.errors import Refused
from sales.models import Ticket

from . import pools
from .kits import PUBLIC_POLICY
from .redemption import figures
from .redemption.extensions import MOST_POLICY, WINDOW_POLICY
from .settlement import WALLET_POLICY

WALLET_UP_TO_FEN = 10_000_00
EXTENSION_WINDOW_DAYS, EXTENSION_MOST_DAYS = 15, 60
OPENING_FUND_FEN = 50_000_000_00
# What a pool is opened with where no announcement of the game is recorded, by game and further
# pool: as last announced, or for the games of digits a sum that their prizes are seldom above.
OPENING_POOLS_FEN = {
    ("dlt", ""): 831_053_727_13,
    ("qlc", ""): 1_518_862_00,
    ("qxc", ""): 281_812_799_80,
    ("kl8", ""): 105_307_910_00,
    ("kl8", "fixed"): 247_416_155_58,
    ("fc3d", ""): 1_000_000_00,
    ("pl3", ""): 1_000_000_00,
    ("pl5", ""): 10_000_000_00,
}
OPENING_ESCROW = "escrow:sandbox"
ACCOUNTS = (
    ("grant", AccountKind.GRANT),
    ("pool", AccountKind.POOL),
    ("fund", AccountKind.FUND),
    ("fee", AccountKind.FEE),
    ("welfare", AccountKind.WELFARE),
)


class BooksHaveMoved(Refused):
    """Tickets have been sold: a pool is no longer opened, only moved."""

    code = "books_have_moved"
    message = _("Tickets have been sold. The pool of %(game)s is not opened any more.")


@door
def load(*, now: datetime) -> None:
    """Open the books of every game once, the pool as last announced; refused after a sale."""
    policies.set_genesis(
        key=PUBLIC_POLICY,
        value=True,
        reason=gettext_noop("A kit holds pseudonyms only: everybody may check a draw"),
        now=now,
    )
    for key, days, reason in (
        (
            WINDOW_POLICY,
            EXTENSION_WINDOW_DAYS,
            gettext_noop("More time is asked for within 15 days of the end of the obstacle"),
        ),
        (MOST_POLICY, EXTENSION_MOST_DAYS, gettext_noop("An extension gives 60 days at most")),
    ):
        policies.set_genesis(key=key, value=days, reason=reason, now=now)
    figures.load(now=now)
    for game in Game.objects.order_by("position", "pk"):
        policies.set_genesis(
            key=WALLET_POLICY,
            scope=game.code,
            value=WALLET_UP_TO_FEN,
            reason=gettext_noop("Prizes up to 10,000 yuan go to the wallet"),
            now=now,
        )
        _open(game)


@inside_transaction
def _open(game: Game) -> None:
    reference = f"opening:{game.code}"
    if ledger.entry_of(reference) is not None:
        return
    if Ticket.objects.filter(draw__game=game).exists():
        raise BooksHaveMoved(game=game.code)
    for name, kind in ACCOUNTS:
        ledger.open_account(code=f"{name}:{game.code}", kind=kind, is_shadow=game.is_shadow)
    grant = f"grant:{game.code}"
    pool = _opening_pool(game)
    moves = [
        Move(source=grant, target=pools.pool_of(game), amount=pool),
        Move(source=grant, target=pools.fund_of(game), amount=OPENING_FUND_FEN),
    ]
    for code in pools.further(rules.GAMES[game.rules_game].current):
        account = pools.pool_of(game, code)
        ledger.open_account(code=account, kind=AccountKind.POOL, is_shadow=game.is_shadow)
        opening = OPENING_POOLS_FEN[game.rules_game, code]
        moves.append(Move(source=grant, target=account, amount=opening))
    if not game.is_shadow:  # what pool and fund are opened with lies in escrow from the first day
        granted = sum(move.amount for move in moves)
        moves.append(Move(source=OPENING_ESCROW, target=f"grant:{game.code}", amount=granted))
    ledger.post(reference=reference, kind=EntryKind.OPENING, moves=moves)
    trail.record(
        action="prizes.books_opened",
        actor=None,
        object_type="game",
        object_code=game.code,
        body={"pool_fen": pool, "fund_fen": OPENING_FUND_FEN},
    )


def _opening_pool(game: Game) -> int:
    """The first pool as last announced; a drill begins with that of the game it imitates."""
    announced = announcements.last(game) or announcements.last(
        Game.objects.get(code=game.rules_game)
    )
    if announced is None or announced.pool is None:
        return OPENING_POOLS_FEN[game.rules_game, ""]
    return announced.pool
