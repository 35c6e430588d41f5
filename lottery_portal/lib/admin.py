"""Looking at rows in the admin: nothing is added, changed or deleted there (D15)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Model
from django.http import HttpRequest
from unfold.admin import ModelAdmin

if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin as _Plain

    class _Base(_Plain[Model]):
        pass
else:
    _Base = ModelAdmin


class ReadOnlyAdmin(_Base):
    """A list and a page to look at; deeds are buttons that open doors."""

    actions = None
    list_per_page = 50
    show_full_result_count = False

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        """Columns that are shown or filtered by, and no others.

        Django lets a list be filtered by every column of its own; asked letter by letter, the one
        of the passwords would tell each hash.
        """
        field = lookup.partition("__")[0]
        own = {one.name for one in self.model._meta.get_fields()}  # noqa: SLF001 - Django's way
        if field in own - {"id", *map(str, self.list_display), *map(str, self.list_filter)}:
            return False
        return bool(super().lookup_allowed(lookup, value, request))

    def has_add_permission(self, _request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        return False
