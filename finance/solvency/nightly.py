"""What we owed to players one night, taken in one moment, signed and published; and each his own.

Everything kept for players counts: purses, holds, and the unpaid prizes that higher rooms hand up.
What they add up to must be what the books say, each by another way, or nothing is published. The
statement is signed with the key of operations, its row goes into the log, and beside what is owed
stand the accounts that lie against it, with the bank's own figure where a statement came, and what
else is owed out of the same accounts.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import IntegrityError, connection
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from accounts.models import Player
from audit import alarms, canonical, keys, trail
from finance import ledger, payouts
from finance.models import Account, SolvencyProof, Statement
from finance.wallets import accounts_of, hold_of
from lottery_portal.lib import dates
from lottery_portal.lib.db import door, violated
from lottery_portal.lib.errors import Refused
from lottery_portal.lib.lanes import one_moment
from lottery_portal.lib.money import with_unit

from . import nightfile, sumtree
from .nightfile import Owed
from .sumtree import Node

logger = logging.getLogger(__name__)

FORMAT, STATEMENT = "solvency-proof/1", "solvency-statement/1"
INCOMPLETE, SHORT, LEFT_OUT = (
    "finance.solvency_incomplete",
    "finance.solvency_short",
    "finance.solvency_left_out",
)
CAUSE = "solvency"
NIGHTS_KEPT = 7
BEING_OPENED = timedelta(minutes=1)
_HOW_TO_CHECK = (
    "name = SHA-256 of solvency-name/1, night, player, salt; lines parted by one newline",
    "leaf = SHA-256(0x00, solvency-leaf/1, night, name, purses, prizes; lines as above)",
    "node = SHA-256(0x01, left hash, left sum, right hash, right sum; sums as 8 bytes)",
    "path leads from the leaf, number index from 0 of size, to root and total of statement",
    "signature is Ed25519 over the bytes of statement, under a published key",
)


class SolvencyIncomplete(Refused):
    """What players are owed is not what the books say: nothing is published."""

    code = "solvency_incomplete"
    message = _("The balances of players do not add up to what the books say.")


class NoProofYet(Refused):
    """No night has a proof in which this player could be."""

    code, status = "solvency_not_yet", 404
    message = _("There is no proof yet. It is made every night, a while after midnight.")


class ProofOutOfReach(Refused):
    """The file of that night cannot be read."""

    code, status = "solvency_out_of_reach", 503
    message = _("The proof of that night cannot be read now. Please come back in a while.")


class LeftOut(Refused):
    """The player is not in the tree, although he was a player that night."""

    code = "solvency_left_out"
    message = _("Your account is not in the proof of that night. We were told; please report it.")


@dataclass(frozen=True)
class Taken:
    """The balances of one moment."""

    night: date
    at: datetime
    secret: bytes
    owed: tuple[Owed, ...]
    assets: Mapping[str, int]
    others_fen: int  # owed to others out of the same accounts: stakes, pools, funds, dues

    @property
    def purses_fen(self) -> int:
        return sum(one.purses_fen for one in self.owed)

    @property
    def prizes_fen(self) -> int:
        return sum(one.prizes_fen for one in self.owed)


# What the operator may still draw for himself is owed to nobody: it is the cushion.
_BOOKED = """
SELECT coalesce(sum(t.closing) FILTER (WHERE y.keeps_balance AND y.is_players), 0)::bigint,
       coalesce(sum(t.closing) FILTER (WHERE t.kind = 'UNCLAIMED'), 0)::bigint,
       coalesce(sum(CASE t.kind WHEN 'SUSPENSE' THEN t.closing
                                ELSE greatest(t.closing, 0) END) FILTER (
           WHERE y.accounting_class = 'LIABILITY' AND NOT y.keeps_balance
             AND t.kind NOT IN ('UNCLAIMED', 'BUSINESS')), 0)::bigint
  FROM finance_trial(false, '-infinity', 'infinity') t
  JOIN finance_accounttype y ON y.kind = t.kind"""
_OPEN: dict[str, str] = {}


def register_open(name: str, sql: str) -> None:
    """Hand up what a higher room still owes to players: rows of player number and fen."""
    if name in _OPEN:
        raise RuntimeError(f"Two sources are called {name}.")
    _OPEN[name] = sql


def folder() -> Path:
    """Where the files of the nights lie."""
    return settings.STATE_DIR / "solvency"


def publish(*, now: datetime) -> SolvencyProof | None:
    """Make the proof of this Shanghai night, once; None if there is one already."""
    night = dates.in_shanghai(now).date()
    if SolvencyProof.objects.filter(night=night).exists():
        return None
    taken = _take(night, now)
    written = nightfile.write(folder(), night=night.isoformat(), owed=taken.owed)
    try:
        proof = _publish(taken, written, now)
    except IntegrityError as exc:
        if "night" not in violated(exc):
            raise
        return None
    _prune()
    return proof


def latest() -> SolvencyProof | None:
    """The newest proof."""
    return SolvencyProof.objects.order_by("-night").first()


def of_night(night: date) -> SolvencyProof | None:
    """The proof of one night."""
    return SolvencyProof.objects.filter(night=night).first()


def newest(most: int) -> list[SolvencyProof]:
    """The newest proofs, newest first."""
    return list(SolvencyProof.objects.order_by("-night")[:most])


def of(player: Player, *, now: datetime, night: date | None = None) -> dict[str, Any]:
    """The player's own proof in the newest night, or in the one asked for, complete in itself."""
    proof = latest() if night is None else of_night(night)
    if proof is None or player.is_shadow or not _was_there(player, proof):
        raise NoProofYet
    salt = _salt(bytes(proof.secret), player.code)
    name = sumtree.name(night=proof.night.isoformat(), player=player.code, salt=salt)
    try:
        place = nightfile.find(folder() / proof.file_name, name=name, size=proof.leaves)
    except OSError as exc:
        logger.exception("The file of a night is unreadable", extra={"night": str(proof.night)})
        raise ProofOutOfReach from exc
    if place is None:
        alarms.raise_alarm(
            kind=LEFT_OUT,
            object_type="solvency",
            object_code=str(proof.night),
            facts={"night": proof.night},
            now=now,
        )
        raise LeftOut
    return {
        "format": FORMAT,
        "night": proof.night.isoformat(),
        "player": player.code,
        "salt": salt.hex(),
        "purses_fen": place.owed.purses_fen,
        "prizes_fen": place.owed.prizes_fen,
        "index": place.index,
        "size": proof.leaves,
        "path": [{"hash": step.hash.hex(), "fen": step.fen} for step in place.path],
        **signed(proof),
        "how_to_check": _HOW_TO_CHECK,
    }


