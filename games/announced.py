"""What the issuer announces of our draws: from a signed file, or typed alike by two (F062, F074).

An announcement is stored once and stands; one that corrects it is the next edition, and the last
edition counts. It is held against the rules when it is stored; where it differs, the draw is not
settled before two people have decided that it is paid as announced, or another edition is there.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, connection, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts import who
from audit import alarms, approvals, keys, trail
from lottery_portal.lib.dates import in_shanghai
from lottery_portal.lib.db import door, inside_transaction, violated
from lottery_portal.lib.errors import Refused

from . import announced_table, issuer_file, results, rules
from .announced_table import Comparison
from .issuer_file import Told
from .models import AnnouncedEntry, DifferenceDecision, Draw, IssuerAnnouncement, SealStatement

if TYPE_CHECKING:
    from accounts.models import User
    from audit.models import SigningKey

KIND = "games.announced_difference"
DIFFERS = "games.announcement_differs"
SHORTEST_REASON = 10
Role = keys.Role
# Who announces: there are two issuers, and each has its own games.
ISSUERS = {
    Role.ISSUER_CWL: frozenset({"ssq", "qlc", "kl8", "fc3d"}),
    Role.ISSUER_CSL: frozenset({"dlt", "qxc", "pl3", "pl5"}),
}
MISSING, NUMBERS, SPECIAL, DECISION = "announcement", "numbers", "special", "decision"

alarms.register(kind=DIFFERS, title=_("An announcement differs from the rules"))


class NotAnnounced(Refused):
    """This draw pays by its own pool."""

    code = "draw_not_announced"
    message = _("Draw %(draw)s pays by its own pool. No announcement is imported for it.")


class AnnouncementTooEarly(Refused):
    """The draw is not held, or it is over."""

    code = "announced_after_the_draw"
    message = _(
        "Draw %(draw)s takes no announcement now: it is taken after the drawing and before the"
        " draw is settled."
    )


class OtherGame(Refused):
    """The file is about another game."""

    code, status = "announcement_other_game", 400
    message = _("This file is about the game %(found)s, not about %(wanted)s. Nothing was stored.")


class OtherDraw(Refused):
    """The file is about another issue."""

    code, status = "announcement_other_draw", 400
    message = _("This file is about issue %(found)s, not about %(wanted)s. Nothing was stored.")


class OtherNumbers(Refused):
    """The confirmed result has other numbers."""

    code = "announced_numbers_of_the_result"
    message = _(
        "The announcement has other numbers than the confirmed result of draw %(draw)s. Nothing was"
        " stored. Compare both with the minutes, and ask the issuer."
    )


class OtherDay(Refused):
    """The announcement is of another day than the draw."""

    code, status = "announcement_other_day", 400
    message = _("The announcement says it was drawn on %(found)s, the draw is of %(wanted)s.")


class SignatureBad(Refused):
    """Not signed by a registered key of this issuer, or altered since."""

    code, status = "announcement_signature_bad", 400
    message = _("%(why)s The file is refused, and nothing was stored.")


class StoredAlready(Refused):
    """The very same announcement is stored."""

    code = "announcement_stored_already"
    message = _("This announcement is stored already, as edition %(edition)s.")


class NotAnAnnouncer(Refused):
    """Only draw officials import and type announcements."""

    code, status = "announced_entry_by_an_official", 403
    message = _("Only a draw official imports announcements.")


class TypedOnce(Refused):
    """One person types once a round."""

    code, status = "announced_entry_once_per_person", 403
    message = _("You have typed this announcement. Another person types it now.")


class BeingPaid(Refused):
    """The draw is being settled by the announcement that counts."""

    code = "announced_before_it_is_counted"
    message = _(
        "Draw %(draw)s is being settled. A later edition is taken only while the settlement stands"
        " still."
    )


class NothingToDecide(Refused):
    """There is no difference, or it was decided on."""

    code = "announcement_nothing_to_decide"
    message = _("There is nothing to decide on draw %(draw)s.")


class DecisionReasonMissing(Refused):
    """A decision against the rules needs its reason."""

    code, status = "announcement_reason_missing", 400
    message = _("Please say in a sentence why it is paid as announced.")


class TypedByThem(Refused):
    """Who typed an announcement does not decide that the draw is paid by it."""

    code, status = "difference_by_others", 403
    message = _("You typed this announcement. Others decide whether the draw is paid by it.")


class OtherEdition(Refused):
    """What was asked for is about an earlier edition."""

    code = "announcement_other_edition"
    message = _("Another edition of the announcement counts meanwhile. Please look again.")


REFUSALS: dict[str, type[Refused]] = {
    "announced_after_the_draw": AnnouncementTooEarly,
    "announced_numbers_of_the_result": OtherNumbers,
    "announced_entry_by_an_official": NotAnAnnouncer,
    "announced_entry_once_per_person": TypedOnce,
    "announced_before_it_is_counted": BeingPaid,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """A file before anything is stored: what it says, who signed it, and how it compares."""

    told: Told
    comparison: Comparison
    key_id: str
    signer: str
    signature: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """What came of an entry: the first of its round, alike, or different from the first."""

    round: int
    is_second: bool
    announcement: IssuerAnnouncement | None

    @property
    def is_conflict(self) -> bool:
        """Two people typed different things; both type again."""
        return self.is_second and self.announcement is None


def issuer_of(draw: Draw) -> str:
    """The role whose keys sign the announcements of this draw's game."""
    return next(role for role, games in ISSUERS.items() if draw.game.rules_game in games)


