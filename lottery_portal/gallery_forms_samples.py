"""Sample figures for the pages with forms: accounts, money in and out, help."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .lib.dates import SHANGHAI

Context = dict[str, Any]
NOW = datetime(2026, 9, 20, 17, 46, 6, tzinfo=SHANGHAI)


class Register(forms.Form):
    """What a registration may ask."""

    login = forms.CharField(label=gettext_lazy("Mobile number or e-mail"))
    password = forms.CharField(
        label=gettext_lazy("Password"),
        help_text=gettext_lazy("At least 10 characters."),
        widget=forms.PasswordInput,
    )
    is_adult = forms.BooleanField(label=gettext_lazy("I am 18 or older."))
    terms = forms.BooleanField(label=gettext_lazy("I accept the terms and the privacy notice."))


class Login(forms.Form):
    """Log in."""

    login = forms.CharField(label=gettext_lazy("Mobile number or e-mail"))
    password = forms.CharField(label=gettext_lazy("Password"), widget=forms.PasswordInput)


class Identity(forms.Form):
    """Who buys."""

    name = forms.CharField(label=gettext_lazy("Name, as on the identity card"))
    citizen_id = forms.CharField(
        label=gettext_lazy("Citizen id"), help_text=gettext_lazy("18 digits, the last may be X.")
    )


class Deposit(forms.Form):
    """How much comes in."""

    amount = forms.DecimalField(
        label=gettext_lazy("Amount in yuan"), help_text=gettext_lazy("From 1.00 to 5,000.00.")
    )


class Withdrawal(forms.Form):
    """How much goes out, and where to."""

    amount = forms.DecimalField(label=gettext_lazy("Amount in yuan"))
    account = forms.ChoiceField(
        label=gettext_lazy("To which account"),
        choices=[("1", "建设银行 …6021"), ("new", gettext_lazy("Another account"))],
        widget=forms.RadioSelect,
    )
    note = forms.CharField(label=gettext_lazy("Note"), required=False)


def _filled(kind: type[forms.Form], data: dict[str, str]) -> forms.Form:
    return kind(data)


def register() -> Context:
    """A registration that was refused once."""
    return {
        "nav": "me",
        "player": None,
        "balance_fen": None,
        "form": _filled(Register, {"login": "", "password": "short"}),
        "terms": {"version": "2026.1", "url": "#"},
        "privacy": {"version": "2026.1", "url": "#"},
    }


def login() -> Context:
    """The door."""
    form = _filled(Login, {"login": "13800000000", "password": "wrong-password"})
    form.add_error(None, _("Name or password is not right."))
    return {"nav": "me", "player": None, "balance_fen": None, "form": form}


def code() -> Context:
    """The second factor."""

    class Code(forms.Form):
        code = forms.CharField(label=_("One-time code"), help_text=_("Six digits from your app."))

    return {
        "player": None,
        "balance_fen": None,
        "form": Code(),
        "title": _("Second factor"),
        "text": _("Open your authenticator app and type the code it shows."),
        "submit": _("Continue"),
    }


def verify(*, is_done: bool) -> Context:
    """Before and after the identity check."""
    return {
        "nav": "me",
        "form": None if is_done else Identity(),
        "holder": "陈 **",
        "citizen_id": "1101**********0017",
        "verified_at": NOW if is_done else None,
    }


def terms() -> Context:
    """A legal text."""
    body = _("This is where the text of the version stands.")
    return {
        "text": {
            "title": _("Terms"),
            "body": f"{body}\n\n{body}",
            "version": "2026.1",
            "published_at": NOW,
        },
        "form": None,
    }


def me(*, is_verified: bool) -> Context:
    """The place of one's own things."""
    return {
        "nav": "me",
        "holder": "陈 **" if is_verified else "",
        "login": "138****0000",
        "is_verified": is_verified,
        "unread": 2,
    }


def inbox() -> Context:
    """Messages."""
    return {
        "nav": "me",
        "inbox": [
            {
                "title": _("You won 205.00 yuan"),
                "text": _("双色球 draw 2026108. It is in your balance."),
                "at": NOW,
                "is_read": False,
                "url": "#",
            },
            {
                "title": _("Ticket bought"),
                "text": _("双色球 draw 2026108, 3 lines, 6.00 yuan."),
                "at": NOW - timedelta(days=3),
                "is_read": True,
                "url": "#",
            },
        ],
    }


def deposit() -> Context:
    """A deposit after a bet that lacked 8 yuan."""
    form = _filled(Deposit, {"amount": "8.005"})
    form.add_error("amount", _("Please give at most two decimals."))
    return {
        "nav": "me",
        "form": form,
        "missing_fen": 8_00,
        "limit": {"spent_fen": 300_00, "limit_fen": 600_00, "label": _("Deposits")},
    }


