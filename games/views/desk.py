"""The desk of draws: the list, one draw with its next deed, blind entry, other times."""

from __future__ import annotations

from collections.abc import Mapping
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

from accounts import permission, step_up, who
from accounts.models import User
from audit import people, trail
from games import calendar, desk_facts, draws, results, rules, words
from games.forms import ResultForm, TimesForm
from games.models import Draw, Game, SealStatement
from lottery_portal.lib.errors import Refused

PER_PAGE = 30
LOG_ROWS = 12
State = Draw.State
SIGNS: Mapping[str, str] = {
    State.SCHEDULED: "clock",
    State.OPEN: "clock",
    State.CLOSED: "lock",
    State.SEALED: "lock",
    State.DRAWN: "lock",
    State.CONFIRMED: "clock",
    State.CANCELLED: "alert",
}
DUE = (State.CLOSED, State.SEALED, State.DRAWN, State.CONFIRMED, State.SETTLED)


@never_cache
@require_safe
def desk_draws(request: HttpRequest) -> HttpResponse:
    """All draws, the latest first; or those that are under way, or those of one game."""
    show = request.GET.get("show", "")
    games = list(Game.objects.order_by("position"))
    found = Draw.objects.select_related("game", "rule", "seal").order_by("-closes_at", "-pk")
    if show == "due":
        found = found.filter(state__in=DUE)
    elif show:
        found = found.filter(game__code=show)
    else:
        found = found.filter(is_shadow=False)
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    kinds = [
        ("", _("All")),
        ("due", _("Under way")),
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
@require_safe
def desk_draw(request: HttpRequest, code: str) -> HttpResponse:
    """One draw: its state, the one next deed for this person, what is missing, what was done."""
    draw, now = _draw(code), timezone.now()
    user = user_of(request)
    roles = who.roles(user, now)
    facts = desk_facts.of(draw)
    deed, who_may = _deed(draw, user, roles, facts, now)
    lacks = _lacks(draw, now) + [_as_lack(lack) for one in facts for lack in one.lacks]
    attention = next((one.attention for one in facts if one.attention), "")
    page: dict[str, Any] = {
        "nav": "draws",
        "game": {"code": draw.game.code, "name": words.game(draw.game)},
        "draw": draw,
        "rule": draw.rule.code,
        "actions": _actions(draw, user, now),
        "state": _state(draw, now),
        "deed": deed,
        "who_may": who_may,
        "steps": _steps(draw),
        "lacks": lacks,
        "lacking": sum(lack["state"] != "done" for lack in lacks),
        "log": _log(draw),
        "log_url": _log_url(draw, user, now),
        "attention": {"lead": _("Halted."), "text": attention} if attention else None,
        "notes": _notes(draw),
        **_outcome(draw),
        **_sealed(draw),
    }
    return render(request, "desk/draw.html", page)


@never_cache
@require_http_methods(["GET", "POST"])
@step_up.required
def desk_result(request: HttpRequest, code: str) -> HttpResponse:
    """Type the drawn numbers, blind: nothing on this page depends on what somebody else typed."""
    draw, now = _draw(code), timezone.now()
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
    draw, now = _draw(code), timezone.now()
    form = TimesForm(
        request.POST or None, initial={"closes_at": draw.closes_at, "draws_at": draw.draws_at}
    )
    status = 400 if form.is_bound else 200
    if form.is_valid():
        try:
            calendar.ask_for_times(draw=draw, maker=user_of(request), now=now, **form.cleaned_data)
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
            "back_url": reverse("games:desk_draw", args=[draw.code]),
        },
        status=status,
    )


