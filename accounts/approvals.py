"""What in this room needs other eyes: giving and taking posts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from audit import approvals

from . import staff
from .models import Person, Post


def _words(payload: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
    person = Person.objects.get(row_uuid=payload["person"])
    names = person.staff_members.order_by("pk").values_list("display_name", flat=True)
    deeds = {"appoint": _("Give the post"), "end": _("Take the post back")}
    return [
        (_("What"), deeds[payload["deed"]]),
        (_("Who"), "、".join(names)),
        (_("Post"), _(Post.objects.get(code=payload["post"]).title)),
        (_("Until"), payload["until"] or _("further notice")),
    ]


def _perform(request: approvals.Request, now: datetime) -> None:
    staff.perform(payload=request.payload, approval_code=request.code, actor=request.maker, now=now)


approvals.register(
    approvals.Kind(
        name=staff.KIND,
        title=gettext_lazy("Give or take a post"),
        maker_roles=frozenset({"administrator"}),
        checker_roles=frozenset({"approver", "compliance"}),
        needed=approvals.one_more,
        perform=_perform,
        lifetime=timedelta(days=3),
        words=_words,
    )
)
