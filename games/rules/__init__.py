"""The rules of the games, as values: which games there are, and which version holds for a draw.

A new rule is a new value in the module of its game, or a file that `reading` reads; nothing else
changes. `rule_sheet` exports a version as canonical JSON, and its digest stands in the seal
statement of every draw.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from django.utils.translation import gettext_lazy as _

from games.rules.dlt import DLT
from games.rules.fc3d import FC3D
from games.rules.kl8 import KL8
from games.rules.pls import PL3, PL5
from games.rules.qlc import QLC
from games.rules.qxc import QXC
from games.rules.schedule import CLOSURES, Closure, Schedule
from games.rules.shape import GameRules, RuleVersion, Shares, Tier, Zone
from games.rules.sheet import rule_sheet, rule_sheet_digest
from games.rules.ssq import SSQ
from lottery_portal.lib.errors import Refused

__all__ = [
    "CLOSURES",
    "GAMES",
    "Closure",
    "GameRules",
    "NoRuleVersion",
    "RuleVersion",
    "Schedule",
    "Shares",
    "Tier",
    "UnknownGame",
    "Zone",
    "by_code",
    "find_further",
    "known",
    "rule_sheet",
    "rule_sheet_digest",
    "version_for",
]

GAMES: Mapping[str, GameRules] = MappingProxyType(
    {game.code: game for game in (SSQ, FC3D, KL8, QLC, DLT, PL3, PL5, QXC)}
)


class UnknownGame(Refused):
    code, message = "unknown_game", _("There is no game called %(game)s.")
    status = 404


class NoRuleVersion(Refused):
    code, message = "no_rule_version", _("No rule version covers %(issue)s of %(game)s.")
    status = 404


def version_for(*, game: str, issue: str) -> RuleVersion:
    """The rule version of the draw `issue`, or `UnknownGame`, `NoRuleVersion`."""
    if game not in GAMES:
        raise UnknownGame(game=game)
    if issue.isascii() and issue.isdigit():
        for version in GAMES[game].versions:
            if len(issue) == len(version.first_issue) and version.covers(issue):
                return version
    raise NoRuleVersion(game=game, issue=issue)


def by_code(code: str) -> RuleVersion:
    """The rule version called `code`; asking for one that was never written is a bug."""
    version = known(code)
    if version is None:
        raise KeyError(code)
    return version


def known(code: str) -> RuleVersion | None:
    """The rule version called `code`: a value of this house, or one loaded from a file; or None."""
    if code in _BY_CODE:
        return _BY_CODE[code]
    found = (find(code) for find in _FURTHER)
    return next((version for version in found if version is not None), None)


def find_further(find: Callable[[str], RuleVersion | None]) -> None:
    """Look for versions there too that are not among the values; called once, at start-up."""
    _FURTHER.append(find)


_FURTHER: list[Callable[[str], RuleVersion | None]] = []
_BY_CODE = {version.code: version for game in GAMES.values() for version in game.versions}