def signed(proof: SolvencyProof) -> dict[str, Any]:
    """The statement of a night with its signature and the keys that may have made it."""
    return {
        "statement": proof.statement,
        "signature": {
            "key_id": proof.key_id,
            "algorithm": proof.algorithm,
            "signature": proof.signature,
        },
        "keys": keyring(),
    }


def keyring() -> list[dict[str, Any]]:
    """Every key of operations that ever counted, as a proof names it."""
    return [
        {**key, "valid_from": _moment(key["valid_from"]), "revoked_at": _moment(key["revoked_at"])}
        for key in keys.published()
        if key["role"] == keys.Role.OPERATIONS
    ]


def as_booked(player: Player, at: datetime) -> int:
    """What the books say lay in purses and hold of the player at that moment, in fen."""
    codes = [*accounts_of(player), hold_of(player)]
    return sum(ledger.balance_at(code, at) for code in codes)


def holds(proof: Mapping[str, Any]) -> bool:
    """Whether a proof leads to the root and the total of its statement; signatures aside."""
    said = facts_of(proof["statement"])
    start = sumtree.leaf(
        night=proof["night"],
        name=sumtree.name(
            night=proof["night"], player=proof["player"], salt=bytes.fromhex(proof["salt"])
        ),
        purses_fen=proof["purses_fen"],
        prizes_fen=proof["prizes_fen"],
    )
    path = [Node(bytes.fromhex(step["hash"]), step["fen"]) for step in proof["path"]]
    found = sumtree.leads_to(start, index=proof["index"], size=proof["size"], path=path)
    return found is not None and (
        (found.hash.hex(), found.fen, proof["size"], proof["night"])
        == (said["root"], said["total_fen"], said["players"], said["night"])
    )