def user_of(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # noqa: S101 - the permission table lets nobody else in
    return request.user


def _draw(code: str) -> Draw:
    return get_object_or_404(Draw.objects.select_related("game", "rule"), code=code)


def _seal(draw: Draw) -> SealStatement | None:
    try:
        return draw.seal
    except SealStatement.DoesNotExist:
        return None


def _row(draw: Draw) -> dict[str, Any]:
    seal = _seal(draw)
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


def _deed(
    draw: Draw,
    user: User,
    roles: frozenset[str],
    facts: list[desk_facts.Facts],
    now: datetime,
) -> tuple[dict[str, Any] | None, str]:
    """The one next deed for this person, or who may do it."""
    if draw.state in {State.SEALED, State.DRAWN} and now >= draw.draws_at:
        if results.ROLE not in roles:
            return None, _("A draw official enters the numbers.")
        if results.has_typed(draw, user):
            return None, _("You have entered the numbers. Another draw official is next.")
        url = reverse("games:desk_result", args=[draw.code])
        return {"text": _("Enter the numbers"), "url": url, "post": False}, ""
    for one in facts:
        if one.deed is not None and one.deed.roles & roles:
            return {"text": one.deed.text, "url": one.deed.url, "post": one.deed.is_post}, ""
    return None, ""


def _actions(draw: Draw, user: User, now: datetime) -> list[dict[str, Any]]:
    found = []
    if not draw.is_shadow and draw.state in draws.WAY[draws.WAY.index(State.SEALED) :]:
        url = reverse("games:result", args=[draw.game.code, draw.issue])
        found.append({"text": _("Public page"), "url": url, "is_danger": False})
    may_change = draw.state in {State.SCHEDULED, State.OPEN}
    if may_change and permission.may(user, "games:desk_times", now):
        url = reverse("games:desk_times", args=[draw.code])
        found.append({"text": _("Change the times…"), "url": url, "is_danger": True})
    return found


def _state(draw: Draw, now: datetime) -> dict[str, Any]:
    sealed = _("Sealed, waiting for the draw")
    if now >= draw.draws_at:
        sealed = _("Sealed, waiting for the first entry")
    told = {
        State.SCHEDULED: (_("Planned"), _("Sales open by the calendar.")),
        State.OPEN: (
            _("On sale"),
            _("Sales close by the database's clock; nobody need do anything."),
        ),
        State.CLOSED: (_("Closed"), _("No ticket is sold any more. The tickets are being sealed.")),
        State.SEALED: (
            sealed,
            _("Nobody, in any role, changes sold numbers. Results are entered after the draw."),
        ),
        State.DRAWN: (
            _("Drawn, waiting for the second entry"),
            _("The result stands when two people have entered the same numbers."),
        ),
        State.CONFIRMED: (
            _("Confirmed, being settled"),
            _("The result stands and cannot be changed."),
        ),
        State.SETTLED: (
            _("Settled"),
            _("All prizes are credited; the result is being published."),
        ),
        State.PUBLISHED: (_("Published"), _("The draw is over. Its books have come out even.")),
        State.ARCHIVED: (_("Archived"), _("The draw is over.")),
        State.CANCELLED: (_("Cancelled"), _("This draw is not held.")),
    }
    word, sentence = told[State(draw.state)]
    return {
        "code": draw.state,
        "word": word,
        "sentence": sentence,
        "sign": SIGNS.get(draw.state, "check"),
        "tone": words.TONES[draw.state],
    }


def _steps(draw: Draw) -> list[dict[str, Any]]:
    """The eight steps after planning: done with time and who, the one now, those to come."""
    taken = {
        step.to_state: step for step in draw.transitions.select_related("actor").order_by("at")
    }
    names = people.names_of(
        [step.actor.get_username() for step in taken.values() if step.actor is not None]
    )
    titles = {
        State.OPEN: _("Opened"),
        State.CLOSED: _("Closed"),
        State.SEALED: _("Sealed"),
        State.DRAWN: _("Drawn"),
        State.CONFIRMED: _("Confirmed"),
        State.SETTLED: _("Settled"),
        State.PUBLISHED: _("Published"),
        State.ARCHIVED: _("Archived"),
    }
    steps: list[dict[str, Any]] = []
    is_next = draw.state not in {State.CANCELLED, State.PUBLISHED}  # archiving has time
    for state, title in titles.items():
        if step := taken.get(state):
            actor = step.actor.get_username() if step.actor else trail.SYSTEM
            text = trail.actor_name(actor, names)
            steps.append({"state": "done", "title": title, "at": step.at, "text": text})
        else:
            steps.append({"state": "now" if is_next else "todo", "title": title})
            is_next = False
    return steps


def _lacks(draw: Draw, now: datetime) -> list[dict[str, Any]]:
    """What the next state needs, as far as this room knows."""
    if draw.state not in {State.CLOSED, State.SEALED, State.DRAWN}:
        return []
    sealed = draw.state != State.CLOSED
    held = now >= draw.draws_at
    in_round = draw.result_entries.count() % 2
    first, second = _("First entry of the numbers"), _("Second entry of the numbers")
    blind = _("Typed by two different people, blind.")
    return [
        _lack(
            "done" if sealed else "now", _("Sealed file and root"), _("Published before the draw.")
        ),
        _lack("done" if held else "now" if sealed else "todo", _("The draw is held"), ""),
        _lack("done" if in_round else "now" if sealed and held else "todo", first, blind),
        _lack("now" if in_round else "todo", second, blind),
    ]


def _lack(state: str, title: str, text: str) -> dict[str, Any]:
    return {"state": state, "title": title, "text": text, "action": None}


def _as_lack(lack: desk_facts.Lack) -> dict[str, Any]:
    return _lack(lack.state, lack.title, lack.text)


def _log(draw: Draw) -> list[dict[str, Any]]:
    rows = list(trail.read(trail.Filters(object_type="draw", object_code=draw.code))[:LOG_ROWS])
    names = people.names_of([row.actor for row in rows])
    return [
        {
            "at": row.at,
            "who": trail.actor_name(row.actor, names),
            "what": trail.title(row.action),
            "is_refused": row.action.endswith(("_refused", "_halted")),
        }
        for row in rows
    ]


def _log_url(draw: Draw, user: User, now: datetime) -> str:
    if not permission.may(user, "audit:trail", now):
        return ""
    return f"{reverse('audit:trail')}?object_type=draw&object_code={draw.code}"


def _notes(draw: Draw) -> list[dict[str, Any]]:
    if draw.state not in {State.SEALED, State.DRAWN}:
        return []
    return [
        {
            "tone": "waiting",
            "lead": _("Blind entry."),
            "text": _(
                "Nobody sees what the other person entered. If the two differ, both enter again."
            ),
            "sign": "eye-off",
        }
    ]


def _outcome(draw: Draw) -> dict[str, Any]:
    """The drawn numbers once they are confirmed, and the prize tiers once they are worked out."""
    if draw.state not in draws.WAY[draws.WAY.index(State.CONFIRMED) :]:
        return {"numbers": None, "tiers": []}
    known = next((one.tiers for one in desk_facts.of(draw) if one.tiers), ())
    if not known:
        return {"numbers": draw.result.numbers, "tiers": []}
    tiers = words.tiers(
        game=draw.game.rules_game, issue=draw.issue, special_on=draw.special_on, known=known
    )
    return {"numbers": draw.result.numbers, "tiers": tiers}


def _sealed(draw: Draw) -> dict[str, Any]:
    seal = _seal(draw)
    if seal is None:
        return {"seal": None, "split": [], "split_total_fen": None}
    allocation = rules.by_code(draw.rule.code).allocation
    shares = allocation.split(seal.stake)
    names = {
        "prize": _("Prize money"),
        "fund": _("Adjustment fund"),
        "fee": _("Issue fee"),
        "welfare": _("Welfare fund"),
    }
    return {
        "seal": {
            "root": seal.root,
            "tickets": seal.tickets,
            "lines": seal.lines,
            "stake_fen": seal.stake,
            "signatures": 0,
        },
        "split": [
            {
                "name": name,
                "share": f"{getattr(allocation, part) // 100} %",
                "amount": getattr(shares, f"{part}_fen"),
            }
            for part, name in names.items()
        ],
        "split_total_fen": seal.stake,
    }
