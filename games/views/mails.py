"""Staff: mails about a draw that supervisors have not got go out again."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from django.contrib import messages as notes
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts import step_up
from accounts.models import User
from games import notice_mail, seal_mail
from games.models import Draw
from lottery_portal.lib.errors import Refused

from .desk import draw_of, user_of


class SendAgain(Protocol):
    """The door that sends again what failed, of one kind of mail."""

    def __call__(self, *, draw: Draw, actor: User, now: datetime) -> int:
        """How many go out again."""


@require_POST
@step_up.required
def desk_mail_again(request: HttpRequest, code: str) -> HttpResponse:
    """Send the seal again to supervisors whose mail failed; how it fares stands on the desk."""
    return _again(request, code, seal_mail.send_again)


@require_POST
@step_up.required
def desk_notice_again(request: HttpRequest, code: str) -> HttpResponse:
    """Mail the notices about a draw again to supervisors whose mail failed."""
    return _again(request, code, notice_mail.send_again)


def _again(request: HttpRequest, code: str, send_again: SendAgain) -> HttpResponse:
    draw = draw_of(code)
    try:
        send_again(draw=draw, actor=user_of(request), now=timezone.now())
    except Refused as refusal:
        notes.error(request, str(refusal))
    else:
        notes.success(request, _("Asked for. Look again in a few seconds."))
    return redirect("games:desk_draw", code=draw.code)
