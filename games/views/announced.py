"""Announcements of the issuer at the desk: taken in, typed, held against the rules, decided on."""

from __future__ import annotations

import base64
from datetime import datetime
from typing import Any

from django.contrib import messages as notes
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import permission, step_up
from audit import approvals
from games import announced, faces, prize_modes, rules, words
from games.announced_forms import DecisionForm, FileForm, ModeForm, StoreForm, TypedForm
from games.announced_table import Compared, Comparison
from games.issuer_file import Told
from games.models import Draw, Game, IssuerAnnouncement
from lottery_portal.lib import dates
from lottery_portal.lib.errors import Refused, refuse

from .desk import asked_for, draw_of, user_of

Row = dict[str, Any]
TONES = {"same": "done", "differs": "wrong", "unchecked": "waiting", "untold": "draft"}
OPEN_STATES = (Draw.State.SEALED, Draw.State.DRAWN, Draw.State.CONFIRMED)


@never_cache
@require_safe
def desk_announced(request: HttpRequest, code: str) -> HttpResponse:
    """What the issuer announced of a draw, beside what the rules say, and what was decided."""
    return _page(request, draw_of(code), DecisionForm())


@never_cache
@require_http_methods(["GET", "POST"])
@step_up.required
def desk_announced_import(request: HttpRequest, code: str) -> HttpResponse:
    """Look into a signed file, then store it: nothing is kept before the second step."""
    draw, now = draw_of(code), timezone.now()
    form: FileForm | StoreForm = FileForm()
    seen, content, name, status = None, b"", "", 200
    if request.method == "POST" and "content" in request.POST:
        form = StoreForm(request.POST)
        status = 400
        if form.is_valid():
            content, name = form.cleaned_data["content"], form.cleaned_data["name"]
            try:
                stored = announced.import_file(
                    draw=draw, raw=content, file_name=name, actor=user_of(request), now=now
                )
            except Refused as refusal:
                form = FileForm()
                notes.error(request, str(refusal))
                status = refusal.status
            else:
                _say_stored(request, stored)
                return redirect("games:desk_announced", code=draw.code)
    elif request.method == "POST":
        form = FileForm(request.POST, request.FILES)
        status = 400
        if form.is_valid():
            content, name = form.cleaned_data["file"].read(), form.cleaned_data["file"].name
            try:
                seen, status = announced.look(draw=draw, raw=content, now=now), 200
            except Refused as refusal:
                form.add_error("file", str(refusal))
                status = refusal.status
    page = _head(draw) | {
        "form": form,
        "seen": _seen(draw, seen) if seen else None,
        "content": base64.b64encode(content).decode("ascii"),
        "name": name[-100:],
        "back_url": reverse("games:desk_announced", args=[draw.code]),
    }
    return render(request, "desk/announced_import.html", page, status=status)


@never_cache
@require_http_methods(["GET", "POST"])
@step_up.required
def desk_announced_type(request: HttpRequest, code: str) -> HttpResponse:
    """Type an announcement from paper, blind: nothing here depends on what another typed."""
    draw, now = draw_of(code), timezone.now()
    form = TypedForm(request.POST or None, draw=draw, version=rules.by_code(draw.rule.code))
    status = 400 if form.is_bound else 200
    if form.is_valid():
        try:
            typed = announced.type_in(
                draw=draw, official=user_of(request), body=form.body(), now=now
            )
        except Refused as refusal:
            status = refuse(form, refusal)
        else:
            _say_typed(request, typed)
            return redirect("games:desk_announced", code=draw.code)
    page = _head(draw) | {
        "form": form,
        "zones": form.zones(),
        "totals": form.totals(),
        "tiers": form.tiers(),
        "others": [form["has_read"]],
        "back_url": reverse("games:desk_announced", args=[draw.code]),
    }
    return render(request, "desk/announced_type.html", page, status=status)


@require_POST
@step_up.required
def desk_announced_numbers(request: HttpRequest, code: str) -> HttpResponse:
    """Stand for the numbers of the signed announcement, as one of two officials."""
    draw = draw_of(code)
    try:
        entered = announced.take_numbers(draw=draw, official=user_of(request), now=timezone.now())
    except Refused as refusal:
        notes.error(request, str(refusal))
    else:
        if entered.result is not None:
            notes.success(request, _("Both officials stand for them. The result is confirmed."))
        elif entered.is_second:
            notes.warning(
                request, _("The other entry differs. Both people enter the numbers again.")
            )
        else:
            notes.success(request, _("Entered. Another draw official confirms them now."))
    return redirect("games:desk_announced", code=draw.code)


@never_cache
@require_POST
@step_up.required
def desk_announced_decide(request: HttpRequest, code: str) -> HttpResponse:
    """Ask that the draw is paid as announced; another person decides."""
    draw, form = draw_of(code), DecisionForm(request.POST)
    status = 400
    if form.is_valid():
        try:
            announced.ask_for_decision(
                draw=draw, maker=user_of(request), now=timezone.now(), **form.cleaned_data
            )
        except Refused as refusal:
            status = refuse(form, refusal)
        else:
            notes.success(request, _("Asked. The draw goes on when another person approves."))
            return redirect("games:desk_announced", code=draw.code)
    return _page(request, draw, form, status=status)


@never_cache
@require_http_methods(["GET", "POST"])
@step_up.required
def desk_prize_modes(request: HttpRequest) -> HttpResponse:
    """Who sets the prizes of each game, every change of it, and asking for one."""
    now = timezone.now()
    may_ask = permission.may(request.user, "games:desk_prize_mode_new", now)
    return _modes(request, ModeForm() if may_ask else None, now=now)


