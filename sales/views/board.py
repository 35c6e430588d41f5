"""The number board of any game: choose a way to bet, numbers, lines into the basket.

The page works without script: every button is one of the form's. With it the same form counts while
numbers are chosen, and the browser keeps the basket.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from uuid import uuid4

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts import who
from accounts.models import Player, User
from games import bets, limits, public_notices, quick_pick
from games.models import Draw, Game
from games.rules import RuleVersion
from lottery_portal.lib.db import database_time
from lottery_portal.lib.errors import Refused
from sales import basket, board_facts, cart, offers, quotes, ways
from sales import plans as plan_rules
from sales.ways import Way

from . import checkout, plans, refusals

CHANNEL = "web"
MOST_QUICK_PICKS = 5
_FIELDS = {"multiplier_out_of_range": "multiplier", "plan_draws_out_of_range": "draws"}
MOST_BYTES = 100_000  # two hundred picks of every number there is are shorter


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """A board as one request finds it: its draw, its way to bet, what lies on it and beside it."""

    request: HttpRequest
    draw: Draw
    player: Player | None
    version: RuleVersion
    way: Way
    kept: Sequence[bets.Selection] = ()
    others: cart.Cart = field(default_factory=dict)
    boxes: bets.Selection | None = None
    multiplier: int = 1

    @property
    def is_dearer(self) -> bool:
        return self.way.dearer is not None and basket.is_dearer(self.request.POST)


def _game(code: str) -> Game:
    return get_object_or_404(Game, code=code, is_shadow=False)


def _player(request: HttpRequest) -> Player | None:
    """The player who looks at the board; staff and visitors have none."""
    user = request.user
    if not isinstance(user, User) or user.is_staff:
        return None
    try:
        return who.player(user)
    except who.NotAPlayer:
        return None


@require_http_methods(["GET", "POST"])
def board(request: HttpRequest, game_code: str) -> HttpResponse:
    """Choose numbers; `confirm` goes on to the last look, everything else comes back here."""
    game, player = _game(game_code), _player(request)
    problem = ""
    try:
        kept, others = _carried(request, game)
    except Refused as refusal:
        kept, others, problem = [], {}, str(refusal)
    try:
        draw = offers.on_sale(
            game, channel=CHANNEL, player=player.code if player else "", now=timezone.now()
        )
    except Refused as refusal:
        return refusals.page(
            request,
            refusal,
            game=game,
            basket_json=basket.write(kept),
            cart_json=cart.write(others),
        )
    version = quotes.version_of(draw.rule)
    found = Board(
        request=request,
        draw=draw,
        player=player,
        version=version,
        way=ways.at(version, request.POST.get("bet_type") or request.GET.get("bet", "")),
        kept=kept,
        others=others,
    )
    if problem:
        return _shown(found, problem=problem, status=400)
    if request.method == "GET":
        return _shown(found)
    found = replace(
        found,
        boxes=basket.from_boxes(found.way, request.POST),
        multiplier=basket.multiplier_of(request.POST),
    )
    if request.POST.get("action") in {"add", "confirm"}:
        return _take(found)
    return _shown(_edited(found))


def _carried(request: HttpRequest, game: Game) -> tuple[list[bets.Selection], cart.Cart]:
    """The basket of this game and those of others, whichever board they come from."""
    if request.method == "GET":
        return [], {}
    posted = basket.read(request.POST.get("basket", ""))
    others = cart.read(request.POST.get("cart", ""))
    came_from = request.POST.get("game") or game.code
    if came_from != game.code:
        others[came_from] = posted
        posted = others.get(game.code, [])
    others.pop(game.code, None)
    return posted, {code: others[code] for code in cart.games(others) if others[code]}


def _edited(found: Board) -> Board:
    """What the buttons do that only change basket or boxes, for pages without script."""
    deed = found.request.POST.get("action", "")
    if deed.startswith("quick-pick-"):
        kind = _quick_kind(ways.with_extra(found.way, is_dearer=found.is_dearer))
        count = _count(deed.removeprefix("quick-pick-"))
        picked = [
            quick_pick.pick(found.version, bet_type=kind, multiplier=found.multiplier)
            for _one in range(count)
        ]
        return replace(found, kept=[*found.kept, *picked], multiplier=1)
    if deed.startswith("remove-"):
        place = deed.removeprefix("remove-")
        return replace(found, kept=[one for at, one in enumerate(found.kept) if str(at) != place])
    if deed.startswith("drop-"):
        code = deed.removeprefix("drop-")
        return replace(
            found, others={game: some for game, some in found.others.items() if game != code}
        )
    if deed.startswith("way-"):
        way = ways.at(found.version, deed.removeprefix("way-"))
        return replace(found, way=way, boxes=basket.from_boxes(way, found.request.POST))
    if deed == "empty-basket":
        return replace(found, kept=[])
    return replace(found, boxes=None) if deed == "clear" else found


def _take(found: Board) -> HttpResponse:
    """Put the boxes into the basket, and on `confirm` go on to the last look."""
    request, asked = found.request, list(found.kept)
    if found.boxes is not None:
        try:
            limited = limits.of(found.draw) if found.version.limits_numbers else ()
            bets.check(found.version, found.boxes, limited=limited)
        except Refused as refusal:
            return _refused(found, refusal)
        asked.append(found.boxes)
    is_plan = (count := plans.wanted(request)) != 1
    is_paid = request.POST["action"] == "confirm"
    if not asked and is_paid and not is_plan and found.others:
        return checkout.last_look(request, found.draw.game, [], found.others, found.player)
    try:
        quote = quotes.quote(draw=found.draw, selections=asked, now=timezone.now())
        if is_paid and is_plan:
            plan_rules.check_draws(count)
    except Refused as refusal:
        return _refused(found, refusal)
    if not is_paid:
        return _shown(replace(found, kept=asked, boxes=None, multiplier=1))
    if is_plan and found.player is not None:
        return plans.confirm(
            request, quote, found.player, count=count, cart_json=cart.write(found.others)
        )
    return checkout.last_look(request, found.draw.game, asked, found.others, found.player)


def _refused(found: Board, refusal: Refused) -> HttpResponse:
    """The board once more, as it was, with the sentence beside what it is about."""
    at = _FIELDS.get(refusal.code, str(refusal.figures.get("zone_code", "")))
    if at not in {*_FIELDS.values(), *(place.code for place in found.way.places)}:
        at = ""  # it is about numbers that this board does not show
    return _shown(found, problem=str(refusal), problem_at=at, status=refusal.status)


@require_POST
def quick(request: HttpRequest, game_code: str) -> HttpResponse:
    """One to five random picks of a bet type for the board's script."""
    game = _game(game_code)
    try:
        draw = offers.on_sale(game, channel=CHANNEL, player="", now=timezone.now())
    except Refused as refusal:
        return JsonResponse(refusal.as_json(), status=refusal.status)
    version = quotes.version_of(draw.rule)
    asked = request.POST.get("bet_type", "")
    kind = asked if version.bet_type(asked) else _quick_kind(ways.at(version, asked))
    count = _count(request.POST.get("count", "1"))
    picked = [quick_pick.pick(version, bet_type=kind) for _one in range(count)]
    return JsonResponse({"selections": [basket.as_row(one) for one in picked]})