def issuer_name(draw: Draw) -> str:
    """The issuer by the name under which he publishes."""
    return {
        Role.ISSUER_CWL: "中国福利彩票发行管理中心",
        Role.ISSUER_CSL: "国家体育总局体育彩票管理中心",
    }[Role(issuer_of(draw))]


def is_announced(draw: Draw) -> bool:
    """Whether the draw pays what its issuer announces."""
    return draw.mode == Draw.Mode.ANNOUNCED


def editions(draw: Draw) -> QuerySet[IssuerAnnouncement]:
    """Every announcement of the draw, the one that counts first."""
    found = IssuerAnnouncement.objects.filter(draw=draw).order_by("-edition")
    return found.select_related("decision", "imported_by")


def current(draw: Draw) -> IssuerAnnouncement | None:
    """The announcement that counts: the last edition."""
    return editions(draw).first()


def counting(draw: Draw) -> IssuerAnnouncement:
    """The same where there must be one: nothing is counted before."""
    found = current(draw)
    if found is None:
        raise LookupError(f"Nothing was announced of draw {draw.code}.")
    return found


def decision_of(announcement: IssuerAnnouncement) -> DifferenceDecision | None:
    """The decision of two people on its differences, if there is one."""
    return DifferenceDecision.objects.filter(announcement=announcement).first()


def told_by(announcement: IssuerAnnouncement) -> Told:
    """What an announcement says."""
    return issuer_file.read(announcement.body, rules.by_code(announcement.draw.rule.code))


def lacks(draw: Draw) -> str:
    """What the draw lacks before it can be settled by its announcement; "" when nothing."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT games_announced_lacks(%s)", [draw.pk])
        (lack,) = cursor.fetchone()
    return str(lack)


def compare(draw: Draw, told: Told) -> Comparison:
    """Hold what is told against the rules of the draw."""
    seal = SealStatement.objects.filter(draw=draw).first()
    return announced_table.compare(
        rules.by_code(draw.rule.code), told, own_sales_fen=seal.stake if seal else 0
    )


def look(*, draw: Draw, raw: bytes, now: datetime) -> Look:
    """Read a signed file for `draw` without storing anything, or raise a `Refused`.

    Says what is wrong in the order in which a person would look: file, game, issue, signature.
    """
    if not is_announced(draw):
        raise NotAnnounced(draw=draw.code)
    signed = issuer_file.unwrap(raw)
    _check_subject(draw, signed.game, signed.issue)
    key = _signer(draw, signed, now)
    told = issuer_file.read(signed.body, rules.by_code(draw.rule.code))
    _check_day(draw, told)
    if known := IssuerAnnouncement.objects.filter(draw=draw, digest=told.digest).first():
        raise StoredAlready(edition=known.edition)
    return Look(
        told=told,
        comparison=compare(draw, told),
        key_id=key.key_id,
        signer=str(key.get_role_display()),
        signature=base64.b64encode(signed.signature).decode("ascii"),
    )


def import_file(
    *, draw: Draw, raw: bytes, file_name: str, actor: User | None, now: datetime
) -> IssuerAnnouncement:
    """Store the announcement in a signed file as the next edition, or raise a `Refused`.

    However many import the same file at once, it is stored once.
    """
    if actor is not None and not _may_import(draw, actor, now):
        raise NotAnAnnouncer
    seen = look(draw=draw, raw=raw, now=now)
    return _stored(
        draw,
        seen.told,
        seen.comparison,
        actor=actor,
        now=now,
        source=IssuerAnnouncement.Source.FILE,
        file_name=file_name[-100:],
        key_id=seen.key_id,
        signature=seen.signature,
    )


def type_in(*, draw: Draw, official: User, body: str, now: datetime) -> Typed:
    """Record what `official` typed from paper, blind to the other entry (`issuer_file.compose`).

    Two equal entries of different persons are stored as the next edition; different ones are kept,
    and both type again.
    """
    if not is_announced(draw):
        raise NotAnnounced(draw=draw.code)
    if not _may_import(draw, official, now):
        raise NotAnAnnouncer
    told = issuer_file.read(body, rules.by_code(draw.rule.code))
    _check_subject(draw, told.game, told.issue)
    _check_day(draw, told)
    if known := IssuerAnnouncement.objects.filter(draw=draw, digest=told.digest).first():
        raise StoredAlready(edition=known.edition)
    comparison = compare(draw, told)
    try:
        return _type_in(draw, official, told, comparison, now=now)
    except IntegrityError as exc:
        raise _refusal(draw, exc) from exc


def take_numbers(*, draw: Draw, official: User, now: datetime) -> results.Entered:
    """Enter the numbers of the signed announcement as those that `official` stands for (F062).

    Two officials do so, as two would type; the result then says that it came from a signed file.
    """
    announcement = current(draw)
    if announcement is None or announcement.source != IssuerAnnouncement.Source.FILE:
        raise NotAnnounced(draw=draw.code)
    return results.enter(
        draw=draw,
        official=official,
        numbers=told_by(announcement).numbers,
        taken_from=announcement.digest,
        now=now,
    )


def has_typed(draw: Draw, official: User) -> bool:
    """Whether this person has typed in the round that is open."""
    entries = AnnouncedEntry.objects.filter(draw=draw).order_by("pk")
    people = list(entries.values_list("person_code", flat=True))
    return len(people) % 2 == 1 and people[-1] == who.person_code(official)


def has_typed_it(announcement: IssuerAnnouncement, user: User) -> bool:
    """Whether one of its two entries is this person's, who then has no say in what differs."""
    entries = [announcement.first_entry_id, announcement.second_entry_id]
    typed = AnnouncedEntry.objects.filter(pk__in=[pk for pk in entries if pk])
    return typed.filter(person_code=who.person_code(user)).exists()


