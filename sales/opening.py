"""Opening sales: partition, accounts and state of a draw in one transaction."""

from __future__ import annotations

from datetime import datetime

from django.db import connection
from django.db.models.functions import Now

from finance import issuer_money, ledger
from finance.ledger import AccountKind
from games import draws, rules
from games.models import Draw, Game
from lottery_portal.lib.db import door

# Accounts of the game itself; opened with its first draw, found open by every later one.
GAME_ACCOUNTS = (
    ("pool", AccountKind.POOL),
    ("fund", AccountKind.FUND),
    ("fee", AccountKind.FEE),
    ("welfare", AccountKind.WELFARE),
)


def open_due(*, now: datetime) -> list[Draw]:
    """Open every draw whose time has come by Postgres's clock; the ones this call opened.

    However many callers there are, each draw is opened once.
    """
    due = (
        Draw.objects.filter(state=Draw.State.SCHEDULED, opens_at__lte=Now())
        .select_related("game", "rule")
        .order_by("opens_at", "pk")
    )
    return [draw for draw in due if open_one(draw=draw, now=now)]


@door
def open_one(*, draw: Draw, now: datetime) -> bool:
    """Make room for the tickets of `draw`, open its accounts and let it take tickets.

    True for exactly one caller.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT sales_make_partition(%s)", [draw.pk])
    for name, kind in GAME_ACCOUNTS:
        ledger.open_account(code=f"{name}:{draw.game.code}", kind=kind, is_shadow=draw.is_shadow)
    for pool in rules.by_code(draw.rule.code).pools[1:]:
        account = pool_of(draw.game, pool.code)
        ledger.open_account(code=account, kind=AccountKind.POOL, is_shadow=draw.is_shadow)
    ledger.open_account(code=stakes_of(draw), kind=AccountKind.STAKES, is_shadow=draw.is_shadow)
    ledger.open_account(code=prizes_of(draw), kind=AccountKind.PRIZES, is_shadow=draw.is_shadow)
    if not draws.advance(draw_id=draw.pk, to=Draw.State.OPEN, actor=None, now=now):
        return False
    draw.refresh_from_db(fields=["mode"])  # it has one from now on
    if draw.mode == Draw.Mode.ANNOUNCED:
        account = issuer_money.account_of(draw.game.code)
        ledger.open_account(code=account, kind=AccountKind.ISSUER, is_shadow=draw.is_shadow)
    return True


def pool_of(game: Game, code: str = "") -> str:
    """The account of the game's first pool, or of the further one called `code`."""
    return f"pool:{game.code}.{code}" if code else f"pool:{game.code}"


def stakes_of(draw: Draw) -> str:
    """The account that takes what tickets of `draw` cost."""
    return f"stakes:{draw.code}"


def prizes_of(draw: Draw) -> str:
    """The account of the draw's prize money."""
    return f"prizes:{draw.code}"
