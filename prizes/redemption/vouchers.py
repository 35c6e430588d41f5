"""Vouchers of paid prizes: numbered without a gap, in several copies, each on record (F091).

The number is written by the database in the transaction that pays (migration 0020). What a voucher
says follows from rows that never change, so it says the same for ever. The first paper of a part
that leaves the house is the original; every later one is marked as a duplicate.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Player
from audit import canonical, trail
from games import bets
from games import words as game_words
from lottery_portal.lib.db import door, inside_transaction
from lottery_portal.lib.errors import Refused
from prizes.claim_models import Claim, ClaimPaper
from prizes.voucher_models import Voucher, VoucherPaper
from sales import basket, tickets

from . import papers, voucher_pdf
from .claim_refusals import NotTheOwner

Part = VoucherPaper.Part


class NoVoucher(Refused):
    """The prize is not paid, or is not this player's."""

    code, status = "voucher_unknown", 404
    message = gettext_lazy("There is no voucher: this prize has not been paid.")


class NoConfirmation(Refused):
    """Nothing was signed yet."""

    code, status = "claim_confirmation_unknown", 404
    message = gettext_lazy("Nothing has been signed for this claim yet.")


@dataclass(frozen=True, kw_only=True)
class File:
    """A file that is handed out."""

    name: str
    content: bytes
    digest: str


def all_shown() -> QuerySet[Voucher]:
    """Every voucher, the newest first, with what a page says of it."""
    return (
        Voucher.objects.select_related(
            "end__prize__ticket", "end__prize__draw__game", "end__prize__draw__rule",
            "end__prize__owner__user", "end__claim",
        )
        .prefetch_related("papers")
        .order_by("-year", "-number")
    )  # fmt: skip


def of_claim(claim: Claim) -> Voucher | None:
    """The voucher of a claim that was paid."""
    return all_shown().filter(end__claim=claim).first()


def find(claim_code: str, *, owner: Player | None = None) -> Voucher:
    """The voucher of this claim, of this player where one is named, or `NoVoucher`."""
    rows = all_shown().filter(end__claim__code=claim_code)
    voucher = (rows.filter(end__prize__owner=owner) if owner else rows).first()
    if voucher is None:
        raise NoVoucher
    return voucher


def number_of(voucher: Voucher) -> str:
    """What a voucher is called: 兑奖凭证〔2026〕000001号."""
    return _("Prize voucher %(year)s no. %(number)s") % {
        "year": voucher.year,
        "number": f"{voucher.number:06d}",
    }


def facts_of(voucher: Voucher) -> dict[str, Any]:
    """All that a voucher says; its digest is printed on every paper of it."""
    end = voucher.end
    claim, prize = end.claim, end.prize
    assert claim is not None  # noqa: S101 - a prize that was paid was paid by a claim
    (read,) = tickets.read([prize.ticket], player_id=prize.owner_id)
    return {
        "year": voucher.year,
        "number": voucher.number,
        "claim": claim.code,
        "ticket": prize.ticket.code,
        "game": prize.draw.game.code,
        "issue": prize.draw.issue,
        "drawn": game_words.spelt(read.version, read.numbers) if read.numbers else "",
        "bets": [_bet(read, pick) for pick in read.picks],
        "amount_fen": end.amount,
        "tax_fen": end.tax,
        "net_fen": end.net,
        "method": claim.method,
        "payee": claim.payee,
        "way": claim.way,
        "outlet": claim.outlet_code,
        "entry": end.entry_reference,
        "paid_at": end.ended_at,
    }


def _bet(read: tickets.Read, pick: tickets.Pick) -> dict[str, Any]:
    """A bet of the ticket: as it was sealed, and its numbers as people read them."""
    chosen = basket.numbers_shown(read.version, pick.selection)
    zones = []
    for place, numbers in enumerate(chosen["picks"]):
        bankers = chosen["bankers"][place] if place < len(chosen["bankers"]) else []
        zones.append(f"({_spelt(bankers)}) {_spelt(numbers)}" if bankers else _spelt(numbers))
    return {
        "bet": bets.canonical(pick.selection),
        "numbers": " + ".join(zones),
        "multiplier": pick.selection.multiplier,
        "lines": pick.lines,
    }


def _spelt(numbers: Sequence[int]) -> str:
    return " ".join(f"{number:02d}" for number in numbers)


def digest_of(voucher: Voucher) -> str:
    """The SHA-256 of all that a voucher says."""
    return canonical.digest(canonical.text(facts_of(voucher)))


@door
def take(*, voucher: Voucher, part: str, actor: Any) -> File:
    """Hand out a paper of a part of a voucher; the first is the original, each is on record.

    The winner takes his own part of his own voucher, staff any.
    """
    if not actor.is_staff and (part != Part.WINNER or voucher.end.prize.owner.user_id != actor.pk):
        raise NotTheOwner
    number = _next_paper(voucher, part)
    content = voucher_pdf.render(
        facts_of(voucher),
        title=number_of,
        voucher=voucher,
        part=Part(part),
        paper=number,
        digest=digest_of(voucher),
    )
    digest = hashlib.sha256(content).hexdigest()
    VoucherPaper.objects.create(
        voucher=voucher,
        part=part,
        number=number,
        digest=digest,
        taken_by=actor,
        taken_at=voucher.written_at,  # the database writes its own clock over it
    )
    trail.record(
        action="prizes.voucher_taken",
        actor=actor,
        object_type="claim",
        object_code=voucher.end.claim.code,  # type: ignore[union-attr]  # a voucher has a claim
        body={"part": part, "number": number, "digest": digest},
    )
    name = f"voucher-{voucher.year}-{voucher.number:06d}-{part.lower()}-{number}.pdf"
    return File(name=name, content=content, digest=digest)


@door
def confirmation(*, claim: Claim, actor: Any) -> File:
    """What the winner signed, word for word, as a paper; that it was taken is on record."""
    paper = ClaimPaper.objects.filter(claim=claim, kind=papers.CONFIRMATION).order_by("-pk").first()
    signed = claim.steps.filter(to_state=Claim.State.SIGNED).order_by("-number").first()
    if paper is None or signed is None:
        raise NoConfirmation
    trail.record(
        action="prizes.confirmation_taken",
        actor=actor,
        object_type="claim",
        object_code=claim.code,
        body={"digest": paper.digest},
    )
    content = voucher_pdf.render_confirmation(
        papers.content_of(paper).decode(),
        language=signed.body["language"],
        digest=signed.body["confirmation"],
        signed_at=signed.at,
    )
    return File(
        name=f"confirmation-{claim.code}.pdf",
        content=content,
        digest=hashlib.sha256(content).hexdigest(),
    )


@inside_transaction
def _next_paper(voucher: Voucher, part: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT prizes_next_paper(%s, %s)", [voucher.pk, part])
        (number,) = cursor.fetchone()
    return int(number)
