"""Sample figures for the gallery: balls, pools and prizes are real, everything else is invented."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from .gallery_desk_samples import DESK_PAGES
from .gallery_forms_samples import FORM_PAGES
from .lib import board_words
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


def house() -> Context:
    """What the context processor gives to every page."""
    return {
        "brand": "明彩",
        "balance_fen": 128_00,
        "player": {"name": "陈 **"},
        "staff_name": "刘洋",
        "staff_posts": [_("Draw official")],
    }


def split(fen: int) -> list[Context]:
    """A stake, divided as the current rule says."""
    return [
        {"name": _("Prize money"), "amount": fen * 49 // 100},
        {"name": _("Adjustment fund"), "amount": fen * 2 // 100},
        {"name": _("Welfare fund"), "amount": fen * 36 // 100},
        {"name": _("Issue fee"), "amount": fen * 13 // 100},
    ]


def results() -> list[Context]:
    """Three real results."""
    rows = [
        ("双色球", "2026108", date(2026, 9, 17), [[6, 11, 13, 14, 20, 28], [16]]),
        ("双色球", "2026107", date(2026, 9, 15), [[1, 5, 9, 17, 24, 33], [4]]),
        ("双色球", "2026106", date(2026, 9, 13), [[6, 11, 13, 14, 22, 30], [14]]),
    ]
    return [
        {
            "game": game,
            "issue": issue,
            "drawn_on": on,
            "numbers": numbers,
            "url": "#",
            "is_checked": issue != "2026106",
        }
        for game, issue, on, numbers in rows
    ]


def home() -> Context:
    """The first page."""
    return {
        "nav": "home",
        "now": NOW,
        "lead": {
            "game": SSQ,
            "draw": DRAW,
            "pool_fen": POOL,
            "price_fen": 2_00,
            "cap_fen": 20_000_00,
            "last": {
                "issue": "2026108",
                "drawn_on": date(2026, 9, 17),
                "numbers": [[6, 11, 13, 14, 20, 28], [16]],
            },
            "board_url": "/gallery/board/",
            "quick_pick_url": "/gallery/board/",
            "rules_url": "#",
        },
        "others": [
            {
                "game": "大乐透",
                "issue": "26108",
                "closes_at": datetime(2026, 9, 21, 21, 0, tzinfo=SHANGHAI),
                "draws_at": DRAWS,
                "pool_fen": 831_000_000_00,
                "url": "#",
            },
            {
                "game": "七乐彩",
                "issue": "2026109",
                "closes_at": datetime(2026, 9, 25, 20, 0, tzinfo=SHANGHAI),
                "draws_at": DRAWS,
                "pool_fen": 1_518_900_00,
                "url": "#",
            },
        ],
        "results": results(),
        "limit": {"spent_fen": 20_00, "limit_fen": 200_00, "url": "#"},
        "split": split(2_00),
        "total_lines": TOTAL_LINES,
        "seal": {
            "issue": "2026108",
            "game": "双色球",
            "root": ROOT,
            "url": "#",
            "engines_agree": True,
        },
    }


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


def board(mode: str = "multiple") -> Context:
    """The board with a multiple bet chosen, or a banker bet."""
    is_banker = mode == "banker"
    red = [11, 14, 20, 22, 28, 31] if is_banker else [3, 8, 11, 17, 22, 26, 31]
    zones = [
        {
            "name": "red",
            "label": _("Red balls"),
            "spoken": _("red"),
            "of": 33,
            "take": 6,
            "bankers": 5,
            "chosen": red,
            "chosen_bankers": [6, 13] if is_banker else [],
            "limited": [],
        },
        {
            "name": "blue",
            "label": _("Blue balls"),
            "spoken": _("blue"),
            "of": 16,
            "take": 1,
            "bankers": 0,
            "chosen": [16] if is_banker else [7, 16],
            "chosen_bankers": [],
            "limited": [],
        },
    ]
    basket = [
        {"t": "single", "b": [[], []], "p": [[6, 11, 13, 19, 22, 28], [16]], "m": 1, "q": False},
        {"t": "single", "b": [[], []], "p": [[2, 9, 15, 21, 27, 33], [5]], "m": 2, "q": True},
    ]
    return {
        "nav": "buy",
        "now": NOW,
        "game": SSQ,
        "draw": DRAW,
        "pool_fen": POOL,
        "price_fen": 2_00,
        "cap_fen": 20_000_00,
        "max_multiplier": 99,
        "zones": zones,
        "zones_json": board_words.zones(zones),
        "mode": mode,
        "multiplier": 1,
        "basket": [
            _pick(_("Single"), [[6, 11, 13, 19, 22, 28], [16]]),
            _pick(_("Quick pick"), [[2, 9, 15, 21, 27, 33], [5]], multiplier=2, price_fen=4_00),
        ],
        "basket_json": json.dumps(basket),
        "lines_in_basket": 2,
        "sum_fen": 6_00,
        "total_lines": TOTAL_LINES,
        "any_one_in": "15.2",
        "request_key": "01990000-0000-7000-8000-000000000001",
        "post_url": "/gallery/confirm/",
        "quick_pick_url": "/quick",
        "quote_url": "/quote",
        "odds_url": "#",
        "problem": None,
    }


def empty_board() -> Context:
    """The board as a visitor meets it."""
    sample = board()
    for zone in sample["zones"]:
        zone["chosen"] = []
    return sample | {
        "player": None,
        "balance_fen": None,
        "basket": [],
        "basket_json": "[]",
        "lines_in_basket": 0,
        "sum_fen": 0,
    }


def confirm() -> Context:
    """The last look before payment."""
    return {
        "nav": "buy",
        "now": NOW,
        "game": SSQ,
        "draw": DRAW,
        "lines": 17,
        "price_fen": 34_00,
        "after_fen": 94_00,
        "basket_json": "[]",
        "request_key": "01990000-0000-7000-8000-000000000001",
        "post_url": "#",
        "back_url": "/gallery/board/",
        "picks": [
            _pick(_("Multiple"), [[3, 8, 11, 17, 22, 26, 31], [7, 16]], 14),
            _pick(_("Banker"), [[11, 14, 20, 22, 28, 31], [16]], 15, bankers=[[6, 13], []]),
            _pick(_("Quick pick"), [[2, 9, 15, 21, 27, 33], [5]], multiplier=2, price_fen=4_00),
        ],
    }


def _moment(hour: int, minute: int, second: int) -> datetime:
    return datetime(2026, 9, 17, hour, minute, second, tzinfo=SHANGHAI)


def _steps(done: int, *, halted: bool = False) -> list[Context]:
    texts = [
        (_("Bought"), _moment(18, 22, 41), _("6.00 yuan from the balance")),
        (_("Sealed"), _moment(20, 0, 7), _("together with 412,805 other tickets")),
        (_("Drawn"), _moment(21, 15, 2), _("entered by two people, confirmed 21:19:40")),
        (_("Settled"), _moment(21, 22, 11), _("both engines agree")),
        (_("Paid"), _moment(21, 24, 36), _("205.00 yuan are in the balance")),
    ]
    steps = []
    for at, (title, moment, text) in enumerate(texts):
        state = "done" if at < done else "now" if at == done else "todo"
        step: Context = {"state": state, "title": title}
        if state == "done":
            step |= {"at": moment, "text": text}
        steps.append(step)
    if halted:
        steps[-1] = {
            "state": "halted",
            "title": _("Payment halted"),
            "at": _moment(21, 22, 40),
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
        "now": _moment(18, 30, 0) if state == "waiting" else NOW,
        "state": state,
        "game": SSQ,
        "draw": {
            "issue": "2026108",
            "closes_at": _moment(20, 0, 0),
            "draws_at": _moment(21, 15, 0),
        },
        "ticket": {
            "code": "S7K29QMF3XTD8ABC4",
            "price_fen": 6_00,
            "lines": 3,
            "channel": _("Web"),
            "sold_at": _moment(18, 22, 41),
            "just_bought": False,
        },
        "prize_fen": 205_00 if won else None,
        "claim_until": date(2026, 11, 16),
        "picks": picks,
        "steps": _steps({"waiting": 1, "drawn": 3, "lost": 4, "won": 4, "paid": 5}[state]),
        "seal": None
        if state == "waiting"
        else {
            "root": ROOT,
            "tickets": 412_806,
            "lines": 1_236_118,
            "sealed_at": _moment(20, 0, 7),
            "url": "/gallery/result/",
        },
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
            "sold_at": _moment(18, 22, 41),
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


def _tiers() -> list[Context]:
    rows: list[tuple[str, str, int | None, int | None]] = [
        (_("First prize"), "6+1", 2, 10_000_000_00),
        (_("Second prize"), "6+0", 95, 276_194_00),
        (_("Third prize"), "5+1", 843, 3_000_00),
        (_("Fourth prize"), "5+0, 4+1", 49_993, 200_00),
        (_("Fifth prize"), "4+0, 3+1", 1_042_395, 10_00),
        (_("Sixth prize"), "2+1, 1+1, 0+1", 7_277_723, 5_00),
    ]
    return [
        {
            "name": name,
            "match": match,
            "winners": winners,
            "prize_fen": prize,
            "total_fen": winners * prize if winners and prize else None,
        }
        for name, match, winners, prize in rows
    ]


def result(*, is_ours: bool) -> Context:
    """One result: a published announcement, or a draw of ours with its seal."""
    tiers = _tiers()
    return {
        "nav": "check",
        "game": SSQ,
        "issue": "2026108",
        "drawn_at": _moment(21, 15, 0) if is_ours else None,
        "drawn_on": date(2026, 9, 17),
        "numbers": [[6, 11, 13, 14, 20, 28], [16]],
        "sales_fen": 335_294_274_00,
        "pool_fen": POOL if is_ours else None,
        "claim_until": date(2026, 11, 16) if is_ours else None,
        "is_ours": is_ours,
        "tiers": tiers,
        "total_winners": sum(tier["winners"] for tier in tiers),
        "total_fen": sum(tier["total_fen"] for tier in tiers),
        "engines": "agree" if is_ours else "",
        "note": "",
        "source": "" if is_ours else "wenjinliuu/lottery-data-repo v2",
        "seal": {
            "root": ROOT,
            "ahead_seconds": 4493,
            "closed_at": _moment(20, 0, 0),
            "sealed_at": _moment(20, 0, 7),
            "published_at": _moment(20, 0, 9),
            "tickets": 412_806,
            "lines": 1_236_118,
            "stake_fen": 2_472_236_00,
            "rule": "ssq-2026.1",
            "previous_root": OTHER_ROOT,
            "file_name": "ssq-2026108.seal",
            "signatures": [],
            "download_url": "#",
        }
        if is_ours
        else None,
    }


def wallet() -> Context:
    """Balance and statement."""

    def row(title: str, at: datetime, detail: str, amount: int, balance: int) -> Context:
        return {
            "title": title,
            "at": at,
            "detail": detail,
            "amount_fen": amount,
            "balance_fen": balance,
            "url": "#",
        }

    bought = _("Bought 双色球 2026108")
    return {
        "nav": "me",
        "available_fen": 128_00,
        "held_fen": 1_200_00,
        "holder": "陈 **",
        "limits": [
            {"label": _("Bets"), "spent_fen": 120_00, "limit_fen": 500_00},
            {"label": _("Deposits"), "spent_fen": 300_00, "limit_fen": 600_00},
        ],
        "limits_url": "#",
        "kinds": [
            {"code": "", "name": _("All"), "is_on": True, "url": "?"},
            {"code": "bets", "name": _("Bets"), "is_on": False, "url": "?kind=bets"},
            {"code": "prizes", "name": _("Prizes"), "is_on": False, "url": "?kind=prizes"},
            {"code": "cash", "name": _("Deposits, withdrawals"), "is_on": False, "url": "?"},
        ],
        "export_url": "#",
        "query": "",
        "days": [
            {
                "day": date(2026, 9, 20),
                "rows": [
                    row(_("Bought 双色球 2026109"), NOW, _("Ticket …8QK4"), -20_00, 128_00),
                ],
            },
            {
                "day": date(2026, 9, 17),
                "rows": [
                    row(_("Prize 双色球 2026108"), _moment(21, 24, 36), "…TD-8", 205_00, 1_348_00),
                    row(bought, _moment(18, 22, 41), "…TD-8", -6_00, 1_143_00),
                    row(_("Deposit"), _moment(18, 20, 3), "…6021", 100_00, 1_149_00),
                ],
            },
        ],
    }


def refusal(which: str) -> Context:
    """Three refusals of the reference."""
    closed = {
        "tone": "attention",
        "sign": "clock",
        "title": _("Draw 2026109 has closed"),
        "text": _("Your request arrived after sales closed, so no bet was made."),
        "figures": [
            {"name": _("Sales closed at"), "value": "20:00:00.000"},
            {"name": _("Arrived"), "value": "20:00:00.412"},
            {"name": _("Bet"), "value": _("36.00 yuan, not charged")},
        ],
        "kept": _("Nothing was charged. The moment of closing is the same for everybody."),
        "actions": [
            {"text": _("Back to the first page"), "url": "#"},
            {"text": _("See draw 2026110"), "url": "#"},
        ],
    }
    money = {
        "tone": "waiting",
        "sign": "wallet",
        "title": _("You are 8.00 yuan short"),
        "text": _("This bet was not made. Your numbers are still in the basket."),
        "figures": [
            {"name": _("This bet"), "value": _("36.00 yuan")},
            {"name": _("Available"), "value": _("28.00 yuan")},
            {"name": _("Missing"), "value": _("8.00 yuan"), "is_total": True},
        ],
        "kept": _("Nothing was charged and no ticket was issued."),
        "actions": [
            {"text": _("Deposit 8.00 yuan"), "url": "#"},
            {"text": _("Bet less"), "url": "#"},
        ],
    }
    return {
        "nav": "buy",
        "bar_title": _("Bet not made"),
        "reference": "R-7F3K-20QX",
        "at": NOW,
        "back_url": "#",
        **(closed if which == "closed" else money),
    }


def components() -> Context:
    """What the page of parts shows."""
    return {
        "nav": "",
        "now": NOW,
        "closes_at": CLOSES,
        "far": NOW + timedelta(days=2, hours=3),
        "root": ROOT,
        "steps": _steps(2),
        "halted": _steps(4, halted=True),
        "split": split(2_00),
        "proofs": [
            {"state": "waiting", "from_at": CLOSES},
            {"state": "checking"},
            {
                "state": "sealed",
                "root": ROOT,
                "fingerprint": LEAF,
                "levels": 19,
                "tickets": 412_806,
                "facts": [{"name": _("Published"), "value": "2026-09-17 20:00:09"}],
            },
            {
                "state": "mismatch",
                "computed": OTHER_ROOT,
                "published": ROOT,
                "incident": "E-20260917-0031",
                "evidence_url": "#",
                "report_url": "#",
            },
            {"state": "unable", "package_url": "#"},
        ],
    }


PAGES: dict[str, tuple[str, Callable[[], Context]]] = {
    "home": ("portal/home.html", home),
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
    "results": ("games/results.html", lambda: {"nav": "check", "results": results()}),
    "result": ("games/result.html", lambda: result(is_ours=True)),
    "result-published": ("games/result.html", lambda: result(is_ours=False)),
    "wallet": ("finance/wallet.html", wallet),
    "refusal-closed": ("refusal.html", lambda: refusal("closed")),
    "refusal-money": ("refusal.html", lambda: refusal("money")),
    **FORM_PAGES,
    **DESK_PAGES,
}
