"""Rule versions at the desk: list, sheet, differences, trial on past draws, loading, files."""

from __future__ import annotations

import io
from datetime import datetime
from typing import Any

from django.contrib import messages as notes
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts import permission, step_up
from audit import approvals
from games import rule_changes, rule_files, rule_sheets, rule_trials, rules, trend_charts, words
from games.forms import RuleFileForm, RuleLoadForm, RuleTrialForm
from games.models import Game
from games.rule_changes import Held
from lottery_portal.lib import dates
from lottery_portal.lib.errors import Refused, refuse

from .desk import user_of

_STATES = {
    "service": ("done", ""),
    "loaded": ("waiting", ""),
    "asked": ("attention", ""),
    "waiting": ("draft", ""),
    "past": ("draft", ""),
}


@never_cache
@require_safe
def desk_rules(request: HttpRequest) -> HttpResponse:
    """Every rule version, game by game, or those of one game."""
    now = timezone.now()
    games = list(Game.objects.order_by("position", "pk"))
    show = request.GET.get("game", "")
    shown = [game for game in games if (game.code == show if show else not game.is_shadow)]
    if not shown:
        raise Http404
    return render(
        request,
        "desk/rules.html",
        {
            "nav": "rules",
            "kinds": [
                {"name": name, "url": f"?game={code}" if code else "?", "is_on": show == code}
                for code, name in [("", _("All")), *((g.code, words.game(g)) for g in games)]
            ],
            "games": [
                {
                    "name": words.game(game),
                    "rows": [_row(game, held) for held in rule_changes.of_game(game, now=now)],
                }
                for game in shown
            ],
            "may_bring": permission.may(request.user, "games:desk_rule_file", now),
        },
    )


@never_cache
@require_safe
def desk_rule(request: HttpRequest, game_code: str, code: str) -> HttpResponse:
    """One version as a sheet, each figure with its article."""
    return _sheet(request, game_code, code)


@never_cache
@require_http_methods(["GET", "POST"])
@step_up.required
def desk_rule_load(request: HttpRequest, game_code: str, code: str) -> HttpResponse:
    """Ask for a version to be loaded into service; somebody else approves."""
    now = timezone.now()
    game, held = _held(game_code, code, request, now)
    page: dict[str, Any] = {
        "nav": "rules",
        "game": {"name": words.game(game)},
        "code": held.version.code,
        "back_url": _url("desk_rule", game, held),
    }
    if not _is_loadable(held):
        page |= {
            "standing": _standing(held),
            "asked_url": reverse("audit:approval", args=[held.asked]) if held.asked else "",
        }
        status = 409 if request.method == "POST" else 200
        return render(request, "desk/rule_load.html", page, status=status)
    form = RuleLoadForm(request.POST or None)
    if game.is_shadow:
        del form.fields["notice"]
    status = 400 if form.is_bound else 200
    if request.method == "POST" and form.is_valid():
        try:
            rule_sheets.request(
                game=game,
                version=held.version.code,
                file=held.file,
                notice=form.cleaned_data.get("notice", ""),
                maker=user_of(request),
                now=now,
            )
        except Refused as refusal:
            status = refuse(form, refusal)
        else:
            notes.success(
                request, _("Asked. It is loaded and announced when another person approves.")
            )
            return redirect(_url("desk_rule", game, held))
    old = rule_changes.before(game, held, now=now)
    page |= {
        "form": form,
        "first_issue": held.version.first_issue,
        "before": old.version.code if old else "",
        "changes": rule_changes.changes(old, held) if old else [],
        "is_drill": game.is_shadow,
    }
    return render(request, "desk/rule_load.html", page, status=status)


@never_cache
@require_safe
def desk_rule_changes(request: HttpRequest, game_code: str, code: str) -> HttpResponse:
    """What differs between a version and another, the one before it unless another is named."""
    now = timezone.now()
    game, new = _held(game_code, code, request, now)
    others = [one for one in rule_changes.of_game(game, now=now) if one.version != new.version]
    wanted = request.GET.get("against", "")
    old = next((one for one in others if one.version.code == wanted), None)
    if wanted and old is None:
        raise Http404
    old = old or rule_changes.before(game, new, now=now) or (others[-1] if others else None)
    return render(
        request,
        "desk/rule_changes.html",
        {
            "nav": "rules",
            "game": {"name": words.game(game)},
            "code": new.version.code,
            "old": old.version.code if old else "",
            "changes": rule_changes.changes(old, new) if old else [],
            "others": [
                {
                    "code": one.version.code,
                    "url": f"?against={one.version.code}{_more(new)}",
                    "is_on": old is not None and one.version.code == old.version.code,
                }
                for one in others
            ],
            "back_url": _url("desk_rule", game, new),
        },
    )


