"""Winners under age at the desk: papers of a guardian, the hold, the decision of counsel (F087)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages as notes
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from accounts import confidentiality, reveal, who
from accounts.models import GuardianRecord
from games import words as game_words
from lottery_portal.lib import codes
from lottery_portal.lib.errors import Refused
from prizes import counter_forms as typed
from prizes.deadline_models import Hold
from prizes.forms import GuardianForm

from . import claims, hold_papers, looks, minors
from .claim_refusals import OwnClaim

SHOWN = 100
ENDINGS = {"application/pdf": "pdf", "image/jpeg": "jpg", "image/png": "png"}


@never_cache
@sensitive_post_parameters("minor-number", "minor-name", "guardian-number", "guardian-name")
@require_http_methods(["GET", "POST"])
def desk_minors(request: HttpRequest) -> HttpResponse:
    """The prizes of winners under age that are held, and the papers of a guardian who comes."""
    now = timezone.now()
    may_take = bool(who.roles(request.user, now) & minors.TAKERS)
    if request.method == "POST" and not may_take:
        raise PermissionDenied
    form = GuardianForm(request.POST or None, request.FILES or None)
    cards = {
        "minor": typed.MinorForm(request.POST or None, prefix="minor"),
        "guardian": typed.AgentsPaperForm(request.POST or None, prefix="guardian"),
    }
    status = 400 if form.is_bound else 200
    if form.is_bound and all([form.is_valid(), *(one.is_valid() for one in cards.values())]):
        said = form.cleaned_data
        scan, media_type = said["scan"]
        try:
            record = minors.take(
                prize=claims.prize_of(codes.typed(said["ticket"])),
                minor_paper=cards["minor"].paper(),
                guardian_paper=cards["guardian"].paper(),
                relation=said["relation"],
                proof=said["proof"],
                scan=scan,
                media_type=media_type,
                actor=who.staff(request.user).user,
                now=now,
            )
        except Refused as refused:
            form.add_error(None, str(refused))
            status = refused.status
        else:
            notes.success(
                request,
                _("On file under %(number)s. The prize is held; nothing is paid.")
                % {"number": codes.shown(record.code)},
            )
            return redirect("prizes:desk_minors")
    held = list(minors.cases()[:SHOWN])
    over = list(minors.cases(is_over=True).reverse()[:SHOWN])
    looks.note(
        [one.prize.ticket.code for one in (*held, *over)],
        desk="prizes:desk_minors",
        actor=request.user,
        now=now,
    )
    context = {
        "nav": "prize_minors",
        "rows": [_row(one) for one in held],
        "over": [_row(one) for one in over],
        "form": form if may_take else None,
        "cards": cards,
        "is_open": form.is_bound,
    }
    return render(request, "desk/minors.html", context, status=status)


@never_cache
@require_POST
def desk_hold_paper(request: HttpRequest, code: str, paper: UUID) -> HttpResponse:
    """A paper of a hold, to whom decides on it and has signed; the look is on record first."""
    try:
        row, content = hold_papers.open_paper(
            code=code, paper=paper, actor=who.staff(request.user).user, now=timezone.now()
        )
    except (confidentiality.NotSigned, reveal.NotForThisRole, OwnClaim) as refused:
        raise PermissionDenied(str(refused)) from refused
    except Refused as refused:
        raise Http404 from refused
    answer = HttpResponse(content, content_type=row.media_type)
    name = f"{row.kind.lower()}-{row.digest[:12]}.{ENDINGS.get(row.media_type, 'bin')}"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    answer["X-Content-Type-Options"] = "nosniff"
    return answer


def guardian_rows(hold: Hold) -> list[dict[str, Any]]:
    """Who came as a guardian for the prize of a hold, masked, with relation and proof."""
    return [_guardian(one) for one in minors.guardians_of(hold.prize)]


def _guardian(record: GuardianRecord) -> dict[str, Any]:
    return {
        "code": record.code,
        "minor": str(record.minor_name),
        "adult_on": record.adult_on,
        "guardian": str(record.guardian.name),
        "relation": record.get_relation_display(),
        "proof": record.get_proof_display(),
        "at": record.recorded_at,
    }


def _row(hold: Hold) -> dict[str, Any]:
    records = list(minors.guardians_of(hold.prize))
    return {
        "hold": hold,
        "ticket": hold.prize.ticket.code,
        "game": game_words.game(hold.prize.draw.game),
        "issue": hold.prize.draw.issue,
        "amount_fen": hold.prize.amount,
        "url": reverse("prizes:desk_hold", args=[hold.code]),
        "guardian": str(records[-1].guardian.name) if records else "",
        "relation": records[-1].get_relation_display() if records else "",
        "lift": getattr(hold, "lift", None),
    }
