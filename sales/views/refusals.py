"""A refused purchase as a page: what happened, that no money moved, the figures, the way on."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from games import draws, public_notices
from games.models import Draw, Game
from lottery_portal.lib import codes, dates
from lottery_portal.lib.errors import Refused
from lottery_portal.lib.money import yuan

logger = logging.getLogger(__name__)

Page = dict[str, Any]


def page(
    request: HttpRequest,
    refusal: Refused,
    *,
    game: Game,
    basket_json: str = "[]",
    cart_json: str = "{}",
) -> HttpResponse:
    """The page of one refusal, with the refusal's status; the basket goes along.

    `basket_json` is of `game`, `cart_json` of other games.
    """
    reference = new_reference()
    logger.info("Purchase refused", extra={"refusal": refusal.code, "reference": reference})
    told = _SHOWN.get(refusal.code, _other)(refusal.figures, game)
    board = reverse("sales:board", args=[game.code])
    carried = {"action": "change", "game": game.code, "basket": basket_json, "cart": cart_json}
    actions = [_with_basket(one, carried) for one in told.pop("actions", [])]
    actions.append({"text": _("Back to the first page"), "url": reverse("home")})
    context = {
        "nav": "buy",
        "bar_title": _("Bet not made"),
        "tone": "attention",
        "sign": "alert",
        "title": _("This bet was not made"),
        "text": str(refusal),
        "figures": [],
        "kept": _("Nothing was charged and no ticket was issued."),
        "reference": reference,
        "at": timezone.now(),
        "back_url": board,
        **told,
        "actions": actions,
    }
    return render(request, "refusal.html", context, status=refusal.status)


def address(name: str, *args: str, query: str = "") -> str:
    """The address of a page of another room, or the wallet of nobody: the first page."""
    try:
        return reverse(name, args=args) + query
    except NoReverseMatch:
        return reverse("home")


def new_reference() -> str:
    """A number under which support finds what was refused."""
    code = codes.new_code()
    return f"R-{code[:4]}-{code[4:8]}"


def _with_basket(action: Page, carried: Mapping[str, str]) -> Page:
    """An action that leads back to the numbers takes them along, script or no script."""
    is_empty = carried["basket"] == "[]" and carried["cart"] == "{}"
    if not action.pop("keeps_basket", False) or is_empty:
        return action
    return {**action, "post": dict(carried)}


def _back_to_numbers(game: Game, text: str) -> Page:
    return {"text": text, "url": reverse("sales:board", args=[game.code]), "keeps_basket": True}


def _other_games() -> Page:
    return {"text": _("Choose another game"), "url": reverse("sales:games")}


def _figure(name: str, value: str, *, is_total: bool = False) -> Page:
    return {"name": name, "value": value, "is_total": is_total}


def _money(fen: int) -> str:
    return _("%(amount)s yuan") % {"amount": yuan(fen)}


def _closed(figures: Mapping[str, Any], game: Game) -> Page:
    now = timezone.now()
    rows = [
        _figure(_("Closed"), dates.written(figures["closed_at"], "milli")),
        _figure(_("Arrived"), dates.written(figures["arrived_at"], "milli")),
        _figure(
            _("Bet"), _("%(amount)s yuan, not charged") % {"amount": yuan(figures["price_fen"])}
        ),
    ]
    actions = []
    if following := draws.on_sale(game.code, now=now):
        actions.append(_back_to_numbers(game, _("See draw %(issue)s") % {"issue": following.issue}))
    elif following := draws.next_to_open(game.code, now=now):
        rows.append(
            _figure(
                _("Next draw %(issue)s") % {"issue": following.issue},
                _("opens %(when)s") % {"when": dates.relative(following.opens_at, now, "minute")},
            )
        )
    return {
        "sign": "clock",
        "title": _("Draw %(issue)s has closed") % {"issue": figures["issue"]},
        "text": _("Your request arrived after sales closed, so no bet was made."),
        "figures": rows,
        "kept": _("Nothing was charged. The moment of closing is the same for everybody."),
        "actions": actions,
    }


def _short_of_money(figures: Mapping[str, Any], game: Game) -> Page:
    missing = figures["missing_fen"]
    plain = yuan(missing).replace(",", "")
    return {
        "tone": "waiting",
        "sign": "wallet",
        "title": _("You are %(amount)s yuan short") % {"amount": yuan(missing)},
        "text": _("This bet was not made. Your numbers are still in the basket."),
        "figures": [
            _figure(_("This bet"), _money(figures["price_fen"])),
            _figure(_("Available"), _money(figures["available_fen"])),
            _figure(_("Missing"), _money(missing), is_total=True),
        ],
        "actions": [
            {
                "text": _("Deposit %(amount)s yuan") % {"amount": yuan(missing)},
                "url": address("finance:deposit", query=f"?amount={plain}"),
            },
            _back_to_numbers(game, _("Bet less")),
        ],
    }


def _over_a_limit(figures: Mapping[str, Any], game: Game) -> Page:
    rows = [_figure(_("This bet"), _money(figures["asked_fen"]))]
    if "ceiling_fen" in figures:
        rows += [
            _figure(_("Your limit"), _money(figures["ceiling_fen"])),
            _figure(_("Used of it so far"), _money(figures["used_fen"])),
            _figure(_("Still possible"), _money(figures["room_fen"]), is_total=True),
        ]
    return {
        "tone": "waiting",
        "sign": "pause",
        "title": _("A limit of this account is reached"),
        "text": _("This bet was not made. Your numbers are still in the basket."),
        "figures": rows,
        "actions": [_back_to_numbers(game, _("Bet less"))],
    }


def _too_dear(figures: Mapping[str, Any], game: Game) -> Page:
    most = {"amount": yuan(figures["most_fen"])}
    return {
        "title": _("One ticket costs at most %(amount)s yuan") % most,
        "text": _("This bet was not made. Your numbers are still in the basket."),
        "figures": [
            _figure(_("This bet"), _money(figures["price_fen"])),
            _figure(_("Most for one ticket"), _money(figures["most_fen"])),
        ],
        "actions": [_back_to_numbers(game, _("Bet less"))],
    }


def _too_many_lines(figures: Mapping[str, Any], game: Game) -> Page:
    most, given = f"{figures['most']:,}", f"{figures['given']:,}"
    return {
        "title": _("One ticket holds at most %(most)s lines") % {"most": most},
        "text": _("This bet was not made. Your numbers are still in the basket."),
        "figures": [
            _figure(_("Lines of these numbers"), given),
            _figure(_("Most for one ticket"), most),
        ],
        "actions": [_back_to_numbers(game, _("Bet less"))],
    }


def _unverified(_figures: Mapping[str, Any], game: Game) -> Page:
    return {
        "tone": "waiting",
        "sign": "user",
        "title": _("Please confirm your identity first"),
        "text": _("Only people of 18 and more may buy tickets. It takes a minute, once."),
        "actions": [
            {"text": _("Confirm my identity"), "url": address("accounts:verify")},
            _back_to_numbers(game, _("Back to the numbers")),
        ],
    }


def _not_open(figures: Mapping[str, Any], game: Game) -> Page:
    """A draw that does not take tickets; of a cancelled one everybody is told why."""
    told = public_notices.of_draw(draws.find(figures["draw"]))
    rows = [_figure(_("Reason"), told[0].reason)] if told else []
    page: Page = {"sign": "pause", "figures": rows, "actions": []}
    if figures["state"] == Draw.State.CANCELLED:
        page |= {
            "title": _("Draw %(issue)s is cancelled") % {"issue": figures["issue"]},
            "text": _("It is not held. Every ticket that was sold is refunded in full."),
        }
    if following := draws.on_sale(game.code, now=timezone.now()):
        text = _("See draw %(issue)s") % {"issue": following.issue}
        page["actions"] = [_back_to_numbers(game, text)]
    return page


def _unlicensed(_figures: Mapping[str, Any], game: Game) -> Page:
    return {
        "sign": "pause",
        "title": _("Sales are paused"),
        "text": _(
            "The licence to sell this game is not in force now. Tickets you hold stay valid."
        ),
        "figures": [_figure(_("Game"), _(game.name))],
        "actions": [_other_games()],
    }


def _switched_off(figures: Mapping[str, Any], game: Game) -> Page:
    return {
        "sign": "pause",
        "title": _("Sales are paused"),
        "text": _("We have switched sales off. Tickets you hold stay valid."),
        "figures": [
            _figure(_("Game"), _(game.name)),
            _figure(_("Reason"), figures["reason"]),
        ],
        "actions": [_other_games()],
    }


def _locked(title: str) -> Callable[[Mapping[str, Any], Game], Page]:
    def told(_figures: Mapping[str, Any], _game: Game) -> Page:
        return {"sign": "lock", "title": _(title)}

    return told


def _other(_figures: Mapping[str, Any], game: Game) -> Page:
    return {"actions": [_back_to_numbers(game, _("Back to the numbers"))]}


def _between_draws(figures: Mapping[str, Any], game: Game) -> Page:
    opens_at, now = figures["opens_at"], timezone.now()
    rows = [_figure(_("Game"), _(game.name))]
    if opens_at:
        rows += [
            _figure(
                _("Next draw %(issue)s") % {"issue": figures["next_issue"]},
                _("opens %(when)s") % {"when": dates.relative(opens_at, now, "minute")},
            )
        ]
    cancelled = public_notices.cancellations(now=now).filter(draw__game=game).first()
    told = (
        public_notices.texts(public_notices.of_draw(cancelled.draw))
        if cancelled and cancelled.draw.draws_at > now  # so it is the one that was on sale
        else [str(_("Sales have closed for the last draw; the next one has not opened yet."))]
    )
    return {
        "bar_title": _("No draw on sale"),
        "sign": "clock",
        "title": _("No draw is on sale now"),
        "text": " ".join(told),
        "figures": rows,
        "kept": "",
        "actions": [_other_games()],
    }


def gettext_noop(message: str) -> str:
    """Mark a title for the catalogue; it is translated when the page is written."""
    return message


_SHOWN: Mapping[str, Callable[[Mapping[str, Any], Game], Page]] = {
    "draw_closed": _closed,
    "draw_not_open": _not_open,
    "not_enough_money": _short_of_money,
    "ceiling_reached": _over_a_limit,
    "ticket_too_dear": _too_dear,
    "too_many_lines": _too_many_lines,
    "kyc_required": _unverified,
    "licence_missing": _unlicensed,
    "sales_switched_off": _switched_off,
    "no_draw_on_sale": _between_draws,
    "staff_may_not_play": _locked(gettext_noop("People with a post do not play")),
    "account_not_active": _locked(gettext_noop("Your account may not buy now")),
    "books_mixed": _locked(gettext_noop("Test accounts do not play in real draws")),
}
