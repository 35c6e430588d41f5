"""What is typed about claims at the desk and at the terminal; validation only."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import uuid4

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts import paper_kinds
from accounts.models import PaperKind
from accounts.paper_kinds import Paper
from lottery_portal.lib.choices import offer
from lottery_portal.lib.scan_field import ScanField

from .redemption import damaged
from .redemption.paper_names import HANDED_IN

TYPED = {"autocomplete": "off"}
CAPITALS = {"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}


def _line(label: Any, longest: int, **more: Any) -> forms.CharField:
    return forms.CharField(
        label=label, max_length=longest, widget=forms.TextInput(attrs=TYPED), **more
    )


def _lines(label: Any, longest: int, **more: Any) -> forms.CharField:
    return forms.CharField(
        label=label, max_length=longest, widget=forms.Textarea(attrs={"rows": 3}), **more
    )


class TicketForm(forms.Form):
    """The number of a ticket, typed or scanned."""

    ticket = forms.CharField(
        label=_("Number of the ticket, typed or scanned"),
        max_length=400,
        widget=forms.TextInput(attrs={**CAPITALS, "autofocus": True, "inputmode": "text"}),
    )


class OpenForm(forms.Form):
    """Open a claim, once per key."""

    request_key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)


class IdentityForm(forms.Form):
    """What is printed on the paper that the winner shows."""

    kind = forms.ChoiceField(label=_("Kind of paper"))
    number = forms.CharField(
        label=_("Number of the paper"),
        max_length=24,
        widget=forms.TextInput(attrs=CAPITALS),
    )
    name = _line(_("Name as printed on the paper"), 60)
    valid_until = forms.DateField(
        label=_("Valid to the end of"),
        required=False,
        help_text=_("Empty where the paper has no end: a household register, a long-term card."),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    issued_by = forms.CharField(
        label=_("Passport: country code"),
        max_length=3,
        required=False,
        initial=paper_kinds.CHINA,
        widget=forms.TextInput(attrs=CAPITALS),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        listed = [(kind.value, kind.label) for kind in PaperKind]
        offer(self, "kind", [*listed, *paper_kinds.UNLISTED.items()])

    def paper(self) -> Paper:
        """The paper as it was read off."""
        said = self.cleaned_data
        return Paper(
            kind=said["kind"],
            number=said["number"],
            name=said["name"],
            valid_until=said["valid_until"],
            issued_by=said["issued_by"] or paper_kinds.CHINA,
        )


class LetterForm(forms.Form):
    """The number of a letter of authority."""

    letter = forms.CharField(
        label=_("Number of the letter of authority"),
        max_length=40,
        widget=forms.TextInput(attrs={**CAPITALS, "autofocus": True}),
    )


class AgentForm(forms.Form):
    """The ticket that the agent names; claimed once per key."""

    ticket = forms.CharField(
        label=_("Number of the ticket, as the agent says it"),
        max_length=40,
        widget=forms.TextInput(attrs=CAPITALS),
    )
    request_key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)


class AgentsPaperForm(IdentityForm):
    """The id card of somebody who acts for another; no other paper is taken of him."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "kind", [(PaperKind.ID_CARD.value, PaperKind.ID_CARD.label)])
        del self.fields["issued_by"]

    def clean(self) -> dict[str, Any]:
        """A card is issued here."""
        return {**(super().clean() or {}), "issued_by": paper_kinds.CHINA}


class MinorForm(AgentsPaperForm):
    """The paper of a minor: a household register, or a card."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kinds = (PaperKind.HOUSEHOLD, PaperKind.ID_CARD)
        offer(self, "kind", [(kind.value, kind.label) for kind in kinds])


class PaperForm(forms.Form):
    """A paper that the winner hands in."""

    kind = forms.ChoiceField(label=pgettext_lazy("a paper of a claim", "What it is"))
    file = ScanField(label=_("PDF or photo"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "kind", HANDED_IN.items())


class SettleForm(forms.Form):
    """How the prize is paid."""

    to = forms.ChoiceField(label=_("The prize is paid"), widget=forms.RadioSelect)

    def __init__(self, *args: Any, ways: Iterable[tuple[str, Any]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "to", ways)

    def clean_to(self) -> tuple[str, str]:
        """Method and payee."""
        method, _colon, payee = self.cleaned_data["to"].partition(":")
        return method, payee


class ConfirmForm(forms.Form):
    """The winner has read the text that stands above, and signs it."""

    digest = forms.CharField(max_length=64, widget=forms.HiddenInput)
    language = forms.CharField(max_length=12, widget=forms.HiddenInput)
    has_read = forms.BooleanField(
        label=_("The winner has read this text himself and confirmed it before me.")
    )
    file = ScanField(
        label=_("The text with his signature, scanned"),
        required=False,
        help_text=_("PDF or photo, kept in the file of the claim."),
    )


class SpotForm(forms.Form):
    """The same at an outlet, without a file."""

    digest = forms.CharField(max_length=64, widget=forms.HiddenInput)
    language = forms.CharField(max_length=12, widget=forms.HiddenInput)
    has_read = forms.BooleanField(
        label=_("The winner has read this text himself and confirmed it before me.")
    )


class DamagedForm(forms.Form):
    """What happened to the ticket, the signed statement, and what shows whose it is."""

    what = forms.ChoiceField(
        label=_("What happened to the ticket"),
        choices=list(damaged.WHAT.items()),
        widget=forms.RadioSelect,
    )
    evidence = forms.MultipleChoiceField(
        label=_("What shows that it is his"),
        choices=list(damaged.EVIDENCE.items()),
        widget=forms.CheckboxSelectMultiple,
    )
    file = ScanField(label=_("His signed statement, scanned"))


class DeedForm(forms.Form):
    """A deed that needs no words."""


class RefuseForm(forms.Form):
    """The rule, what shows it, and what the winner reads."""

    clause = _line(_("Clause of the rules"), 120)
    evidence = _lines(_("Evidence: numbers of papers and records"), 500)
    reason = _lines(_("Reason, as the winner reads it"), 500)


class HearForm(forms.Form):
    """What becomes of an objection."""

    decision = forms.ChoiceField(
        label=_("The objection"),
        choices=[("uphold", _("is right: the claim goes on")), ("dismiss", _("is not right"))],
        widget=forms.RadioSelect,
    )
    reason = _lines(_("Reason, as the winner reads it"), 500)


class RecoverForm(forms.Form):
    """Why a prize is taken back, and where that was reported."""

    reason = _lines(_("Why it is taken back"), 500)
    referral = _line(_("Reported to the police: where, and its number"), 200)
