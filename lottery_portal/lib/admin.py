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

    def has_add_permission(self, _request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        return False
