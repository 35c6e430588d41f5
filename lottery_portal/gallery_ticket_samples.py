"""Sample figures for the way of a ticket: the board, the last look, tickets and their steps."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from django.utils.translation import gettext as _

from games import rules
from sales import board_facts, ways

from .lib.dates import SHANGHAI

Context = dict[str, Any]

NOW = datetime(2026, 9, 20, 17, 46, 6, tzinfo=SHANGHAI)
CLOSES = datetime(2026, 9, 20, 20, 0, tzinfo=SHANGHAI)
DRAWS = datetime(2026, 9, 20, 21, 15, tzinfo=SHANGHAI)
ROOT = "799b94993be309043f4a75eae1fe31a19e7d83da865d317283248fc74dff5bec"
OTHER_ROOT = "d5746de91a2f5a650163d8b123ec0396446c7dd24f66023415789a82ee80b03b"
LEAF = "b90fb7a500368575bbb52d4261d550e572e06a44d79a2efe7f95798ad32f7338"
POOL = 917_243_647_00
TOTAL_LINES = 17_721_088
SSQ = {"code": "ssq", "name": "双色球"}
DRAW = {"code": "ssq-2026109", "issue": "2026109", "closes_at": CLOSES, "draws_at": DRAWS}


def split(fen: int) -> list[Context]:
    """A stake, divided as the current rule says."""
    return [
        {"name": _("Prize money"), "amount": fen * 49 // 100},
        {"name": _("Adjustment fund"), "amount": fen * 2 // 100},
        {"name": _("Welfare fund"), "amount": fen * 36 // 100},
        {"name": _("Issue fee"), "amount": fen * 13 // 100},
    ]


def _pick(kind: str, picks: list[list[int]], lines: int = 1, **more: Any) -> Context:
    return {
        "type": kind,
        "picks": picks,
        "bankers": [[], []],
        "lines": lines,
        "multiplier": 1,
        "price_fen": lines * 2_00,
        "amount_fen": lines * 2_00,
        "hits": None,
        "prize": "",
        "prize_fen": None,
        "is_quick_pick": False,
        **more,
    }


def _places(red: list[int], blue: list[int], bankers: list[int]) -> Context:
    """The boxes of the board with these numbers chosen."""
    version = rules.GAMES["ssq"].current
    way = ways.of(version)[0]
    boxes = way.selection((tuple(bankers), ()), (tuple(red), tuple(blue)))
    return {
        "way": way.code,
        "tabs": board_facts.tabs(version, way),
        "hint": board_facts.hint(way),
        "banks": True,
        "zones": board_facts.places(version, way, boxes, is_banker=bool(bankers)),
        "board_json": board_facts.script(version, way),
    }


def board(mode: str = "multiple") -> Context:
    """The board with a multiple bet chosen, or a banker bet."""
    is_banker = mode == "banker"
    basket = [
        {"t": "single", "b": [[], []], "p": [[6, 11, 13, 19, 22, 28], [16]], "m": 1, "q": False},
        {"t": "single", "b": [[], []], "p": [[2, 9, 15, 21, 27, 33], [5]], "m": 2, "q": True},
    ]
    chosen = (
        _places([11, 14, 20, 22, 28, 31], [16], [6, 13])
        if is_banker
        else _places([3, 8, 11, 17, 22, 26, 31], [7, 16], [])
    )
    tiers: list[Context] = [
        {"number": 1, "name": _("First prize"), "prize_fen": 10_000_000_00, "is_most": True,
         "share": "", "one_in": f"{TOTAL_LINES:,}", "is_extra": False},
        {"number": 6, "name": _("Sixth prize"), "prize_fen": 5_00, "is_most": False,
         "share": "", "one_in": "17", "is_extra": False},
    ]  # fmt: skip
    return chosen | {
        "nav": "buy",
        "now": NOW,
        "game": SSQ,
        "games": [],
        "draw": DRAW,
        "pool_fen": POOL,
        "price_fen": 2_00,
        "cap_fen": 20_000_00,
        "max_multiplier": 99,
        "count": 1,
        "most_draws": 30,
        "mode": mode,
        "multiplier": 1,
        "basket": [
            _pick(_("Single"), [[6, 11, 13, 19, 22, 28], [16]]),
            _pick(_("Quick pick"), [[2, 9, 15, 21, 27, 33], [5]], multiplier=2, price_fen=4_00),
        ],
        "basket_json": json.dumps(basket),
        "lines_in_basket": 2,
        "sum_fen": 6_00,
        "others": [],
        "others_json": "[]",
        "others_fen": 0,
        "cart_json": "{}",
        "tiers": tiers,
        "top": tiers[0],
        "line": {"first": f"{TOTAL_LINES:,}", "any": "15.2"},
        "request_key": "01990000-0000-7000-8000-000000000001",
        "post_url": "/gallery/confirm/",
        "has_choice": True,
        "quick_pick_url": "/quick",
        "quote_url": "/quote",
        "problem": "",
        "problem_at": "",
    }


def empty_board() -> Context:
    """The board as a visitor meets it."""
    return (
        board()
        | _places([], [], [])
        | {
            "player": None,
            "balance_fen": None,
            "basket": [],
            "basket_json": "[]",
            "lines_in_basket": 0,
            "sum_fen": 0,
        }
    )


def confirm() -> Context:
    """The last look before payment."""
    picks = [
        _pick(_("Multiple"), [[3, 8, 11, 17, 22, 26, 31], [7, 16]], 14),
        _pick(_("Banker"), [[11, 14, 20, 22, 28, 31], [16]], 15, bankers=[[6, 13], []]),
        _pick(_("Quick pick"), [[2, 9, 15, 21, 27, 33], [5]], multiplier=2, price_fen=4_00),
    ]
    return {
        "nav": "buy",
        "now": NOW,
        "game": SSQ,
        "draw": DRAW,
        "groups": [
            {"game": SSQ, "draw": DRAW, "notices": [], "lines": 17, "price_fen": 34_00,
             "picks": picks}
        ],
        "is_one": True,
        "is_plain": True,
        "left_out": [],
        "lines": 17,
        "price_fen": 34_00,
        "after_fen": 94_00,
        "tickets": 1,
        "basket_json": "[]",
        "cart_json": "{}",
        "from_game": "ssq",
        "request_key": "01990000-0000-7000-8000-000000000001",
        "post_url": "#",
        "back_url": "/gallery/board/",
    }  # fmt: skip


def moment(hour: int, minute: int, second: int) -> datetime:
    """A moment of the day of the draw."""
    return datetime(2026, 9, 17, hour, minute, second, tzinfo=SHANGHAI)


def steps(done: int, *, halted: bool = False) -> list[Context]:
    """What has become of a ticket."""
    texts = [
        (_("Bought"), moment(18, 22, 41), _("6.00 yuan from the balance")),
        (_("Sealed"), moment(20, 0, 7), _("together with 412,805 other tickets")),
        (_("Drawn"), moment(21, 15, 2), _("entered by two people, confirmed 21:19:40")),
        (_("Settled"), moment(21, 22, 11), _("both engines agree")),
        (_("Paid"), moment(21, 24, 36), _("205.00 yuan are in the balance")),
    ]
    steps = []
    for at, (title, when, text) in enumerate(texts):
        state = "done" if at < done else "now" if at == done else "todo"
        step: Context = {"state": state, "title": title}
        if state == "done":
            step |= {"at": when, "text": text}
        steps.append(step)
    if halted:
        steps[-1] = {
            "state": "halted",
            "title": _("Payment halted"),
            "at": moment(21, 22, 40),
            "text": _("does not match, being cleared up"),
        }
    return steps


def ticket(state: str) -> Context:
    """A ticket in one of its states."""
    known = state in {"won", "paid", "lost"}
    drawn = [[6, 11, 13, 14, 20, 28], [16]]
    first, second = [[6, 11, 13, 19, 22, 28], [16]], [[3, 6, 14, 21, 27, 30], [16]]
    third = [[2, 8, 17, 25, 31, 33], [9]]
    won = state in {"won", "paid"}
    picks = [
        _pick(
            _("Single"),
            first if won else third,
            prize=_("Fourth prize") if won else "",
            prize_fen=200_00 if won else None,
        ),
        _pick(
            _("Single"),
            second if won else third,
            prize=_("Sixth prize") if won else "",
            prize_fen=5_00 if won else None,
        ),
        _pick(_("Quick pick"), third, is_quick_pick=True),
    ]
    for pick in picks:
        pick["hits"] = drawn if known else None
    text = (
        '{"code":"S7K29QMF3XTD8ABC4","draw":"ssq-2026108","price_fen":600,'
        '"selections":[{"b":[[],[]],"m":1,"p":[[6,11,13,19,22,28],[16]]}],'
        '"sold_at":"2026-09-17T10:22:41.318Z","version":1}'
    )
    return {
        "nav": "tickets",
        "balance_fen": 1_328_00,
        "now": moment(18, 30, 0) if state == "waiting" else NOW,
        "state": state,
        "game": SSQ,
        "draw": {
            "issue": "2026108",
            "closes_at": moment(20, 0, 0),
            "draws_at": moment(21, 15, 0),
        },
        "ticket": {
            "code": "S7K29QMF3XTD8ABC4",
            "price_fen": 6_00,
            "lines": 3,
            "channel": _("Web"),
            "sold_at": moment(18, 22, 41),
            "just_bought": False,
        },
        "prize_fen": 205_00 if won else None,
        "claim_until": date(2026, 11, 16),
        "picks": picks,
        "steps": steps({"waiting": 1, "drawn": 3, "lost": 4, "won": 4, "paid": 5}[state]),
        "seal": None
        if state == "waiting"
        else {
            "root": ROOT,
            "published_at": moment(20, 0, 9),
            "ahead_seconds": 4493,
            "url": "/gallery/result/",
            "seal_url": "#",
            "statement_url": "",
        },
        "proof": None if state == "waiting" else {"serial": 218_431, "size": 412_806},
        "keyring": [],
        **dict.fromkeys(("file_url", "json_url", "report_url", "check_url"), "#"),
        "receipt": {
            "text": text,
            "key_id": "receipt-7c1e90ab",
            "algorithm": "Ed25519",
            "signature": LEAF + OTHER_ROOT,
            "qr": "LT1:S7K29QMF3XTD8ABC4:MFRGGZDFMZTWQ2LK",
            "promise": "",
            "verify_url": "#",
            "download_url": "#",
        },
        "split": split(6_00),
        "qr_text": "S7K29QMF3XTD8ABC4",
    }


def tickets(which: str) -> Context:
    """My tickets: with some, or none."""
    rows = [
        {
            "game": "双色球",
            "issue": "2026109",
            "code": "S7K29QMF3XTD8ABC4",
            "sold_at": NOW,
            "numbers": [[6, 11, 13, 19, 22, 28], [16]],
            "hits": None,
            "more": 2,
            "price_fen": 6_00,
            "tone": "waiting",
            "word": _("Waiting for the draw"),
            "prize_fen": None,
            "url": "/gallery/ticket-waiting/",
        },
        {
            "game": "双色球",
            "issue": "2026108",
            "code": "S7K29QMF3XTD8ABC4",
            "sold_at": moment(18, 22, 41),
            "numbers": [[6, 11, 13, 19, 22, 28], [16]],
            "hits": [[6, 11, 13, 14, 20, 28], [16]],
            "more": 0,
            "price_fen": 2_00,
            "tone": "done",
            "word": _("Paid"),
            "prize_fen": 200_00,
            "url": "/gallery/ticket-paid/",
        },
    ]
    return {
        "nav": "tickets",
        "segment": "won" if which == "none" else "all",
        "tickets": [] if which == "none" else rows,
        "next_game": {"name": "双色球", "closes_at": CLOSES, "url": "/gallery/board/"},
        "now": NOW,
        "any_one_in": 15,
        "game_name": "双色球",
        "year_stake_fen": 214_00,
        "year_welfare_fen": 77_04,
    }


TICKET_PAGES: dict[str, tuple[str, Callable[[], Context]]] = {
    "board": ("sales/board.html", board),
    "board-banker": ("sales/board.html", lambda: board("banker")),
    "board-empty": ("sales/board.html", empty_board),
    "confirm": ("sales/confirm.html", confirm),
    "ticket-waiting": ("sales/ticket.html", lambda: ticket("waiting")),
    "ticket-drawn": ("sales/ticket.html", lambda: ticket("drawn")),
    "ticket-lost": ("sales/ticket.html", lambda: ticket("lost")),
    "ticket-won": ("sales/ticket.html", lambda: ticket("won")),
    "ticket-paid": ("sales/ticket.html", lambda: ticket("paid")),
    "tickets": ("sales/tickets.html", lambda: tickets("some")),
    "tickets-none": ("sales/tickets.html", lambda: tickets("none")),
}