def withdraw() -> Context:
    """A withdrawal."""
    return {
        "nav": "me",
        "form": Withdrawal(),
        "available_fen": 128_00,
        "held_fen": 1_200_00,
        "automatic_up_to_fen": 5_000_00,
    }


def movement() -> Context:
    """A withdrawal on its way."""
    return {
        "nav": "me",
        "title": _("Withdrawal"),
        "amount_fen": 1_200_00,
        "tone": "waiting",
        "word": _("With the bank"),
        "steps": [
            {"state": "done", "title": _("Asked for"), "at": NOW},
            {"state": "now", "title": _("With the bank"), "text": _("The amount is held.")},
            {"state": "todo", "title": _("Paid out")},
        ],
        "facts": [{"name": _("To account"), "value": "建设银行 …6021"}],
        "note_tone": "attention",
        "note_text": _("Your bank has not answered yet. We are checking; please do not pay again."),
        "back_url": "#",
        "poll_url": "",
        "actions": [{"text": _("Back to the balance"), "url": "#"}],
    }


def pay(state: str) -> Context:
    """The sandbox bank."""
    return {
        "state": state,
        "payment": {
            "payee": "明彩彩票运营有限公司",
            "reference": "D-7F3K20QX",
            "amount_fen": 100_00,
            "created_at": NOW,
            "expires_at": NOW + timedelta(minutes=15),
        },
        "post_url": "#",
        "return_url": "#",
    }


def help_page(slug: str) -> Context:
    """A page of help."""
    titles = {
        "rules": _("Rules and prizes"),
        "limits": _("Limits, breaks, exclusion"),
        "complaints": _("Enquiries and complaints"),
        "verify": _("How to check us"),
    }
    rows = [
        (_("First prize"), "6 + 1", _("floating")),
        (_("Second prize"), "6 + 0", _("floating")),
        (_("Third prize"), "5 + 1", "3,000.00"),
        (_("Fourth prize"), "5 + 0, 4 + 1", "200.00"),
        (_("Fifth prize"), "4 + 0, 3 + 1", "10.00"),
        (_("Sixth prize"), "2 + 1, 1 + 1, 0 + 1", "5.00"),
    ]
    return {
        "slug": slug,
        "title": titles[slug],
        "support_contact": "400-000-0000",
        "total_lines": 17_721_088,
        "any_one_in": "15.2",
        "price_fen": 2_00,
        "cap_fen": 20_000_00,
        "rule": "ssq-2026.1",
        "tiers": [{"name": name, "match": match, "prize": prize} for name, match, prize in rows],
        "split": [
            {"name": _("Prize money"), "amount": 98},
            {"name": _("Adjustment fund"), "amount": 4},
            {"name": _("Welfare fund"), "amount": 72},
            {"name": _("Issue fee"), "amount": 26},
        ],
        "receipt_keys": [{"id": "receipt-7c1e90ab", "public": "7c1e90ab44d2f017" * 4}],
    }


FORM_PAGES: dict[str, tuple[str, Callable[[], Context]]] = {
    "register": ("accounts/register.html", register),
    "login": ("accounts/login.html", login),
    "code": ("accounts/code.html", code),
    "verify": ("accounts/verify.html", lambda: verify(is_done=False)),
    "verify-done": ("accounts/verify.html", lambda: verify(is_done=True)),
    "terms": ("accounts/terms.html", terms),
    "me": ("accounts/me.html", lambda: me(is_verified=True)),
    "me-new": ("accounts/me.html", lambda: me(is_verified=False)),
    "messages": ("accounts/messages.html", inbox),
    "deposit": ("finance/deposit.html", deposit),
    "withdraw": ("finance/withdraw.html", withdraw),
    "movement": ("finance/movement.html", movement),
    "pay": ("sandbox/pay.html", lambda: pay("open")),
    "paid": ("sandbox/pay.html", lambda: pay("paid")),
    "help-rules": ("portal/help.html", lambda: help_page("rules")),
    "help-limits": ("portal/help.html", lambda: help_page("limits")),
    "help-complaints": ("portal/help.html", lambda: help_page("complaints")),
    "help-verify": ("portal/help.html", lambda: help_page("verify")),
    "403": ("403.html", dict),
    "403-csrf": ("403_csrf.html", dict),
    "404": ("404.html", dict),
    "405": ("405.html", dict),
    "429": ("429.html", dict),
    "500": ("500.html", dict),
    "503": ("503.html", dict),
}
