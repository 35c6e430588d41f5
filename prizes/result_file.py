"""The result file, format 1: everything a draw paid, in bytes that two engines can agree on.

ASCII, fields parted by TAB, each line ended by LF:

    result-file  1  <draw>  <rule code>  <rule digest>  <root>  <numbers 01,02,…+07>  <special 0|1>
    money  <sales>  <prize money>  <pool before>  <pool after>  <fund paid>  <rounding to fund>
           <special next 0|1>                                         (one line, all in fen)
           [<before> <after>] of each further pool of the game, in the order of the sheet
    announced  <digest>  <approval of a decision, or ->  <to the issuer>  <from the issuer>
           only where the issuer announces the prizes: then pools and fund are his, and are 0 here
    tier   <tier>  <winning lines>  <prize of a line>                 every tier in force
    won    <ticket code>  <tier>:<lines>[,…]  <amount>         in the order of the sealed file
    end    <winning tickets>  <sum of their amounts>

Numbers are those of each zone, ascending, zones in the order of the sheet. A fixed prize is named
whether won or not, a floating one that nobody won is 0. A line that wins a tier and one on top of
it counts in both.

Where prizes are announced, every tier has the amount announced, or where none is, its fixed one.

What both engines are given besides the sealed file and the rule sheet is a `settlement-input/1`:
draw, numbers, whether the special rule is on, the pool before the draw, and further pools if there
are any; in place of pools the announcement, word for word, and what was decided on it.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection

from games import announced
from games.models import Draw
from games.prize_tables import PrizeTable
from lottery_portal.lib.lanes import read_ahead

from . import pools
from .models import EngineRun, Settlement


@dataclass(frozen=True, slots=True)
class Written:
    """A file that was written, under the name it will have, and what it says at its end."""

    draft: Path
    digest: str
    size: int
    winners: int
    amount_fen: int


def directory() -> Path:
    """Where inputs, result files and reports of differences lie."""
    return Path(settings.STATE_DIR) / "results"


def file_of(run: EngineRun) -> Path:
    """The result file of a run that has one."""
    return directory() / run.file_name


def name_of(draw: Draw, attempt: int, what: str) -> str:
    """The name of a file of an attempt: `ssq-2026110.1.engine-two.txt`."""
    return f"{draw.code}.{attempt}.{what}"


def new_draft(draw: Draw) -> Path:
    """An empty file beside the others that nobody takes for one of them."""
    directory().mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{draw.code}-", suffix=".draft", dir=directory())
    os.close(handle)
    return Path(name)


def give_its_name(draft: Path, name: str) -> Path:
    """Put a finished draft in its place, for good."""
    final = directory() / name
    draft.chmod(0o440)
    draft.replace(final)
    handle = os.open(final.parent, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
    return final


def digest_of(path: Path) -> str:
    """SHA-256 of a file; "" when it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


def given(draw: Draw) -> str:
    """What both engines are told about a confirmed draw, as canonical JSON."""
    told: dict[str, Any] = {
        "format": "settlement-input/1",
        "draw": draw.code,
        "numbers": draw.result.numbers,
        "special_on": draw.special_on,
    }
    if announced.is_announced(draw):
        told["announced"] = _announced(draw)
    else:
        held = pools.held(draw)
        told["pool_before_fen"] = held.first_fen
        if held.other_fen:
            told["other_pools"] = dict(held.other_fen)
    return json.dumps(told, sort_keys=True, separators=(",", ":"))


def _announced(draw: Draw) -> dict[str, Any]:
    """The announcement that counts, who signed it, and the decision on what differs."""
    said = announced.counting(draw)
    decided = announced.decision_of(said)
    signed = {"key_id": said.key_id, "signature": said.signature} if said.signature else None
    return {
        "text": said.body,
        "signed": signed,
        "decision": (
            {"approval": decided.approval_code, "reason": decided.reason} if decided else None
        ),
    }


