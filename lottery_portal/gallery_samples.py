"""Sample figures for the gallery: balls, pools and prizes are real, everything else is invented."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .gallery_desk_samples import DESK_PAGES
from .gallery_forms_samples import FORM_PAGES
from .gallery_ticket_samples import (
    CLOSES,
    DRAW,
    DRAWS,
    LEAF,
    NOW,
    OTHER_ROOT,
    POOL,
    ROOT,
    SSQ,
    TICKET_PAGES,
    TOTAL_LINES,
    moment,
    split,
    steps,
)
from .lib.dates import SHANGHAI

Context = dict[str, Any]


def house() -> Context:
    """What the context processor gives to every page."""
    return {
        "brand": "明彩",
        "balance_fen": 128_00,
        "player": {"name": "陈 **"},
        "staff_name": "刘洋",
        "staff_posts": [_("Draw official")],
    }


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
            "rules_game": "ssq",
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
                "game": {"code": "dlt", "name": "大乐透"},
                "draw": {
                    "issue": "26108",
                    "closes_at": datetime(2026, 9, 21, 21, 0, tzinfo=SHANGHAI),
                    "draws_at": DRAWS,
                },
                "stopped": None,
                "pool_fen": 831_000_000_00,
                "url": "#",
            },
            {
                "game": {"code": "qlc", "name": "七乐彩"},
                "draw": None,
                "stopped": {"title": _("Sales are paused"), "text": ""},
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
        "rules_game": "ssq",
        "issue": "2026108",
        "before": "2026107",
        "drawn_at": moment(21, 15, 0) if is_ours else None,
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
            "closed_at": moment(20, 0, 0),
            "sealed_at": moment(20, 0, 7),
            "published_at": moment(20, 0, 9),
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


class Period(forms.Form):
    """Which days."""

    since = forms.DateField(label=gettext_lazy("From"), required=False)
    until = forms.DateField(label=gettext_lazy("To"), required=False)


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
        "purses": {
            "deposited_fen": 98_00,
            "winnings_fen": 20_00,
            "bonus_fen": 10_00,
            "withdrawable_fen": 118_00,
        },
        "held_fen": 1_200_00,
        "planned_fen": 24_00,
        "owed_fen": 0,
        "form": Period(),
        "first": date(2026, 9, 1),
        "last": date(2026, 9, 20),
        "periods": [
            {"name": _("This month"), "url": "?", "is_on": True},
            {"name": _("12 months"), "url": "?", "is_on": False},
        ],
        "flows": {
            "deposited_fen": 300_00,
            "withdrawn_fen": 0,
            "returned_fen": 0,
            "net_deposit_fen": 300_00,
            "staked_fen": 377_00,
            "won_fen": 205_00,
            "result_fen": -172_00,
            "other_fen": 0,
        },
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
        "files": [{"name": name, "url": "#"} for name in ("Excel", "PDF", "CSV")],
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
                    row(_("Prize 双色球 2026108"), moment(21, 24, 36), "…TD-8", 205_00, 1_348_00),
                    row(bought, moment(18, 22, 41), "…TD-8", -6_00, 1_143_00),
                    row(_("Deposit"), moment(18, 20, 3), "…6021", 100_00, 1_149_00),
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
        "steps": steps(2),
        "halted": steps(4, halted=True),
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
    "results": ("games/results.html", lambda: {"nav": "check", "results": results()}),
    "result": ("games/result.html", lambda: result(is_ours=True)),
    "result-published": ("games/result.html", lambda: result(is_ours=False)),
    "wallet": ("finance/wallet.html", wallet),
    "refusal-closed": ("refusal.html", lambda: refusal("closed")),
    "refusal-money": ("refusal.html", lambda: refusal("money")),
    **TICKET_PAGES,
    **FORM_PAGES,
    **DESK_PAGES,
}
