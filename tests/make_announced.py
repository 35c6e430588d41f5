"""Draws whose prizes the issuer announces, and the issuer himself: his key, his files."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db import transaction

from accounts import drills
from audit import keys
from games import announced, bets, draws, issuer_file, prize_tables, results, rules
from games.issuer_file import Told
from games.models import Draw, IssuerAnnouncement
from lottery_portal.lib.dates import in_shanghai
from lottery_portal.lib.db import database_time
from prizes import drill
from sales.models import SealBlock  # noqa: F401 - the tables of a seal

from . import make

NUMBERS = [[1, 2, 3, 4, 5, 6], [7]]
SALES = 400_000_000_00
POOL = 1_000_000_000_00
# 双色球, as an issuer counts: 3 first prizes, and so on.
WINNERS = {1: 3, 2: 120, 3: 900, 4: 60_000, 5: 1_200_000, 6: 9_000_000}


@dataclass(frozen=True)
class Issuer:
    """An issuer and his key."""

    role: str = keys.Role.ISSUER_CWL
    seed: str = "issuer"
    key: Ed25519PrivateKey = field(init=False)

    def __post_init__(self) -> None:
        seed = hashlib.sha256(f"{self.role}{self.seed}".encode()).digest()
        object.__setattr__(self, "key", Ed25519PrivateKey.from_private_bytes(seed))

    @property
    def public(self) -> bytes:
        return self.key.public_key().public_bytes_raw()

    @property
    def key_id(self) -> str:
        return keys.key_id(self.role, self.public)

    def file(self, body: str) -> bytes:
        """The signed file of these words."""
        return issuer_file.wrap(
            body=body, key_id=self.key_id, signature=self.key.sign(body.encode())
        )


def registered(role: str = keys.Role.ISSUER_CWL) -> Issuer:
    """An issuer whose key counts."""
    made = Issuer(role)
    with transaction.atomic():
        keys.register_genesis(role=role, public=made.public)
    return made


def on_sale(game: str = "ssq") -> Draw:
    """An open draw of the drill game, which pays announced prizes."""
    return drill.prepare(game_code=f"{game}-drill", mode=Draw.Mode.ANNOUNCED, now=database_time())


def sold(draw: Draw, *selections: bets.Selection) -> None:
    """A ticket for each of these."""
    buyer = make.shadow_player(wallet=100_000_00)
    for one in selections:
        make.purchase(buyer, draw, [one], channel="drill")


def sealed(draw: Draw) -> Draw:
    """Closed, sealed, and the drawing held."""
    drill.close_and_seal(draw=draw, now=database_time())
    held = draws.find(draw.code)
    make.wait_until(held.draws_at)
    return held


def confirmed(draw: Draw, numbers: Sequence[Sequence[int]] = NUMBERS) -> Draw:
    """The numbers typed by both officials."""
    for official in drills.officials(now=database_time()):
        results.enter(draw=draw, official=official, numbers=numbers, now=database_time())
    return draws.find(draw.code)


def body(
    draw: Draw,
    *,
    numbers: Sequence[Sequence[int]] = NUMBERS,
    winners: Mapping[int, int] = WINNERS,
    sales_fen: int = SALES,
    pool_fen: int = POOL,
    special_on: bool = False,
    prizes: Mapping[int, int] | None = None,
    **changed: Any,
) -> str:
    """What the issuer announces, right to the fen unless told otherwise."""
    version = rules.by_code(draw.rule.code)
    table = prize_tables.compute(
        version,
        sales_fen=sales_fen,
        pool_before_fen=pool_fen,
        special_on=special_on,
        winners=winners,
    )
    amounts = {**table.prize_fen, **(prizes or {})}
    told: dict[str, Any] = {
        "game": draw.game.code,
        "issue": draw.issue,
        "drawn_on": in_shanghai(draw.draws_at).date(),
        "numbers": numbers,
        "special_on": special_on,
        "sales_fen": sales_fen,
        "pool_before_fen": pool_fen,
        "pool_after_fen": table.pool_after_fen,
        "tiers": {tier: (winners.get(tier, 0), fen) for tier, fen in amounts.items()},
    }
    return issuer_file.compose(version, **{**told, **changed})


def imported(draw: Draw, issuer: Issuer, text: str) -> IssuerAnnouncement:
    """The signed file, taken in by an official of the drill."""
    official = drills.officials(now=database_time())[0]
    return announced.import_file(
        draw=draw,
        raw=issuer.file(text),
        file_name=f"{draw.code}.json",
        actor=official,
        now=database_time(),
    )


def told(draw: Draw, **changed: Any) -> Told:
    """The announcement of `draw`, with these fields otherwise."""
    return replace(issuer_file.read(body(draw), rules.by_code(draw.rule.code)), **changed)
