"""A winner claims: opens, hands papers in, chooses how he is paid, signs, objects (F089, F090).

Each page is one deed of one's own claim; every refusal leaves it where it stood.
"""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from django import forms
from django.contrib import messages as notes
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts import step_up
from audit import canonical
from finance import bank_accounts, bank_checks
from lottery_portal.lib.errors import Refused, refuse
from prizes.claim_forms import (
    BALANCE,
    ClaimForm,
    ObjectionForm,
    PaperForm,
    PaymentForm,
    SignatureForm,
    WithdrawForm,
    method_of,
)
from prizes.claim_models import Claim

from . import claims, confirmation, limits, papers, refusal, remote, winners, withdrawal
from .pages_prizes import claim_of, head, may_change, mine, payee_words

State, Way = Claim.State, Claim.Way


@never_cache
@require_http_methods(["GET", "POST"])
def claim(request: HttpRequest, code: str) -> HttpResponse:
    """Open a claim: in person at the centre, or from afar with what is agreed to.

    While a claim of his is not signed yet, the winner changes its way here, by the link that names
    that claim: the first is taken back and the other opened, both or neither.
    """
    own = mine(request, code)
    deadline = limits.of(own.prize)
    is_named = own.claim is not None and request.GET.get("instead") == own.claim.code
    before = own.claim if is_named and may_change(own) else None
    if before is None and winners.turn(own, deadline=deadline).deed not in {"open", "object"}:
        return redirect("prizes:prize", code=code)
    language = remote.language_of(get_language())
    text = remote.consent(own.prize, language)
    digest = canonical.digest(text)
    form = ClaimForm(
        request.POST or None,
        accounts=_accounts(own.prize.owner),
        initial={
            "way": Way.CENTRE if before and before.way == Way.REMOTE else Way.REMOTE,
            "pay_to": BALANCE,
            "agreed": digest,
            "request_key": uuid4(),
        },
    )
    status = 400 if form.is_bound else 200
    if form.is_valid():
        said = form.cleaned_data
        method, payee = method_of(said["pay_to"])
        try:
            opened = remote.open_(
                prize=own.prize,
                way=said["way"],
                actor=request.user,
                request_key=said["request_key"],
                method=method,
                payee=payee,
                agreed=said["agreed"] if said["has_agreed"] else "",
                language=language,
                instead_of=before.code if before else "",
                now=timezone.now(),
            )
        except Refused as refused:
            status = refuse(form, refused)
        else:
            notes.success(request, _("Your claim is open. Its number is in the list of steps."))
            if opened.way == Way.REMOTE:
                return redirect("prizes:papers", code=code)
            return redirect("prizes:prize", code=code)
    context = {**head(own), "form": form, "text": text, "digest": digest, "before": before}
    return render(request, "prizes/claim.html", context, status=status)


@never_cache
@require_http_methods(["GET", "POST"])
def withdraw(request: HttpRequest, code: str) -> HttpResponse:
    """Take one's own claim back before it is signed; what was done stays on record."""
    own, its = mine(request, code), claim_of(request, code)
    if not may_change(own):
        return redirect("prizes:prize", code=code)
    form = WithdrawForm(request.POST or None)
    status = 400 if form.is_bound else 200
    if form.is_valid():
        try:
            withdrawal.withdraw(
                code=its.code,
                actor=request.user,
                reason=form.cleaned_data["reason"],
                now=timezone.now(),
            )
        except Refused as refused:
            status = refuse(form, refused)
        else:
            notes.success(request, _("Your claim is taken back. The prize waits for you again."))
            return redirect("prizes:prize", code=code)
    deadline = limits.of(own.prize)
    context = {
        **head(own),
        "form": form,
        "claim": its,
        "last_day": deadline.last_day if deadline and not deadline.is_held else None,
    }
    return render(request, "prizes/withdraw.html", context, status=status)


