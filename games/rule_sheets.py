"""Rule versions become law as rows, loaded under four eyes; loaded ones never change (D5)."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from audit import approvals, trail
from lottery_portal.lib.db import inside_transaction
from lottery_portal.lib.errors import Refused

from . import calendar, rules
from .models import Draw, Game, RuleSheet

if TYPE_CHECKING:
    from accounts.models import User

KIND = "games.rule_version"


class RuleVersionUnknown(Refused):
    """The house knows no such rule version of this game."""

    code, status = "rule_version_unknown", 404
    message = _("There is no rule version %(version)s of this game.")


class RuleVersionLoaded(Refused):
    """It is loaded already."""

    code = "rule_version_loaded"
    message = _("Rule version %(version)s is already loaded.")


class RuleVersionTooLate(Refused):
    """Draws that it would cover are on sale by another version, or over."""

    code = "rule_version_too_late"
    message = _("Draw %(draw)s is already on sale by another rule version.")


class RuleChanged(Refused):
    """The rule of this house is no longer the one that was approved and sealed."""

    code = "rule_changed"
    message = _(
        "Rule version %(version)s differs from the approved sheet; nothing is settled by it."
    )


def version_of(draw: Draw) -> rules.RuleVersion:
    """The rules of `draw`, or `RuleChanged` when they are no longer as approved (F021)."""
    version = rules.by_code(draw.rule.code)
    if rules.rule_sheet_digest(version) != draw.rule.digest:
        raise RuleChanged(version=draw.rule.code)
    return version


def request(*, game: Game, version: str, maker: User, now: datetime) -> approvals.Request:
    """Ask for a rule version to be loaded for `game`; the checker signs its digest."""
    wanted = _known(game, version)
    _check_free(game, wanted)
    return approvals.request(
        kind=KIND,
        payload={
            "game": game.code,
            "version": version,
            "first_issue": wanted.first_issue,
            "digest": rules.rule_sheet_digest(wanted),
        },
        maker=maker,
        now=now,
    )


@inside_transaction
def load(
    *, payload: dict[str, Any], approval_code: str, actor: User | None, now: datetime
) -> RuleSheet:
    """Load the rule version of an approved request; draws not on sale yet follow it from its
    first issue on, with their days and times."""
    game = Game.objects.get(code=payload["game"])
    version = _known(game, payload["version"])
    if rules.rule_sheet_digest(version) != payload["digest"]:
        raise RuleChanged(version=version.code)
    _check_free(game, version)
    before = calendar.days_planned(game, now=now)
    sheet = RuleSheet.objects.create(
        game=game,
        code=version.code,
        sheet=rules.rule_sheet(version).decode(),
        digest=payload["digest"],
        line_price=version.price_fen,
        first_issue=version.first_issue,
        approval_code=approval_code,
        loaded_at=now,
    )
    trail.record(
        action="games.rule_version_loaded",
        actor=actor,
        object_type="rule",
        object_code=version.code,
        body={**payload, "approval": approval_code},
    )
    calendar.follow_rule(
        sheet=sheet,
        before=before,
        reason=version.code,
        approval_code=approval_code,
        actor=actor,
        now=now,
    )
    return sheet


def _known(game: Game, code: str) -> rules.RuleVersion:
    for version in rules.GAMES[game.rules_game].versions:
        if version.code == code:
            return version
    raise RuleVersionUnknown(version=code)


def _check_free(game: Game, version: rules.RuleVersion) -> None:
    if RuleSheet.objects.filter(game=game, code=version.code).exists():
        raise RuleVersionLoaded(version=version.code)
    covered = Draw.objects.filter(game=game, issue__gte=version.first_issue).order_by("issue")
    if not RuleSheet.objects.filter(game=game, first_issue__gt=version.first_issue).exists():
        covered = covered.exclude(state=Draw.State.SCHEDULED)  # these follow it yet
    if draw := covered.first():
        raise RuleVersionTooLate(draw=draw.code)
