"""Tax on prizes: a winner's certificates, and the withholding reports on the desk (F098)."""

from __future__ import annotations

from typing import Any

from django.contrib import messages as notes
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from accounts import step_up, who
from finance import account_words, tax_papers, tax_returns
from finance.cash_forms import ReturnForm
from finance.models import TaxCertificate
from lottery_portal.lib import dates
from lottery_portal.lib.errors import Refused, refuse


@never_cache
@require_GET
def my_tax(request: HttpRequest) -> HttpResponse:
    """The certificates of the tax withheld of one's own prizes."""
    player = who.player(request.user)
    person = str(player.person.row_uuid) if player.person else ""
    rows = [_row(one, "finance:my_certificate") for one in tax_papers.of_person(person)]
    return render(
        request,
        "finance/my_tax.html",
        {"nav": "me", "rows": rows, "back_url": reverse("finance:wallet")},
    )


@never_cache
@require_GET
def my_certificate(request: HttpRequest, number: str) -> HttpResponse:
    """One's own certificate on paper."""
    return _paper(request, number)


@never_cache
@require_GET
def desk_certificate(request: HttpRequest, number: str) -> HttpResponse:
    """A certificate for the winner who stands at the desk; it is written down who took it."""
    return _paper(request, number)


@never_cache
@require_http_methods(["GET", "POST"])
def desk_tax_returns(request: HttpRequest) -> HttpResponse:
    """Months with tax withheld, person by person, and how each was filed."""
    now = timezone.now()
    may_file = "treasurer" in who.roles(request.user, now)
    if request.method == "POST" and (first := step_up.before_deed(request, may=may_file)):
        return first
    today = dates.in_shanghai(now).date()
    known = tax_returns.months()
    waiting = [one.month for one in known if not one.is_filed]
    form = ReturnForm(request.POST or None, months=waiting, initial={"filed_on": today})
    status = 400 if form.is_bound else 200
    if form.is_valid():
        try:
            tax_returns.record(actor=request.user, now=now, **form.cleaned_data)
        except Refused as refusal:
            status = refuse(form, refusal)
        else:
            notes.success(request, _("Written down. The month is filed."))
            return redirect("finance:desk_tax_returns")
    chosen = next((one for one in known if one.month == request.GET.get("month")), None)
    context = {
        "nav": "remittances",
        "rows": [_month(one, today) for one in known],
        "chosen": chosen,
        "lines": tax_returns.withheld(*tax_returns.days_of(chosen.month)) if chosen else [],
        "form": form if may_file and waiting else None,
    }
    return render(request, "desk/tax_returns.html", context, status=status)


def _paper(request: HttpRequest, number: str) -> HttpResponse:
    try:
        found, content = tax_papers.take(number=number, actor=request.user, now=timezone.now())
    except Refused as refusal:
        raise Http404 from refusal
    answer = HttpResponse(content, content_type="application/pdf")
    answer["Content-Disposition"] = f'attachment; filename="tax-certificate-{found.number}.pdf"'
    return answer


def _row(one: TaxCertificate, page: str) -> dict[str, Any]:
    tax = one.prize_tax
    game, _slash, draw = tax.occasion.partition("/")
    return {
        "certificate": one,
        "tax": tax,
        "what": f"{account_words.game(game)} {draw}".strip(),
        "url": reverse(page, args=[one.number]),
    }


def _month(one: tax_returns.Month, today: Any) -> dict[str, Any]:
    if one.is_filed:
        word, tone = _("Filed with the tax office"), "done"
    elif one.is_late(today):
        word, tone = _("Late"), "wrong"
    else:
        word, tone = _("To be filed"), "waiting"
    return {"month": one, "word": word, "tone": tone}
