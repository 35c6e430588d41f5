"""Pages that belong to no room: the first page, help, language and theme, health."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import connection
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from accounts import language, who
from games import draws, odds, rules, seals, words
from games.models import Announcement, Game
from games.results import latest as latest_results
from lottery_portal.lib.money import yuan
from sales import games_shown, offers, receipts

HELP = {
    "rules": gettext_lazy("Rules and prizes"),
    "limits": gettext_lazy("Limits, breaks, exclusion"),
    "complaints": gettext_lazy("Enquiries and complaints"),
    "verify": gettext_lazy("How to check us"),
}
YEAR_SECONDS = 365 * 24 * 3600


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """The first page: what is on sale, what was drawn, where the money goes, how to check us."""
    now = timezone.now()
    user = request.user
    player = who.player_or_none(user) if user.is_authenticated else None
    games = games_shown.rows(player=player.code if player else "", now=now)
    lead = next((row for row in games if row["draw"]), next(iter(games), None))
    draw = lead["draw"] if lead else None
    version = rules.by_code(draw.rule.code) if draw else rules.GAMES["ssq"].current
    return render(
        request,
        "portal/home.html",
        {
            "nav": "home",
            "now": now,
            "lead": _lead(lead, version) if lead else None,
            "others": [row for row in games if row is not lead],
            "results": latest_results(most=5),
            "limit": None,
            "split": _split(version),
            "total_lines": int(1 / offers.one_line(version, special_on=False).first_prize),
            "seal": _last_seal(),
        },
    )


def _lead(row: dict[str, Any], version: rules.RuleVersion) -> dict[str, Any]:
    last = Announcement.objects.filter(game=row["of"]).order_by("-issue").first()
    return row | {
        "price_fen": version.price_fen,
        "cap_fen": version.ticket_cap_fen,
        "last": last,
        "board_url": row["url"],
        "quick_pick_url": f"{row['url']}#basket",
        "rules_url": reverse("help_page", args=["rules"]),
    }


def _split(version: rules.RuleVersion) -> list[dict[str, Any]]:
    names = {
        "prize": _("Prize money"),
        "fund": _("Adjustment fund"),
        "welfare": _("Welfare fund"),
        "fee": _("Issue fee"),
    }
    shares = version.allocation.split(version.price_fen)
    return [
        {"name": name, "amount": getattr(shares, f"{part}_fen")} for part, name in names.items()
    ]


def _last_seal() -> dict[str, Any] | None:
    seal = seals.published().first()
    if seal is None:
        return None
    return {
        "issue": seal.draw.issue,
        "game": _(seal.draw.game.name),
        "root": seal.root,
        "url": reverse("games:result", args=[seal.draw.game.code, seal.draw.issue]),
        "engines_agree": draws.is_settled(seal.draw),
    }


@require_GET
def help_page(request: HttpRequest, slug: str) -> HttpResponse:
    """A page of help; terms and privacy lead to the texts themselves."""
    if slug in {"terms", "privacy"}:
        return redirect("accounts:text", kind=slug)
    if slug not in HELP:
        raise Http404
    version = rules.GAMES["ssq"].current
    chances = offers.one_line(version, special_on=False)
    return render(
        request,
        "portal/help.html",
        {
            "nav": "check" if slug == "verify" else "",
            "slug": slug,
            "title": HELP[slug],
            "game": _("Double Color Ball"),
            "support_contact": settings.SUPPORT_CONTACT,
            "support_mail": _mail(settings.SUPPORT_CONTACT),
            "total_lines": int(1 / chances.first_prize),
            "any_one_in": odds.one_in(chances.any_prize),
            "price_fen": version.price_fen,
            "cap_fen": version.ticket_cap_fen,
            "tiers": _tiers(version),
            "split": _split(version),
            "rule": version.code,
            "rules_of": [
                {"name": words.game(game), "url": reverse("games:rules", args=[game.code])}
                for game in Game.objects.filter(is_shadow=False).order_by("position")
            ],
            "receipt_keys": [{"id": receipts.key_id(), "public": receipts.public_key().hex()}],
        },
    )


def _mail(contact: str) -> str:
    """The contact if it is a mail address, for a link; else nothing."""
    try:
        validate_email(contact)
    except ValidationError:
        return ""
    return contact


def _tiers(version: rules.RuleVersion) -> list[dict[str, str]]:
    return [
        {
            "name": str(tier.label),
            "match": words.matches(tier),
            "prize": _("{amount} yuan").format(amount=yuan(tier.fixed_fen))
            if tier.fixed_fen is not None
            else _("floating"),
        }
        for tier in version.tiers_in_force(special_on=False)
    ]


@require_POST
def set_language(request: HttpRequest) -> HttpResponse:
    """Keep the chosen language in a cookie and, for somebody logged in, with his account."""
    response = redirect(_back(request))
    wanted = request.POST.get("language", "")
    if wanted in dict(settings.LANGUAGES):
        language.remember(request, response, wanted)
    return response


@require_POST
def set_theme(request: HttpRequest) -> HttpResponse:
    """Keep the chosen theme in a cookie: dark, light, or as the device says."""
    response = redirect(_back(request))
    wanted = request.POST.get("theme", "")
    if wanted in {"dark", "light"}:
        response.set_cookie(
            "theme", wanted, max_age=YEAR_SECONDS, samesite="Lax", secure=not settings.EMBEDDED
        )
    else:
        response.delete_cookie("theme")
    return response


def _back(request: HttpRequest) -> str:
    wanted = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(wanted, allowed_hosts={request.get_host()}):
        return wanted
    return reverse("home")


@require_GET
def health(_request: HttpRequest) -> JsonResponse:
    """Whether the database answers; for launchers and load balancers."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return JsonResponse({"state": "ok"})


routes = [
    path("", home, name="home"),
    path("help/<slug:slug>/", help_page, name="help_page"),
    path("language/", set_language, name="set_language"),
    path("theme/", set_theme, name="set_theme"),
    path("health/", health, name="health"),
]