def _quick_kind(way: Way) -> str:
    """The bet type of a quick pick on a board: the one of its fewest numbers."""
    return way.code


@require_POST
def quote(request: HttpRequest, game_code: str) -> HttpResponse:
    """Lines, price and chances of what lies on the board, judged by the server.

    What is not counted is null, and `why_not` says why. With `?explain` numbers that are no bet are
    no error: the answer is the sentence that says what is wrong with them.
    """
    game = _game(game_code)
    try:
        asked = _asked(request.body)
        draw = offers.on_sale(game, channel=CHANNEL, player="", now=timezone.now())
        quoted = quotes.quote(draw=draw, selections=asked, now=timezone.now())
    except Refused as refusal:
        if "explain" in request.GET:
            return JsonResponse({"detail": str(refusal)})
        return JsonResponse(refusal.as_json(), status=refusal.status)
    return JsonResponse(board_facts.quoted(quoted))


def _asked(body: bytes) -> list[bets.Selection]:
    if len(body) > MOST_BYTES:
        raise bets.SelectionUnreadable
    try:
        content = json.loads(body)
    except (ValueError, RecursionError) as exc:
        raise bets.SelectionUnreadable from exc
    rows = content.get("selections") if isinstance(content, dict) else None
    if not isinstance(rows, list):
        raise bets.SelectionUnreadable
    if len(rows) > quotes.MOST_SELECTIONS:
        raise quotes.TooManySelections(most=quotes.MOST_SELECTIONS, given=len(rows))
    return [basket.read_one(row) for row in rows]


