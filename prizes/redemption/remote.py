"""The winner opens a claim himself, and hands in papers from afar; each step is kept (F089).

From afar he agrees first that the process is recorded: the digest of the text he was shown stands
in the first step. A ticket of ours is no paper: in its place the file gets its number, the line
that was sealed and the way from there to the root of its draw. What he hands in is judged by its
content, kept encrypted under its digest, and looked at by an officer.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from audit import canonical
from finance import bank_accounts
from lottery_portal.lib import codes, uploads
from lottery_portal.lib.db import violated
from lottery_portal.lib.errors import Refused
from lottery_portal.lib.money import with_unit
from prizes.claim_models import Claim, ClaimPaper
from prizes.models import Prize
from sales import sealing, tickets

from . import claims, papers, steps
from .claim_refusals import NotAtThisStep, NotTheOwner, PayeeWrong

VERSION = 1
LANGUAGES = ("zh-hans", "en")
MOST_PAPERS = 12  # of a claim; the database counts the same
MOST_OF_A_PRIZE = 36  # of all claims of one prize
KINDS = {  # what is handed in from afar, as the winner reads it
    papers.IDENTITY: pgettext_lazy("paper of a claim", "Photo or scan of your identity paper"),
    papers.PERSON: pgettext_lazy("paper of a claim", "Photo of you with the identity paper"),
}
HANDED_IN_WHILE = (Claim.State.OPENED, Claim.State.CHECKED)

Method, Way = Claim.Method, Claim.Way


class ConsentMissing(Refused):
    """From afar nobody claims without agreeing that it is recorded."""

    code, status = "claim_consent_missing", 400
    message = gettext_lazy("Please read and agree that this claim is recorded. Nothing was opened.")


class PaperNotHere(Refused):
    """Papers of this kind, or of this claim, are not handed in from afar."""

    code, status = "claim_paper_not_here", 400
    message = gettext_lazy("This paper is not handed in here. Please bring it to the prize centre.")


class TooManyPapers(Refused):
    """More files than anybody looks at."""

    code = "claim_too_many_papers"
    message = gettext_lazy(
        "%(most)s files of this claim are with us already. Please wait for the officer."
    )


class TooManyOfAPrize(Refused):
    """More files than anybody looks at, over claims that were taken back."""

    code = "claim_too_many_papers_of_a_prize"
    message = gettext_lazy(
        "%(most)s files about this prize are with us already. Please come to the prize centre."
    )


def language_of(code: str | None) -> str:
    """The language in which a winner reads and signs: one of the two it is written in."""
    language = (code or "").lower()
    return language if language in LANGUAGES else LANGUAGES[0]


def consent(prize: Prize, language: str) -> str:
    """What a winner agrees to before he claims a prize from afar, line by line."""
    with translation.override(language):
        lines = [
            _("Claiming a prize from afar"),
            _("Ticket: %(ticket)s") % {"ticket": codes.shown(prize.ticket.code)},
            _("Prize: %(amount)s") % {"amount": with_unit(prize.amount)},
            _("Every step of this claim is recorded with its time, and so is who took it."),
            _(
                "The photos I hand in are kept encrypted with the claim. They are looked at by the "
                "officers who work on it, and each look is on record."
            ),
            _("The person in the photos is me, and the identity paper is mine and valid."),
            _("The prize is paid to my own balance or to a bank account in my own name."),
        ]
    return "\n".join(lines) + "\n"


def open_(
    *,
    prize: Prize,
    way: str,
    actor: Any,
    request_key: UUID,
    method: str = Method.WALLET,
    payee: str = "",
    agreed: str = "",
    language: str = "",
    instead_of: str = "",
    now: datetime,
) -> Claim:
    """Open a claim of one's own prize, once; repeating a `request_key` leads to the first.

    `method` and `payee` are how he wishes to be paid; he is asked again before he signs. From afar
    `agreed` is the digest of the consent he was shown in `language`, else `ConsentMissing`.
    `instead_of` is his claim by another way, taken back with it.
    """
    evidence: dict[str, Any] = {}
    if way == Way.REMOTE:
        if agreed != canonical.digest(consent(prize, language)):
            raise ConsentMissing
        check_payee(prize, method, payee)
        evidence = {
            "consent": agreed,
            "language": language,
            "version": VERSION,
            "wish": {"method": str(method), "payee": payee},
        }
    claim = claims.open_(
        prize=prize,
        way=way,
        actor=actor,
        request_key=request_key,
        evidence=evidence,
        instead_of=instead_of,
        now=now,
    )
    if claim.way == Way.REMOTE and claim.state == Claim.State.OPENED:
        _keep_proof(claim, actor, now)
    return claim


def hand_in(*, code: str, kind: str, file: uploads.Source, actor: Any, now: datetime) -> ClaimPaper:
    """Put a photo or scan into the file of one's own remote claim; the same file twice is one.

    `file` is judged by what it is (`uploads`). Refuses once the papers were looked at and settled,
    and more than `MOST_PAPERS` of a claim, `MOST_OF_A_PRIZE` of all claims of the prize.
    """
    claim = steps.find(code)
    if claim.owner.user_id != actor.pk:
        raise NotTheOwner
    if claim.way != Way.REMOTE or kind not in KINDS:
        raise PaperNotHere
    if claim.state not in HANDED_IN_WHILE:
        raise NotAtThisStep
    if claim.papers.filter(kind__in=KINDS).count() >= MOST_PAPERS:
        raise TooManyPapers(most=MOST_PAPERS)
    taken = uploads.take(uploads.read(file))
    if not claim.papers.filter(kind=papers.TICKET).exists():
        _keep_proof(claim, actor, now)
    try:
        return papers.add(
            code=code,
            kind=kind,
            content=taken.content,
            media_type=taken.media_type,
            actor=actor,
            now=now,
        )
    except IntegrityError as exc:
        name = violated(exc)
        if name == "claim_papers_have_an_end":  # others were faster
            raise TooManyPapers(most=MOST_PAPERS) from exc
        if name == "prize_papers_have_an_end":
            raise TooManyOfAPrize(most=MOST_OF_A_PRIZE) from exc
        raise


def wish_of(claim: Claim) -> Mapping[str, str]:
    """How the winner wished to be paid when he opened the claim: `method`, `payee`."""
    first = claim.steps.order_by("number").first()
    wish = first.body.get("wish") if first else None
    return wish or {"method": str(Method.WALLET), "payee": ""}


def choose(*, code: str, method: str, payee: str, actor: Any, now: datetime) -> Claim:
    """The winner settles anew how he is paid, before he signs or instead of what he signed."""
    claim = steps.find(code)
    if claim.owner.user_id != actor.pk:
        raise NotTheOwner
    if claim.state not in {Claim.State.COMPLETE, Claim.State.SIGNED}:
        raise NotAtThisStep
    check_payee(claim.prize, method, payee)
    return claims.complete(code=code, actor=actor, method=method, payee=payee, now=now)


def check_payee(prize: Prize, method: str, payee: str) -> None:
    """Refuse what is neither the winner's balance nor a bank account of his own."""
    if method == Method.WALLET and not payee:
        return
    if method != Method.TRANSFER:
        raise PayeeWrong
    bank_accounts.find(prize.owner, payee)


def _keep_proof(claim: Claim, actor: Any, now: datetime) -> None:
    """In place of a photo of the ticket: its number, its sealed line, and the way to the root."""
    ticket = claim.prize.ticket
    found = sealing.proof_of(ticket)
    assert found is not None  # noqa: S101 - no claim is opened of a ticket that is not sealed
    (read,) = tickets.read([ticket], player_id=claim.owner_id)
    content = canonical.text(
        {
            "ticket": ticket.code,
            "line": read.line.decode("ascii"),
            "serial": found.serial,
            "size": found.size,
            "path": [step.hex() for step in found.path],
            "root": found.root.hex(),
        }
    )
    papers.add(
        code=claim.code,
        kind=papers.TICKET,
        content=content.encode(),
        media_type="application/json",
        actor=actor,
        now=now,
    )
