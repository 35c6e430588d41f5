"""Staff pages: statements and their matches, differences, registers of accounts, proof of funds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages as notes
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import permission, step_up, who
from audit import approvals, people
from finance import bank_accounts, cases, ledger, payouts, recalls
from finance.ledger import AccountKind, EntryKind
from finance.models import Difference, HouseBank, StatementLine, Withdrawal
from finance.recon import came_back, differences, house_banks, levels, matching, proof, statements
from finance.recon.forms import (
    HouseBankForm,
    MatchForm,
    PayoutForm,
    ResolutionForm,
    StatementForm,
)
from lottery_portal.lib import codes, dates
from lottery_portal.lib.errors import Refused, refuse

ROWS = 50
PROOFS = 30
OFFERED = 5  # entries that a line may be
# Lines of another amount than was booked, and an entry has set that right.
PUT_RIGHT = Q(
    lines__differences__kind=Difference.Kind.AMOUNT,
    lines__differences__state=Difference.State.RESOLVED,
)
State = Difference.State
Kind = Difference.Kind


@never_cache
@require_GET
def desk_statements(request: HttpRequest) -> HttpResponse:
    """Every account beside its bank, the statements that came, and a file to take in."""
    now = timezone.now()
    known = [account.code for account in statements.accounts()]
    may_take = permission.may(request.user, "finance:desk_statement_take", now)
    chosen = request.GET.get("account", "")
    found = statements.all_of(chosen if chosen in known else "").annotate(
        matched=Count("lines__match", distinct=True),
        put_right=Count("lines__differences", filter=PUT_RIGHT, distinct=True),
    )
    page = Paginator(found, ROWS).get_page(request.GET.get("page"))
    return render(
        request,
        "desk/statements.html",
        {
            "nav": "statements",
            "levels": [_level(account) for account in statements.accounts()],
            "rows": [_statement_row(row) for row in page.object_list],
            "page": page,
            "chosen": chosen if chosen in known else "",
            "query": urlencode({"account": chosen}) if chosen in known else "",
            "may_take": may_take,
            "open_count": differences.open_ones().count(),
        },
    )


@never_cache
@require_http_methods(["GET", "POST"])
@step_up.required
def desk_statement_take(request: HttpRequest) -> HttpResponse:
    """Take in a file of a bank or provider."""
    known = [account.code for account in statements.accounts()]
    form = StatementForm(request.POST or None, request.FILES or None, accounts=known)
    status = 400 if form.is_bound else 200
    if form.is_valid():
        asked = form.cleaned_data
        try:
            taken = statements.take(
                account=asked["account"],
                form=asked["form"],
                file_name=asked["file"].name,
                content=asked["file"].read(statements.LARGEST + 1),
                actor=request.user,
                now=timezone.now(),
            )
        except Refused as refusal:
            status = refuse(form, refusal)
        else:
            notes.success(
                request,
                _("Taken in: %(lines)s lines, and the file adds up to the fen.")
                % {"lines": taken.lines_count},
            )
            return redirect("finance:desk_statement", code=taken.code)
    context = {"nav": "statements", "form": form}
    return render(request, "desk/statement_take.html", context, status=status)


@never_cache
@require_GET
def desk_statement(request: HttpRequest, code: str) -> HttpResponse:
    """One statement, line by line, each with the entry it is."""
    try:
        found = statements.find(code)
    except Refused as refusal:
        raise Http404 from refusal
    is_open_only = request.GET.get("show") == "open"
    lines = StatementLine.objects.filter(statement=found).select_related("match", "account")
    left = matching.left_open(lines)
    page = Paginator((left if is_open_only else lines).order_by("position"), ROWS).get_page(
        request.GET.get("page")
    )
    may_match = permission.may(request.user, "finance:desk_statement_match", timezone.now())
    open_lines = [line for line in page.object_list if not hasattr(line, "match")]
    offered = matching.fitting(open_lines) if may_match else {}
    brought_up = {
        row.line_id: row
        for row in Difference.objects.filter(line__in=[line.pk for line in page.object_list])
    }
    return render(
        request,
        "desk/statement.html",
        {
            "nav": "statements",
            "statement": found,
            "shown_code": codes.shown(found.code),
            "chips": [
                {"name": _("All lines"), "url": "?", "is_on": not is_open_only},
                {"name": _("Not matched"), "url": "?show=open", "is_on": is_open_only},
            ],
            "rows": [
                _line_row(line, brought_up.get(line.pk), offered.get(line.pk, []))
                for line in page.object_list
            ],
            "page": page,
            "query": "show=open" if is_open_only else "",
            "open_count": left.count(),
            "may_match": may_match,
        },
    )


@require_POST
@step_up.required
def desk_statement_match(request: HttpRequest) -> HttpResponse:
    """Say that a line is an entry of the books."""
    form = MatchForm(request.POST)
    line = StatementLine.objects.filter(code=request.POST.get("line", "")).first()
    if line is None:
        raise Http404
    if not form.is_valid():
        notes.error(request, _("Please name the entry."))
    else:
        try:
            matching.by_hand(actor=request.user, now=timezone.now(), **form.cleaned_data)
        except Refused as refusal:
            notes.error(request, str(refusal))
        else:
            notes.success(request, _("Matched."))
    return redirect("finance:desk_statement", code=line.statement.code)


@never_cache
@require_GET
def desk_differences(request: HttpRequest) -> HttpResponse:
    """Where books and bank disagree, the most urgent first."""
    is_closed = request.GET.get("show") == "resolved"
    found = differences.ended_ones() if is_closed else differences.open_ones()
    page = Paginator(found, ROWS).get_page(request.GET.get("page"))
    today = dates.in_shanghai(timezone.now()).date()
    return render(
        request,
        "desk/differences.html",
        {
            "nav": "differences",
            "is_closed": is_closed,
            "chips": [
                {"name": _("Open"), "url": "?", "is_on": not is_closed},
                {"name": _("Resolved"), "url": "?show=resolved", "is_on": is_closed},
            ],
            "rows": [_difference_row(row, today) for row in page.object_list],
            "page": page,
            "query": "show=resolved" if is_closed else "",
        },
    )


@never_cache
@require_http_methods(["GET", "POST"])
def desk_difference(request: HttpRequest, code: str) -> HttpResponse:
    """One difference: what differs, whose it is, and for a treasurer how it ends."""
    try:
        found = differences.find(code)
    except Refused as refusal:
        raise Http404 from refusal
    now = timezone.now()
    may_act = found.state == State.OPEN and cases.may_handle(
        found.case, who.roles(request.user, now)
    )
    needs_entry = found.kind in differences.NEEDS_ENTRY
    fitting = matching.correcting(found) if may_act and needs_entry else []
    form = ResolutionForm(
        request.POST if request.POST.get("action") == "resolve" else None,
        initial={"correction": fitting[0] if len(fitting) == 1 else ""},
    )
    asked = recalls.asked_with(found.line.code) if found.line else None
    way_on = _way_on(found)
    offered = came_back.fitting(found) if may_act and not asked and not way_on else []
    payout_form = PayoutForm(
        request.POST if request.POST.get("action") == "payout" else None,
        payouts=[(one.code, _payout_words(found, one)) for one in offered],
    )
    status = 200
    if request.method == "POST":
        if first := step_up.before_deed(request, may=may_act):
            return first
        if payout_form.is_bound:
            status = _ask_return(request, found, payout_form)
        else:
            status = _end_difference(request, found, form)
        if status == 200:  # noqa: PLR2004 - the deed was done
            return redirect("finance:desk_difference", code=code)
    today = dates.in_shanghai(now).date()
    context = {
        "nav": "differences",
        "difference": found,
        "shown_code": codes.shown(found.code),
        "row": _difference_row(found, today),
        "needs_entry": needs_entry,
        "is_mine": found.case.owner_id == request.user.pk,
        "entry": ledger.entry_of(found.reference) if found.reference else None,
        "form": form,
        "may_act": may_act,
        "way_on": way_on,
        "payout_form": payout_form if offered else None,
        "asked_url": reverse("audit:approval", args=[asked.code]) if asked else "",
    }
    return render(request, "desk/difference.html", context, status=status)


def _payout_words(found: Difference, payout: Withdrawal) -> str:
    """A payout that a line may have brought back, as it is offered."""
    words = _("%(code)s, paid %(time)s to %(bank)s") % {
        "code": codes.shown(payout.code),
        "time": dates.written(payout.ended_at, "full") if payout.ended_at else "",
        "bank": bank_accounts.shown(payout.bank_account),
    }
    if found.line is not None and came_back.names(found.line, payout):
        return _("%(payout)s (the account that the line names)") % {"payout": words}
    return words


def _ask_return(request: HttpRequest, found: Difference, form: PayoutForm) -> int:
    if not form.is_valid() or found.line is None:
        return 400
    try:
        recalls.ask_return(
            code=form.cleaned_data["withdrawal"],
            reason=form.cleaned_data["reason"],
            maker=request.user,
            now=timezone.now(),
            line=found.line.code,
        )
    except Refused as refusal:
        form.add_error(None, str(refusal))
        return refusal.status
    notes.success(request, _("Asked. Another person approves it."))
    return 200


def _way_on(found: Difference) -> dict[str, str] | None:
    """Where what a line tells of is done, so that the books have it, too."""
    line = found.line
    if line is None or found.kind != Difference.Kind.NOT_BOOKED or found.state != State.OPEN:
        return None
    paid = matching.payout_that_came_back(line)
    if paid is not None:
        return {
            "text": _("A payout came back. On its page others are asked to give it back."),
            "button": _("To the withdrawal"),
            "name": "finance:desk_withdrawal",
            "url": reverse("finance:desk_withdrawal", args=[paid.code]),
        }
    if matching.is_own_money(line):
        return {
            "text": _("The operator paid in own money. It is written down there."),
            "button": _("Own money into escrow"),
            "name": "finance:desk_covers",
            "url": reverse("finance:desk_covers"),
        }
    return None


@require_POST
def desk_proof_take(request: HttpRequest) -> HttpResponse:
    """Take the proof now, beside the daily one."""
    taken = proof.take(now=timezone.now())
    if taken.is_met:
        notes.success(request, _("Taken. Escrow covers what the house owes."))
    else:
        notes.error(request, _("Taken. Escrow does not cover what the house owes."))
    return redirect("finance:desk_proof")


@never_cache
@require_GET
def desk_proof(request: HttpRequest) -> HttpResponse:
    """What lies in escrow beside what the house owes, day by day."""
    taken_ones = proof.latest(PROOFS)
    last = taken_ones[0] if taken_ones else None
    rows = last.rows if last else []
    return render(
        request,
        "desk/proof.html",
        {
            "nav": "proof",
            "last": last,
            "surplus_fen": last.assets - last.liabilities if last else 0,
            "assets": [_proof_row(row) for row in rows if row["accounting_class"] == "ASSET"],
            "owed": [_proof_row(row) for row in rows if row["accounting_class"] == "LIABILITY"],
            "history": [
                {"proof": row, "surplus_fen": row.assets - row.liabilities} for row in taken_ones
            ],
            "stops": [payouts.title_of(stop.cause) for stop in payouts.open_stops()],
            "checks_url": (
                reverse("finance:desk_checks")
                if permission.may(request.user, "finance:desk_checks", timezone.now())
                else ""
            ),
            "may_act": permission.may(request.user, "finance:desk_proof_take", timezone.now()),
        },
    )


@never_cache
@require_GET
def desk_house_banks(request: HttpRequest) -> HttpResponse:
    """The bank accounts of the house."""
    now = timezone.now()
    return render(
        request,
        "desk/house_banks.html",
        {
            "nav": "house_banks",
            "banks": [
                {
                    "bank": row,
                    "approval": approvals.named(row.approval_code),
                }
                for row in HouseBank.objects.select_related("account").order_by("account__code")
            ],
            "may_ask": permission.may(request.user, "finance:desk_house_bank_new", now),
            "may_close": permission.may(request.user, "finance:desk_house_bank_close", now),
            "payees_url": (
                reverse("finance:desk_payees")
                if permission.may(request.user, "finance:desk_payees", now)
                else ""
            ),
        },
    )


@never_cache
@require_http_methods(["GET", "POST"])
@step_up.required
def desk_house_bank_new(request: HttpRequest) -> HttpResponse:
    """Ask that a bank account of the house be registered; somebody else approves."""
    form = HouseBankForm(request.POST or None)
    status = 400 if form.is_bound else 200
    if form.is_valid():
        try:
            asked = house_banks.ask(maker=request.user, now=timezone.now(), **form.cleaned_data)
        except Refused as refusal:
            status = refuse(form, refusal)
        else:
            notes.success(request, _("Asked. It counts when another person approves."))
            return redirect("audit:approval", code=asked.code)
    context = {"nav": "house_banks", "form": form}
    return render(request, "desk/house_bank_new.html", context, status=status)


@require_POST
@step_up.required
def desk_house_bank_close(request: HttpRequest, code: str) -> HttpResponse:
    """Write down that a bank account of the house was closed."""
    try:
        house_banks.close(code=code, actor=request.user, now=timezone.now())
    except Refused as refusal:
        notes.error(request, str(refusal))
    else:
        notes.success(request, _("Closed. Money that goes there from now on raises an alarm."))
    return redirect("finance:desk_house_banks")


def _end_difference(request: HttpRequest, found: Difference, form: ResolutionForm) -> int:
    now = timezone.now()
    try:
        if request.POST.get("action") == "take":
            cases.assign(code=found.case.code, actor=request.user, now=now)
            notes.success(request, _("It is yours now."))
            return 200
        if form.is_valid():
            differences.resolve(code=found.code, actor=request.user, now=now, **form.cleaned_data)
            notes.success(request, _("Resolved."))
            return 200
    except Refused as refusal:
        if form.is_bound:
            form.add_error(None, str(refusal))
        else:
            notes.error(request, str(refusal))
        return refusal.status
    return 400


def _level(account: Any) -> dict[str, Any]:
    found = levels.of(account)
    return {"account": account, "levels": found, "url": f"?{urlencode({'account': account.code})}"}


def _statement_row(row: Any) -> dict[str, Any]:
    return {
        "statement": row,
        "code": codes.shown(row.code),
        "left": row.lines_count - row.matched - row.put_right,
        "url": reverse("finance:desk_statement", args=[row.code]),
    }


def _line_row(
    line: StatementLine, difference: Difference | None, offered: Sequence[matching.Booked]
) -> dict[str, Any]:
    match = getattr(line, "match", None)
    return {
        "line": line,
        "party": str(line.party_name) if line.party_name else "",
        "number": str(line.party_number) if line.party_number else "",
        "match": match,
        "ledger_url": (
            f"{reverse('finance:desk_ledger')}?{urlencode({'reference': match.reference})}"
            if match
            else ""
        ),
        "offered": [
            {
                "reference": one.reference,
                "kind": EntryKind(one.kind).label,
                "booked_on": one.booked_on,
            }
            for one in offered[:OFFERED]
        ],
        "put_right_by": (
            difference.correction if difference and difference.kind == Kind.AMOUNT else ""
        ),
        "difference": difference,
        "difference_url": (
            reverse("finance:desk_difference", args=[difference.code]) if difference else ""
        ),
    }


def _difference_row(row: Difference, today: Any) -> dict[str, Any]:
    is_late = row.state == State.OPEN and row.case.due_on < today
    tones = {State.RESOLVED: "done", State.OPEN: "wrong" if is_late else "attention"}
    return {
        "difference": row,
        "code": codes.shown(row.code),
        "owner": _named(row.case.owner),
        "differs_fen": row.stated - row.booked,
        "is_late": is_late,
        "tone": tones[State(row.state)],
        "word": _("Overdue") if is_late else row.get_state_display(),
        "url": reverse("finance:desk_difference", args=[row.code]),
        "case_url": reverse("finance:desk_case", args=[row.case.code]),
    }


def _named(user: Any) -> str:
    return people.name_of(user) if user else ""


def _proof_row(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "label": AccountKind(row["kind"]).label}
