"""Draws and their states: one door, `advance`, through which every change of state goes (F056)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import IntegrityError, connection, transaction
from django.db.models import Model
from django.utils.translation import gettext_lazy as _

from audit import trail
from lottery_portal.lib.db import inside_transaction, violated
from lottery_portal.lib.errors import Refused

from . import rules
from .models import Draw, DrawCancellation, DrawTransition, Game, IssuerAnnouncement, RuleSheet

if TYPE_CHECKING:
    from accounts.models import User

State = Draw.State

# The state before each: a draw enters a state from this one and from no other.
WAY = (
    State.SCHEDULED,
    State.OPEN,
    State.CLOSED,
    State.SEALED,
    State.DRAWN,
    State.CONFIRMED,
    State.SETTLED,
    State.PUBLISHED,
    State.ARCHIVED,
)
BEFORE = dict(zip(WAY[1:], WAY[:-1], strict=True))
# Until a number is typed a draw can be cancelled; what is held goes on to its end.
CANCELLABLE = (State.SCHEDULED, State.OPEN, State.CLOSED, State.SEALED)
# What is over: nothing more will be sold, drawn or paid in it by settlement.
SETTLED_STATES = (State.SETTLED, State.PUBLISHED, State.ARCHIVED, State.CANCELLED)


class DrawUnknown(Refused):
    """There is no such draw."""

    code, status = "draw_unknown", 404
    message = _("There is no draw %(draw)s.")


class DrawNotReady(Refused):
    """The draw lacks what the next state needs: its time, a seal, a result, a settlement."""

    code = "draw_not_ready"
    message = _("Draw %(draw)s cannot become %(to)s yet.")


class DrawIsHeld(Refused):
    """A number was typed, or it is over: the draw is no longer cancelled."""

    code = "draw_is_held"
    message = _("Draw %(draw)s is %(state)s. It can no longer be cancelled.")


REFUSALS = frozenset(
    {
        "draw_goes_forward",
        "draw_closes_in_time",
        "draw_sealed_by_statement",
        "draw_drawn_by_entry",
        "draw_confirmed_by_result",
        "draw_settled_by_settlement",
        "publish_with_minutes",
    }
)


@inside_transaction
def advance(*, draw_id: int, to: str, actor: User | None, now: datetime) -> bool:
    """Move the draw one state forward in the caller's transaction; True for exactly one caller.

    False when it is not in the state before `to`. Raises `DrawNotReady` when the database refuses
    the step. Closing (`to` CLOSED) is called with the draw's gate held exclusively.
    """
    target = State(to)
    before = BEFORE[target]
    try:
        with transaction.atomic():
            moved = Draw.objects.filter(pk=draw_id, state=before).update(state=target) == 1
    except IntegrityError as exc:
        if violated(exc) in REFUSALS:
            raise DrawNotReady(draw=_code(draw_id), to=str(target)) from exc
        raise
    if not moved:
        return False
    DrawTransition.objects.create(
        draw_id=draw_id, from_state=before, to_state=target, actor=actor, at=now
    )
    trail.record(
        action=f"games.draw_{target.lower()}",
        actor=actor,
        object_type="draw",
        object_code=_code(draw_id),
        body={"from": before, "to": target},
    )
    return True


@inside_transaction
def cancel(
    *, draw: Draw, reason: str, approval_code: str, actor: User | None, now: datetime
) -> DrawCancellation:
    """Cancel a draw in the caller's transaction, who holds its gate; told to everybody (F075).

    Raises `DrawIsHeld` once a number was typed. What was sold is refunded by who called.
    """
    try:
        with transaction.atomic():
            told = DrawCancellation.objects.create(
                draw=draw,
                reason=reason,
                approval_code=approval_code,
                from_state=draw.state,
                cancelled_at=now,
            )
    except IntegrityError as exc:
        if violated(exc) in {"cancellation_before_the_draw", "games_drawcancellation_draw_id_key"}:
            draw.refresh_from_db(fields=["state"])
            raise DrawIsHeld(draw=draw.code, state=draw.get_state_display()) from exc
        raise
    told.refresh_from_db(fields=["from_state", "cancelled_at"])
    Draw.objects.filter(pk=draw.pk, state=told.from_state).update(state=State.CANCELLED)
    DrawTransition.objects.create(
        draw_id=draw.pk, from_state=told.from_state, to_state=State.CANCELLED, actor=actor, at=now
    )
    trail.record(
        action="games.draw_cancelled",
        actor=actor,
        object_type="draw",
        object_code=draw.code,
        body={"from": told.from_state, "reason": reason, "approval": approval_code},
    )
    draw.refresh_from_db(fields=["state"])
    return told


def _code(draw_id: int) -> str:
    return Draw.objects.values_list("code", flat=True).get(pk=draw_id)


@inside_transaction
def hold_gate(draw_id: int) -> None:
    """Hold the draw's gate exclusively until the transaction ends: no sale runs beside it (D8)."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(draw_gate(), %s::integer)", [draw_id])


