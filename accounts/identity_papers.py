"""Identity papers that are shown: whose they are, and the record that somebody saw them (F275).

Whoever claims a prize shows a paper that says he is the owner of the ticket. `paper_kinds` judges
the paper by itself; here it is compared with the registration of that owner: id card and household
register by his citizen id, the other kinds by a number that he registered himself, at rest for a
day. What does not match stops the claim. A record is evidence, and the database compares once more.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.db import IntegrityError
from django.utils.translation import gettext_lazy as _

from audit import trail
from lottery_portal.lib import dates
from lottery_portal.lib.db import door, inside_transaction, violated
from lottery_portal.lib.encryption import blind_index
from lottery_portal.lib.errors import Refused

from . import identity, messages, paper_kinds
from .models import IdentityCheck, IdentityPaper, PaperKind, PaperNumber, Person, Player, User
from .paper_kinds import Examined, MinorWinner, Paper

REST = timedelta(hours=24)  # the database knows it too


class NotTheOwner(Refused):
    """The paper is not that of the ticket's owner: the claim stops (F275)."""

    code, status = "paper_not_the_owner", 409
    message = _(
        "This paper does not match the person the ticket is registered for. The claim stops here."
    )


class NumberNotRegistered(Refused):
    """A kind without a citizen id, and the owner registered no number of it."""

    code, status = "paper_number_not_registered", 409
    message = _(
        "No number of this kind of paper is registered for the owner of the ticket: %(name)s. The "
        "claim stops here; it can go on with an id card."
    )


class NumberTooNew(Refused):
    """Registered less than a day ago."""

    code, status = "paper_number_too_new", 409
    message = _(
        "This number was registered less than 24 hours ago. For the owner's safety it is taken "
        "from the next day on."
    )


class SeenByHimself(Refused):
    """Nobody attests his own papers, and no player those of another."""

    code, status = "paper_seen_by_himself", 403
    message = _("Another member of staff has to look at this paper.")


class CitizenIdNeeded(Refused):
    """Whoever acts for another shows an id card."""

    code, status = "paper_citizen_id_needed", 409
    message = _("Whoever acts for somebody else shows a citizen id card.")


class NoNumberToRegister(Refused):
    """The kind is compared with the citizen id that is known already."""

    code, status = "paper_registered_already_by_id", 400
    message = _("This paper carries your citizen id. There is nothing to register.")


class NumberRegistered(Refused):
    """One number of each kind."""

    code = "paper_number_registered"
    message = _("You have registered a number of this kind. Please ask us to look into a change.")


class NumberTaken(Refused):
    """The number is another person's."""

    code = "paper_number_taken"
    message = _("This number is registered for another person.")


class IdentityFirst(Refused):
    """The account is bound to no person yet."""

    code, status = "identity_required", 403
    message = _("Please confirm your identity first.")


# What stops a claim by its name: what a paper shows by itself, and whose it is not.
OF_A_PAPER = (
    paper_kinds.PaperNotTaken,
    paper_kinds.PaperNumberWrong,
    paper_kinds.PaperNameWrong,
    paper_kinds.PaperExpired,
    paper_kinds.ValidityWrong,
    MinorWinner,
    NotTheOwner,
    NumberNotRegistered,
    NumberTooNew,
    SeenByHimself,
)

_REFUSALS: dict[str, type[Refused]] = {
    "identity_paper_of_its_person": NotTheOwner,
    "identity_paper_number_rested": NumberTooNew,
    "identity_paper_seen_by_another": SeenByHimself,
    "paper_number_once_per_kind": NumberRegistered,
    "paper_number_of_one_person": NumberTaken,
}


def show(
    *, owner: Player, paper: Paper, seen_by: User, reference: str, now: datetime
) -> IdentityPaper:
    """Record a paper that the owner of a ticket showed, or say why the claim stops.

    `reference` is the thing it is for ("claim:…"). Refusals are those of `paper_kinds.examine`
    (kind, number, validity, `MinorWinner`) and of this module; each leaves a line in the trail.
    """
    try:
        return _show(owner, paper, seen_by, reference, now)
    except Refused as refusal:
        note_refusal(owner, paper.kind, refusal.code, seen_by, reference)
        raise


@inside_transaction
def record(
    *, owner: Player, paper: Paper, seen_by: User, reference: str, now: datetime
) -> IdentityPaper:
    """The same as a step of another door; what is refused leaves no line of its own: whoever calls
    writes it by `note_refusal` once his own step is undone."""
    today = dates.in_shanghai(now).date()
    seen = paper_kinds.examine(paper, on=today)
    person = owner.person
    if person is None:
        raise NotTheOwner
    _compare(person, seen)
    if not identity.is_adult(date.fromisoformat(person.birth.reveal()), today):
        raise MinorWinner
    return _write(person, seen, seen_by, reference, now, object_type="player", code=owner.code)


@inside_transaction
def record_other(*, paper: Paper, seen_by: User, reference: str, now: datetime) -> IdentityPaper:
    """Record the id card of somebody who acts for another: an agent, a guardian.

    He need not have an account. Only a citizen id card is taken; minors are refused. What its
    number tells is checked; no registry is asked inside a transaction.
    """
    seen = paper_kinds.examine(paper, on=dates.in_shanghai(now).date())
    if seen.kind != PaperKind.ID_CARD or seen.birth is None:
        raise CitizenIdNeeded(fields=["kind"])
    person = Person.objects.filter(citizen_id_index=seen.index).first()
    if person is None:
        person = identity.record_person(
            name=seen.name, citizen_id=seen.number, birth=seen.birth, now=now
        )
    _compare(person, seen)
    code = str(person.row_uuid)
    return _write(person, seen, seen_by, reference, now, object_type="person", code=code)


