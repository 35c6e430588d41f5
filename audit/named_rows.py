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
        names = people.names_of({admin.account_of(row) for row in rows} - {""})
        for row in rows:
            row.names_at_work = names
        self.result_list = rows


class NamedRows(ReadOnlyAdmin):
    """A list with a column of people; `person_field` says which column of the row that is."""

    person_field = ""

    def get_changelist(self, request: Any, **kwargs: Any) -> type[ChangeList]:
        return type("NamedList", (_NamedList, super().get_changelist(request, **kwargs)), {})

    def account_of(self, row: Model) -> str:
        """The account of the person of this row, "" when there is none."""
        person = getattr(row, self.person_field)
        return person if isinstance(person, str) else person.get_username() if person else ""

    def called(self, row: Model) -> str:
        """The name at work, the portal itself, or the account of somebody who has no such name."""
        account = self.account_of(row)
        names: Mapping[str, str] | None = getattr(row, "names_at_work", None)
        if names is None:  # the page of one row
            names = people.names_of([account])
        return trail.actor_name(account, names) if account else trail.actor_name(trail.SYSTEM, {})
