"""How a player's money is protected: read and acknowledged before the first deposit (F119)."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import get_language
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts import legal_texts, login, who
from accounts.models import LegalText
from finance.forms import FundsForm
from lottery_portal.lib.errors import Refused


@never_cache
@require_http_methods(["GET", "POST"])
def funds(request: HttpRequest) -> HttpResponse:
    """Read, acknowledge, go on to the deposit."""
    player, now = who.player(request.user), timezone.now()
    try:
        text = legal_texts.read(legal_texts.FUNDS, language=get_language() or "", now=now)
    except LegalText.DoesNotExist:
        raise Http404 from None
    form = FundsForm(request.POST or None, initial={"version": text.version})
    status, said = (400 if form.is_bound else 200), ""
    if form.is_valid():
        try:
            legal_texts.acknowledge(
                player.user,
                form.cleaned_data["version"],
                now=now,
                ip=login.client_ip(request),
            )
        except Refused as refusal:
            form = FundsForm(initial={"version": text.version})
            status, said = refusal.status, str(refusal)
        else:
            return redirect(_way_on(request))
    is_known = legal_texts.undisclosed(player.user, now) is None
    context = {
        "nav": "me",
        "text": text,
        "form": None if is_known else form,
        "next": _way_on(request),
        "refusal": said,
        "back_url": reverse("finance:wallet"),
    }
    return render(request, "finance/funds.html", context, status=status)


def _way_on(request: HttpRequest) -> str:
    asked = request.POST.get("next") or request.GET.get("next") or ""
    is_ours = url_has_allowed_host_and_scheme(asked, allowed_hosts=None) and asked.startswith("/")
    return asked if is_ours else reverse("finance:deposit")
