"""What a winner sees of his prizes: which wait, what is deducted, what comes next, and by whom.

Everything here is read for its owner alone; pages and API show the same facts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext, pgettext_lazy

from accounts.models import Player
from audit import policies
from finance import prize_tax, prize_transfers
from lottery_portal.lib.dates import written
from lottery_portal.lib.errors import Refused
from lottery_portal.lib.money import yuan
from prizes.claim_models import Claim, PrizeEnd
from prizes.models import Prize

from . import claims, delays, limits, paper_names, papers, queue, refusal, remote, routing
from .routing import Place

State = Claim.State
WAY = (
    State.OPENED, State.CHECKED, State.COMPLETE, State.SIGNED, State.APPROVED, State.PAID,
)  # fmt: skip


_OPEN = Q(end__isnull=True) | Q(end__claim__state=State.PAYING)  # the bank has not said yet


class NoSuchPrize(Refused):
    """No prize of this player under this ticket."""

    code, status = "prize_unknown", 404
    message = gettext_lazy("There is no such prize of yours.")


@dataclass(frozen=True, kw_only=True)
class Deductions:
    """What of a prize is withheld, and why: figures in fen, `rate` in hundredths of a percent.

    `parts` are the prizes of one person in one draw of a game that are added up. `is_final`: it
    was paid so; before that the figures of today stand here. Of one that lapsed nothing is paid.
    """

    parts: tuple[tuple[str, int], ...]
    exempt: int
    rate: int
    amount: int
    tax: int
    is_final: bool
    is_lapsed: bool = False

    @property
    def together(self) -> int:
        """The sum that is held against the exempt amount."""
        return sum(fen for _ticket, fen in self.parts)

    @property
    def net(self) -> int:
        """What is paid out."""
        return 0 if self.is_lapsed else self.amount - self.tax

    @property
    def percent(self) -> str:
        """The rate as people write it."""
        return f"{self.rate / 100:g}%"


@dataclass(frozen=True, kw_only=True)
class Own:
    """A prize as its owner sees it: `claim` is the last one, `end` how it ended, if it did."""

    prize: Prize
    place: Place
    claim: Claim | None
    end: PrizeEnd | None

    @property
    def is_over(self) -> bool:
        """Whether nothing more will happen: paid, lapsed, or in the balance from the first."""
        return self.place == Place.WALLET or self.end is not None

    @property
    def is_under_way(self) -> bool:
        """Whether a claim works towards its payment, or the bank has the money."""
        if self.claim is None or self.claim.state in Claim.OVER:
            return False
        return self.end is None or self.claim.state == State.PAYING


@dataclass(frozen=True, kw_only=True)
class Turn:
    """Whose turn it is, in a sentence; `deed` names what the winner himself may do now."""

    text: str
    deed: str = ""

    @property
    def is_his(self) -> bool:
        """Whether all waits for the winner."""
        return bool(self.deed)


def prizes_of(player: Player) -> QuerySet[Prize]:
    """Every prize a player ever won, newest first; of a draw that is public."""
    return (
        Prize.objects.filter(owner=player, amount__gt=0)
        .filter(draw__state__in=("PUBLISHED", "ARCHIVED"))
        .select_related(
            "ticket", "draw__game", "draw__rule", "draw__settlement", "owner__user", "owner__person"
        )
        .order_by("-pk")
    )


def waiting(player: Player) -> QuerySet[Prize]:
    """Those that are not over; one on its way to the bank is not."""
    return prizes_of(player).filter(_OPEN, route=Prize.Route.CENTRE)


def over(player: Player) -> QuerySet[Prize]:
    """Those that are: in the balance from the first, paid, lapsed."""
    return prizes_of(player).filter(Q(route=Prize.Route.WALLET) | ~_OPEN)


def find(player: Player, ticket_code: str) -> Own:
    """A player's own prize by the number of its ticket, or `NoSuchPrize`."""
    prize = prizes_of(player).filter(ticket__code=ticket_code).first()
    if prize is None:
        raise NoSuchPrize
    (one,) = read([prize])
    return one