def register_number(*, player: Player, paper: Paper, citizen_id: str, now: datetime) -> PaperNumber:
    """Register the number of a paper that carries no citizen id, once for each kind.

    The player says his citizen id again; an attempt counts as one of his identity checks of the
    day. He is told by every way we have, and the number is taken at a claim a day later.
    """
    if player.person is None:
        raise IdentityFirst
    if paper.kind in paper_kinds.BY_CITIZEN_ID:
        raise NoNumberToRegister(fields=["kind"])
    today = dates.in_shanghai(now).date()
    seen = paper_kinds.examine(paper, on=today)
    if identity.attempts_left(player, now) <= 0:
        raise identity.TooManyAttempts(attempts=identity.ATTEMPTS_A_DAY)
    answer = identity.provider().check_paper(
        kind=seen.kind, number=seen.number, issued_by=seen.issued_by, name=seen.name
    )
    said = blind_index("citizen_id", citizen_id.strip().upper())
    is_his = bytes(player.person.citizen_id_index) == said
    reason = "" if is_his and answer.confirmed else answer.reason or "number_differs"
    try:
        made = _register(player.pk, seen, reason, now)
    except IntegrityError as exc:
        refusal = _REFUSALS.get(violated(exc))
        if refusal is None:
            raise
        _register(player.pk, seen, "number_taken", now)  # who tries numbers, tries five a day
        raise refusal(fields=["number"]) from exc
    if made is None:
        left = identity.attempts_left(player, now)
        raise identity.NotConfirmed(left=left, fields=["citizen_id"])
    return made


def numbers_of(player: Player) -> list[PaperNumber]:
    """The numbers that a player registered, oldest first."""
    if player.person is None:
        return []
    return list(PaperNumber.objects.filter(person=player.person).order_by("pk"))


def rested_at(number: PaperNumber) -> datetime:
    """From when on it is taken at a claim."""
    return number.registered_at + REST


@door
def _show(
    owner: Player, paper: Paper, seen_by: User, reference: str, now: datetime
) -> IdentityPaper:
    return record(owner=owner, paper=paper, seen_by=seen_by, reference=reference, now=now)


def _compare(person: Person, seen: Examined) -> None:
    """Whether the paper is this person's; a name differs where somebody lent his number."""
    if seen.kind in paper_kinds.BY_CITIZEN_ID:
        if bytes(person.citizen_id_index) != seen.index or person.name.reveal() != seen.name:
            raise NotTheOwner
        return
    known = PaperNumber.objects.filter(person=person, kind=seen.kind).first()
    if known is None:
        raise NumberNotRegistered(name=paper_kinds.title(seen.kind))
    if bytes(known.index) != seen.index:
        raise NotTheOwner


def _write(
    person: Person,
    seen: Examined,
    seen_by: User,
    reference: str,
    now: datetime,
    *,
    object_type: str,
    code: str,
) -> IdentityPaper:
    try:
        paper = IdentityPaper.objects.create(
            person=person,
            kind=seen.kind,
            issued_by=seen.issued_by,
            number=seen.number,
            number_index=seen.index,
            valid_until=seen.valid_until,
            reference=reference,
            seen_by=seen_by,
            seen_at=now,  # the database writes its own clock over it
        )
        paper.refresh_from_db(fields=["seen_at"])
    except IntegrityError as exc:
        if refusal := _REFUSALS.get(violated(exc)):
            raise refusal from exc
        raise
    trail.record(
        action="accounts.identity_paper_seen",
        actor=seen_by,
        object_type=object_type,
        object_code=code,
        body={"paper": paper.code, "kind": str(seen.kind), "reference": reference},
    )
    return paper


@door
def note_refusal(owner: Player, kind: str, reason: str, seen_by: User, reference: str) -> None:
    """Put on record that a paper was refused at a claim, and why; neither number nor name."""
    known = kind if kind in {*PaperKind.values, *paper_kinds.UNLISTED} else "OTHER"
    trail.record(
        action="accounts.identity_paper_refused",
        actor=seen_by,
        object_type="player",
        object_code=owner.code,
        body={"kind": known, "reason": reason, "reference": reference},
    )


@door
def _register(player_id: int, seen: Examined, reason: str, now: datetime) -> PaperNumber | None:
    """Write the number, or with a reason only the attempt."""
    player = Player.objects.select_for_update(no_key=True).get(pk=player_id)
    if identity.attempts_left(player, now) <= 0:
        raise identity.TooManyAttempts(attempts=identity.ATTEMPTS_A_DAY)
    IdentityCheck.objects.create(
        player=player,
        provider=identity.provider().name,
        outcome=IdentityCheck.Outcome.REFUSED if reason else IdentityCheck.Outcome.PASSED,
        reason=reason or "paper_registered",
        checked_at=now,
    )
    body = {"kind": str(seen.kind), "reason": reason}
    made = None
    if not reason and player.person is not None:
        made = PaperNumber.objects.create(
            person=player.person,
            kind=seen.kind,
            number=seen.number,
            index=seen.index,
            registered_at=now,  # the database writes its own clock over it
        )
        made.refresh_from_db(fields=["registered_at"])
        messages.send(
            user=player.user,
            kind="accounts.paper_registered",
            params={"kind": str(seen.kind)},
            natural_key=f"paper_registered:{made.row_uuid}",
            now=now,
        )
    trail.record(
        action="accounts.paper_number_refused" if reason else "accounts.paper_number_registered",
        actor=player.user,
        object_type="player",
        object_code=player.code,
        body=body,
    )
    return made
