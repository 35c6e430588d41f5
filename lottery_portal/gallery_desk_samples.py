"""Sample figures for the staff pages: names, times and roots are invented."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.core.paginator import Paginator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .lib.dates import SHANGHAI

Context = dict[str, Any]
ROOT = "6587459355e8be32b3bfdd50adedd7613ac7072be748caf86bb5a5d710d4fb87"
DIGEST = "87d0cc3e598a6a7b4d7a72824256bb387a4d5ba1633f2a81284a34cf1696104c"


def at(hour: int, minute: int, second: int = 0, day: int = 20) -> datetime:
    """A moment of the sample day."""
    return datetime(2026, 9, day, hour, minute, second, tzinfo=SHANGHAI)


NOW = at(21, 21, 57)


def home() -> Context:
    """The start page of a draw official."""
    return {
        "nav": "start",
        "now": NOW,
        "attention": {
            "lead": _("1 thing needs attention:"),
            "text": _("a withdrawal has been waiting for a second person for 2 hours."),
        },
        "waiting": [
            {
                "title": _("Results to enter"),
                "text": "双色球 2026109",
                "count": 1,
                "url": "/gallery/desk-result-entry/",
                "tone": "waiting",
                "sign": "pencil",
            },
            {
                "title": _("Withdrawals to approve"),
                "text": _("the oldest from 19:20"),
                "count": 3,
                "url": "/gallery/desk-withdrawals/",
                "tone": "attention",
                "sign": "wallet",
            },
        ],
        "draws": [
            {
                "game": "双色球",
                "issue": "2026109",
                "state_word": _("Sealed"),
                "state_tone": "waiting",
                "closes_at": at(20, 0),
                "url": "/gallery/desk-draw/",
            },
            {
                "game": "双色球",
                "issue": "2026110",
                "state_word": _("On sale"),
                "state_tone": "done",
                "closes_at": at(20, 0, day=22),
                "url": "#",
            },
        ],
    }


def draws() -> Context:
    """The list of draws."""
    rows = [
        ("2026110", "OPEN", _("On sale"), "done", 12_408, 74_448_00, ""),
        ("2026109", "SEALED", _("Sealed"), "waiting", 387_214, 2_317_814_00, "65874593"),
        ("2026108", "PUBLISHED", _("Published"), "draft", 412_806, 2_472_236_00, "799b9499"),
        ("2026111", "SCHEDULED", _("Planned"), "draft", None, None, ""),
    ]
    return {
        "nav": "draws",
        "kinds": [
            {"name": _("All"), "url": "?", "is_on": True},
            {"name": _("Due"), "url": "?show=due", "is_on": False},
        ],
        "draws": [
            {
                "game": "双色球",
                "issue": issue,
                "rule": "ssq-2026.1",
                "state_code": state,
                "state_word": word,
                "state_tone": tone,
                "opens_at": at(8, 0, day=18),
                "closes_at": at(20, 0),
                "tickets": tickets,
                "stake_fen": stake,
                "mark": mark,
                "url": "/gallery/desk-draw/",
            }
            for issue, state, word, tone, tickets, stake, mark in rows
        ],
    }


def draw() -> Context:
    """The desk of a sealed draw that waits for its second entry."""
    done = [
        (_("Opened"), at(8, 0, day=18), _("by the calendar")),
        (_("Closed"), at(20, 0), _("by the calendar")),
        (_("Sealed"), at(20, 0, 7), _("by the calendar")),
    ]
    later = [_("Confirmed"), _("Settled"), _("Published"), _("Archived")]
    steps: list[Context] = [
        {"state": "done", "title": title, "at": moment, "text": text}
        for title, moment, text in done
    ]
    steps.append(
        {"state": "now", "title": _("Numbers"), "text": _("waiting for the second person")}
    )
    steps += [{"state": "todo", "title": title} for title in later]
    log = [
        (at(21, 17, 32), "陈静", _("entered the numbers (first person)"), False, "a91c04ef"),
        (at(20, 31, 44), "王立成", _("looked at sold numbers"), True, "e2f86d70"),
        (at(20, 0, 9), _("calendar"), _("published the root"), False, "6587fb87"),
    ]
    return {
        "nav": "draws",
        "game": {"code": "ssq", "name": "双色球"},
        "draw": {"issue": "2026109", "code": "ssq-2026109"},
        "rule": "ssq-2026.1",
        "actions": [
            {"text": _("Draw minutes"), "url": "#", "is_danger": False},
            {"text": _("Cancel this draw…"), "url": "#", "is_danger": True},
        ],
        "state": {
            "code": "SEALED",
            "word": _("Sealed, waiting for the second entry"),
            "sentence": _(
                "Since 20:00:07 nobody, in any role, can look at or change sold numbers until the "
                "draw is over. 1 attempt was refused and recorded."
            ),
            "sign": "lock",
            "tone": "waiting",
        },
        "deed": {"text": _("Enter the numbers"), "url": "#", "post": False},
        "who_may": "",
        "steps": steps,
        "lacking": 2,
        "lacks": [
            {
                "state": "done",
                "title": _("The sealed file equals the database, ticket by ticket"),
                "text": _("387,214 tickets, root computed again, 20:00:09"),
                "action": None,
            },
            {
                "state": "now",
                "title": _("Numbers: second entry"),
                "text": _("The first person has entered. The second does not see those numbers."),
                "action": None,
            },
            {
                "state": "todo",
                "title": _("Numbers: confirmation"),
                "text": _("once both entries are equal"),
                "action": {"text": _("Four eyes"), "url": "#"},
            },
        ],
        "log": [
            {"at": moment, "who": who, "what": what, "is_refused": refused, "hash": digest * 8}
            for moment, who, what, refused, digest in log
        ],
        "log_url": "#",
        "seal": {
            "root": ROOT,
            "tickets": 387_214,
            "lines": 1_158_907,
            "stake_fen": 2_317_814_00,
            "signatures": 2,
        },
        "split": [
            {"name": _("Prize money"), "share": "49%", "amount": 1_135_728_86},
            {"name": _("Adjustment fund"), "share": "2%", "amount": 46_356_28},
            {"name": _("Issue fee"), "share": "13%", "amount": 301_315_82},
            {"name": _("Welfare fund"), "share": "36%", "amount": 834_413_04},
        ],
        "split_total_fen": 2_317_814_00,
        "notes": [
            {
                "tone": "waiting",
                "lead": _("Blind entry."),
                "text": _(
                    "You do not see what the other person entered, and they do not see yours. If "
                    "the two differ, both enter again and the first entries stay in the log."
                ),
                "sign": "eye-off",
            }
        ],
    }


class Entry(forms.Form):
    """Seven boxes for numbers, the statement, the code."""

    seen = forms.BooleanField(label=gettext_lazy("I read these numbers from the draw minutes."))
    code = forms.CharField(label=gettext_lazy("One-time code"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for number in range(1, 7):
            self.fields[f"red_{number}"] = forms.IntegerField(label=str(number))
        self.fields["blue_1"] = forms.IntegerField(label="1")


def result_entry() -> Context:
    """Blind entry."""
    form = Entry()
    return {
        "nav": "draws",
        "game": {"name": "双色球"},
        "draw": {"issue": "2026109", "draws_at": at(21, 15)},
        "form": form,
        "zones": [
            {"label": _("Red balls"), "fields": [form[f"red_{number}"] for number in range(1, 7)]},
            {"label": _("Blue balls"), "fields": [form["blue_1"]]},
        ],
        "others": [form["seen"], form["code"]],
        "back_url": "/gallery/desk-draw/",
        "earlier_mismatch": True,
    }


def approvals() -> Context:
    """Requests that wait for a second person."""
    return {
        "nav": "approvals",
        "kinds": [
            {"name": _("Open"), "url": "?", "is_on": True},
            {"name": _("Decided"), "url": "?show=decided", "is_on": False},
        ],
        "requests": [
            {
                "code": "A-20260920-0007",
                "title": _("Confirm the result of 双色球 draw 2026109"),
                "maker": "陈静",
                "made_at": at(21, 19, 5),
                "amount_fen": None,
                "may_decide": True,
                "state_tone": "attention",
                "state_word": _("Waiting"),
                "url": "/gallery/desk-approval/",
            },
            {
                "code": "A-20260920-0004",
                "title": _("Withdrawal above the automatic amount"),
                "maker": "周敏",
                "made_at": at(19, 20),
                "amount_fen": 12_000_00,
                "may_decide": False,
                "state_tone": "attention",
                "state_word": _("Waiting"),
                "url": "#",
            },
        ],
    }


class Decision(forms.Form):
    """Statements to tick, and a code."""

    seen = forms.BooleanField(label=gettext_lazy("I saw these numbers drawn, in person."))
    same = forms.BooleanField(label=gettext_lazy("They equal the minutes signed by the notary."))
    code = forms.CharField(label=gettext_lazy("One-time code"))
    reason = forms.CharField(label=gettext_lazy("Reason, when you send it back"), required=False)


def approval() -> Context:
    """One request, as its checker sees it."""
    form = Decision()
    payload = {
        "blue": [8],
        "deed": "games.result.confirm",
        "draw": "ssq-2026109",
        "entered_by": ["chenjing 21:17:32", "liuyang 21:19:05"],
        "expires": "2026-09-20T21:34:05+08:00",
        "red": [3, 9, 12, 21, 24, 30],
        "seal_root": ROOT,
    }
    return {
        "nav": "approvals",
        "now": NOW,
        "staff_name": "孙文博",
        "staff_posts": [_("Approver")],
        "request_": {
            "code": "A-20260920-0007",
            "title": _("Confirm the result of 双色球 draw 2026109"),
            "is_open": True,
            "expires_at": at(21, 34, 5),
        },
        "subject": {
            "heading": _("You sign these numbers"),
            "numbers": [[3, 9, 12, 21, 24, 30], [8]],
            "facts": [],
            "sentence": _(
                "You cannot change this after signing. Both engines then settle on these numbers."
            ),
        },
        "canonical": json.dumps(payload, ensure_ascii=False, indent=2),
        "digest": DIGEST,
        "people": [
            {
                "role": "maker",
                "name": "陈静",
                "post": _("Draw official"),
                "text": _("first entry 21:17:32"),
                "state": "done",
            },
            {
                "role": "maker",
                "name": "刘洋",
                "post": _("Draw official"),
                "text": _("second entry 21:19:05, equal"),
                "state": "done",
            },
            {
                "role": "checker",
                "name": _("孙文博 (you)"),
                "post": _("Approver"),
                "text": _("another person than both makers"),
                "state": "now",
            },
        ],
        "statements": [form["seen"], form["same"]],
        "others": [form["code"], form["reason"]],
        "form": form,
        "may_not": "",
        "sign_text": _("Sign and confirm"),
    }


def approval_own() -> Context:
    """The same request, as its maker sees it."""
    return approval() | {
        "may_not": _("You made this request. Another person decides: any approver on duty."),
    }


def withdrawals() -> Context:
    """Withdrawals that wait."""
    return {
        "nav": "withdrawals",
        "kinds": [
            {"name": _("To approve"), "url": "?", "is_on": True},
            {"name": _("With the bank"), "url": "?show=bank", "is_on": False},
            {"name": _("All"), "url": "?show=all", "is_on": False},
        ],
        "rows": [
            {
                "code": "W-7F3K20QX",
                "player": "P-2041 陈 **",
                "bank": "建设银行 …6021",
                "amount_fen": 12_000_00,
                "asked_at": at(19, 20),
                "state_tone": "attention",
                "state_word": _("To approve"),
                "url": "#",
            },
            {
                "code": "W-9QMF3XTD",
                "player": "P-1877 王 *",
                "bank": "工商银行 …1140",
                "amount_fen": 8_500_00,
                "asked_at": at(20, 4, 11),
                "state_tone": "attention",
                "state_word": _("To approve"),
                "url": "#",
            },
        ],
        "total_fen": 20_500_00,
    }


class TrailFilter(forms.Form):
    """What to look for."""

    since = forms.DateField(
        label=gettext_lazy("From"), required=False, widget=forms.DateInput({"type": "date"})
    )
    until = forms.DateField(
        label=gettext_lazy("To"), required=False, widget=forms.DateInput({"type": "date"})
    )
    who = forms.CharField(label=gettext_lazy("Who"), required=False)
    action = forms.ChoiceField(
        label=gettext_lazy("Deed"), required=False, choices=[("", gettext_lazy("All"))]
    )


def trail() -> Context:
    """The audit log."""
    rows = [
        (at(21, 17, 32), "陈静", "games.result_entered", _("entered the numbers"), False),
        (at(20, 31, 44), "王立成", "sales.selections_read", _("looked at sold numbers"), True),
        (at(20, 0, 9), _("calendar"), "games.draw_sealed", _("published the root"), False),
    ]
    return {
        "nav": "trail",
        "form": TrailFilter(),
        "found": 18_402,
        "export_url": "#",
        "page": Paginator(range(200), 50).get_page(2),
        "query": "who=",
        "rows": [
            {
                "id": 18_402_771 - number,
                "at": moment,
                "who": who,
                "action": action,
                "text": text,
                "object": "ssq-2026109",
                "is_refused": refused,
            }
            for number, (moment, who, action, text, refused) in enumerate(rows)
        ],
    }


class Export(forms.Form):
    """Which report, over which days."""

    report = forms.ChoiceField(
        label=gettext_lazy("Report"), choices=[("audit.trail", gettext_lazy("Audit log"))]
    )
    since = forms.DateField(label=gettext_lazy("From"), widget=forms.DateInput({"type": "date"}))
    until = forms.DateField(label=gettext_lazy("To"), widget=forms.DateInput({"type": "date"}))


def exports() -> Context:
    """Exports, one of each state."""
    row = {
        "title": _("Audit log"),
        "interval": "2026-09-01 – 2026-09-20",
        "by": "吴昕",
        "asked_at": NOW - timedelta(minutes=2),
        "total": 18_402,
        "done": 0,
        "rows": 18_402,
        "size": 3_412_000,
        "digest": DIGEST,
        "download_url": "#",
    }
    return {
        "nav": "exports",
        "form": Export(),
        "runs": [
            {**row, "state": "running", "done": 6_200},
            {**row, "state": "ready"},
            {**row, "state": "failed"},
            {**row, "state": "waiting"},
        ],
        "is_settled": False,
        "poll_url": "",
    }


DESK_PAGES: dict[str, tuple[str, Callable[[], Context]]] = {
    "desk-home": ("desk/home.html", home),
    "desk-draws": ("desk/draws.html", draws),
    "desk-draw": ("desk/draw.html", draw),
    "desk-result-entry": ("desk/result_entry.html", result_entry),
    "desk-approvals": ("desk/approvals.html", approvals),
    "desk-approval": ("desk/approval.html", approval),
    "desk-approval-own": ("desk/approval.html", approval_own),
    "desk-withdrawals": ("desk/withdrawals.html", withdrawals),
    "desk-trail": ("desk/trail.html", trail),
    "desk-exports": ("desk/exports.html", exports),
}
