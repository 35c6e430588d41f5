"""What people type on pages of this room; doors judge it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from lottery_portal.lib import codes
from lottery_portal.lib.dates import ASKED, SHANGHAI, in_shanghai

from . import licences, switches, words
from .models import Game, MarketClosure
from .rules import RuleVersion

_MOMENT = "%Y-%m-%dT%H:%M"
_SECOND = f"{_MOMENT}:%S"


class MomentField(forms.CharField):
    """A moment on a Shanghai clock, to the minute; where seconds count, to the second."""

    def __init__(self, *, has_seconds: bool = False, **kwargs: Any) -> None:
        self.spelling = _SECOND if has_seconds else _MOMENT
        step = {"step": 1} if has_seconds else {}
        super().__init__(
            max_length=19,
            widget=forms.DateTimeInput(
                attrs={"type": "datetime-local", **step}, format=self.spelling
            ),
            **kwargs,
        )

    def prepare_value(self, value: Any) -> Any:
        return f"{in_shanghai(value):{self.spelling}}" if isinstance(value, datetime) else value

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text:
            return None
        if self.spelling == _MOMENT:
            text = text[: len("2026-11-22 20:00")]
        elif text.count(":") == 1:  # browsers leave full minutes without seconds
            text += ":00"
        try:
            return datetime.strptime(text.replace(" ", "T"), self.spelling).replace(tzinfo=SHANGHAI)
        except ValueError:
            raise forms.ValidationError(
                _("Please give day and time, like 2026-11-22 20:00.")
            ) from None


class ResultForm(forms.Form):
    """The drawn numbers, one field a ball, as the zones of the rule want them."""

    has_read = forms.BooleanField(
        label=_("I read these numbers from the draw minutes and compared every one."),
    )

    def __init__(self, *args: Any, version: RuleVersion, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.version = version
        for zone in version.zones:
            for place in range(1, zone.drawn + 1):
                self.fields[f"{zone.code}_{place}"] = forms.IntegerField(
                    label=str(place),
                    min_value=zone.first,
                    max_value=zone.last,
                    widget=forms.TextInput(
                        attrs={"inputmode": "numeric", "maxlength": 2, "autocomplete": "off"}
                    ),
                )

    def numbers(self) -> list[list[int]]:
        """What was typed, zone by zone."""
        return [
            [self.cleaned_data[f"{zone.code}_{place}"] for place in range(1, zone.drawn + 1)]
            for zone in self.version.zones
        ]


class TimesForm(forms.Form):
    """Other times of a draw, and why."""

    closes_at = MomentField(label=_("Sales close"))
    draws_at = MomentField(label=_("The draw is held at"))
    reason = forms.CharField(
        label=_("Reason, as the public reads it"),
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class SwitchForm(forms.Form):
    """What to switch, and why."""

    what = forms.ChoiceField(label=_("What to switch off"))
    code = forms.CharField(
        label=_("Player number"),
        required=False,
        max_length=24,
        strip=True,
        help_text=_("Only needed for one player."),
    )
    reason = forms.CharField(
        label=_("Reason, as players read it"),
        max_length=200,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        games = Game.objects.order_by("position")
        scopes = [switches.ALL, *(f"game:{game.code}" for game in games), *switches.CHANNELS]
        self.fields["what"].choices = [  # type: ignore[attr-defined]  # set on choice fields only
            ("", _("Please choose")),  # nothing is chosen before: one press must not stop all sales
            *((scope, words.scope(scope)) for scope in scopes),
            ("player", _("One player")),
        ]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("what") == "player" and not cleaned.get("code"):
            self.add_error("code", _("Please give the player's number."))
        return cleaned

    def scope(self) -> str:
        """The name of what is switched."""
        what = str(self.cleaned_data["what"])
        return f"player:{codes.typed(self.cleaned_data['code'])}" if what == "player" else what


class SwitchOnForm(forms.Form):
    """Why sales go on again."""

    scope = forms.CharField(max_length=60, widget=forms.HiddenInput)
    reason = forms.CharField(label=_("Reason"), max_length=200)


class LicenceForm(forms.Form):
    """A licence as it stands on paper."""

    number = forms.CharField(label=_("Licence number"), max_length=60)
    games = forms.MultipleChoiceField(
        label=_("Games"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("None ticked: the licence covers every game."),
    )
    channels = forms.MultipleChoiceField(
        label=_("Sales channels"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("None ticked: the licence covers every channel."),
    )
    issued_by = forms.CharField(label=_("Issued by"), max_length=100)
    valid_from = MomentField(label=_("Valid from"))
    valid_until = MomentField(label=_("Valid until"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        games = Game.objects.filter(is_shadow=False).order_by("position")
        self.fields["games"].choices = [  # type: ignore[attr-defined]  # a field with choices
            (game.code, gettext(game.name)) for game in games
        ]
        self.fields["channels"].choices = [  # type: ignore[attr-defined]  # as above
            (channel, words.channel(channel)) for channel in licences.CHANNELS
        ]


class LicenceEndForm(forms.Form):
    """From when on a licence no longer counts, and why."""

    ends_at = MomentField(
        label=_("Ends at"), help_text=_("A moment that is past means: with the approval.")
    )
    reason = forms.CharField(
        label=_("Reason"), max_length=300, widget=forms.Textarea(attrs={"rows": 3})
    )


class ClosureForm(forms.Form):
    """A market closure as the ministry's notice says it."""

    occasion = forms.ChoiceField(label=_("Occasion"), choices=MarketClosure.Occasion.choices)
    first_on = forms.DateField(
        label=_("First day"),
        validators=list(ASKED),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    last_on = forms.DateField(
        label=_("Last day"),
        validators=list(ASKED),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    notice = forms.CharField(
        label=_("Notice of the ministry"),
        max_length=120,
        help_text=_("Title or number, as it is published."),
    )
    address = forms.URLField(
        label=_("Where it is read"), max_length=200, required=False, assume_scheme="https"
    )


class RuleLoadForm(forms.Form):
    """What players are told of a new rule version."""

    notice = forms.CharField(
        label=_("What players are told"),
        help_text=_("It is published with the approval, and stands above the whole sheet."),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 4}),
    )