@never_cache
@require_http_methods(["GET", "POST"])
def desk_rule_trial(request: HttpRequest, game_code: str, code: str) -> HttpResponse:
    """What past draws would have paid by a version: the announced ones, or those of a file."""
    now = timezone.now()
    game, held = _held(game_code, code, request, now)
    form = RuleTrialForm(request.POST or None, request.FILES or None)
    trial, status = None, 400 if form.is_bound else 200
    if form.is_valid():
        try:
            trial = _tried(game, held, form)
            status = 200
        except Refused as refusal:
            status = refuse(form, refusal)
    page = {
        "nav": "rules",
        "game": {"name": words.game(game)},
        "code": held.version.code,
        "form": form,
        "trial": _trial_page(trial) if trial else None,
        "back_url": _url("desk_rule", game, held),
    }
    return render(request, "desk/rule_trial.html", page, status=status)


@never_cache
@require_safe
def desk_rule_sheet(request: HttpRequest, game_code: str, code: str) -> HttpResponse:
    """The canonical rule sheet, or with `what=file` the rule file as it was signed."""
    _game, held = _held(game_code, code, request, timezone.now())
    raw = rules.rule_sheet(held.version)
    if request.GET.get("what") == "file":
        if held.file is None:
            raise Http404
        raw = held.file.document.encode()
    return _file(raw, f"{held.version.code}.json")


@never_cache
@require_http_methods(["GET", "POST"])
@step_up.required
def desk_rule_file(request: HttpRequest) -> HttpResponse:
    """Hand in a signed rule file; it is read whole, and refused by name where it is not clear."""
    form = RuleFileForm(request.POST or None, request.FILES or None)
    status = 400 if form.is_bound else 200
    if form.is_valid():
        game = Game.objects.get(code=form.cleaned_data["game"])
        try:
            file = rule_files.bring(
                game=game,
                raw=form.cleaned_data["file"].read(),
                signature=form.cleaned_data["signature"].read(),
                actor=user_of(request),
                now=timezone.now(),
            )
        except Refused as refusal:
            status = refuse(form, refusal)
        else:
            notes.success(request, _("Read and understood. It changes nothing until it is loaded."))
            place = reverse("games:desk_rule", args=[game.code, file.code])
            return redirect(f"{place}?file={file.document_digest}")
    return render(request, "desk/rule_file.html", {"nav": "rules", "form": form}, status=status)


def _sheet(request: HttpRequest, game_code: str, code: str) -> HttpResponse:
    now = timezone.now()
    game, held = _held(game_code, code, request, now)
    may_load = permission.may(request.user, "games:desk_rule_load", now)
    place = {name: _url(name, game, held) for name in (
        "desk_rule_changes", "desk_rule_trial", "desk_rule_sheet", "desk_rule_load",
    )}  # fmt: skip
    sheet = place["desk_rule_sheet"]
    return render(
        request,
        "desk/rule.html",
        {
            "nav": "rules",
            "game": {"name": words.game(game)},
            "held": held,
            "row": _row(game, held),
            "digest": rules.rule_sheet_digest(held.version),
            "sections": rule_changes.sheet(held),
            "approval": approvals.named(held.sheet.approval_code) if held.sheet else "",
            "changes_url": place["desk_rule_changes"],
            "trial_url": place["desk_rule_trial"],
            "sheet_url": sheet,
            "file_url": f"{sheet}{'&' if '?' in sheet else '?'}what=file" if held.file else "",
            "load_url": place["desk_rule_load"] if may_load and _is_loadable(held) else "",
            "asked_url": reverse("audit:approval", args=[held.asked]) if held.asked else "",
        },
    )


def _is_loadable(held: Held) -> bool:
    return held.sheet is None and not held.asked and held.state != "past"