@never_cache
@require_http_methods(["GET", "POST"])
def hand_in(request: HttpRequest, code: str) -> HttpResponse:
    """Photos and scans for a claim from afar: what is there, what is missing, one more."""
    own, its = mine(request, code), claim_of(request, code)
    if its.way != Way.REMOTE or its.state not in remote.HANDED_IN_WHILE:
        return redirect("prizes:prize", code=code)
    missing = [kind for kind in papers.missing(its, papers.TO_PAY) if kind in remote.KINDS]
    form = PaperForm(
        request.POST or None,
        request.FILES or None,
        initial={"kind": missing[0] if missing else papers.IDENTITY},
    )
    status = 400 if form.is_bound else 200
    if form.is_valid():
        try:
            remote.hand_in(
                code=its.code,
                kind=form.cleaned_data["kind"],
                file=form.cleaned_data["paper"],
                actor=request.user,
                now=timezone.now(),
            )
        except Refused as refused:
            status = _beside(form, "paper", refused)
        else:
            notes.success(request, _("It is in your file, encrypted."))
            return redirect("prizes:papers", code=code)
    there = its.papers.filter(kind__in=remote.KINDS).order_by("pk")
    context = {
        **head(own),
        "form": form,
        "missing": [str(remote.KINDS[kind]) for kind in missing],
        "there": [
            {
                "name": str(remote.KINDS[one.kind]),
                "digest": one.digest,
                "at": one.added_at,
                "kilobytes": max(1, round(one.size / 1024)),
            }
            for one in there
        ],
        "most": remote.MOST_PAPERS,
    }
    return render(request, "prizes/papers.html", context, status=status)


@never_cache
@require_http_methods(["GET", "POST"])
@step_up.required
def payment(request: HttpRequest, code: str) -> HttpResponse:
    """Choose anew how the prize is paid; what was signed before must be signed again."""
    own, its = mine(request, code), claim_of(request, code)
    if its.state not in {State.COMPLETE, State.SIGNED}:
        return redirect("prizes:prize", code=code)
    form = PaymentForm(
        request.POST or None,
        accounts=_accounts(its.owner),
        initial={"pay_to": its.payee or BALANCE},
    )
    status = 400 if form.is_bound else 200
    if form.is_valid():
        method, payee = method_of(form.cleaned_data["pay_to"])
        try:
            remote.choose(
                code=its.code, method=method, payee=payee, actor=request.user, now=timezone.now()
            )
        except Refused as refused:
            status = _beside(form, "pay_to", refused)
        else:
            return redirect("prizes:sign", code=code)
    context = {**head(own), "form": form, "claim": its, "is_signed": its.state == State.SIGNED}
    return render(request, "prizes/payment.html", context, status=status)


@never_cache
@require_http_methods(["GET", "POST"])
@step_up.required
def sign(request: HttpRequest, code: str) -> HttpResponse:
    """Read the confirmation, every figure of it, and sign exactly that."""
    own, its = mine(request, code), claim_of(request, code)
    if its.state != State.COMPLETE:
        return redirect("prizes:prize", code=code)
    language = remote.language_of(get_language())
    text = confirmation.text_of(its, language)
    digest = confirmation.digest_of(text)
    form = SignatureForm(request.POST or None, initial={"digest": digest, "language": language})
    status = 400 if form.is_bound else 200
    if form.is_valid():
        try:
            claims.sign(
                code=its.code,
                actor=request.user,
                digest=form.cleaned_data["digest"],
                language=language,
                now=timezone.now(),
            )
        except Refused as refused:
            form = SignatureForm(initial={"digest": digest, "language": language})
            notes.error(request, str(refused))
            status = refused.status
        else:
            notes.success(request, _("Signed. Others now look at the payment and approve it."))
            return redirect("prizes:prize", code=code)
    context = {
        **head(own),
        "form": form,
        "claim": its,
        "text": text,
        "digest": digest,
        "payee": payee_words(its),
        "deductions": winners.deductions(own, now=timezone.now()),
    }
    return render(request, "prizes/sign.html", context, status=status)


@never_cache
@require_http_methods(["GET", "POST"])
def objection(request: HttpRequest, code: str) -> HttpResponse:
    """Object to a refusal, once; the clause and the reason stand beside it."""
    own, its = mine(request, code), claim_of(request, code)
    if winners.turn(own, deadline=None).deed != "object":
        return redirect("prizes:prize", code=code)
    form = ObjectionForm(request.POST or None)
    status = 400 if form.is_bound else 200
    if form.is_valid():
        try:
            refusal.object_(code=its.code, actor=request.user, words=form.cleaned_data["words"])
        except Refused as refused:
            status = refuse(form, refused)
        else:
            notes.success(request, _("Your objection is on record."))
            return redirect("prizes:prize", code=code)
    context = {**head(own), "form": form, "refusal": winners.refusal_of(its)}
    return render(request, "prizes/objection.html", context, status=status)


def _accounts(player: Any) -> list[tuple[str, str]]:
    return [(one.code, bank_accounts.shown(one)) for one in bank_checks.confirmed(player)]


def _beside(form: forms.Form, field: str, refused: Refused) -> int:
    form.add_error(field, str(refused))
    return refused.status