def read(prizes: list[Prize]) -> list[Own]:
    """Prizes with their claims and ends."""
    keys = [prize.pk for prize in prizes]
    ends = {end.prize_id: end for end in PrizeEnd.objects.filter(prize__in=keys)}
    last = {
        claim.prize_id: claim
        for claim in Claim.objects.filter(prize__in=keys).shown().order_by("pk")
    }
    return [
        Own(
            prize=prize,
            place=routing.of(prize),
            claim=last.get(prize.pk),
            end=ends.get(prize.pk),
        )
        for prize in prizes
    ]


def deductions(own: Own, *, now: datetime) -> Deductions:
    """What is withheld of this prize, worked out from all that its owner won in the draw."""
    prize, end = own.prize, own.end
    parts = (
        Prize.objects.filter(draw=prize.draw_id, owner=prize.owner_id, amount__gt=0)
        .order_by("ticket_id")
        .values_list("ticket__code", "amount")
    )
    exempt = int(policies.read(prize_tax.EXEMPT, at=now))
    rate = int(policies.read(prize_tax.RATE, at=now))
    if end is not None:
        tax = end.tax
        if row := prize_tax.withheld(end.entry_reference):
            exempt, rate = row.exempt, row.rate
    elif own.place == Place.WALLET:
        tax = 0
    elif own.is_under_way and own.claim is not None and own.claim.method:
        tax = own.claim.tax
    else:
        tax = prize_tax.foresee(**claims.tax_facts(prize), now=now)
    return Deductions(
        parts=tuple(parts),
        exempt=exempt,
        rate=rate,
        amount=prize.amount,
        tax=tax,
        is_final=own.is_over,
        is_lapsed=end is not None and end.kind == PrizeEnd.Kind.FORFEITED,
    )


def turn(own: Own, *, deadline: limits.Deadline | None) -> Turn:
    """Whose turn it is."""
    claim = own.claim
    if own.is_over and not own.is_under_way:
        return Turn(text=_ended(own))
    if claim is None or claim.state == State.WITHDRAWN:
        return _to_claim(is_again=claim is not None, deadline=deadline)
    step = queue.next_step(claim)
    if step is None:
        return Turn(text=_("Your claim was refused. You may claim the prize again."), deed="open")
    if step.deed == "check" and claim.way == Claim.Way.REMOTE:
        return _papers_or_officer(claim)
    return Turn(text=str(_TURNS[step.deed]), deed=_HIS.get(step.deed, ""))


def _to_claim(*, is_again: bool, deadline: limits.Deadline | None) -> Turn:
    if deadline is not None and deadline.is_held:
        return Turn(text=_("The prize is held. It can be claimed when the hold is lifted."))
    if is_again:
        return Turn(text=_("You took your claim back. The prize waits for you again."), deed="open")
    return Turn(text=_("It waits for you to claim it."), deed="open")


def _papers_or_officer(claim: Claim) -> Turn:
    if kinds := papers.missing(claim, papers.TO_PAY):
        names = _("; ").join(str(remote.KINDS.get(kind, paper_names.name(kind))) for kind in kinds)
        text = _("Papers are missing: %(papers)s. Please send them.") % {"papers": names}
        return Turn(text=text, deed="papers")
    return Turn(text=_("An officer is looking at your papers."))


def word(own: Own) -> tuple[str, str]:
    """The tone and the word of the tag beside a prize."""
    state = State(own.claim.state) if own.claim is not None else None
    if own.end is not None and own.end.kind == PrizeEnd.Kind.FORFEITED:
        return "draft", pgettext("of a prize", "Lapsed")
    if own.place == Place.WALLET:
        return "done", _("In the balance")
    if own.end is not None and state not in {State.RECOVERED, State.PAYING}:
        return "done", pgettext("of a prize", "Paid")
    tone, said = _TAGS.get(state, ("waiting", _BEING_WORKED_ON))
    return tone, str(said)


