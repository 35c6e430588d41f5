"""The trail as an export."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from . import people, reports, trail
from .forms import offer_deeds
from .reports import Column


class TrailForm(reports.PeriodForm):
    """The interval, and what to look for in it."""

    action = forms.ChoiceField(label=_("Deed"), required=False)
    actor = forms.CharField(label=_("Account or name"), required=False, max_length=64)
    object_type = forms.ChoiceField(label=_("Kind of object"), required=False)
    object_code = forms.CharField(label=_("Object"), required=False, max_length=64)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer_deeds(self)


def filters(params: Mapping[str, Any]) -> trail.Filters:
    """The form's values as what `trail.read` understands."""
    since, until = reports.period(params)
    return trail.Filters(
        since=since,
        until=until,
        action=params.get("action", ""),
        actor=params.get("actor", ""),
        object_type=params.get("object_type", ""),
        object_code=params.get("object_code", ""),
    )


def _rows(params: Mapping[str, Any]) -> Iterator[Sequence[Any]]:
    names: dict[str, str] = {}
    for row in trail.read(filters(params)).order_by("pk").iterator(chunk_size=2000):
        if row.actor not in names:
            names[row.actor] = trail.actor_name(row.actor, people.names_of([row.actor]))
        yield (
            row.pk,
            row.at,
            row.actor,
            names[row.actor],
            row.actor_roles,
            row.action,
            trail.title(row.action),
            row.object_type,
            row.object_code,
            row.request_id,
            row.body,
            row.epoch,
            row.xid,
            row.db_user,
        )


def _count(params: Mapping[str, Any]) -> int:
    return trail.read(filters(params)).count()


reports.register(
    reports.Report(
        name="audit.trail",
        title=_("Audit log"),
        about=_("Every recorded deed of the interval, with its object and its facts."),
        columns=[
            Column("id", _("No."), "count"),
            Column("at", _("When"), "moment"),
            Column("actor", _("Account")),
            Column("actor_name", _("Who")),
            Column("actor_roles", _("As")),
            Column("action", _("Deed")),
            Column("action_title", _("Deed in words")),
            Column("object_type", _("Kind of object")),
            Column("object_code", _("Object")),
            Column("request_id", _("Request")),
            Column("body", _("Facts")),
            Column("epoch", _("Epoch"), "count"),
            Column("xid", _("Transaction"), "count"),
            Column("db_user", _("Database user")),
        ],
        rows=_rows,
        count=_count,
        form=TrailForm,
        roles=frozenset({"compliance", "auditor", "regulator", "administrator"}),
    )
)
