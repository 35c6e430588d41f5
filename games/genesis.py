"""The first rows of this room: games, rules in force, the demo's licence, announcements."""

from __future__ import annotations

from datetime import UTC, datetime

from django.conf import settings
from django.utils.translation import gettext_noop

from audit import policies, trail
from lottery_portal.lib.db import door

from . import announcements, calendar, licences, rule_files, rules, seals
from .models import Game, Licence, RuleSheet

GENESIS = "GENESIS"
SSQ = "ssq"
DRILL_FROM = 90  # positions of drill games begin here, beyond those of real ones
DEMO_SUPERVISORS = ["jianguan@regulator.example"]
DEMO_MAILBOXES = ["hegui@operator.example"]
# Its private half is no secret (`manage rule_file --sign`): it serves demonstrations only.
DEMO_RULE_SEED = b"lottery-portal demo rule signer"
DEMO_RULE_SIGNERS = ["fMRU+XUQ/uCV6IlhKxTetrB0iPp9tfwduFhEURoI8QI= 演示用，非真实资质"]
DEMO_LICENCE = {
    "number": "DEMO-2026-001",
    "games": [],
    "channels": [],
    "issued_by": "演示用，非真实资质",
    "valid_from": datetime(2026, 1, 1, tzinfo=UTC).isoformat(),
    "valid_until": datetime(2028, 1, 1, tzinfo=UTC).isoformat(),
}


def load(*, now: datetime) -> None:
    """Write what is not there yet, and plan the calendar. A second run changes nothing.

    Nothing here touches a game that has draws: rules and licences then change by approval only.
    """
    _write(now=now)
    calendar.plan_ahead(now=now)


@door
def _write(*, now: datetime) -> None:
    policies.set_genesis(
        key=calendar.DAYS_AHEAD_POLICY,
        value=35,
        reason=gettext_noop("Calendar, five weeks ahead"),
        now=now,
    )
    policies.set_genesis(
        key=licences.MAILBOXES_POLICY,
        value=DEMO_MAILBOXES if settings.DEMO else [],
        reason=gettext_noop("Mailboxes that are told when a licence ends soon"),
        now=now,
    )
    policies.set_genesis(
        key=seals.SUPERVISORS_POLICY,
        value=DEMO_SUPERVISORS if settings.DEMO else [],
        reason=gettext_noop("Supervisors who get every seal statement by mail"),
        now=now,
    )
    policies.set_genesis(
        key=seals.AUTHORITY_POLICY,
        value={"url": "", "certificate": "", "policy": ""},
        reason=gettext_noop("No time-stamping authority yet"),
        now=now,
    )
    policies.set_genesis(
        key=rule_files.SIGNERS_POLICY,
        value=DEMO_RULE_SIGNERS if settings.DEMO else [],
        reason=gettext_noop("Keys whose signature makes a rule file count"),
        now=now,
    )
    for position, code in enumerate(rules.GAMES, start=1):
        _game(code=code, position=position, is_shadow=False, now=now)
        _game(code=code, position=DRILL_FROM + position, is_shadow=True, now=now)
    announcements.load_ssq(game=Game.objects.get(code=SSQ), now=now)
    if settings.DEMO and not Licence.objects.exists():
        licences.record(payload=DEMO_LICENCE, approval_code=GENESIS, actor=None, now=now)


def drill_of(code: str) -> str:
    """The game in which drills of the game `code` are played."""
    return f"{code}-drill"


def _game(*, code: str, position: int, is_shadow: bool, now: datetime) -> Game:
    """A game by its rules in force, or the one in which its drills are played."""
    known = rules.GAMES[code]
    code = drill_of(code) if is_shadow else code
    game, is_new = Game.objects.get_or_create(
        code=code,
        defaults={
            "rules_game": known.code,
            "name": known.name,
            "is_shadow": is_shadow,
            "position": position,
        },
    )
    if is_new:
        version = known.current
        RuleSheet.objects.create(
            game=game,
            code=version.code,
            sheet=rules.rule_sheet(version).decode(),
            digest=rules.rule_sheet_digest(version),
            line_price=version.price_fen,
            # Drills count their own issues and play by the newest rule from the first on.
            first_issue="2000001" if is_shadow else version.first_issue,
            approval_code=GENESIS,
            loaded_at=now,
        )
        trail.record(
            action="games.game_opened",
            actor=None,
            object_type="game",
            object_code=code,
            body={"rule": version.code, "digest": rules.rule_sheet_digest(version)},
        )
    return game