def timeline(own: Own, *, deadline: limits.Deadline | None) -> list[dict[str, Any]]:
    """What happened to a prize and what comes, each step with its time."""
    prize, claim = own.prize, own.claim
    won = _("%(amount)s yuan") % {"amount": yuan(prize.amount)}
    steps = [_step("done", pgettext("step of a prize", "Won"), prize.settled_at, won)]
    if own.place == Place.WALLET:
        return [*steps, _step("done", _("Paid into the balance"), prize.settled_at)]
    if claim is not None:
        steps += _of_claim(claim, deadline)
        if claim.state == State.WITHDRAWN and own.end is not None:
            steps.pop()  # it waits for no claim any more
    elif own.end is None:
        steps.append(_step("now", _("It waits for your claim"), None, _until(deadline)))
        steps += [_step("todo", str(_COMING[state])) for state in WAY[1:]]
    if own.end is not None and own.end.kind == PrizeEnd.Kind.FORFEITED:
        text = _("Nobody claimed it in time. It went to the public-welfare fund.")
        steps.append(_step("halted", pgettext("of a prize", "Lapsed"), own.end.ended_at, text))
    return steps


def _of_claim(claim: Claim, deadline: limits.Deadline | None) -> list[dict[str, Any]]:
    rows = list(claim.steps.order_by("number"))
    at = {row.to_state: row.at for row in rows}
    if claim.state == State.REFUSED:
        return _refused(rows, at)
    if claim.state == State.WITHDRAWN:
        taken = [_step("done", str(_DONE[one]), at[one]) for one in WAY if one in at]
        return [
            *taken,
            _step("halted", pgettext("of a claim", "Withdrawn by you"), at[State.WITHDRAWN]),
            _step("now", _("It waits for your claim"), None, _until(deadline)),
        ]
    stands = State.APPROVED if claim.state == State.PAYING else State(claim.state)
    place = WAY.index(stands) if stands in WAY else len(WAY) - 1
    steps = [_step("done", str(_DONE[one]), at.get(one)) for one in WAY[: place + 1]]
    coming = WAY[place + 1 :]
    if claim.state == State.PAYING:
        steps.append(_step("now", _("The bank has it"), at.get(State.PAYING)))
    elif coming:
        steps.append(_step("now", str(_COMING[coming[0]]), None, _due(claim)))
        steps += [_step("todo", str(_COMING[state])) for state in coming[1:]]
    if came_back(claim):
        steps.append(_step("done", _("Sent back by the bank, into your balance")))
    if claim.state == State.RECOVERED:
        why = next(row.body.get("reason", "") for row in rows if row.to_state == State.RECOVERED)
        steps.append(
            _step("halted", pgettext("of a claim", "Taken back"), at.get(State.RECOVERED), why)
        )
    return steps


def _refused(rows: list[Any], at: Mapping[str, datetime]) -> list[dict[str, Any]]:
    last = next(row for row in reversed(rows) if row.to_state == "REFUSED" != row.from_state)
    place = WAY.index(State(last.from_state))
    steps = [_step("done", str(_DONE[one]), at.get(one)) for one in WAY[: place + 1]]
    why = _("%(name)s: %(text)s") % {
        "name": last.body.get("clause", ""),
        "text": last.body.get("reason", ""),
    }
    steps.append(_step("halted", pgettext("of a claim", "Refused"), last.at, why))
    for row in rows:
        if row.number <= last.number:
            continue
        if objection := row.body.get("objection"):
            steps.append(_step("done", _("You objected"), row.at, objection))
        elif dismissed := row.body.get("dismissed"):
            steps.append(_step("halted", _("Objection not upheld"), row.at, dismissed))
    if "objection" in rows[-1].body:
        steps.append(_step("now", _("Your objection is being heard")))
    return steps


def came_back(claim: Claim) -> bool:
    """Whether the bank sent the transfer of a paid claim back: its money lies in the balance."""
    if claim.method != Claim.Method.TRANSFER or claim.state not in {State.PAID, State.ARCHIVED}:
        return False
    paid = claim.steps.filter(to_state=State.PAID).order_by("-number").first()
    outcome = paid.body.get("outcome") if paid else None
    return outcome is not None and outcome != prize_transfers.State.PAID


