"""Plans as their players see them: how far they are, every draw, what is held. Reads only."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models import Count
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from games.models import Draw
from lottery_portal.lib.money import yuan

from . import basket, plans, quotes, tickets
from .models import Plan, PlanStep

State = Plan.State
TAGS = {
    State.RUNNING: ("waiting", gettext_lazy("Running")),
    State.DONE: ("done", gettext_lazy("Done")),
    State.STOPPED: ("draft", gettext_lazy("Stopped")),
}


def coming(first: Draw, count: int) -> list[Draw]:
    """The draws of a plan of so many that begins with `first`, as far as they are planned."""
    following = Draw.objects.filter(game_id=first.game_id, issue__gte=first.issue)
    return list(following.order_by("issue")[:count])


def taken(rows: Iterable[Plan]) -> list[tuple[Plan, int]]:
    """Each plan with the number of its draws that are done, in one query."""
    rows = list(rows)
    counted = (
        PlanStep.objects.filter(plan__in=rows)
        .order_by()
        .values_list("plan_id")
        .annotate(done=Count("id"))
    )
    done = dict(counted)
    return [(plan, done.get(plan.pk, 0)) for plan in rows]


def row(plan: Plan, done: int) -> dict[str, Any]:
    """A plan in a list."""
    tone, word = TAGS[State(plan.state)]
    return {
        "code": plan.code,
        "game": _(plan.game.name),
        "game_code": plan.game.code,
        "done": done,
        "draws": plan.draws,
        "price_fen": plan.price,
        "begun_at": plan.begun_at,
        "tone": tone,
        "word": str(word),
        "numbers": _first_pick(plan),
        "url": reverse("sales:plan", args=[plan.code]),
    }


def shown(plan: Plan) -> dict[str, Any]:
    """A plan on its own page."""
    done = plan.steps.count()
    left = plan.draws - done if plan.state == State.RUNNING else 0
    version = quotes.version_of(plan.first_draw.rule)
    picks = plans.picks_of(plan)
    begun = quotes.quote(draw=plan.first_draw, selections=picks, now=plan.begun_at, was_sold=True)
    tone, word = TAGS[State(plan.state)]
    return row(plan, done) | {
        "lines": plan.lines,
        "left": left,
        "left_fen": left * plan.price,
        "total_fen": plan.draws * plan.price,
        "stop": stop_words(plan.stop_from),
        "picks": [basket.shown(version, one) for one in begun.selections],
        "state": plan.state,
        "tone": tone,
        "word": str(word),
        "why": plan.get_reason_display() if plan.reason else "",
        "ended_at": plan.ended_at,
        "not_bought": plan.draws - done if plan.state == State.STOPPED else 0,
        "freed_fen": (plan.draws - done) * plan.price if plan.state == State.STOPPED else 0,
        "waits_because": plan.waits_because,
    }


def stop_words(stop_from: int) -> str:
    """On what the plan stops, in words."""
    if not stop_from:
        return _("no, it runs to its last draw")
    if stop_from == plans.ANY_PRIZE:
        return _("on any prize")
    return _("on a prize of %(amount)s yuan or more") % {"amount": yuan(stop_from)}


def steps(plan: Plan) -> list[dict[str, Any]]:
    """Every draw of the plan: done, next, to come, or not bought because it stopped.

    Those that are not planned yet have no issue.
    """
    done = list(
        plan.steps.select_related("draw", "ticket__draw__game", "ticket__receipt").order_by(
            "position"
        )
    )
    rows = _done(plan, done)
    is_stopped = plan.state == State.STOPPED
    left = plan.draws - len(done)
    last = done[-1].draw if done else plan.first_draw
    following = coming(last, left + 1)[1:]
    for place in range(left):
        draw = following[place] if place < len(following) else None
        rows.append(
            {
                "position": len(done) + place + 1,
                "issue": draw.issue if draw else "",
                "draws_at": draw.draws_at if draw else None,
                "tone": "waiting" if place == 0 and not is_stopped else "draft",
                "word": _word_to_come(place, is_stopped=is_stopped),
                "is_next": place == 0 and not is_stopped,
            }
        )
    return rows


def _word_to_come(place: int, *, is_stopped: bool) -> str:
    if is_stopped:
        return pgettext("of a draw", "Not bought")
    return pgettext("of a draw", "Next") if place == 0 else _("To come")


def _done(plan: Plan, done: Sequence[PlanStep]) -> list[dict[str, Any]]:
    bought = [step.ticket for step in done if step.ticket is not None]
    read = {one.ticket.pk: one for one in tickets.read(bought, player_id=plan.player_id)}
    rows = []
    for step in done:
        one: dict[str, Any] = {
            "position": step.position,
            "issue": step.draw.issue,
            "draws_at": step.draw.draws_at,
            "at": step.at,
        }
        if step.ticket_id is None:
            rows.append(
                one
                | {
                    "tone": "draft",
                    "word": pgettext("of a draw", "Left out"),
                    "reason": step.reason,
                }
            )
            continue
        found = read[step.ticket_id]
        tone, word = tickets.tag_of(found)
        rows.append(
            one
            | {
                "tone": tone,
                "word": word,
                "url": reverse("sales:ticket", args=[found.ticket.code]),
                "prize_fen": found.fact.prize_fen if found.fact else None,
            }
        )
    return rows


def _first_pick(plan: Plan) -> dict[str, Any]:
    first, *others = plans.picks_of(plan)
    version = quotes.version_of(plan.first_draw.rule)
    return {**basket.numbers_shown(version, first), "more": len(others)}
