"""An issuer for drills: he is made up, and so are his key, his figures and his paper (F062, F250).

Only in demonstrations: the private half of his key is no secret, so nowhere else is it registered.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import drills
from audit import keys
from games import announced, bets, issuer_file, odds, prize_tables, quick_pick, rules, words
from games.issuer_file import Told
from games.models import Draw, IssuerAnnouncement
from games.rules import RuleVersion
from lottery_portal.lib.dates import in_shanghai
from lottery_portal.lib.db import door
from lottery_portal.lib.errors import Refused
from lottery_portal.lib.money import yuan

SEED = "lottery-portal demo issuer"
SALES_FEN = 400_000_000_00
POOL_FEN = 1_000_000_000_00
WRONG_BY_FEN = 1_00
LANGUAGE = "zh-hans"  # of the paper, as of all that an issuer sends


class OnlyInDemonstrations(Refused):
    """No demonstration: an issuer signs with a key of his own, which two people register."""

    code = "announced_drill_only_in_demo"
    message = gettext_lazy("Announced prizes are practised where DEMO is on, and nowhere else.")


class IssuerHasHisKey(Refused):
    """A key of the real issuer is registered; nobody else announces in his name."""

    code = "announced_drill_issuer_known"
    message = gettext_lazy("The issuer of this game has registered a key of his own.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Announced:
    """What the issuer of a drill announces: right, with one amount changed, and on paper."""

    draw: Draw
    right: bytes
    wrong: bytes
    paper: str


def check_allowed() -> None:
    """Raise `OnlyInDemonstrations` unless this is one."""
    if not settings.DEMO:
        raise OnlyInDemonstrations


def announce(*, draw: Draw, numbers: Sequence[Sequence[int]]) -> Announced:
    """The announcement of a drill's draw with these numbers, signed by a key that counts."""
    _register(draw)
    right, wrong = _body(draw, numbers), _body(draw, numbers, wrong_by=WRONG_BY_FEN)
    return Announced(
        draw=draw,
        right=_signed(draw, right),
        wrong=_signed(draw, wrong),
        paper=_paper(draw, issuer_file.read(right, rules.by_code(draw.rule.code))),
    )


def take_in(*, draw: Draw, now: datetime) -> IssuerAnnouncement:
    """Let an official of drills take in what agrees with the rules, as the edition that counts."""
    _register(draw)
    # A later edition says something else: it tells of other sales.
    body = _body(draw, draw.result.numbers, edition=announced.editions(draw).count())
    return announced.import_file(
        draw=draw,
        raw=_signed(draw, body),
        file_name=f"{draw.code}.json",
        actor=drills.officials(now=now)[0],
        now=now,
    )


def _key(role: str) -> Ed25519PrivateKey:
    seed = hashlib.sha256(f"{SEED} {role}".encode()).digest()
    return Ed25519PrivateKey.from_private_bytes(seed)


@door
def _register(draw: Draw) -> None:
    check_allowed()
    if not draw.is_shadow:
        raise ValueError("Nobody announces draws of the real books but their issuer.")
    role = announced.issuer_of(draw)
    public = _key(role).public_key().public_bytes_raw()
    keys.register_genesis(role=role, public=public)
    if keys.key_id(role, public) not in {known for known, _public in keys.public_of(role)}:
        raise IssuerHasHisKey


def _signed(draw: Draw, body: str) -> bytes:
    role = announced.issuer_of(draw)
    key = _key(role)
    return issuer_file.wrap(
        body=body,
        key_id=keys.key_id(role, key.public_key().public_bytes_raw()),
        signature=key.sign(body.encode()),
    )


def _body(
    draw: Draw, numbers: Sequence[Sequence[int]], *, wrong_by: int = 0, edition: int = 0
) -> str:
    """As many winning lines as chance gives, prizes by the rules, one of them changed or none."""
    version = rules.by_code(draw.rule.code)
    sales = SALES_FEN + edition * version.price_fen
    winners = _winners(version, sales, special_on=draw.special_on)
    is_whole = len(version.pools) == 1  # of several pools no issuer tells what each bet type sold
    if is_whole:
        table = prize_tables.compute(
            version, sales_fen=sales, pool_before_fen=POOL_FEN, special_on=draw.special_on,
            winners=winners,
        )  # fmt: skip
        prizes, pool_after = dict(table.prize_fen), table.pool_after_fen
    else:
        prizes, pool_after = _fixed(version, special_on=draw.special_on), None
    changed = max(tier for tier in prizes if winners.get(tier))
    prizes[changed] += wrong_by
    return issuer_file.compose(
        version,
        game=draw.game.code,
        issue=draw.issue,
        drawn_on=in_shanghai(draw.draws_at).date(),
        numbers=numbers,
        special_on=draw.special_on,
        tiers={tier: (winners.get(tier, 0), fen) for tier, fen in prizes.items()},
        sales_fen=sales if is_whole else None,
        pool_before_fen=POOL_FEN if is_whole else None,
        pool_after_fen=pool_after,
    )


def _fixed(version: RuleVersion, *, special_on: bool) -> dict[int, int]:
    return {
        tier.number: fixed
        for tier in version.tiers_in_force(special_on=special_on)
        if (fixed := tier.fixed_at(POOL_FEN)) is not None
    }


def _winners(version: RuleVersion, sales_fen: int, *, special_on: bool) -> Mapping[int, int]:
    """Winning lines that chance gives, the sales parted evenly among the single bets."""
    singles = [one for one in version.bet_types if one.least_lines == 1]
    found: dict[int, int] = {}
    for bet_type in singles:
        picked = quick_pick.pick(version, bet_type=bet_type.code)
        chances = odds.of(
            version, [bets.pack(version, picked)], special_on=special_on,
            bet_types=[bet_type.code],
        )  # fmt: skip
        lines = sales_fen // len(singles) // version.line_price_fen(bet_type.code)
        for tier, chance in (chances.per_tier if chances else {}).items():
            found[tier] = found.get(tier, 0) + int(lines * chance)
    return found


def _paper(draw: Draw, told: Told) -> str:
    """The same as an issuer's paper, for two officials to type from."""
    version = rules.by_code(draw.rule.code)
    labels = {tier.number: tier.label for tier in version.tiers}
    with translation.override(LANGUAGE):
        rows = [
            (_("Draw"), words.draw(draw)),
            (_("Numbers"), words.spelt(version, told.numbers)),
        ]
        if version.special is not None:
            rows.append((_("Special rule in this draw"), _("On") if told.special_on else _("Off")))
        for label, fen in (
            (_("Sales of all operators (yuan)"), told.sales_fen),
            (_("Pool before the draw (yuan)"), told.pool_before_fen),
            (_("Pool after the draw (yuan)"), told.pool_after_fen),
        ):
            rows.append((label, "" if fen is None else yuan(fen)))
        for tier in told.tiers:
            won = "" if tier.winners is None else f"{tier.winners:,}"
            prize = "" if tier.prize_fen is None else yuan(tier.prize_fen)
            rows += [
                (f"{labels[tier.number]} {_('Winning lines')}", won),
                (f"{labels[tier.number]} {_('Prize of a line (yuan)')}", prize),
            ]
        head = _("Paper of an issuer for a drill; nothing in it is real.")
        lines = [_("%(name)s: %(text)s") % {"name": name, "text": text} for name, text in rows]
    return "\n".join((head, "", *lines, ""))