def facts_of(statement: str) -> dict[str, Any]:
    """What a signed statement says."""
    facts: dict[str, Any] = json.loads(statement)
    return facts


def _was_there(player: Player, proof: SolvencyProof) -> bool:
    """Whether his account was open when the balances were taken, and not just being opened."""
    opened = Account.objects.filter(code=hold_of(player)).values_list("opened_at", flat=True)
    return any(at < proof.taken_at - BEING_OPENED for at in opened)


def _salt(secret: bytes, player: str) -> bytes:
    return hmac.digest(secret, player.encode("ascii"), "sha256")[:16]


def _take(night: date, now: datetime) -> Taken:
    """Everything owed to players in one moment, by name; refused if the books say otherwise."""
    secret = secrets.token_bytes(32)
    open_prizes = "".join(f" UNION ALL SELECT o.*, true FROM ({sql}) o" for sql in _OPEN.values())  # noqa: S608 - SQL of the rooms
    with one_moment(), connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        (at,) = cursor.fetchone()
        cursor.execute(
            f"""
            SELECT x.player, coalesce(sum(x.fen) FILTER (WHERE NOT x.is_prize), 0)::bigint,
                   coalesce(sum(x.fen) FILTER (WHERE x.is_prize), 0)::bigint
              FROM (SELECT substr(a.code, strpos(a.code, ':') + 1) AS player, a.balance AS fen,
                           false AS is_prize
                      FROM finance_account a WHERE a.keeps_balance AND a.kind <> 'CASH'
                       AND NOT a.is_shadow
                    {open_prizes}) x
             GROUP BY x.player
            """  # noqa: S608 - SQL of the rooms
        )
        owed = []
        for player, purses_fen, prizes_fen in cursor.fetchall():
            salt = _salt(secret, player)
            name = sumtree.name(night=night.isoformat(), player=player, salt=salt)
            owed.append(Owed(name, purses_fen, prizes_fen))
        cursor.execute(_BOOKED)
        *booked, others_fen = cursor.fetchone()
        cursor.execute(
            "SELECT a.code, -t.closing FROM finance_trial(false, '-infinity', 'infinity') t"
            "  JOIN finance_account a ON a.id = t.account_id"
            " WHERE a.kind IN ('ESCROW', 'CLEARING')"
            " UNION ALL SELECT 'cash:desks', -sum(a.balance)::bigint FROM finance_account a"
            "  WHERE a.kind = 'CASH' AND NOT a.is_shadow HAVING count(*) > 0 ORDER BY 1"
        )
        assets = dict(cursor.fetchall())
    owed.sort(key=lambda one: one.name)
    taken = Taken(night, at, secret, tuple(owed), assets, others_fen)
    counted = (taken.purses_fen, taken.prizes_fen)
    below_zero = sum(min(one.purses_fen, one.prizes_fen) < 0 for one in owed)
    if counted != tuple(booked) or below_zero:
        facts = {
            "below_zero": below_zero,
            "counted_purses_fen": counted[0],
            "counted_prizes_fen": counted[1],
            "booked_purses_fen": booked[0],
            "booked_prizes_fen": booked[1],
        }
        alarms.raise_alarm(
            kind=INCOMPLETE, object_type="solvency", object_code=str(night), facts=facts, now=now
        )
        raise SolvencyIncomplete
    return taken