def ask_for_decision(*, draw: Draw, reason: str, maker: User, now: datetime) -> approvals.Request:
    """Ask that the draw is paid as announced although the rules say otherwise; another decides."""
    announcement = current(draw)
    if announcement is None or not announcement.differences or decision_of(announcement):
        raise NothingToDecide(draw=draw.code)
    if len(reason.strip()) < SHORTEST_REASON:
        raise DecisionReasonMissing
    if has_typed_it(announcement, maker):
        raise TypedByThem
    return approvals.request(
        kind=KIND,
        payload={
            "draw": draw.code,
            "edition": announcement.edition,
            "announcement": announcement.digest,
            "differences": announcement.differences,
            "reason": reason.strip(),
        },
        maker=maker,
        now=now,
    )


@inside_transaction
def decide(
    *, payload: dict[str, Any], approval_code: str, actor: User | None, now: datetime
) -> DifferenceDecision:
    """Let the draw be paid as announced, as two people agreed; `OtherEdition` when it is late."""
    announcement = IssuerAnnouncement.objects.select_related("draw").get(
        draw__code=payload["draw"], digest=payload["announcement"]
    )
    try:
        with transaction.atomic():
            decision = DifferenceDecision.objects.create(
                announcement=announcement,
                draw=announcement.draw,
                reason=payload["reason"],
                approval_code=approval_code,
                decided_at=now,
            )
    except IntegrityError as exc:
        if violated(exc) in {
            "difference_of_the_last_edition", "games_differencedecision_announcement_id_key",
        }:  # fmt: skip
            raise OtherEdition from exc
        if violated(exc) == "difference_by_others":
            raise TypedByThem from exc
        raise
    trail.record(
        action="games.difference_decided",
        actor=actor,
        object_type="draw",
        object_code=announcement.draw.code,
        body={**payload, "approval": approval_code},
    )
    alarms.settle(kind=DIFFERS, object_type="draw", object_code=announcement.draw.code, now=now)
    return decision


def check_signature(announcement: IssuerAnnouncement) -> None:
    """Raise `SignatureBad` when the issuer did not sign the words that are stored."""
    try:
        signature = base64.b64decode(announcement.signature, validate=True)
    except ValueError as exc:
        raise SignatureBad(why=_("The signature is none.")) from exc
    signed = issuer_file.Signed(
        body=announcement.body,
        key_id=announcement.key_id,
        algorithm=issuer_file.ALGORITHM,
        signature=signature,
    )
    _signer(announcement.draw, signed, announcement.recorded_at)


# What is checked before anything is stored


def _check_subject(draw: Draw, game: str, issue: str) -> None:
    if game != draw.game.code:
        raise OtherGame(found=game[:20] or "?", wanted=draw.game.code)
    if issue != draw.issue:
        raise OtherDraw(found=issue[:20] or "?", wanted=draw.issue)