def head(draw: Draw, table: PrizeTable) -> bytes:
    """All lines before the winners."""
    numbers = "+".join(
        ",".join(f"{number:02d}" for number in sorted(zone)) for zone in draw.result.numbers
    )
    lines: list[tuple[object, ...]] = [
        (
            "result-file", 1, draw.code, draw.rule.code, draw.rule.digest, draw.seal.root,
            numbers, int(table.special_on),
        ),
        (
            "money", draw.seal.stake, table.prize_money_fen, table.pool_before_fen,
            table.pool_after_fen, table.fund_paid_fen, table.rounding_to_fund_fen,
            int(table.special_on_next),
            *(fen for pair in table.other_pools.values() for fen in pair),
        ),
    ]  # fmt: skip
    if announced.is_announced(draw):
        said = announced.counting(draw)
        decided = announced.decision_of(said)
        lines.append(
            (
                "announced", said.digest, decided.approval_code if decided else "-",
                table.issuer_owed_fen, table.issuer_paid_fen,
            )
        )  # fmt: skip
    lines += [
        ("tier", tier, table.winners[tier], prize)
        for tier, prize in sorted(table.prize_fen.items())
    ]
    return "".join("\t".join(map(str, line)) + "\n" for line in lines).encode("ascii")


def prices(table: PrizeTable) -> list[int | None]:
    """The prize of a line of each tier, as the database's functions take them: tier 1 first."""
    return [table.prize_fen.get(tier) for tier in range(1, max(table.prize_fen) + 1)]


def write(draw: Draw, table: PrizeTable, *, settlement: Settlement) -> Written:
    """Write what was counted, at these prices, chunk by chunk in constant memory."""
    draft = new_draft(draw)
    digest, winners, amount, size = hashlib.sha256(), 0, 0, 0
    with draft.open("wb") as file:

        def put(piece: bytes) -> None:
            nonlocal size
            file.write(piece)
            digest.update(piece)
            size += len(piece)

        put(head(draw, table))
        with _pieces("prizes_won_lines", draw, settlement, prices(table)) as pieces:
            for found, fen, lines in pieces:
                winners, amount = winners + found, amount + fen
                put(lines)
        put(f"end\t{winners}\t{amount}\n".encode("ascii"))
        file.flush()
        os.fsync(file.fileno())
    return Written(draft, digest.hexdigest(), size, winners, amount)


def paid_digest(draw: Draw, table: PrizeTable, *, settlement: Settlement) -> str:
    """The digest of the result file that the prizes make which were credited."""
    digest, winners, amount = hashlib.sha256(head(draw, table)), 0, 0
    with _pieces("prizes_paid_lines", draw, settlement) as pieces:
        for found, fen, lines in pieces:
            winners, amount = winners + found, amount + fen
            digest.update(lines)
    digest.update(f"end\t{winners}\t{amount}\n".encode("ascii"))
    return digest.hexdigest()


def write_paid(draw: Draw, table: PrizeTable, *, settlement: Settlement) -> Path:
    """The same as a file, to see what differs; the caller removes it."""
    draft = new_draft(draw)
    winners = amount = 0
    with draft.open("wb") as file:
        file.write(head(draw, table))
        with _pieces("prizes_paid_lines", draw, settlement) as pieces:
            for found, fen, lines in pieces:
                winners, amount = winners + found, amount + fen
                file.write(lines)
        file.write(f"end\t{winners}\t{amount}\n".encode("ascii"))
    return draft


@contextmanager
def _pieces(
    function: str, draw: Draw, settlement: Settlement, *more: Sequence[int | None]
) -> Iterator[Iterator[tuple[int, int, bytes]]]:
    """Winners, what they get, and their lines, chunk after chunk; read ahead by lanes."""
    marks = ", ".join(["%s"] * (3 + len(more)))
    query = f"SELECT winners, amount, lines FROM {function}({marks})"  # noqa: S608 - ours

    def read(chunk: tuple[int, int]) -> tuple[int, int, bytes]:
        with connection.cursor() as cursor:
            cursor.execute(query, [draw.pk, *chunk, *(list(one) for one in more)])
            winners, amount, lines = cursor.fetchone()
            return winners, amount, lines.encode("ascii")

    chunks = settlement.parts.order_by("number").values_list("first_ticket", "last_ticket")
    with read_ahead(list(chunks), read) as pieces:
        yield pieces
