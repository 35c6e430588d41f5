"""The register of vouchers for staff: every number, what it paid, and its papers (F091)."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts import permission
from games import words as game_words
from lottery_portal.lib.errors import Refused
from prizes.voucher_models import Voucher

from . import vouchers
from .pages_prizes import as_file

PAGE = 30


@never_cache
@require_safe
def desk_vouchers(request: HttpRequest) -> HttpResponse:
    """Every voucher, newest first; whoever works with them takes their papers here."""
    page = Paginator(vouchers.all_shown(), PAGE).get_page(request.GET.get("page"))
    context = {
        "nav": "vouchers",
        "rows": [_row(one) for one in page.object_list],
        "page": page,
        "parts": [(str(part), part.label) for part in vouchers.Part],
        "may_take": permission.may(request.user, "prizes:desk_voucher", timezone.now()),
    }
    return render(request, "desk/vouchers.html", context)


@never_cache
@require_POST
def desk_voucher(request: HttpRequest, code: str) -> HttpResponse:
    """A paper of a part of the voucher of a claim."""
    part = request.POST.get("part", "")
    if part not in vouchers.Part.values:
        raise Http404
    try:
        found = vouchers.find(code)
    except Refused as refusal:
        raise Http404 from refusal
    return as_file(vouchers.take(voucher=found, part=part, actor=request.user))


@never_cache
@require_safe
def desk_confirmation(request: HttpRequest, code: str) -> HttpResponse:
    """What a winner signed, as a paper."""
    try:
        claim = vouchers.find(code).end.claim
        assert claim is not None  # noqa: S101 - a voucher is of a claim that was paid
        return as_file(vouchers.confirmation(claim=claim, actor=request.user))
    except Refused as refusal:
        raise Http404 from refusal


def _row(voucher: Voucher) -> dict[str, Any]:
    end = voucher.end
    counted = [one.part for one in voucher.papers.all()]
    return {
        "name": vouchers.number_of(voucher),
        "at": voucher.written_at,
        "game": game_words.game(end.prize.draw.game),
        "issue": end.prize.draw.issue,
        "claim": end.claim.code if end.claim else "",
        "amount_fen": end.amount,
        "tax_fen": end.tax,
        "net_fen": end.net,
        "taken": [(part.label, counted.count(part)) for part in vouchers.Part],
    }
