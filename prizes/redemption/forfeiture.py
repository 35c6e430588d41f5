"""What nobody claimed in time goes to the welfare fund of its game, once (F082, F220).

A prize lapses when its last day is over by the database's clock and neither a hold, a claim nor a
request for more time stands: its end and the entry are written in one transaction, under a key of
the ticket. The round runs every hour, so the first one after midnight finds what lapsed; it may be
cut off anywhere and be started many times.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import connection
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts import messages, who
from accounts.models import User
from audit import trail
from finance.invariants import Invariant, register
from lottery_portal.lib.db import door
from lottery_portal.lib.errors import Refused
from prizes.claim_models import PrizeEnd
from prizes.models import Prize

FORFEITED = "prizes.forfeited"
REVEALED = "prizes.unclaimed_revealed"
REVEALERS = frozenset({"claims_officer", "compliance"})
SHORTEST_REASON = 6
BATCH = 25  # in one transaction: short enough never to hold anybody up
SHOWN = 100


class NotForThisRole(Refused):
    """The post does not include a look at who has not claimed."""

    code, status = "unclaimed_role", 403
    message = _("Your post does not allow you to see who has not claimed a prize.")


class RevealReasonMissing(Refused):
    """No reason, or none that says anything."""

    code, status = "unclaimed_reason_missing", 400
    message = _("Please say why you need to see this; it is recorded with your name.")


@dataclass(frozen=True)
class Unclaimed:
    """A prize that waits for its winner: what detective work on tickets begins with."""

    ticket: str
    player: str
    game: str
    issue: str
    amount_fen: int
    last_day: date
    is_held: bool


def forfeit_due() -> int:
    """Forfeit every prize that has lapsed, a few at a time; how many."""
    done, behind = 0, 0
    while found := _lapsed(behind):
        done += _forfeit(found)
        behind = found[-1]
    return done


def register_of(*, since: datetime, until: datetime) -> QuerySet[PrizeEnd]:
    """The prizes of the real books that were forfeited in an interval, in their order."""
    ends = PrizeEnd.objects.filter(
        kind=PrizeEnd.Kind.FORFEITED,
        prize__draw__is_shadow=False,
        ended_at__gte=since,
        ended_at__lt=until,
    )
    return ends.select_related("prize__ticket", "prize__draw__game").order_by("ended_at", "pk")


@door
def reveal_unclaimed(
    *, game: str = "", reason: str, actor: User, now: datetime
) -> Sequence[Unclaimed]:
    """The prizes that nobody has claimed, the next to lapse first; the trail is written before.

    Who looks could claim in another's name: so the trail keeps which tickets he was shown (F150).
    Refuses with `NotForThisRole` and `RevealReasonMissing`.
    """
    if not who.roles(actor, now) & REVEALERS:
        raise NotForThisRole
    if len(reason.strip()) < SHORTEST_REASON:
        raise RevealReasonMissing(fields=["reason"])
    shown = _unclaimed(game)
    trail.record(
        action=REVEALED,
        actor=actor,
        object_type="game",
        object_code=game or "*",
        body={"reason": reason.strip(), "tickets": [one.ticket for one in shown]},
    )
    return shown


def _lapsed(behind: int) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT prizes_lapsed(%s, %s)", [behind, BATCH])
        return [pk for (pk,) in cursor.fetchall()]


@door
def _forfeit(prizes: Sequence[int]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT p FROM unnest(%s::bigint[]) WITH ORDINALITY x (p, n)"
            " WHERE prizes_forfeit(p) ORDER BY n",
            [list(prizes)],
        )
        done = [pk for (pk,) in cursor.fetchall()]
    ended = PrizeEnd.objects.filter(prize__in=done).select_related(
        "prize__ticket", "prize__draw__game", "prize__owner__user"
    )
    for end in ended.order_by("prize_id"):
        prize = end.prize
        trail.record(
            action=FORFEITED,
            actor=None,
            object_type="prize",
            object_code=prize.ticket.code,
            body={"amount_fen": end.amount, "entry": end.entry_reference},
        )
        messages.send(
            user=prize.owner.user,
            kind=FORFEITED,
            params={
                "ticket": prize.ticket.code,
                "game": prize.draw.game.name,
                "issue": prize.draw.issue,
                "amount_fen": end.amount,
            },
            natural_key=f"{FORFEITED}:{prize.ticket.code}",
            now=end.ended_at,
        )
    return len(done)


def _unclaimed(game: str) -> list[Unclaimed]:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT t.code, y.code, g.name, d.issue, z.amount, prizes_last_day(z.id),
                   NOT prizes_may_go_on(z.id)
              FROM prizes_prize z JOIN games_draw d ON d.id = z.draw_id AND NOT d.is_shadow
              JOIN games_game g ON g.id = d.game_id JOIN sales_ticket t ON t.id = z.ticket_id
              JOIN accounts_player y ON y.id = z.owner_id
              JOIN prizes_claimperiod c ON c.draw_id = d.id
             WHERE z.route = 'CENTRE' AND (g.code = %(game)s OR %(game)s = '')
               AND NOT EXISTS (SELECT FROM prizes_prizeend e WHERE e.prize_id = z.id)
             ORDER BY 6, z.id LIMIT %(most)s
            """,
            {"game": game, "most": SHOWN},
        )
        return [Unclaimed(*row) for row in cursor.fetchall()]


def waiting_of(player_id: int) -> QuerySet[Prize]:
    """The prizes of a player that wait for him, the newest first."""
    waiting = Prize.objects.filter(owner=player_id, route=Prize.Route.CENTRE, end__isnull=True)
    return waiting.select_related("ticket", "draw__game").order_by("-pk")


register(
    Invariant(
        code="INV9",
        name="forfeited_is_in_the_fund",
        title=_("What lapsed is in the welfare fund, prize by prize"),
        figure="SELECT sum(amount) FROM prizes_prizeend WHERE kind = 'FORFEITED'",
        is_nightly=True,
        everything="""
        SELECT coalesce(p.reference, e.reference)
          FROM (SELECT x.entry_reference AS reference, sum(x.amount) AS fen FROM prizes_prizeend x
                 WHERE x.kind = 'FORFEITED' GROUP BY 1) p
          FULL JOIN (SELECT e.reference, sum(t.amount) AS fen FROM finance_entry e
                       JOIN finance_transfer t ON t.entry_id = e.id
                       JOIN finance_account a ON a.id = t.target_id AND a.kind = 'WELFARE'
                      WHERE e.kind = 'FORFEIT' GROUP BY 1) e ON e.reference = p.reference
         WHERE p.fen IS DISTINCT FROM e.fen""",
    )
)
