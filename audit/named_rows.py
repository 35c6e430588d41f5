"""Lists in the admin that call staff by the names they use at work, asked for once a page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.contrib.admin.views.main import ChangeList

from lottery_portal.lib.admin import ReadOnlyAdmin

from . import people, trail

if TYPE_CHECKING:
    from django.db.models import Model

    _Page = ChangeList
else:
    _Page = object


class _NamedList(_Page):
    """The rows of one page, and the names of everybody on it."""

    def get_results(self, request: Any) -> None:
        super().get_results(request)
        admin = self.model_admin
        if not isinstance(admin, NamedRows):
            return
        rows = list(self.result_list)
        accounts = {admin.account_of(row, field) for row in rows for field in admin.people_of()}
        names = people.names_of(accounts - {""})
        for row in rows:
            row.names_at_work = names
        self.result_list = rows


class NamedRows(ReadOnlyAdmin):
    """A list with columns of people: `person_field`, and `more_people` where there are several."""

    person_field = ""
    more_people: tuple[str, ...] = ()

    def get_changelist(self, request: Any, **kwargs: Any) -> type[ChangeList]:
        return type("NamedList", (_NamedList, super().get_changelist(request, **kwargs)), {})

    def people_of(self) -> tuple[str, ...]:
        """All columns of people."""
        return (self.person_field, *self.more_people)

    def account_of(self, row: Model, field: str = "") -> str:
        """The account of the person of this row, "" when there is none."""
        person = getattr(row, field or self.person_field)
        return person if isinstance(person, str) else person.get_username() if person else ""

    def called(self, row: Model, field: str = "") -> str:
        """The name at work, the portal itself, or the account of somebody who has no such name."""
        account = self.account_of(row, field)
        names: Mapping[str, str] | None = getattr(row, "names_at_work", None)
        if names is None:  # the page of one row
            names = people.names_of([account])
        return trail.actor_name(account, names) if account else trail.actor_name(trail.SYSTEM, {})