@inside_transaction
def set_special(*, game: Game, after_issue: str, is_on: bool) -> int:
    """Tell every later draw that is not settled yet whether the special rule holds for it.

    A draw of which the issuer has announced it follows him; one whose rule has none is without.
    """
    later = (
        Draw.objects.filter(
            game=game, issue__gt=after_issue, state__in=WAY[: WAY.index(State.SETTLED)]
        )
        .exclude(special_on=is_on)
        .exclude(pk__in=IssuerAnnouncement.objects.values("draw"))
    )
    if is_on:
        codes = later.order_by().values_list("rule__code", flat=True).distinct()
        without = [code for code in codes if rules.by_code(code).special is None]
        later = later.exclude(rule__code__in=without)
    return later.update(special_on=is_on)


def find(code: str) -> Draw:
    """The draw called `code`, with game and rule but for its sheet, or `DrawUnknown`."""
    draw = _with_game_and_rule("d.code = %s", [code])
    if draw is None:
        raise DrawUnknown(draw=code)
    return draw


def of_issue(game_code: str, issue: str) -> Draw:
    """The same for an issue of a game that is no drill."""
    draw = _with_game_and_rule(
        "g.code = %s AND NOT g.is_shadow AND d.issue = %s", [game_code, issue]
    )
    if draw is None:
        raise DrawUnknown(draw=f"{game_code}-{issue}")
    return draw


def _columns(model: type[Model], *left_out: str) -> list[str]:
    return [field.attname for field in model._meta.concrete_fields if field.name not in left_out]  # noqa: SLF001 - Django's public way to the fields


# Every purchase asks for its draw: written out, because making this query takes the ORM eight times
# as long as running it.
_DRAW, _GAME, _RULE = _columns(Draw), _columns(Game), _columns(RuleSheet, "sheet")
_ASKED = ", ".join(
    f"{table}.{column}"
    for table, columns in (("d", _DRAW), ("g", _GAME), ("r", _RULE))
    for column in columns
)


def _with_game_and_rule(condition: str, values: list[str]) -> Draw | None:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {_ASKED} FROM games_draw d JOIN games_game g ON g.id = d.game_id"  # noqa: S608 - columns of our models, conditions written above
            f" JOIN games_rulesheet r ON r.id = d.rule_id WHERE {condition}",
            values,
        )
        row = cursor.fetchone()
    if row is None:
        return None
    game_at, rule_at = len(_DRAW), len(_DRAW) + len(_GAME)
    draw = Draw.from_db(connection.alias, _DRAW, row[:game_at])
    draw.game = Game.from_db(connection.alias, _GAME, row[game_at:rule_at])
    draw.rule = RuleSheet.from_db(connection.alias, _RULE, row[rule_at:])
    return draw


def on_sale(game_code: str, *, now: datetime) -> Draw | None:
    """The draw of the game that takes tickets at `now`, the one that closes first."""
    return on_sale_each([game_code], now=now).get(game_code)


def next_to_open(game_code: str, *, now: datetime) -> Draw | None:
    """The draw of the game that opens next; for pages between two draws."""
    return next_to_open_each([game_code], now=now).get(game_code)


def on_sale_each(games: Collection[str], *, now: datetime) -> dict[str, Draw]:
    """The draw that takes tickets at `now` of each of these games that has one."""
    found = (
        Draw.objects.on_sale(now=now)
        .filter(game__code__in=games)
        .select_related("game", "rule")
        .order_by("-closes_at")
    )
    return {draw.game.code: draw for draw in found}


def next_to_open_each(games: Collection[str], *, now: datetime) -> dict[str, Draw]:
    """The draw that opens next of each of these games that has one planned."""
    found = (
        Draw.objects.filter(game__code__in=games, state=State.SCHEDULED, closes_at__gt=now)
        .select_related("game", "rule")
        .order_by("game_id", "opens_at")
        .distinct("game_id")
    )
    return {draw.game.code: draw for draw in found}


def is_settled(draw: Draw) -> bool:
    """Whether its prizes are credited: the database lets that be only when both engines agree."""
    return draw.state in SETTLED_STATES and draw.state != State.CANCELLED


def earlier_unsettled(draw: Draw) -> Draw | None:
    """An earlier draw of the game whose money is still to be worked out: the pool waits for it."""
    return (
        Draw.objects.filter(game_id=draw.game_id, issue__lt=draw.issue)
        .exclude(state__in=SETTLED_STATES)
        .order_by("issue")
        .first()
    )
