"""Rule versions become law as rows, loaded under four eyes; loaded ones never change (D5).

A version is a value of this house or a signed file (`rule_files`). Loading it publishes the notice
that players read; the first ticket by it is sold ten natural days later at the earliest, and the
database refuses an earlier one (F022). What was sold before stays under the rule it was sold by.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from audit import approvals, trail
from lottery_portal.lib.dates import in_shanghai
from lottery_portal.lib.db import inside_transaction, violated
from lottery_portal.lib.errors import Refused

from . import calendar, rule_files, rules
from .models import Draw, Game, RuleFile, RuleNotice, RuleSheet

if TYPE_CHECKING:
    from accounts.models import User

KIND = "games.rule_version"
NOTICE = timedelta(days=10)  # natural days: 彩票管理条例, article 9; F022


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


class RuleNoticeTooShort(Refused):
    """Less than ten natural days would lie between the notice and the first sale by it."""

    code = "rule_notice_ten_days"
    message = _(
        "The first draw by this rule goes on sale on %(starts_on)s. A change is announced ten "
        "natural days ahead: it may begin on %(earliest)s at the earliest."
    )


class RuleNoticeMissing(Refused):
    """Players are told what changes."""

    code, status = "rule_notice_missing", 400
    message = _("Please write what players are told of this change.")


class FirstIssueUnknown(Refused):
    """The calendar has no such issue to come."""

    code, status = "rule_first_issue_unknown", 400
    message = _("There will be no draw %(issue)s of this game.")


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


def loaded(code: str) -> rules.RuleVersion | None:
    """The version called `code` that was loaded from a file; None: there is none."""
    sheet = (
        RuleSheet.objects.filter(code=code, file__isnull=False)
        .select_related("file")
        .only("code", "file")
        .first()
    )
    return rule_files.of(sheet.file).version if sheet and sheet.file else None


def articles_of(sheet: RuleSheet) -> Mapping[str, str] | None:
    """The articles that came with the file of a sheet; None: those of this house hold."""
    return rule_files.of(sheet.file).articles if sheet.file else None


def current(game: Game, *, now: datetime) -> rules.RuleVersion:
    """The version in service: that of the draw that closes next, else the newest loaded."""
    to_come = Draw.objects.filter(
        game=game, state__in=[Draw.State.SCHEDULED, Draw.State.OPEN], closes_at__gt=now
    )
    draw = to_come.select_related("rule").order_by("closes_at").first()
    return rules.by_code(draw.rule.code) if draw else rule_files.newest(game)


def request(
    *,
    game: Game,
    version: str,
    notice: str = "",
    file: RuleFile | None = None,
    maker: User,
    now: datetime,
) -> approvals.Request:
    """Ask for a rule version to be loaded for `game`; the checker signs its digest.

    A drill plays by it from its next draw on and needs no notice.
    """
    wanted = _wanted(game, version, file)
    _check_free(game, wanted)
    if not game.is_shadow and not notice.strip():
        raise RuleNoticeMissing
    first_issue = _first_issue(game, wanted, now)
    starts_on = None if game.is_shadow else _starts_on(game, first_issue, now)
    if starts_on is not None:
        _check_notice(starts_on, now)
    return approvals.request(
        kind=KIND,
        payload={
            "game": game.code,
            "version": version,
            "first_issue": first_issue,
            "digest": rules.rule_sheet_digest(wanted),
            "file": file.document_digest if file else "",
            "starts_on": starts_on.isoformat() if starts_on else "",
            "notice": notice.strip(),
        },
        maker=maker,
        now=now,
    )


@inside_transaction
def load(
    *, payload: Mapping[str, Any], approval_code: str, actor: User | None, now: datetime
) -> RuleSheet:
    """Load the rule version of an approved request and publish its notice; draws not on sale yet
    follow it from its first issue on, with their days and times."""
    game = Game.objects.get(code=payload["game"])
    file = RuleFile.objects.filter(document_digest=payload["file"]).first()
    version = _wanted(game, payload["version"], file)
    if rules.rule_sheet_digest(version) != payload["digest"]:
        raise RuleChanged(version=version.code)
    _check_free(game, version)
    before = calendar.days_planned(game, now=now)
    try:
        with transaction.atomic():
            sheet = _written(game, file, payload, approval_code=approval_code, now=now)
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
    except IntegrityError as exc:
        if violated(exc) in {"rule_notice_ten_days", "draw_rule_was_announced"}:
            raise _too_short(payload["starts_on"], now) from exc
        if violated(exc) == "rule_sheet_once":
            raise RuleVersionLoaded(version=version.code) from exc
        raise
    return sheet


def _written(
    game: Game,
    file: RuleFile | None,
    payload: Mapping[str, Any],
    *,
    approval_code: str,
    now: datetime,
) -> RuleSheet:
    version = _wanted(game, payload["version"], file)
    sheet = RuleSheet.objects.create(
        game=game,
        code=version.code,
        sheet=rules.rule_sheet(version).decode(),
        digest=payload["digest"],
        line_price=version.price_fen,
        first_issue=payload["first_issue"],
        approval_code=approval_code,
        loaded_at=now,
        file=file,
    )
    if payload["starts_on"]:
        RuleNotice.objects.create(
            rule=sheet,
            starts_on=date.fromisoformat(payload["starts_on"]),
            text=payload["notice"],
            published_at=now,
        )
    return sheet


def _wanted(game: Game, code: str, file: RuleFile | None) -> rules.RuleVersion:
    """The version of that name: in the file, or among the values of this house."""
    if file is not None:
        found = rule_files.of(file).version
        if found.code == code and found.game == game.rules_game:
            return found
    else:
        for version in rules.GAMES[game.rules_game].versions:
            if version.code == code:
                return version
    raise RuleVersionUnknown(version=code)


def _check_free(game: Game, version: rules.RuleVersion) -> None:
    if RuleSheet.objects.filter(game=game, code=version.code).exists():
        raise RuleVersionLoaded(version=version.code)
    if game.is_shadow:
        return
    covered = Draw.objects.filter(game=game, issue__gte=version.first_issue).order_by("issue")
    if not RuleSheet.objects.filter(game=game, first_issue__gt=version.first_issue).exists():
        covered = covered.exclude(state=Draw.State.SCHEDULED)  # these follow it yet
    if draw := covered.first():
        raise RuleVersionTooLate(draw=draw.code)


def _first_issue(game: Game, version: rules.RuleVersion, now: datetime) -> str:
    """From where on it holds: a drill counts its own issues, and the next one is the first."""
    return calendar.next_issue(game, now=now) if game.is_shadow else version.first_issue


def _starts_on(game: Game, first_issue: str, now: datetime) -> date:
    """The day on which the first ticket by it may be sold, or `FirstIssueUnknown`."""
    planned = Draw.objects.filter(game=game, issue__gte=first_issue).order_by("opens_at").first()
    if planned is not None:
        return in_shanghai(planned.opens_at).date()
    opens = calendar.opens_on(game, first_issue, now=now)
    if opens is None:
        raise FirstIssueUnknown(issue=first_issue)
    return opens


def _check_notice(starts_on: date, now: datetime) -> None:
    if starts_on < in_shanghai(now).date() + NOTICE:
        raise _too_short(starts_on.isoformat(), now)


def _too_short(starts_on: str, now: datetime) -> RuleNoticeTooShort:
    earliest = in_shanghai(now).date() + NOTICE
    return RuleNoticeTooShort(starts_on=starts_on or "—", earliest=earliest.isoformat())
