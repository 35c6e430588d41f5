"""What officials type of an issuer's announcement, and ask about it; doors judge it."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from lottery_portal.lib.choices import offer
from lottery_portal.lib.dates import ASKED, in_shanghai

from . import issuer_file, words
from .models import Draw, Game
from .rules import RuleVersion

_PLAIN = re.compile(r"\d{1,15}(\.\d{1,2})?")
_COUNT = re.compile(r"\d{1,15}")
_DIGITS = {"inputmode": "numeric", "maxlength": 2, "autocomplete": "off"}


class TypedYuan(forms.CharField):
    """An amount in yuan as paper has it, maybe nought; its value is fen, None when left empty."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            required=False,
            max_length=22,
            widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
            **kwargs,
        )

    def clean(self, value: Any) -> Any:
        text = super().clean(value).replace(",", "").strip()
        if not text:
            return None
        if not _PLAIN.fullmatch(text):
            raise forms.ValidationError(_("Please give an amount in yuan, like 6,521.50."))
        whole, _point, rest = text.partition(".")
        return int(whole) * 100 + int(rest.ljust(2, "0") or 0)


class TypedCount(forms.CharField):
    """A number of lines, maybe nought; None when left empty."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            required=False,
            max_length=19,
            widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
            **kwargs,
        )

    def clean(self, value: Any) -> Any:
        text = super().clean(value).replace(",", "").strip()
        if not text:
            return None
        if not _COUNT.fullmatch(text):
            raise forms.ValidationError(_("Please give a number of lines, like 1,204."))
        return int(text)


class FileForm(forms.Form):
    """The issuer's file; what it says is shown before anything is stored."""

    file = forms.FileField(
        label=_("File of the issuer"),
        help_text=_("Choose the file or drop it here, unchanged as the issuer sent it."),
    )

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > issuer_file.MOST_BYTES:
            raise forms.ValidationError(_("This file is too large for an announcement."))
        return file


class StoreForm(forms.Form):
    """The same file again, as it was shown, once the official has looked at it."""

    content = forms.CharField(widget=forms.HiddenInput)
    name = forms.CharField(widget=forms.HiddenInput, max_length=100, required=False)

    def clean_content(self) -> bytes:
        try:
            return base64.b64decode(self.cleaned_data["content"], validate=True)
        except (binascii.Error, ValueError):
            raise forms.ValidationError(_("Please choose the file again.")) from None


class TypedForm(forms.Form):
    """An announcement as it stands on paper; what it does not tell is left empty."""

    has_read = forms.BooleanField(
        label=_("I read every figure from the issuer's own paper and compared it.")
    )

    def __init__(self, *args: Any, draw: Draw, version: RuleVersion, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.draw, self.version = draw, version
        for zone in version.zones:
            for place in range(1, zone.drawn + 1):
                self.fields[f"{zone.code}_{place}"] = forms.IntegerField(
                    label=str(place),
                    min_value=zone.first,
                    max_value=zone.last,
                    widget=forms.TextInput(attrs=_DIGITS),
                )
        if version.special is not None:
            self.fields["special_on"] = forms.ChoiceField(
                label=_("Special rule in this draw"),
                choices=[("", "—"), ("on", _("On")), ("off", _("Off"))],
            )
        for name, label in (
            ("sales_fen", _("Sales of all operators (yuan)")),
            ("pool_before_fen", _("Pool before the draw (yuan)")),
            ("pool_after_fen", _("Pool after the draw (yuan)")),
            ("fund_topup_fen", _("Added to the pool by the fund (yuan)")),
        ):
            self.fields[name] = TypedYuan(label=label)
        for pool in version.pools[1:]:
            for when, label in (("before", _("before (yuan)")), ("after", _("after (yuan)"))):
                self.fields[f"{pool.code}_{when}"] = TypedYuan(label=f"{pool.code} {label}")
        for tier in version.tiers:
            self.fields[f"winners_{tier.number}"] = TypedCount(label=_("Winning lines"))
            self.fields[f"prize_{tier.number}"] = TypedYuan(label=_("Prize of a line (yuan)"))

    def zones(self) -> list[dict[str, Any]]:
        """The fields of the numbers, zone by zone."""
        return [
            {
                "label": zone.label,
                "fields": [self[f"{zone.code}_{place}"] for place in range(1, zone.drawn + 1)],
            }
            for zone in self.version.zones
        ]

    def totals(self) -> list[Any]:
        """The fields of sales, pools and the special rule."""
        names = ["special_on"] if "special_on" in self.fields else []
        names += ["sales_fen", "pool_before_fen", "pool_after_fen", "fund_topup_fen"]
        names += [f"{pool.code}_{when}" for pool in self.version.pools[1:] for when in _WHEN]
        return [self[name] for name in names]

    def tiers(self) -> list[dict[str, Any]]:
        """Winners and prize of each tier."""
        return [
            {
                "label": tier.label,
                "mark": tier.mark,
                "winners": self[f"winners_{tier.number}"],
                "prize": self[f"prize_{tier.number}"],
            }
            for tier in self.version.tiers
        ]

    def body(self) -> str:
        """What was typed, in the one spelling of announcements."""
        said = self.cleaned_data
        pools = {
            pool.code: (said[f"{pool.code}_before"], said[f"{pool.code}_after"])
            for pool in self.version.pools[1:]
            if None not in (said[f"{pool.code}_before"], said[f"{pool.code}_after"])
        }
        return issuer_file.compose(
            self.version,
            game=self.draw.game.code,
            issue=self.draw.issue,
            drawn_on=in_shanghai(self.draw.draws_at).date(),
            numbers=[
                [said[f"{zone.code}_{place}"] for place in range(1, zone.drawn + 1)]
                for zone in self.version.zones
            ],
            special_on=said.get("special_on") == "on",
            sales_fen=said["sales_fen"],
            pool_before_fen=said["pool_before_fen"],
            pool_after_fen=said["pool_after_fen"],
            fund_topup_fen=said["fund_topup_fen"] or 0,
            other_pools=pools,
            tiers={
                tier.number: (said[f"winners_{tier.number}"], said[f"prize_{tier.number}"])
                for tier in self.version.tiers
            },
        )


_WHEN = ("before", "after")


class DecisionForm(forms.Form):
    """Why a draw is paid as announced although the rules say otherwise."""

    reason = forms.CharField(
        label=_("Reason, as it stands in the evidence"),
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class ModeForm(forms.Form):
    """Who sets the prizes of a game from a day on."""

    game = forms.ChoiceField(label=_("Game"))
    mode = forms.ChoiceField(label=_("Who sets the prizes"), choices=Draw.Mode.choices)
    starts_on = forms.DateField(
        label=_("For draws from"),
        validators=ASKED,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    document = forms.CharField(label=_("Document by which it changes"), max_length=200)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        games = Game.objects.filter(is_shadow=False).order_by("position")
        offer(self, "game", [(game.code, words.game(game)) for game in games])
