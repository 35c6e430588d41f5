"""Whether a draw is what was sealed: rows, file, rule and books; and which tickets are not."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from itertools import islice, zip_longest

from django.db import connection, transaction
from django.utils.translation import gettext_noop

from audit import catalogue, log
from finance import ledger
from games import rule_sheets, seals
from games.models import Draw, Result, SealStatement
from lottery_portal.lib.sentences import BETWEEN, sentence
from sales import canonical, sealing
from sales.models import SealBlock
from sales.opening import prizes_of

from . import as_announced

BLOCK = 16_384
LEAST = 1_000
MOST_NAMED = 20
# Microseconds: of a single line, of a multiple or banker, and of a part of the counting at most.
_EACH, _EACH_OF_MANY, _PART = 3, 50, 250_000

RULE_CHANGED = sentence(gettext_noop("rule version %(rule)s is not the approved one"))
ANOTHER_RULE = sentence(gettext_noop("the rule sheet is not the sealed one"))
FILE_CHANGED = sentence(gettext_noop("the sealed file is missing or was changed"))
COUNTS = {
    "root": sentence(gettext_noop("root sealed %(sealed)s, found %(found)s")),
    "tickets": sentence(gettext_noop("tickets sealed %(sealed)s, found %(found)s")),
    "lines": sentence(gettext_noop("lines sealed %(sealed)s, found %(found)s")),
    "stakes": sentence(gettext_noop("stakes sealed %(sealed)s, found %(found)s")),
}
BOOKS = sentence(gettext_noop("prize money %(share)s fen, books hold %(held)s fen"))
NOT_AS_LOGGED = sentence(gettext_noop("not as it was logged: %(things)s"))
TICKETS = sentence(gettext_noop("tickets %(tickets)s"))


@dataclass(frozen=True, slots=True)
class Difference:
    """What differs, in English (`sentences`), and the codes of the first tickets that do."""

    text: str
    tickets: tuple[str, ...] = ()

    def __str__(self) -> str:
        if not self.tickets:
            return self.text
        return BETWEEN.join((self.text, TICKETS.of(tickets=", ".join(self.tickets))))


def difference(draw: Draw) -> Difference | None:
    """What is not as it was sealed; None when all is. The root is worked out from the rows anew."""
    seal = SealStatement.objects.get(draw=draw)
    try:
        version = rule_sheets.version_of(draw)
    except rule_sheets.RuleChanged:
        return Difference(RULE_CHANGED.of(rule=draw.rule.code))
    if seal.rule_digest != draw.rule.digest:
        return Difference(ANOTHER_RULE.of())
    with ThreadPoolExecutor(max_workers=1) as aside:  # the file is read beside the rows
        digest = aside.submit(_digest_of_file, seal)
        counted = sealing.recount(draw)
    if digest.result() != seal.file_digest:
        return Difference(FILE_CHANGED.of())
    for name, sealed, found in (
        ("root", seal.root, counted.root),
        ("tickets", seal.tickets, counted.tickets),
        ("lines", seal.lines, counted.lines),
        ("stakes", seal.stake, counted.stake_fen),
    ):
        if sealed != found:
            return Difference(COUNTS[name].of(sealed=sealed, found=found), _tickets(draw, seal))
    share = version.allocation.split(seal.stake).prize_fen
    held = ledger.balance(prizes_of(draw))
    if share != held:
        return Difference(BOOKS.of(share=share, held=held))
    return result_difference(draw)


def guards_difference(*, now: datetime) -> Difference | None:
    """What of the database is not as it was released: functions and guards decide what is paid."""
    seen = catalogue.check(now=now, occasion="settlement")
    if seen.differences:
        said = catalogue.in_words(seen.differences)
        return Difference(f"the database is not what was released: {said}")
    return None


def result_difference(draw: Draw) -> Difference | None:
    """What of seal and result is not as signed and logged; engines are given the rows of now.

    A row changed past every trigger would else be paid on, and only be named at night.
    """
    seal, result = SealStatement.objects.get(draw=draw), Result.objects.get(draw=draw)
    # The database takes any letters for a signature: a seal that the witness refused could be
    # published by hand.
    if unsigned := seals.problems(seal):
        return Difference(f"the seal: {'; '.join(unsigned)}")
    if altered := as_announced.problems(draw):
        return Difference(altered[0])
    signatures = list(seal.signatures.all())
    unlike = log.unlike_logged(
        [
            *(("seal_signature", str(signature.pk)) for signature in signatures),
            ("seal_publication", str(seal.publication.pk)),
            ("result", str(result.pk)),
            ("result_entry", str(result.first_entry_id)),
            ("result_entry", str(result.second_entry_id)),
            ("rule_sheet", str(draw.rule_id)),
            ("seal_statement", seal.file_name),
            *as_announced.logged(draw),
        ]
    )
    if unlike:
        return Difference(NOT_AS_LOGGED.of(things=", ".join(map(str, unlike))))
    return None


def _digest_of_file(seal: SealStatement) -> str:
    try:
        with sealing.file_of(seal).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


def _tickets(draw: Draw, seal: SealStatement) -> tuple[str, ...]:
    """The first tickets that are not in the file as they are in the rows, or not in both.

    Block by block: what is equal in both is forgotten at once, so memory holds little more than
    what differs.
    """
    in_file: dict[str, bytes] = {}
    in_rows: dict[str, bytes] = {}
    nothing: dict[str, bytes] = {}
    for sealed, found in zip_longest(_file(seal), _rows(draw), fillvalue=nothing):
        in_file |= sealed
        in_rows |= found
        for code in [code for code in in_rows if in_file.get(code) == in_rows[code]]:
            del in_file[code], in_rows[code]
    return tuple(sorted(in_file.keys() | in_rows.keys())[:MOST_NAMED])


def _file(seal: SealStatement) -> Iterator[dict[str, bytes]]:
    with sealing.file_of(seal).open("rb") as file:
        next(file)
        while block := list(islice(file, BLOCK)):
            lines = [line.rstrip(b"\n") for line in block]
            yield {canonical.decode(line).ticket: line for line in lines}


def _rows(draw: Draw) -> Iterator[dict[str, bytes]]:
    for first, last in ranges(draw, BLOCK):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_nestloop = off")
            cursor.execute(
                "SELECT code, line FROM sales_lines_now(%s, %s, %s)", [draw.pk, first, last]
            )
            yield {code: bytes(line or b"") for code, line in cursor.fetchall()}


def parts(draw: Draw, most: int) -> list[tuple[int, int]]:
    """The draw's tickets in ranges of ids in which they are counted, at most `most` each.

    Whole blocks of the sealed file where a part may be as large.
    """
    size = part_size(SealStatement.objects.get(draw=draw), most)
    if size < BLOCK:
        return ranges(draw, size)
    blocks = SealBlock.objects.filter(draw=draw).order_by("number")
    return list(blocks.values_list("first_ticket", "last_ticket"))


def part_size(seal: SealStatement, most: int) -> int:
    """How many tickets are counted at once: fewer where many are multiples, so no write is long."""
    work: int = sum(
        sums["selections"] * (_EACH if sums["lines"] == sums["selections"] else _EACH_OF_MANY)
        for sums in seal.by_bet_type.values()
    )
    tickets: int = seal.tickets
    return min(most, max(LEAST, tickets * _PART // max(1, work)))


def ranges(draw: Draw, size: int) -> list[tuple[int, int]]:
    """The draw's tickets in ranges of ids, `size` tickets each, both ends included."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT min(id), max(id) FROM (
                SELECT id, (row_number() OVER (ORDER BY id) - 1) / %s AS part
                  FROM sales_ticket WHERE draw_id = %s) numbered
             GROUP BY part ORDER BY part
            """,
            [size, draw.pk],
        )
        return [(row[0], row[1]) for row in cursor.fetchall()]
