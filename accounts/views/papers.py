"""The player's papers without a citizen id: what is registered, and registering one."""

from __future__ import annotations

from django.contrib import messages as notes
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts import identity_papers, paper_kinds, step_up, who
from accounts.models import PaperKind
from accounts.paper_forms import PaperNumberForm
from accounts.paper_kinds import Paper
from lottery_portal.lib.errors import Refused, refuse

from .entrance import posted
from .me import user_of


@never_cache
@sensitive_post_parameters("number", "name", "citizen_id")
@require_http_methods(["GET", "POST"])
def papers(request: HttpRequest) -> HttpResponse:
    """Registered papers, and the form for one more."""
    player, now = who.player(user_of(request)), timezone.now()
    registered = identity_papers.numbers_of(player)
    known = {number.kind for number in registered}
    kinds = [kind for kind in PaperKind if kind in paper_kinds.REGISTERED and kind not in known]
    form = PaperNumberForm(posted(request), kinds=kinds)
    status = 400 if form.is_bound else 200
    if form.is_bound and (held := step_up.before_deed(request, may=player.is_verified)):
        return held
    if form.is_valid():
        said = form.cleaned_data
        paper = Paper(
            kind=said["kind"],
            number=said["number"],
            name=said["name"],
            valid_until=said["valid_until"],
            issued_by=said.get("issued_by") or paper_kinds.CHINA,
        )
        try:
            identity_papers.register_number(
                player=player, paper=paper, citizen_id=said["citizen_id"], now=now
            )
        except Refused as refusal:
            status = refuse(form, refusal)
        else:
            notes.success(request, _("Your paper is registered."))
            return redirect("accounts:papers")
    rows = [
        {
            "title": paper_kinds.title(number.kind),
            "number": str(number.number),
            "at": number.registered_at,
            "rested_at": identity_papers.rested_at(number),
            "is_rested": identity_papers.rested_at(number) <= now,
        }
        for number in registered
    ]
    page = {
        "rows": rows,
        "form": form if player.is_verified and kinds else None,
        "is_verified": player.is_verified,
    }
    return render(request, "accounts/papers.html", page, status=status)
