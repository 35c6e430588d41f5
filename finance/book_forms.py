"""What is asked of the books on the desk; validation only."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from lottery_portal.lib.dates import ASKED

from .forms import AccountField, YuanField
from .ledger import Move
from .models import EntryKind

MOVES = 4  # of one correction
MOST_FEN = 999_999_999_99
BOOKS = (("", gettext_lazy("Real book")), ("shadow", gettext_lazy("Shadow book")))
DAY = forms.DateInput


def _day(label: Any, *, required: bool = True) -> forms.DateField:
    return forms.DateField(
        label=label,
        required=required,
        validators=ASKED,
        widget=DAY(attrs={"type": "date"}, format="%Y-%m-%d"),
    )


class DaysForm(forms.Form):
    """Days of the books, both included."""

    first = _day(gettext_lazy("From"))
    last = _day(gettext_lazy("To"))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        first, last = cleaned.get("first"), cleaned.get("last")
        if first and last and last < first:
            self.add_error("last", _("The last day lies before the first."))
        return cleaned


class SpanForm(DaysForm):
    """Days, and which of the two books."""

    book = forms.ChoiceField(label=gettext_lazy("Book"), required=False, choices=BOOKS)


class SheetForm(DaysForm):
    """An account, and days of the books."""

    account = AccountField(label=gettext_lazy("Account"))
    field_order = ("account", "first", "last")


class CorrectionForm(forms.Form):
    """Moves of a correction, why, and on which day."""

    reason = forms.CharField(
        label=gettext_lazy("Why the books must be corrected"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    booked_on = _day(
        gettext_lazy("Book on an earlier day (only where no player's money moves)"),
        required=False,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for place in range(1, MOVES + 1):
            names = {"place": place}
            self.fields[f"source_{place}"] = AccountField(
                label=_("Move %(place)d: from account") % names, required=False
            )
            self.fields[f"target_{place}"] = AccountField(label=_("into account"), required=False)
            amount = YuanField(label=_("Amount in yuan"), least=1, most=MOST_FEN, required=False)
            amount.help_text = ""
            self.fields[f"amount_{place}"] = amount

    def lines(self) -> list[list[forms.BoundField]]:
        """The fields of each move together."""
        return [
            [self[f"{name}_{place}"] for name in ("source", "target", "amount")]
            for place in range(1, MOVES + 1)
        ]

    def has_more(self) -> bool:
        """Whether more than the first move is filled in."""
        return any(field.value() for line in self.lines()[1:] for field in line)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        moves = []
        for place in range(1, MOVES + 1):
            names = [f"{name}_{place}" for name in ("source", "target", "amount")]
            if any(name in self.errors for name in names):
                continue
            given = [cleaned.get(name) for name in names]
            if not any(given):
                continue
            if not all(given):
                self.add_error(names[0], _("A move needs both accounts and the amount."))
                continue
            source, target, amount = given
            moves.append(Move(str(source).strip(), str(target).strip(), int(amount or 0)))
        if not moves and not self.errors:
            raise forms.ValidationError(_("Please enter at least one move."))
        cleaned["moves"] = moves
        return cleaned


class ReversalForm(forms.Form):
    """Which entry to reverse, and why."""

    reference = forms.CharField(label=gettext_lazy("Reference of the entry"), max_length=80)
    reversal_reason = forms.CharField(
        label=gettext_lazy("Why it must be reversed"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class SampleForm(DaysForm):
    """From which entries an auditor draws, how many, and by which seed."""

    kind = forms.ChoiceField(
        label=gettext_lazy("Kind"),
        required=False,
        choices=[("", gettext_lazy("All")), *EntryKind.choices],
    )
    size = forms.IntegerField(
        label=gettext_lazy("How many entries"), min_value=1, max_value=500, initial=25
    )
    seed = forms.RegexField(
        regex=r"^[A-Za-z0-9._-]{1,64}$",
        label=gettext_lazy("Seed"),
        help_text=gettext_lazy("Up to 64 letters and digits. The same seed gives the same lot."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        least = YuanField(
            label=_("Entries of at least (yuan)"), least=1, most=MOST_FEN, required=False
        )
        least.help_text = ""
        self.fields["least_fen"] = least
        self.order_fields(["first", "last", "kind", "least_fen", "size", "seed"])


def this_month(today: date) -> dict[str, date]:
    """From the first of the month to today."""
    return {"first": today.replace(day=1), "last": today}


def spans(today: date) -> Mapping[str, tuple[date, date]]:
    """Days that are asked for often, by their names."""
    last_month = today.replace(day=1) - timedelta(days=1)
    return {
        _("This month"): (today.replace(day=1), today),
        _("Last month"): (last_month.replace(day=1), last_month),
        _("This year"): (today.replace(month=1, day=1), today),
        _("Last year"): (date(today.year - 1, 1, 1), date(today.year - 1, 12, 31)),
    }
