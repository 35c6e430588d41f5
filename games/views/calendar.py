"""The calendar: a month for everybody, the same at the desk, and closures recorded there (F025)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.contrib import messages as notes
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts import permission, step_up
from games import calendar as draw_calendar
from games import closures, months, public_notices, words
from games.forms import ClosureForm
from games.models import Draw, Game, MarketClosure
from lottery_portal.lib import dates
from lottery_portal.lib.dates import in_shanghai
from lottery_portal.lib.errors import Refused, refuse

from .desk import user_of

Row = dict[str, Any]


@require_safe
def calendar(request: HttpRequest) -> HttpResponse:
    """When is sold and drawn: a month, with closures and every change that was published."""
    now, game = timezone.now(), _game_asked(request)
    page = _page(request, now=now, game=game)
    page["nav"] = "check"
    page["notices"] = public_notices.now_told(now=now, game=game)
    return render(request, "games/calendar.html", page)


@never_cache
@require_safe
def desk_calendar(request: HttpRequest) -> HttpResponse:
    """The month at the desk: each draw leads to its desk, with what may be done there."""
    now = timezone.now()
    page = _page(request, now=now, game=_game_asked(request, drills=True), at_desk=True)
    year = page["month"].first.year
    page |= {
        "nav": "calendar",
        "known": [_closure(one) for one in closures.of_year(year, now=now)],
        "recorded": MarketClosure.objects.order_by("-pk")[:12],
        "may_record": permission.may(request.user, "games:desk_closure_new", now),
        "ahead": _ahead(now),
    }
    return render(request, "desk/calendar.html", page)


@never_cache
@require_http_methods(["GET", "POST"])
@step_up.required
def desk_closure_new(request: HttpRequest) -> HttpResponse:
    """Ask for a closure to be recorded: first which draws it moves, and from there the request."""
    form, now = ClosureForm(request.POST or None), timezone.now()
    status = 400 if form.is_bound else 200
    moved: list[tuple[Draw, date | None]] | None = None
    if form.is_valid():
        asked = form.cleaned_data
        try:
            if "is_sure" not in request.POST:
                closures.check(
                    occasion=asked["occasion"],
                    first_on=asked["first_on"],
                    last_on=asked["last_on"],
                    now=now,
                )
                moved = draw_calendar.moved_by(
                    first_on=asked["first_on"],
                    last_on=asked["last_on"],
                    occasion=asked["occasion"],
                    now=now,
                )
                status = 200
            else:
                closures.request(maker=user_of(request), now=now, **asked)
                notes.success(request, _("Asked. Draws move when another person approves."))
                return redirect("games:desk_calendar")
        except Refused as refusal:
            status = refuse(form, refusal)
    return render(
        request,
        "desk/closure_new.html",
        {
            "nav": "calendar",
            "form": form,
            "moved": [
                {
                    "name": words.draw(draw),
                    "draws_at": draw.draws_at,
                    "new_day": new_day,
                    "state": words.state(draw.state),
                }
                for draw, new_day in moved
            ]
            if moved is not None
            else None,
        },
        status=status,
    )


def _game_asked(request: HttpRequest, *, drills: bool = False) -> str:
    """The game of the address, if there is one of that code."""
    code = request.GET.get("game", "")[:20]
    found = Game.objects.filter(code=code)
    return code if (found if drills else found.filter(is_shadow=False)).exists() else ""


def _page(request: HttpRequest, *, now: datetime, game: str, at_desk: bool = False) -> Row:
    year, number = months.asked_for(request.GET.get("month", ""), now=now)
    month = months.of(year, number, now=now, game=game, drills=at_desk and bool(game))
    games = Game.objects.filter(is_shadow=False) if not at_desk else Game.objects.all()
    return {
        "month": month,
        "title": _month_name(month.first),
        "weekdays": [dates.weekday(day.on) for day in month.weeks[0]],
        "weeks": [[_day(day, at_desk=at_desk) for day in week] for week in month.weeks],
        "closures": [_closure(one) for one in month.closures],
        "before_url": _address(month.before, game),
        "after_url": _address(month.after, game),
        "today_url": _address(in_shanghai(now).date(), game),
        "kinds": [
            {
                "name": words.game(one) if one else _("All games"),
                "url": _address(month.first, one.code if one else ""),
                "is_on": game == (one.code if one else ""),
            }
            for one in (None, *games.order_by("position"))
        ],
        "now": now,
    }


def _day(day: months.Day, *, at_desk: bool) -> Row:
    return {
        "on": day.on,
        "number": day.on.day,
        "name": dates.day_weekday(day.on),
        "is_in_month": day.is_in_month,
        "is_today": day.is_today,
        "is_empty": day.is_empty,
        "closure": day.closure_name,
        "is_provisional": day.closure is not None and not day.closure.notice,
        "entries": [_entry(entry, at_desk=at_desk) for entry in day.entries],
    }


def _entry(entry: months.Entry, *, at_desk: bool) -> Row:
    draw = entry.draw
    row = {
        "game": words.game(draw.game),
        "issue": draw.issue,
        "closes_at": draw.closes_at,
        "draws_at": draw.draws_at,
        "word": words.state(draw.state),
        "tone": words.TONES[draw.state],
        "is_cancelled": entry.is_cancelled,
        "is_moved": entry.is_moved and not entry.is_cancelled,
        "url": "",
    }
    if at_desk:
        row["url"] = reverse("games:desk_draw", args=[draw.code])
    elif draw.state in {Draw.State.PUBLISHED, Draw.State.ARCHIVED, Draw.State.CANCELLED}:
        row["url"] = reverse("games:result", args=[draw.game.code, draw.issue])
    return row


def _closure(closure: Any) -> Row:
    return {
        "name": MarketClosure.Occasion(closure.occasion).label,
        "first_on": closure.first_on,
        "last_on": closure.last_on,
        "days": (closure.last_on - closure.first_on).days + 1,
        "notice": closure.notice,
        "address": closure.address,
    }


def _ahead(now: datetime) -> list[Row]:
    """How far each game of the real books is planned."""
    rows = []
    for game in Game.objects.filter(is_shadow=False).order_by("position"):
        planned = Draw.objects.filter(game=game, draws_at__gt=now).exclude(
            state=Draw.State.CANCELLED
        )
        last = planned.order_by("-draws_at").first()
        days = (last.draws_at - now).days if last else 0
        rows.append(
            {
                "game": words.game(game),
                "count": planned.count(),
                "until": last.draws_at if last else None,
                "is_short": days < draw_calendar.LEAST_DAYS_AHEAD - _LONGEST_PAUSE,
            }
        )
    return rows


# Between the last planned draw and the horizon there may lie a closure and the rest of a week.
_LONGEST_PAUSE = 16


def _address(month: Any, game: str) -> str:
    return f"?month={month:%Y-%m}" + (f"&game={game}" if game else "")


def _month_name(first: Any) -> str:
    if dates.is_chinese():
        return f"{first.year}年{first.month}月"
    return f"{dates.MONTHS[first.month - 1]} {first.year}"
