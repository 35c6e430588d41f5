"""What people type on the pages of this room; validation only."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import GuardianRecord
from lottery_portal.lib.dates import ASKED
from lottery_portal.lib.scan_field import ScanField

from .deadline_models import Hold
from .redemption import extensions, holds

MOST_BYTES = 10 * 1024 * 1024


class WindingUpForm(forms.Form):
    """When the stop was announced, and by which document."""

    announced_on = forms.DateField(
        label=_("Stop announced on"),
        validators=ASKED,
        widget=forms.DateInput(attrs={"type": "date"}),
    )
    document = forms.CharField(
        label=_("Number of the announcement"),
        max_length=60,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


def _day(label: Any, **more: Any) -> forms.DateField:
    return forms.DateField(
        label=label,
        validators=ASKED,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        **more,
    )


def _text(label: Any, longest: int, *, rows: int = 0, **more: Any) -> forms.CharField:
    plain = forms.TextInput(attrs={"autocomplete": "off"})
    widget = forms.Textarea(attrs={"rows": rows}) if rows else plain
    return forms.CharField(label=label, max_length=longest, widget=widget, **more)


class MoreTimeForm(forms.Form):
    """What kept the winner, until when, and the paper that shows it."""

    obstacle = _text(_("What kept you from claiming"), extensions.LONGEST_OBSTACLE, rows=3)
    obstacle_ended_on = _day(_("Until which day"))
    evidence = _text(
        _("Which paper shows it"),
        extensions.LONGEST_EVIDENCE,
        help_text=_("For example: certificate of a hospital, notice of an authority."),
    )
    paper = forms.FileField(
        label=_("The paper as a photo or PDF"),
        help_text=_("Please keep it: we compare what you bring with it."),
    )

    def clean_paper(self) -> Any:
        """No paper is larger than ten megabytes."""
        paper = self.cleaned_data["paper"]
        if paper.size > MOST_BYTES:
            raise forms.ValidationError(_("The file is larger than 10 MB."))
        return paper


class HoldForm(forms.Form):
    """Which ticket is held, and by which order."""

    ticket = _text(_("Number of the ticket"), 40)
    kind = forms.ChoiceField(label=_("Kind"), choices=Hold.Kind.choices)
    order_reference = _text(_("Number of the order"), holds.LONGEST_REFERENCE)
    reason = _text(_("Reason"), holds.LONGEST_REASON, rows=3)


class LiftForm(forms.Form):
    """By which decision a hold ends."""

    decision = _text(_("Decision by which the hold ends"), holds.LONGEST_DECISION)


class CounselForm(LiftForm):
    """By which decision of counsel the hold of a winner under age ends, and its scan."""

    paper = ScanField(
        label=_("Decision of counsel, scanned"), help_text=_("PDF or photo, up to 5 MB.")
    )


class GuardianForm(forms.Form):
    """Which prize, and how the guardian is related; the papers are forms of their own."""

    ticket = _text(_("Number of the ticket"), 40)
    relation = forms.ChoiceField(label=_("Relation"), choices=GuardianRecord.Relation.choices)
    proof = forms.ChoiceField(label=_("What proves it"), choices=GuardianRecord.Proof.choices)
    scan = ScanField(label=_("The proof, scanned"), help_text=_("PDF or photo, up to 5 MB."))


class DecisionForm(forms.Form):
    """What is proposed on a request for more time."""

    is_granted = forms.TypedChoiceField(
        label=_("Decision"),
        choices=(("yes", _("Grant")), ("no", _("Refuse"))),
        coerce=lambda said: said == "yes",
        widget=forms.RadioSelect,
    )
    until_on = _day(_("New last day"), required=False, help_text=_("Only where it is granted."))
    reason = _text(_("Reasons, as the winner reads them"), extensions.LONGEST_REASON, rows=4)


class ReasonForm(forms.Form):
    """Why somebody needs to see what is kept masked."""

    reason = _text(_("Why you need to see this"), 200)
