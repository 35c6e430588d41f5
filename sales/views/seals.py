"""A seal that stands still: asked for again, by the word of a person."""

from __future__ import annotations

from django.contrib import messages as notes
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts import step_up
from accounts.models import User
from games.models import Draw
from lottery_portal.lib.errors import Refused
from sales import sealing


@require_POST
@step_up.required
def desk_seal_again(request: HttpRequest, code: str) -> HttpResponse:
    """Have the draw sealed again; what comes of it stands on its desk."""
    draw = get_object_or_404(Draw.objects.select_related("game", "rule"), code=code)
    assert isinstance(request.user, User)  # noqa: S101 - the permission table lets nobody else in
    try:
        sealing.ask_again(draw=draw, actor=request.user, now=timezone.now())
    except Refused as refusal:
        notes.error(request, str(refusal))
    else:
        notes.success(request, _("Asked for. Look again in a few seconds."))
    return redirect("games:desk_draw", code=draw.code)