def _count(text: str) -> int:
    """How many were asked for; a number that long is no number of picks."""
    is_number = text.isascii() and text.isdigit() and len(text) < 6  # noqa: PLR2004 - no count has six digits
    return min(max(int(text), 1), MOST_QUICK_PICKS) if is_number else 1


def _shown(
    found: Board, *, problem: str = "", problem_at: str = "", status: int = 200
) -> HttpResponse:
    request, draw, version, way = found.request, found.draw, found.version, found.way
    code, now = draw.game.code, database_time()
    sound, broken = _checked(version, found.kept)
    player = found.player.code if found.player else ""
    others = [
        cart.shown(one)
        for one in cart.parts(found.others, channel=CHANNEL, player=player, now=timezone.now())
    ]
    mode = _mode(found)
    pool = offers.pool_for(version, way.play)
    pool_fen = offers.pool_of(draw.game, pool, draw=draw)
    paid = ways.with_extra(way, is_dearer=found.is_dearer)
    tiers = board_facts.tiers(draw, version, way, pool_fen=pool_fen or 0)
    places = board_facts.places(version, way, found.boxes, is_banker=mode == "banker")
    context = {
        "nav": "buy",
        "game": {"code": code, "name": _(draw.game.name)},
        "games": [{"code": one.code, "name": _(one.name)} for one in _other_games(draw.game)],
        "draw": draw,
        "notices": public_notices.now_told(now=timezone.now(), game=code),
        "now": now,
        "pool_fen": pool_fen,
        "pool": pool,
        "price_fen": version.line_price_fen(paid.code),
        "cap_fen": version.ticket_cap_fen,
        "max_multiplier": version.multiplier_most,
        "tabs": board_facts.tabs(version, way),
        "way": way.code,
        "hint": board_facts.hint(way),
        "banks": bool(way.banker),
        "extra": board_facts.dearer(way),
        "is_dearer": found.is_dearer,
        "zones": places,
        "has_choice": any(len(place["keys"]) > place["take"] for place in places),
        "tiers": tiers,
        "top": tiers[0],
        "board_json": board_facts.script(version, way),
        "mode": mode,
        "multiplier": found.multiplier,
        "count": plans.wanted(request),
        "most_draws": plan_rules.MOST_DRAWS,
        "basket": [basket.shown(version, checked) for checked in sound],
        "basket_json": basket.write([checked.selection for checked in sound]),
        "others": others,
        "others_json": json.dumps(others, ensure_ascii=False),
        "others_fen": sum(one["fen"] for one in others),
        "cart_json": cart.write(found.others),
        "adds": request.method == "POST" and "basket" not in request.POST,
        "lines_in_basket": sum(checked.lines for checked in sound),
        "sum_fen": sum(checked.amount_fen for checked in sound),
        "line": board_facts.one_line(draw, version, paid.play),
        "request_key": str(uuid4()),
        "post_url": reverse("sales:board", args=[code]),
        "quick_pick_url": reverse("sales:quick_pick", args=[code]),
        "quote_url": reverse("sales:quote", args=[code]),
        "problem": problem or broken,
        "problem_at": problem_at,
    }
    return render(request, "sales/board.html", context, status=status)


def _other_games(game: Game) -> list[Game]:
    return list(Game.objects.filter(is_shadow=False).exclude(pk=game.pk).order_by("position"))


def _mode(found: Board) -> str:
    if not found.way.banker:
        return "multiple"
    if found.request.POST.get("mode") in {"banker", "multiple"}:
        return found.request.POST["mode"]
    wanted = found.request.GET.get("bet", "")
    if wanted in [one.code for one in found.way.banker]:
        return "banker"
    return "banker" if found.boxes and any(found.boxes.bankers) else "multiple"


def _checked(
    version: RuleVersion, kept: Sequence[bets.Selection]
) -> tuple[list[bets.CheckedSelection], str]:
    """What of a basket the rules allow, and what is wrong with the rest."""
    sound, broken = [], ""
    for selection in kept:
        try:
            sound.append(bets.check(version, selection))
        except Refused as refusal:
            broken = str(refusal)
    return sound, broken
