"""What stands before a journey: a draw of the real books that closes soon, and its officials.

Everything here goes through the doors that the pages use; only time is helped along, and only where
a door exists for it (`games.draw_times.ask`, four eyes).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from accounts import demo
from accounts.models import User
from audit import approvals
from games import calendar, draw_times, results
from games.models import Draw, Game
from lottery_portal.lib.db import database_time
from prizes import publication, settlement
from tests import make, make_draws, make_equipment, owner, people

PASSWORD = "a-long-enough-password"
STAFF = {
    "draw_official": ("开奖一号", "开奖二号"),
    "cashier": ("出纳",),
    "approver": ("复核",),
    "auditor": ("审计",),
    "treasurer": ("财务",),
    "risk": ("风控",),
    "compliance": ("合规",),
    "support": ("客服",),
    "administrator": ("管理",),
    "claims_clerk": ("兑奖",),
    "claims_officer": ("兑奖主管",),
    "outlet_operator": ("网点",),
}


@dataclass(frozen=True)
class Member:
    """A member of staff and what he logs in with."""

    name: str
    shown: str
    secret: str
    user: User


def staff(*posts: str) -> dict[str, list[Member]]:
    """Members of staff with these posts, two of the officials; each with a second factor."""
    made: dict[str, list[Member]] = {}
    now = people.right_now()
    for number, post in enumerate(posts):
        for place, shown in enumerate(STAFF[post]):
            name = f"{post.replace('_', '')}{place + 1}"
            login = demo.make_staff(
                staff_name=name,
                display_name=shown,
                post=post,
                name=shown,
                citizen_id=demo.citizen_id(date(1980, 5, 5), 500 + number * 10 + place),
                password=PASSWORD,
                now=now,
            )
            member = Member(name, shown, login.totp_secret, login.member.user)
            made.setdefault(post, []).append(member)
    return made


def draw(game: str = make.GAME) -> Draw:
    """The first draw of the real books that has not closed, open."""
    of, now = Game.objects.get(code=game), people.right_now()
    calendar.plan(game=of, until=now + make.PLANNED, now=now)
    waiting = Draw.objects.filter(
        game=of,
        state__in=[Draw.State.SCHEDULED, Draw.State.OPEN],
        closes_at__gt=now + timedelta(hours=1),
    )
    first = waiting.order_by("issue")[0]
    if first.opens_at > people.right_now():
        # Between the drawing of one draw and the opening of the next there is nothing to buy.
        with owner.as_owner() as hand:
            hand.execute(
                "UPDATE games_draw SET opens_at = clock_timestamp() - interval '1 hour'"
                " WHERE id = %s",
                [first.pk],
            )
    return make.opened(first.code)


def change_times(
    on: Draw, *, maker: Member, checker: Member, closes_at: datetime, draws_at: datetime
) -> Draw:
    """Let a draw close and be held at these times: one person asks, another signs."""
    now = people.right_now()
    asked = draw_times.ask(
        draw=on,
        closes_at=closes_at,
        draws_at=draws_at,
        reason="当期提前停售",
        maker=maker.user,
        now=now,
    )
    approvals.decide(code=asked.code, checker=checker.user, approve=True, now=now)
    on.refresh_from_db()
    return on


def equipped(on: Draw, crew: dict[str, list[Member]]) -> None:
    """A machine and ball sets, inspected by the two officials, chosen for the draw."""
    first, second = crew["draw_official"][:2]
    make_equipment.ready(on, by=first.user, second=second.user)


def minuted(on: Draw, crew: dict[str, list[Member]]) -> None:
    """The minutes of the draw, written by one official and signed by the other."""
    make_equipment.signed(on, [member.user for member in crew["draw_official"]])


def sealed(
    on: Draw,
    crew: dict[str, list[Member]],
    *,
    is_equipped: bool = True,
    drawn_after: timedelta = timedelta(milliseconds=100),
) -> Draw:
    """The draw closed within a second, sealed, and its drawing a moment past."""
    soon = database_time() + timedelta(seconds=0.4)
    change_times(
        on,
        maker=crew["draw_official"][0],
        checker=crew["approver"][0],
        closes_at=soon,
        draws_at=soon + drawn_after,
    )
    if is_equipped:
        equipped(on, crew)
    make.closed(on)
    make_draws.publicly_sealed(on)
    make.wait_until(on.draws_at)
    on.refresh_from_db()
    return on


def settled(on: Draw, crew: dict[str, list[Member]], numbers: list[list[int]]) -> Draw:
    """The sealed draw typed twice, with minutes, settled and published."""
    for official in crew["draw_official"]:
        results.enter(draw=on, official=official.user, numbers=numbers, now=people.right_now())
    on.refresh_from_db()
    minuted(on, crew)
    settlement.run(draw=on, now=people.right_now())
    on.refresh_from_db()
    publication.publish(draw=on, now=people.right_now())
    on.refresh_from_db()
    return on
