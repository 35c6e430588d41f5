"""What is asked for on the pages about winners; validation only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.publicity import Shown


class WinnersForm(forms.Form):
    """Which game and which time; nothing: all games, the newest year."""

    game = forms.ChoiceField(label=_("Game"), required=False)
    period = forms.ChoiceField(label=_("Time"), required=False)

    def __init__(
        self,
        *args: Any,
        games: Sequence[tuple[str, str]],
        periods: Sequence[tuple[str, str]],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        _offer(self, "game", [("", _("All games")), *games])
        _offer(self, "period", periods or [("", _("Nothing is published yet"))])


class PublicityForm(forms.Form):
    """What a winner allows to be told with one prize; nothing ticked, nothing told."""

    shows = forms.MultipleChoiceField(
        label=_("What may be told"),
        required=False,
        choices=Shown.choices,
        widget=forms.CheckboxSelectMultiple,
    )


class AnnounceForm(forms.Form):
    """With which prize a winner is announced."""

    ticket = forms.SlugField(max_length=40, widget=forms.HiddenInput)


def _offer(form: forms.Form, name: str, choices: Sequence[tuple[str, Any]]) -> None:
    field = form.fields[name]
    assert isinstance(field, forms.ChoiceField)  # noqa: S101 - narrows for the type checker
    field.choices = list(choices)