def _stated(taken: Taken) -> dict[str, tuple[int, date]]:
    """What banks and institutions say of the accounts: the last statement before that night."""
    rows = Statement.objects.filter(account__code__in=taken.assets, last_on__lt=taken.night)
    latest = rows.order_by("account__code", "-last_on", "-pk").distinct("account__code")
    return {
        code: (fen, day)
        for code, fen, day in latest.values_list("account__code", "closing", "last_on")
    }


@door
def _publish(taken: Taken, written: nightfile.Written, now: datetime) -> SolvencyProof:
    banks = _stated(taken)
    assets_fen = sum(taken.assets.values())
    total_fen = taken.purses_fen + taken.prizes_fen
    statement = canonical.text(
        {
            "format": STATEMENT,
            "night": taken.night,
            "taken_at": taken.at,
            "root": written.root.hash.hex(),
            "players": len(taken.owed),
            "purses_fen": taken.purses_fen,
            "prizes_fen": taken.prizes_fen,
            "total_fen": total_fen,
            "others_fen": taken.others_fen,
            "assets_fen": assets_fen,
            "accounts": [
                {
                    "account": account,
                    "books_fen": fen,
                    "bank_fen": banks[account][0] if account in banks else None,
                    "bank_on": banks[account][1] if account in banks else None,
                }
                for account, fen in sorted(taken.assets.items())
            ],
        }
    )
    key = keys.own(keys.Role.OPERATIONS)
    proof = SolvencyProof.objects.create(
        night=taken.night,
        root=written.root.hash.hex(),
        leaves=len(taken.owed),
        purses_fen=taken.purses_fen,
        prizes_fen=taken.prizes_fen,
        total_fen=total_fen,
        assets_fen=assets_fen,
        statement=statement,
        key_id=key.key_id,
        algorithm=key.algorithm,
        signature=base64.b64encode(key.sign(statement.encode())).decode("ascii"),
        secret=taken.secret,
        file_name=written.path.name,
        file_digest=written.digest,
        taken_at=taken.at,
        made_at=now,
    )
    trail.record(
        action="finance.solvency_published",
        actor=None,
        object_type="solvency",
        object_code=str(taken.night),
        body={"root": proof.root, "players": proof.leaves, "total_fen": total_fen},
    )
    if assets_fen < total_fen + taken.others_fen:
        facts = {
            "total_fen": total_fen,
            "others_fen": taken.others_fen,
            "assets_fen": assets_fen,
        }
        alarms.raise_alarm(
            kind=SHORT,
            object_type="solvency",
            object_code=str(taken.night),
            facts=facts,
            now=now,
        )
        payouts.stop(cause=CAUSE, facts=facts, now=now)
    return proof


def _short_words(facts: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [
        (_now("Owed to players"), with_unit(facts["total_fen"])),
        (_now("Owed to others"), with_unit(facts["others_fen"])),
        (_now("Held for players"), with_unit(facts["assets_fen"])),
    ]


def _prune() -> None:
    """The files of old nights go; their statements, roots and signatures stay."""
    kept = set(
        SolvencyProof.objects.order_by("-night").values_list("file_name", flat=True)[:NIGHTS_KEPT]
    )
    for path in folder().glob("*.tree"):
        if path.name not in kept:
            path.unlink(missing_ok=True)


def file_is_whole(proof: SolvencyProof) -> bool:
    """Whether the file of a night is the one that was published."""
    path = folder() / proof.file_name
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == proof.file_digest


def _moment(text: str) -> str | None:
    if not text:
        return None
    return datetime.fromisoformat(text).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


alarms.register(kind=INCOMPLETE, title=_("Balances of players do not add up to the books"))
alarms.register(kind=SHORT, title=_("Less lies in the accounts than players are owed"))
payouts.name_cause(CAUSE, _("Less lies in the accounts than players are owed"), _short_words)
alarms.register(kind=LEFT_OUT, title=_("A player is missing in the nightly proof"))