def refusal_of(claim: Claim) -> Mapping[str, Any] | None:
    """Clause and reason of the refusal of a refused claim, and until when he may object."""
    if claim.state != State.REFUSED:
        return None
    row = (
        claim.steps.filter(to_state=State.REFUSED)
        .exclude(from_state=State.REFUSED)
        .order_by("-number")
        .first()
    )
    if row is None:
        return None
    return {**row.body, "at": row.at, "until": refusal.last_day_to_object(claim)}


def _step(state: str, title: str, at: datetime | None = None, text: str = "") -> dict[str, Any]:
    return {"state": state, "title": title, "at": at, "text": text}


def _until(deadline: limits.Deadline | None) -> str:
    if deadline is None or deadline.is_held:
        return ""
    return _("until %(day)s, 23:59:59") % {"day": written(deadline.last_day, "year_weekday")}


def _due(claim: Claim) -> str:
    promised = delays.day_of(claim)
    if promised is None:
        return ""
    return _("To be paid by %(day)s.") % {"day": written(promised, "year_weekday")}


def _ended(own: Own) -> str:
    if own.place == Place.WALLET:
        return _("It was paid into your balance when the draw was settled.")
    if own.claim is not None and own.claim.state == State.RECOVERED:
        return _("This prize was taken back.")
    if own.end is not None and own.end.kind == PrizeEnd.Kind.FORFEITED:
        return _("Nobody claimed it in time. It went to the public-welfare fund.")
    if own.claim is not None and came_back(own.claim):
        return _("The bank sent the transfer back. The money is in your balance.")
    return _("This prize is paid. There is nothing more to do.")


_DONE: Mapping[State, Any] = {
    State.OPENED: gettext_lazy("Claim opened"),
    State.CHECKED: gettext_lazy("Ticket and identity checked"),
    State.COMPLETE: gettext_lazy("Figures settled"),
    State.SIGNED: gettext_lazy("Confirmation signed by you"),
    State.APPROVED: gettext_lazy("Payment approved"),
    State.PAID: gettext_lazy("Prize paid"),
}
_COMING: Mapping[State, Any] = {
    State.CHECKED: gettext_lazy("An officer checks ticket and identity"),
    State.COMPLETE: gettext_lazy("The officer settles the figures"),
    State.SIGNED: gettext_lazy("You read and sign the confirmation"),
    State.APPROVED: gettext_lazy("Other people approve the payment"),
    State.PAID: gettext_lazy("The prize is paid"),
}
_TURNS: Mapping[str, Any] = {
    "check": gettext_lazy("Please come to the prize centre with your identity paper."),
    "complete": gettext_lazy("Your papers are checked. An officer settles the figures."),
    "sign": gettext_lazy("The figures are settled. Please read and sign the confirmation."),
    "ask": gettext_lazy("You have signed. An officer asks for the approval of the payment."),
    "decide": gettext_lazy("You have signed. Other people look at the payment and approve it."),
    "pay": gettext_lazy("The payment is approved. A cashier pays it."),
    "wait": gettext_lazy("The money is on its way to your bank."),
    "archive": gettext_lazy("This prize is paid. There is nothing more to do."),
    "object": gettext_lazy("Your claim was refused. You may object, or claim the prize again."),
    "hear": gettext_lazy("Somebody who had no part in the refusal hears your objection."),
}
_HIS = {"sign": "sign", "object": "object"}
_BEING_WORKED_ON = gettext_lazy("Being worked on")
_TAGS: Mapping[State | None, tuple[str, Any]] = {
    None: ("attention", gettext_lazy("To be claimed")),
    State.COMPLETE: ("attention", gettext_lazy("To be signed")),
    State.PAYING: ("waiting", pgettext_lazy("of a prize", "On its way to your bank")),
    State.REFUSED: ("wrong", pgettext_lazy("of a claim", "Refused")),
    State.RECOVERED: ("wrong", pgettext_lazy("of a claim", "Taken back")),
    State.WITHDRAWN: ("attention", gettext_lazy("To be claimed")),
}
