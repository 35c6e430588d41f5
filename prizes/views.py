"""Pages of this room: the sealed file, once the draw is over; a halted settlement."""

from __future__ import annotations

from django.contrib import messages as notes
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts import step_up
from games import draws
from games.models import Draw, SealStatement
from lottery_portal.lib.errors import Refused
from sales import sealing

from . import settlement

# Article 22: nobody looks at what was sold until the draw is over.
FILE_SHOWN = draws.WAY[draws.WAY.index(Draw.State.CONFIRMED) :]


@require_safe
def sealed_file(_request: HttpRequest, game_code: str, issue: str) -> HttpResponseBase:
    """The sealed file of a draw that is over: every ticket, without names."""
    seal = get_object_or_404(
        SealStatement,
        draw__game__code=game_code,
        draw__issue=issue,
        draw__is_shadow=False,
        draw__state__in=FILE_SHOWN,
    )
    path = sealing.file_of(seal)
    if not path.is_file():
        raise Http404
    return FileResponse(
        path.open("rb"),
        as_attachment=True,
        filename=seal.file_name,
        content_type="application/octet-stream",
    )


@require_POST
@step_up.required
def desk_settle_again(request: HttpRequest, code: str) -> HttpResponse:
    """Look again at a halted settlement, and go on if all is as it was sealed."""
    draw = get_object_or_404(Draw.objects.select_related("game", "rule"), code=code)
    try:
        settlement.begin(draw=draw, now=timezone.now())
    except Refused as refusal:
        notes.error(request, str(refusal))
    else:
        notes.success(request, _("All is as it was sealed. The settlement goes on."))
    return redirect("games:desk_draw", code=draw.code)
