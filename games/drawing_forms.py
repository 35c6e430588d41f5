"""What people type about drawings: pieces of equipment, inspections, choices, minutes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from . import equipment, minutes, results, rule_files, rules, words
from .forms import MomentField
from .models import Assignment, Draw, DrawMinutes, Equipment, Game, Inspection
from .rules import RuleVersion

OFFICIALS, WITNESSES = 4, 4


def _lines(rows: int) -> forms.Textarea:
    return forms.Textarea(attrs={"rows": rows})


class EquipmentForm(forms.Form):
    """A machine or a ball set as its plate says."""

    what = forms.ChoiceField(label=_("What it is"))
    code = forms.SlugField(
        label=_("Code of the piece"),
        max_length=30,
        help_text=_("As it stands on the piece, like ssq-red-1. Letters, digits, - and _."),
    )
    maker = forms.CharField(label=_("Made by"), max_length=100)
    serial_number = forms.CharField(label=_("Serial number"), max_length=60)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.games = {game.code: game for game in Game.objects.filter(is_shadow=False)}
        choices = [("", gettext("Please choose"))]
        for game in self.games.values():
            name = words.game(game)
            machine = gettext("%(game)s: drawing machine") % {"game": name}
            choices.append((f"{game.code}:", machine))
            for zone in equipment.drums(rule_files.newest(game)):
                balls = gettext("%(game)s: ball set, %(zone)s") % {"game": name, "zone": zone.label}
                choices.append((f"{game.code}:{zone.code}", balls))
        self.fields["what"].choices = choices  # type: ignore[attr-defined]

    def facts(self) -> dict[str, Any]:
        """What the door takes."""
        asked = dict(self.cleaned_data)
        game, _colon, zone = asked.pop("what").partition(":")
        kind = Equipment.Kind.BALL_SET if zone else Equipment.Kind.MACHINE
        return {**asked, "game": self.games[game], "kind": kind, "zone": zone}


class StateForm(forms.Form):
    """Why a piece is withdrawn, or taken into use again."""

    reason = forms.CharField(label=_("Reason"), max_length=300, widget=_lines(2))


class InspectionForm(forms.Form):
    """One inspection."""

    what = forms.CharField(
        label=_("What was inspected"),
        max_length=300,
        widget=_lines(2),
        help_text=_("Weight, size, numbers, mixing, seals: what was looked at and measured."),
    )
    inspected_at = MomentField(label=_("Inspected at"))
    outcome = forms.ChoiceField(
        label=_("Outcome"), choices=Inspection.Outcome.choices, widget=forms.RadioSelect
    )
    valid_until = MomentField(
        label=_("Valid until"), required=False, help_text=_("Only when it passed.")
    )
    certificate_number = forms.CharField(
        label=_("Certificate number"), max_length=60, required=False
    )
    certified_by = forms.CharField(label=_("Certified by"), max_length=100, required=False)


class AssignForm(forms.Form):
    """Which pieces serve a draw, who chose them and how. Nothing is chosen beforehand."""

    def __init__(self, *args: Any, draw: Draw, fit: Sequence[Equipment], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.pieces = {piece.code: piece for piece in fit}
        self.places = equipment.places(draw)
        for place in self.places:
            serving = [
                (piece.code, f"{piece.code}, {piece.maker} {piece.serial_number}")
                for piece in fit
                if piece.kind == place.kind and piece.zone in {"", place.code}
            ]
            self.fields[place.code] = forms.ChoiceField(
                label=place.label, choices=[("", gettext("Please choose")), *serving]
            )
            self.fields[f"{place.code}_reserve"] = forms.ChoiceField(
                label=gettext("%(place)s, in reserve") % {"place": place.label},
                choices=[("", gettext("None")), *serving],
                required=False,
            )
        self.fields["chosen_by"] = forms.CharField(
            label=gettext("Chosen by"),
            max_length=100,
            help_text=gettext("Name and office of the person who chose, like a notary."),
        )
        self.fields["chosen_how"] = forms.CharField(
            label=gettext("How it was chosen"),
            max_length=200,
            help_text=gettext("Drawn by lot on the spot, for example. The portal never chooses."),
        )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        for place in self.places:
            if cleaned.get(place.code) and cleaned[place.code] == cleaned.get(
                f"{place.code}_reserve"
            ):
                self.add_error(
                    f"{place.code}_reserve", _("Please choose another piece for the reserve.")
                )
        return cleaned

    def choices(self) -> list[equipment.Choice]:
        """What was chosen."""
        found = []
        for place in self.places:
            for is_reserve in (False, True):
                name = f"{place.code}_reserve" if is_reserve else place.code
                if code := self.cleaned_data[name]:
                    found.append(equipment.Choice(place.code, self.pieces[code], is_reserve))
        return found


class MinutesForm(forms.Form):
    """What people tell of a drawing; everything else is filled in from the rows of the house."""

    place = forms.CharField(label=_("Place"), max_length=200)
    began_at = MomentField(label=_("The drawing began at"), has_seconds=True)
    ended_at = MomentField(
        label=_("The drawing ended at"),
        has_seconds=True,
        help_text=_("When the last ball had come: before anybody typed the numbers here."),
    )
    tests = forms.CharField(
        label=_("Test draws before"),
        required=False,
        max_length=2000,
        widget=_lines(3),
        help_text=_("One a line, balls in the order drawn: 28 06 11 13 14 20 + 16"),
    )
    incidents = forms.CharField(
        label=_("Incidents"),
        required=False,
        max_length=2000,
        widget=_lines(3),
        help_text=_("What did not go as planned, with times. Empty when nothing happened."),
    )
    notes = forms.CharField(label=_("Notes"), required=False, max_length=2000, widget=_lines(2))
    reason = forms.CharField(
        label=_("What is corrected, and why"), max_length=300, widget=_lines(2)
    )

    def __init__(
        self,
        *args: Any,
        draw: Draw,
        version: RuleVersion,
        before: DrawMinutes | None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.initial = _initial(draw, before)
        self.version = version
        if before is None:
            del self.fields["reason"]
        for zone in version.zones:
            for place in range(1, zone.drawn + 1):
                self.fields[f"{zone.code}_{place}"] = forms.IntegerField(
                    label=str(place),
                    min_value=1,
                    max_value=zone.size,
                    widget=forms.TextInput(
                        attrs={"inputmode": "numeric", "maxlength": 2, "autocomplete": "off"}
                    ),
                )
        for kind, rows, needed in (("official", OFFICIALS, 2), ("witness", WITNESSES, 1)):
            for row in range(1, rows + 1):
                for part, label in (("name", _("Name")), ("office", _("Office"))):
                    self.fields[f"{kind}_{row}_{part}"] = forms.CharField(
                        label=label, max_length=60, required=row <= needed
                    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        for kind, rows in (("official", OFFICIALS), ("witness", WITNESSES)):
            for row in range(1, rows + 1):
                name, office = (cleaned.get(f"{kind}_{row}_{part}") for part in ("name", "office"))
                if bool(name) != bool(office):
                    missing = "office" if name else "name"
                    self.add_error(
                        f"{kind}_{row}_{missing}", _("Please give both, name and office.")
                    )
        return cleaned

    def told(self, draw: Draw) -> minutes.Told:
        """What the door takes; a wrong test draw is refused here."""
        said = self.cleaned_data
        return minutes.Told(
            place=said["place"],
            began_at=said["began_at"],
            ended_at=said["ended_at"],
            officials=self._people("official", OFFICIALS),
            witnesses=self._people("witness", WITNESSES),
            drawn=[
                [said[f"{zone.code}_{place}"] for place in range(1, zone.drawn + 1)]
                for zone in self.version.zones
            ],
            tests=minutes.typed_numbers(draw, said["tests"]),
            incidents=said["incidents"],
            notes=said["notes"],
        )

    def _people(self, kind: str, rows: int) -> list[minutes.Person]:
        said = self.cleaned_data
        return [
            minutes.Person(said[f"{kind}_{row}_name"], said[f"{kind}_{row}_office"])
            for row in range(1, rows + 1)
            if said[f"{kind}_{row}_name"]
        ]

    def pairs(self, kind: str, rows: int) -> Iterator[list[forms.BoundField]]:
        """The fields of one person each: name and office."""
        for row in range(1, rows + 1):
            yield [self[f"{kind}_{row}_name"], self[f"{kind}_{row}_office"]]


class SignForm(forms.Form):
    """A signature under what was shown."""

    digest = forms.CharField(max_length=64, widget=forms.HiddenInput)
    has_read = forms.BooleanField(
        label=_("I was at this drawing or have its papers before me, and this is how it went.")
    )


def _initial(draw: Draw, before: DrawMinutes | None) -> dict[str, Any]:
    """The times as planned and those who typed; or, for a correction, what was written before."""
    if before is None:
        names = [minutes.name_of(entry.official) for entry in results.typed_by(draw.result)]
        office = gettext("Draw official")
        people = {f"official_{row}_name": name for row, name in enumerate(names, start=1)}
        offices = {f"official_{row}_office": office for row in range(1, len(names) + 1)}
        return {"began_at": draw.draws_at, **people, **offices}
    told = minutes.text_of(before)
    found = {name: told[name] for name in ("place", "incidents", "notes")}
    found["tests"] = "\n".join(minutes.spelt(test) for test in told["tests"])
    for name in ("began_at", "ended_at"):
        found[name] = minutes.moment(told[name])
    for zone, balls in zip(rules.by_code(draw.rule.code).zones, told["drawn"], strict=True):
        for place, ball in enumerate(balls, start=1):
            found[f"{zone.code}_{place}"] = ball
    for kind in ("official", "witness"):
        people_before = told["officials" if kind == "official" else "witnesses"]
        for row, person in enumerate(people_before, start=1):
            found[f"{kind}_{row}_name"] = person["name"]
            found[f"{kind}_{row}_office"] = person["office"]
    return found


def places_of(serving: Mapping[tuple[str, bool], Assignment]) -> dict[str, str]:
    """What serves already, as the form shows it first when people choose again."""
    return {
        f"{place}_reserve" if is_reserve else place: row.equipment.code
        for (place, is_reserve), row in serving.items()
    }