class RuleFileForm(forms.Form):
    """A rule file and the signature under it."""

    game = forms.ChoiceField(label=_("Game"))
    file = forms.FileField(
        label=_("Rule file"), help_text=_("JSON of the format rule-file/1, 256 KB at most.")
    )
    signature = forms.FileField(
        label=_("Signature"), help_text=_("Ed25519 over the bytes of the file, raw or in base64.")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["game"].choices = [  # type: ignore[attr-defined]  # set on choice fields only
            (game.code, words.game(game)) for game in Game.objects.order_by("position", "pk")
        ]

    def clean_file(self) -> Any:
        return _small(self.cleaned_data["file"], 256 * 1024)

    def clean_signature(self) -> Any:
        return _small(self.cleaned_data["signature"], 1024)


class RuleTrialForm(forms.Form):
    """Which past draws a rule version is tried on, and how the pool goes."""

    draws = forms.ChoiceField(
        label=_("Announced draws"),
        choices=[
            ("100", _("the last 100")),
            ("300", _("the last 300")),
            ("500", _("the last 500")),
        ],
        initial="500",
    )
    file = forms.FileField(
        label=_("Or a file of draws"),
        help_text=_(
            "CSV, a draw a line, 1,500 lines at most. Columns: issue, sales_fen, pool_before_fen,"
            " special_rule, fund_topup_fen, winners_1 and so on."
        ),
        required=False,
    )
    course = forms.ChoiceField(
        label=_("The pool"),
        choices=[
            ("own", _("goes its own way from the first draw on")),
            ("announced", _("begins each draw as it was announced")),
        ],
        initial="own",
    )

    def clean_file(self) -> Any:
        given = self.cleaned_data["file"]
        return _small(given, 4 * 1024 * 1024) if given else given


def _small(given: Any, most: int) -> Any:
    if given.size > most:
        raise forms.ValidationError(_("This file is too large."))
    return given


class LimitForm(forms.Form):
    """A line to be withdrawn from sale: way to play, numbers place by place, reason."""

    play = forms.ChoiceField(label=_("Way to play"))
    numbers = forms.CharField(
        label=_("Numbers of the line"),
        max_length=60,
        help_text=_("Places apart by “+”, numbers of a place by “,”: 1+2+3, or 1,2,3."),
    )
    reason = forms.CharField(
        label=_("Reason, as players read it"),
        max_length=200,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(self, *args: Any, version: RuleVersion, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["play"].choices = [  # type: ignore[attr-defined]  # set on choice fields only
            (play.code, play.label) for play in version.plays
        ]

    def clean_numbers(self) -> list[list[int]]:
        """The numbers place by place."""
        text = self.cleaned_data["numbers"].replace("，", ",").replace(" ", "")
        try:
            return [
                [int(number) for number in place.split(",")] if place else []
                for place in text.split("+")
            ]
        except ValueError:
            raise forms.ValidationError(_("Please give numbers, like 1+2+3.")) from None
