"""What is typed on the page that says where prizes are claimed; validation only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from lottery_portal.lib.choices import offer
from partners.forms import AmountField


class WhereForm(forms.Form):
    """Which game, what the ticket won, and where; each may stay empty.

    `draw` comes with the link of a result: whose own prizes of it are shown.
    """

    game = forms.ChoiceField(label=_("Game"), required=False)
    amount = AmountField(label=_("What the ticket won (yuan)"), required=False)
    district = forms.ChoiceField(label=_("District"), required=False)
    draw = forms.SlugField(required=False, max_length=20, widget=forms.HiddenInput)

    def __init__(
        self, *args: Any, games: Mapping[str, str], areas: Iterable[str], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "game", [("", _("All games")), *games.items()])
        offer(self, "district", [("", _("Everywhere")), *((area, area) for area in areas)])
