"""Staff pages: entries that auditors draw by lot (F128)."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from audit import people
from finance import samples
from finance.book_forms import SampleForm, this_month
from finance.models import EntryKind, Sample
from lottery_portal.lib import codes, dates
from lottery_portal.lib.errors import Refused, refuse


@never_cache
@require_http_methods(["GET", "POST"])
def desk_samples(request: HttpRequest) -> HttpResponse:
    """Draw a sample, and those drawn so far."""
    today = dates.in_shanghai(timezone.now()).date()
    form = SampleForm(request.POST or None, initial=this_month(today))
    status = 200
    if request.method == "POST":
        status = 400
        if form.is_valid():
            asked = form.cleaned_data
            try:
                made = samples.draw(
                    seed=asked["seed"],
                    first=asked["first"],
                    last=asked["last"],
                    kind=asked["kind"],
                    least_fen=asked["least_fen"] or 0,
                    size=asked["size"],
                    by=request.user,
                    now=timezone.now(),
                )
            except Refused as refusal:
                status = refuse(form, refusal)
            else:
                return redirect("finance:desk_sample", code=made.code)
    rows = samples.all_samples()
    names = people.names_of({row.drawn_by.get_username() for row in rows})
    context = {
        "nav": "ledger",
        "here": "samples",
        "form": form,
        "rows": [_row(row, names) for row in rows],
    }
    return render(request, "desk/books_samples.html", context, status=status)


@never_cache
@require_GET
def desk_sample(request: HttpRequest, code: str) -> HttpResponse:
    """One sample, drawn again now: the same entries, or it says that the books were changed."""
    try:
        sample = samples.find(code)
    except Refused as refusal:
        raise Http404 from refusal
    rows = samples.drawn(sample)
    names = people.names_of({sample.drawn_by.get_username()})
    ledger_url = reverse("finance:desk_ledger")
    context = {
        "nav": "ledger",
        "here": "samples",
        "sample": sample,
        "row": _row(sample, names),
        "rows": [
            {"drawn": one, "url": f"{ledger_url}?book=all&reference={one.reference}"}
            for one in rows
        ],
        "is_same": samples.digest_of(rows) == sample.digest,
    }
    return render(request, "desk/books_sample.html", context)


def _row(sample: Sample, names: Any) -> dict[str, Any]:
    login = sample.drawn_by.get_username()
    kinds = dict(EntryKind.choices)
    return {
        "code": codes.shown(sample.code),
        "name": names.get(login, login),
        "kind": str(kinds[sample.entry_kind]) if sample.entry_kind else _("All"),
        "sample": sample,
        "url": reverse("finance:desk_sample", args=[sample.code]),
    }
