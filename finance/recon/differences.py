"""Where books and bank disagree: each is a case, with an owner, a day, and escalation (F121).

A difference ends when both sides have the same after all, or by a person who says what was found
and, where the books were wrong, which entry put them right. Its case ends with it, not before.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db import IntegrityError
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from audit import trail
from finance import account_words, cases, ledger
from finance.models import Account, Case, Difference, StatementLine
from lottery_portal.lib import dates
from lottery_portal.lib.db import door, inside_transaction, violated
from lottery_portal.lib.errors import Refused
from lottery_portal.lib.money import yuan

Kind = Difference.Kind
State = Difference.State
ROLES = frozenset({"treasurer", "cashier"})
OBJECT = "difference"


class DifferenceUnknown(Refused):
    """No such difference that is still open."""

    code, status = "difference_unknown", 404
    message = _("There is no such open difference.")


class ResolutionMissing(Refused):
    """Resolved without a word."""

    code, status = "difference_resolution_missing", 400
    message = _("Please write down what you found and what was done.")


class CorrectionNeeded(Refused):
    """Words alone do not put an amount right."""

    code = "difference_correction_missing"
    message = _("Please name the entry of the books that put this right.")


class CorrectionDoesNotFit(Refused):
    """The entry named moves something else on this account."""

    code = "difference_correction_wrong"
    message = _("This entry does not move what differs on this account, to the fen.")


class StillOpen(Refused):
    """The case of a difference ends with it."""

    code = "difference_still_open"
    message = _("This difference is still open. Resolve it on its own page; its case ends with it.")


_REFUSALS: dict[str, type[Refused]] = {
    "difference_put_right_to_the_fen": CorrectionDoesNotFit,
    "difference_correction_once": CorrectionDoesNotFit,
    "difference_stands": DifferenceUnknown,
}
# What stays wrong in the books until an entry corrects it.
NEEDS_ENTRY = frozenset({Kind.AMOUNT, Kind.NOT_THERE, Kind.LEVEL})


@inside_transaction
def found(
    *,
    kind: str,
    natural_key: str,
    account: Account,
    booked_fen: int,
    stated_fen: int,
    owner: Any,
    now: datetime,
    line: StatementLine | None = None,
    reference: str = "",
) -> Difference:
    """Write down a difference and open its case, once by its natural key."""
    if known := Difference.objects.filter(natural_key=natural_key).first():
        return known
    difference = Difference(
        natural_key=natural_key,
        kind=kind,
        account=account,
        line=line,
        reference=reference,
        booked=booked_fen,
        stated=stated_fen,
        opened_at=now,
    )
    facts = _facts(difference)
    difference.case = cases.open_(
        kind=case_kind(kind),
        object_type=OBJECT,
        object_code=difference.code,
        facts=facts,
        owner=owner,
        now=now,
    )
    difference.save(force_insert=True)
    trail.record(
        action="finance.difference_found",
        actor=None,
        object_type="difference",
        object_code=difference.code,
        body=facts,
    )
    return difference


def resolve(
    *, code: str, actor: Any, resolution: str, correction: str = "", now: datetime
) -> Difference:
    """Say how a difference ended; where the books were wrong, by which entry they are right now.

    Refuses an entry that does not move just what differed on that account, and anybody but the
    owner of its case.
    """
    if not resolution.strip():
        raise ResolutionMissing
    try:
        return _resolve_by(code, actor, resolution.strip(), correction.strip(), now)
    except IntegrityError as exc:
        if refusal := _REFUSALS.get(violated(exc)):
            raise refusal from exc
        raise


@inside_transaction
def settled(difference: Difference, *, why: str, now: datetime, correction: str = "") -> None:
    """The difference is gone: what was missing has come, or others agreed to what puts it right."""
    _end(difference, actor=None, resolution=why, correction=correction, now=now)


def open_ones() -> QuerySet[Difference]:
    """All that are open, the most urgent first."""
    rows = Difference.objects.filter(state=State.OPEN)
    return rows.select_related("account", "case__owner", "line").order_by("case__due_on", "pk")


def open_until(day: date) -> QuerySet[Difference]:
    """Those that are open about the days up to this one."""
    found_later = datetime.combine(day + timedelta(days=1), time.min, dates.SHANGHAI)
    return open_ones().filter(
        Q(line__booked_on__lte=day) | Q(line__isnull=True, opened_at__lt=found_later)
    )


def ended_ones() -> QuerySet[Difference]:
    """All that were resolved, the latest first."""
    rows = Difference.objects.filter(state=State.RESOLVED)
    return rows.select_related("account", "case__owner").order_by("-resolved_at", "-pk")


def find(code: str) -> Difference:
    """One difference, or `DifferenceUnknown`."""
    rows = Difference.objects.select_related(
        "account", "case__owner", "resolved_by", "line__statement"
    )
    difference = rows.filter(code=code).first()
    if difference is None:
        raise DifferenceUnknown
    return difference


@door
def _resolve_by(
    code: str, actor: Any, resolution: str, correction: str, now: datetime
) -> Difference:
    difference = _locked(code)
    if difference.kind in NEEDS_ENTRY and not correction:
        raise CorrectionNeeded
    if correction and ledger.entry_of(correction) is None:
        raise CorrectionDoesNotFit
    _end(difference, actor=actor, resolution=resolution, correction=correction, now=now)
    difference.refresh_from_db()
    return difference


def _end(
    difference: Difference, *, actor: Any, resolution: str, correction: str, now: datetime
) -> None:
    ended = Difference.objects.filter(pk=difference.pk, state=State.OPEN).update(
        state=State.RESOLVED,
        resolution=resolution[:500],
        correction=correction,
        resolved_by=actor,
        resolved_at=now,
    )
    if not ended:
        return
    trail.record(
        action="finance.difference_resolved",
        actor=actor,
        object_type="difference",
        object_code=difference.code,
        body={"resolution": resolution[:500], "correction": correction},
    )
    cases.settle(
        kind=case_kind(difference.kind),
        object_type=OBJECT,
        object_code=difference.code,
        resolution=resolution,
        actor=actor,
        now=now,
    )


def _locked(code: str) -> Difference:
    difference = (
        Difference.objects.select_for_update(no_key=True)
        .filter(code=code, state=State.OPEN)
        .first()
    )
    if difference is None:
        raise DifferenceUnknown
    return difference


def _facts(difference: Difference) -> dict[str, Any]:
    return {
        "kind": difference.kind,
        "account": difference.account.code,
        "line": difference.line.code if difference.line else "",
        "reference": difference.reference,
        "booked_fen": difference.booked,
        "stated_fen": difference.stated,
    }


def case_kind(kind: str) -> str:
    """What the cases of a kind of difference are called."""
    return f"finance.difference_{kind.lower()}"


def _stays_open(case: Case, _actor: Any, _now: datetime) -> None:
    if Difference.objects.filter(case=case, state=State.OPEN).exists():
        raise StillOpen


def _words(case: Case) -> Sequence[tuple[str, str]]:
    facts = case.facts
    rows = [
        (_now("Account"), account_words.named(facts["account"])),
        (_now("In the books"), _yuan(facts["booked_fen"])),
        (_now("At the bank"), _yuan(facts["stated_fen"])),
        (_now("Differs by"), _yuan(facts["stated_fen"] - facts["booked_fen"])),
    ]
    return [*rows, (_now("Entry reference"), facts["reference"])] if facts["reference"] else rows


def _yuan(fen: int) -> str:
    return _now("%(amount)s yuan") % {"amount": yuan(fen)}


def _address(case: Case) -> str:
    return reverse("finance:desk_difference", args=[case.object_code])


for _kind in Kind:
    cases.register(
        cases.Kind(
            name=case_kind(_kind),
            title=_kind.label,
            roles=ROLES,
            words=_words,
            resolved=_stays_open,
            address=_address,
            ends_there=True,
        )
    )