def _check_day(draw: Draw, told: Told) -> None:
    day = in_shanghai(draw.draws_at).date()
    if told.drawn_on != day:
        raise OtherDay(found=told.drawn_on.isoformat(), wanted=day.isoformat())


def _signer(draw: Draw, signed: issuer_file.Signed, now: datetime) -> SigningKey:
    try:
        key = keys.check(
            key=signed.key_id, signature=signed.signature, message=signed.body.encode(), at=now
        )
    except Refused as refusal:
        raise SignatureBad(why=str(refusal)) from refusal
    if key.role != issuer_of(draw):
        why = _("The key %(key)s is not one of the issuer of this game.") % {"key": key.key_id}
        raise SignatureBad(why=why)
    return key


def _may_import(draw: Draw, actor: User, now: datetime) -> bool:
    allowed = {results.ROLE, results.DRILL_ROLE} if draw.is_shadow else {results.ROLE}
    return any(allowed & set(held.post.roles) for held in who.postings(actor, now))


def _refusal(draw: Draw, exc: IntegrityError) -> Exception:
    name = violated(exc)
    if name in {"issuer_announcement_content_once", "announced_in_editions"}:
        latest = current(draw)
        return StoredAlready(edition=latest.edition if latest else 1)
    if refusal := REFUSALS.get(name):
        return refusal(draw=draw.code)
    return exc


# Storing


def _stored(
    draw: Draw, told: Told, comparison: Comparison, *, actor: User | None, now: datetime, **how: Any
) -> IssuerAnnouncement:
    try:
        return _import(draw, told, comparison, actor=actor, now=now, **how)
    except IntegrityError as exc:
        raise _refusal(draw, exc) from exc


@door
def _import(
    draw: Draw, told: Told, comparison: Comparison, *, actor: User | None, now: datetime, **how: Any
) -> IssuerAnnouncement:
    return _keep(draw, told, comparison, actor=actor, now=now, **how)


@inside_transaction
def _keep(
    draw: Draw, told: Told, comparison: Comparison, *, actor: User | None, now: datetime, **how: Any
) -> IssuerAnnouncement:
    """The next edition, the special rule of the draw, the trail; an alarm when it differs."""
    Draw.objects.select_for_update(no_key=True).get(pk=draw.pk)  # importers queue here
    differences = comparison.differences
    announcement = IssuerAnnouncement.objects.create(
        draw=draw,
        edition=IssuerAnnouncement.objects.filter(draw=draw).count() + 1,
        body=told.body,
        digest=told.digest,
        differences=differences,
        imported_by=actor,
        recorded_at=now,
        **how,
    )
    Draw.objects.filter(pk=draw.pk).exclude(special_on=told.special_on).update(
        special_on=told.special_on
    )
    draw.special_on = told.special_on
    trail.record(
        action="games.announcement_imported",
        actor=actor,
        object_type="draw",
        object_code=draw.code,
        body={
            "edition": announcement.edition,
            "digest": announcement.digest,
            "source": announcement.source,
            "key": announcement.key_id,
            "differences": differences,
            "is_checked": comparison.is_whole,
        },
    )
    about = {"kind": DIFFERS, "object_type": "draw", "object_code": draw.code}
    if differences:
        alarms.raise_alarm(
            facts={"edition": announcement.edition, "differences": len(differences)},
            now=now,
            **about,
        )
    else:
        alarms.settle(now=now, **about)
    return announcement


@door
def _type_in(
    draw: Draw, official: User, told: Told, comparison: Comparison, *, now: datetime
) -> Typed:
    Draw.objects.select_for_update(no_key=True).get(pk=draw.pk)
    typed: Sequence[AnnouncedEntry] = list(AnnouncedEntry.objects.filter(draw=draw).order_by("pk"))
    number = len(typed) // 2 + 1
    first = typed[-1] if len(typed) % 2 else None
    entry = AnnouncedEntry.objects.create(
        draw=draw,
        round=number,
        official=official,
        person_code="",  # the database fills it in
        body=told.body,
        entered_at=now,
    )
    announcement = None
    if first is not None and _typed_alike(first, entry):
        announcement = _keep(
            draw,
            told,
            comparison,
            actor=official,
            now=now,
            source=IssuerAnnouncement.Source.TYPED,
            first_entry=first,
            second_entry=entry,
        )
    deeds = {True: "games.announcement_typed_twice", False: "games.announcement_conflict"}
    trail.record(
        action="games.announcement_typed" if first is None else deeds[announcement is not None],
        actor=official,
        object_type="draw",
        object_code=draw.code,
        body={"round": number},
    )
    return Typed(round=number, is_second=first is not None, announcement=announcement)


def _typed_alike(first: AnnouncedEntry, second: AnnouncedEntry) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT games_announced_alike(%s, %s)", [first.pk, second.pk])
        (alike,) = cursor.fetchone()
    return bool(alike)
