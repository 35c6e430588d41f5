"""The desk of draws: the list, blind entry of the numbers, other times; one draw is `draw_desk`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from django.contrib import messages as notes
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts import permission, step_up
from accounts.models import User
from audit import approvals, people
from games import draw_times, results, rules, words
from games.forms import ResultForm, TimesForm
from games.models import Draw, Game, SealStatement
from lottery_portal.lib.errors import Refused

PER_PAGE = 30
State = Draw.State
DUE = (State.CLOSED, State.SEALED, State.DRAWN, State.CONFIRMED, State.SETTLED)


@never_cache
@require_safe
def desk_draws(request: HttpRequest) -> HttpResponse:
    """Draws on sale and past, the latest first; those under way, planned ones, or of one game."""
    show = request.GET.get("show", "")
    games = list(Game.objects.order_by("position"))
    found = Draw.objects.select_related("game", "rule", "seal").order_by("-closes_at", "-pk")
    if show == "due":
        found = found.filter(state__in=DUE)
    elif show == "planned":
        found = found.filter(state=State.SCHEDULED, is_shadow=False).order_by("closes_at", "pk")
    elif show:
        found = found.filter(game__code=show)
    else:
        found = found.filter(is_shadow=False).exclude(state=State.SCHEDULED)
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    kinds = [
        ("", _("On sale and past")),
        ("due", _("Under way")),
        ("planned", _("Planned")),
        *((game.code, words.game(game)) for game in games),
    ]
    return render(
        request,
        "desk/draws.html",
        {
            "nav": "draws",
            "kinds": [
                {"name": name, "url": f"?show={code}" if code else "?", "is_on": show == code}
                for code, name in kinds
            ],
            "draws": [_row(draw) for draw in page],
            "page": page,
            "query": f"show={show}" if show else "",
        },
    )


@never_cache
@require_http_methods(["GET", "POST"])
@step_up.required
def desk_result(request: HttpRequest, code: str) -> HttpResponse:
    """Type the drawn numbers, blind: nothing on this page depends on what somebody else typed."""
    draw, now = draw_of(code), timezone.now()
    if request.method == "GET" and draw.state not in {State.SEALED, State.DRAWN}:
        notes.info(
            request, _("%(draw)s: no numbers can be entered now.") % {"draw": words.draw(draw)}
        )
        return redirect("games:desk_draw", code=draw.code)
    version = rules.by_code(draw.rule.code)
    form = ResultForm(request.POST or None, version=version)
    status = 200
    if form.is_bound:
        status = 400
        if form.is_valid():
            try:
                entered = results.enter(
                    draw=draw, official=user_of(request), numbers=form.numbers(), now=now
                )
            except Refused as refusal:
                form.add_error(None, str(refusal))
                status = refusal.status
            else:
                _say_what_came(request, entered)
                return redirect("games:desk_draw", code=draw.code)
    return render(
        request,
        "desk/result_entry.html",
        {
            "nav": "draws",
            "game": {"name": words.game(draw.game)},
            "draw": draw,
            "form": form,
            "zones": [
                {
                    "label": zone.label,
                    "fields": [form[f"{zone.code}_{place}"] for place in range(1, zone.drawn + 1)],
                }
                for zone in version.zones
            ],
            "others": [form["has_read"]],
            "back_url": reverse("games:desk_draw", args=[draw.code]),
            "round": draw.result_entries.count() // 2 + 1,
            "earlier_mismatch": draw.result_entries.count() // 2 > 0,
        },
        status=status,
    )


@never_cache
@require_http_methods(["GET", "POST"])
@step_up.required
def desk_times(request: HttpRequest, code: str) -> HttpResponse:
    """Ask for other times of a draw; somebody else approves, and the public is told the reason."""
    draw, now = draw_of(code), timezone.now()
    form = TimesForm(
        request.POST or None, initial={"closes_at": draw.closes_at, "draws_at": draw.draws_at}
    )
    is_put_off = draw.state in draw_times.BEFORE_THE_DRAW
    if is_put_off:  # the close is past and stands
        del form.fields["closes_at"]
    status = 400 if form.is_bound else 200
    if form.is_valid():
        asked = {"closes_at": draw.closes_at, **form.cleaned_data}
        try:
            draw_times.ask(draw=draw, maker=user_of(request), now=now, **asked)
        except Refused as refusal:
            form.add_error(None, str(refusal))
            status = refusal.status
        else:
            notes.success(request, _("Asked. The times change when another person approves."))
            return redirect("games:desk_draw", code=draw.code)
    return render(
        request,
        "desk/draw_times.html",
        {
            "nav": "draws",
            "game": {"name": words.game(draw.game)},
            "draw": draw,
            "form": form,
            "is_put_off": is_put_off,
            "asked": asked_times(draw, user_of(request), now=now),
            "back_url": reverse("games:desk_draw", args=[draw.code]),
        },
        status=status,
    )


def asked_times(draw: Draw, user: User, *, now: datetime) -> list[dict[str, Any]]:
    """The open requests for other times of a draw."""
    return asked_for(draw_times.KIND, user, now=now, about=lambda said: said["draw"] == draw.code)


def asked_for(
    kind: str,
    user: User,
    *,
    now: datetime,
    about: Callable[[Mapping[str, Any]], bool] | None = None,
) -> list[dict[str, Any]]:
    """The open requests of a kind, as the page shows them on which such are made.

    Who asked, what and when, until when it waits, and, for who may go there, where it is decided.
    """
    found = [
        one
        for one in approvals.under_way(kind)
        if one.expires_at > now and (about is None or about(one.payload))
    ]
    names = people.names_of({one.maker.get_username() for one in found}) if found else {}
    may_see = permission.may(user, "audit:approval", now)
    return [
        {
            "facts": approvals.kinds()[kind].words(one.payload),
            "who": names.get(one.maker.get_username(), ""),
            "at": one.requested_at,
            "until": one.expires_at,
            "url": reverse("audit:approval", args=[one.code]) if may_see else "",
        }
        for one in found
    ]


def user_of(request: HttpRequest) -> User:
    """The member of staff who asks."""
    assert isinstance(request.user, User)  # noqa: S101 - the permission table lets nobody else in
    return request.user


def draw_of(code: str) -> Draw:
    """The draw of that code, or 404."""
    return get_object_or_404(Draw.objects.select_related("game", "rule"), code=code)


def seal_of(draw: Draw) -> SealStatement | None:
    """The seal of a draw, signed and published or not."""
    try:
        return draw.seal
    except SealStatement.DoesNotExist:
        return None


def _row(draw: Draw) -> dict[str, Any]:
    seal = seal_of(draw)
    return {
        "game": words.game(draw.game),
        "issue": draw.issue,
        "rule": draw.rule.code,
        "state_code": draw.state,
        "state_word": words.state(draw.state),
        "state_tone": words.TONES[draw.state],
        "opens_at": draw.opens_at,
        "closes_at": draw.closes_at,
        "tickets": seal.tickets if seal else None,
        "stake_fen": seal.stake if seal else None,
        "mark": seal.root[:8] if seal else "",
        "url": reverse("games:desk_draw", args=[draw.code]),
    }


def _say_what_came(request: HttpRequest, entered: results.Entered) -> None:
    if entered.is_conflict:
        notes.warning(
            request,
            _("The two entries differ. Both are kept, and both people enter the numbers again."),
        )
    elif entered.is_second:
        notes.success(request, _("Both entries agree. The result is confirmed."))
    else:
        notes.success(request, _("Entered. Another draw official enters the numbers now."))