@never_cache
@require_POST
@step_up.required
def desk_prize_mode_new(request: HttpRequest) -> HttpResponse:
    """Ask for a change; another person approves, and the public is told ten days before."""
    now, form = timezone.now(), ModeForm(request.POST)
    status = 400
    if form.is_valid():
        asked = form.cleaned_data
        try:
            prize_modes.request(
                game=Game.objects.get(code=asked.pop("game")),
                maker=user_of(request),
                now=now,
                **asked,
            )
        except Refused as refusal:
            status = refuse(form, refusal)
        else:
            notes.success(request, _("Asked. It is published when another person approves."))
            return redirect("games:desk_prize_modes")
    return _modes(request, form, now=now, status=status)


# What the pages show


def _page(
    request: HttpRequest, draw: Draw, form: DecisionForm, *, status: int = 200
) -> HttpResponse:
    now, user = timezone.now(), user_of(request)
    said = announced.current(draw)
    is_open = announced.is_announced(draw) and draw.state in OPEN_STATES and now >= draw.draws_at
    decision = announced.decision_of(said) if said else None
    waits = said is not None and bool(said.differences) and not decision
    is_his = said is not None and announced.has_typed_it(said, user)
    may = {
        name: is_open and permission.may(user, f"games:desk_announced_{name}", now)
        for name in ("import", "type", "numbers", "decide")
    }
    page = _head(draw) | {
        "is_announced": announced.is_announced(draw),
        "is_open": is_open,
        "said": _said(draw, said) if said else None,
        "decision": decision,
        "decision_approval": approvals.named(decision.approval_code) if decision else "",
        "editions": [_edition(one) for one in announced.editions(draw)][1:],
        "may": may,
        "has_typed": announced.has_typed(draw, user),
        "may_take_numbers": (
            may["numbers"]
            and said is not None
            and said.source == IssuerAnnouncement.Source.FILE
            and draw.state in {Draw.State.SEALED, Draw.State.DRAWN}
        ),
        "form": form if waits and may["decide"] and not is_his else None,
        "is_his": waits and is_his,
    }
    return render(request, "desk/announced.html", page, status=status)


def _head(draw: Draw) -> Row:
    return {
        "nav": "draws",
        "draw": draw,
        "game": {"name": words.game(draw.game)},
        "issuer": announced.issuer_name(draw),
        "draw_url": reverse("games:desk_draw", args=[draw.code]),
    }


def _said(draw: Draw, said: IssuerAnnouncement) -> Row:
    told = announced.told_by(said)
    return _edition(said) | _told(draw, told, announced.compare(draw, told))


def _edition(said: IssuerAnnouncement) -> Row:
    return {
        "edition": said.edition,
        "digest": said.digest,
        "is_signed": said.source == IssuerAnnouncement.Source.FILE,
        "key_id": said.key_id,
        "file_name": said.file_name,
        "recorded_at": said.recorded_at,
        "differences": len(said.differences),
    }


def _seen(draw: Draw, seen: announced.Look) -> Row:
    return _told(draw, seen.told, seen.comparison) | {
        "signer": seen.signer,
        "key_id": seen.key_id,
        "digest": seen.told.digest,
    }


def _told(draw: Draw, told: Told, comparison: Comparison) -> Row:
    version = rules.by_code(draw.rule.code)
    labels = {tier.mark: str(tier.label) for tier in version.tiers}
    return {
        "drawn_on": told.drawn_on,
        "numbers": told.numbers,
        "looks": faces.of_result(version),
        "has_special": version.special is not None,
        "special_on": told.special_on,
        "sales_fen": told.sales_fen,
        "pool_before_fen": told.pool_before_fen,
        "pool_after_fen": told.pool_after_fen,
        "rows": [_row(row, labels) for row in comparison.rows],
        "is_whole": comparison.is_whole,
        "wrong": len(comparison.differences),
    }


def _row(row: Compared, labels: dict[str, str]) -> Row:
    return {
        "name": labels[row.mark] if row.what == "prize" else words.compared(row.what, row.mark),
        "winners": row.winners,
        "ours_fen": row.ours_fen,
        "announced_fen": row.announced_fen,
        "difference_fen": row.difference_fen,
        "tone": TONES[row.verdict],
        "word": {
            "same": _("Same"),
            "differs": _("Differs"),
            "unchecked": _("Not checked"),
            "untold": _("Not told"),
        }[row.verdict],
    }


def _modes(
    request: HttpRequest, form: ModeForm | None, *, now: datetime, status: int = 200
) -> HttpResponse:
    today = dates.in_shanghai(now).date()
    rows = [
        {
            "game": words.game(game),
            "mode": str(Draw.Mode(prize_modes.on(game, today)).label),
            "changes": prize_modes.changes(game),
        }
        for game in Game.objects.filter(is_shadow=False).order_by("position")
    ]
    page = {
        "nav": "prize_modes",
        "rows": rows,
        "form": form,
        "asked": asked_for(prize_modes.KIND, user_of(request), now=now),
    }
    return render(request, "desk/prize_modes.html", page, status=status)


def _say_stored(request: HttpRequest, stored: IssuerAnnouncement) -> None:
    if stored.differences:
        notes.warning(
            request,
            _("Stored. It differs from the rules: the draw waits until two people have decided."),
        )
    else:
        notes.success(request, _("Stored. It is the announcement that counts."))


def _say_typed(request: HttpRequest, typed: announced.Typed) -> None:
    if typed.is_conflict:
        notes.warning(
            request, _("The two entries differ. Both are kept, and both people type it again.")
        )
    elif typed.announcement is not None:
        _say_stored(request, typed.announcement)
    else:
        notes.success(request, _("Typed. Another draw official types it now."))