def _standing(held: Held) -> str:
    """Why it is not asked for: in words, with the day."""
    if held.sheet is None:
        return (
            _("It was asked for already; another person decides.")
            if held.asked
            else _("Its draws are over. It can no longer be loaded.")
        )
    day = dates.year_weekday(
        rule_changes.starts_on(held) or dates.in_shanghai(held.sheet.loaded_at).date()
    )
    return {
        "service": _("It has been in service since %(day)s."),
        "loaded": _("It is loaded already and goes on sale on %(day)s."),
    }.get(held.state, _("It was in service from %(day)s; its draws are over.")) % {"day": day}


def _held(game_code: str, code: str, request: HttpRequest, now: datetime) -> tuple[Game, Held]:
    game = get_object_or_404(Game, code=game_code)
    held = rule_changes.find(game, code, now=now, file=request.GET.get("file", ""))
    if held is None:
        raise Http404
    return game, held


def _more(held: Held) -> str:
    return f"&file={held.file.document_digest}" if held.file and held.sheet is None else ""


def _url(name: str, game: Game, held: Held) -> str:
    address = reverse(f"games:{name}", args=[game.code, held.version.code])
    more = _more(held)
    return f"{address}?{more[1:]}" if more else address


def _row(game: Game, held: Held) -> dict[str, Any]:
    tone, sign = _STATES[held.state]
    return {
        "code": held.version.code,
        "url": _url("desk_rule", game, held),
        "tone": tone,
        "sign": sign,
        "word": _state(held),
        "first_issue": held.sheet.first_issue if held.sheet else held.version.first_issue,
        "last_issue": held.last_issue or held.version.last_issue or "",
        "starts_on": rule_changes.starts_on(held),
        "loaded_at": held.sheet.loaded_at if held.sheet else None,
        "paper": held.file.paper if held.file else "",
        "signer": held.file.signer if held.file else "",
    }


def _state(held: Held) -> str:
    return {
        "service": _("In service"),
        "loaded": _("Loaded"),
        "asked": _("Waits for another person"),
        "waiting": _("Not loaded"),
        "past": _("Past"),
    }[held.state]


def _file(raw: bytes, name: str) -> HttpResponse:
    answer = HttpResponse(raw, content_type="application/json; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _tried(game: Game, held: Held, form: RuleTrialForm) -> rule_trials.Trial:
    asked = form.cleaned_data
    if asked["file"]:
        text = io.TextIOWrapper(asked["file"].file, encoding="utf-8", newline="")
        past, skipped = rule_trials.from_csv(
            game.rules_game, text, loaded=rule_files.of_real(game.rules_game)
        )
    else:
        real = Game.objects.get(code=game.rules_game)
        past, skipped = rule_trials.announced(real, most=int(asked["draws"]))
    return rule_trials.run(held.version, past, course=asked["course"], skipped=skipped)


def _trial_page(trial: rule_trials.Trial) -> dict[str, Any]:
    first, last = trial.draws[0], trial.draws[-1]
    return {
        "trial": trial,
        "first": first,
        "last": last,
        "tiers": [
            {
                "name": one.tier.label,
                "lines": one.lines,
                "paid_fen": one.paid_fen,
                "was_lines": one.was_lines,
                "was_fen": one.was_fen,
                "difference_fen": one.paid_fen - one.was_fen,
                "is_by_chance": one.is_by_chance,
            }
            for one in trial.tiers
        ],
        "share": _percent(trial.paid_fen, trial.sales_fen),
        "was_share": _percent(trial.was_paid_fen, trial.sales_fen),
        "difference_fen": None
        if trial.was_paid_fen is None
        else trial.paid_fen - trial.was_paid_fen,
        "fund_fen": trial.fund_in_fen - trial.fund_out_fen,
        "courses": [
            trend_charts.pools(
                [one.was_pool_after_fen for one in trial.draws],
                [one.pool_after_fen for one in trial.draws],
                first=first.issue,
                last=last.issue,
                is_narrow=is_narrow,
            )
            for is_narrow in (False, True)
        ],
        "highest_fen": max(one.pool_after_fen for one in trial.draws),
        "lowest_fen": min(one.pool_after_fen for one in trial.draws),
        "skipped": trial.skipped[:20],
        "skipped_count": len(trial.skipped),
        "latest": list(trial.draws[-30:])[::-1],
    }


def _percent(part: int | None, whole: int) -> str:
    return "—" if part is None or not whole else f"{part * 100 / whole:.2f}%"
