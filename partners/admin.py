"""Looking at outlets and their authority; nothing is changed here."""

from typing import Any

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from lottery_portal.lib.admin import ReadOnlyAdmin
from lottery_portal.lib.money import yuan

from . import models, outlet_codes


@admin.register(models.Outlet)
class OutletAdmin(ReadOnlyAdmin):
    """Outlets and centres."""

    list_display = ["shown_code", "kind", "name", "province", "district", "state", "since"]
    list_filter = ["kind", "state", "province"]
    search_fields = ["code", "name"]
    fields = (
        "shown_code", "kind", "name", "province", "district", "address", "hours", "phone", "state",
        "since", "approval_code",
    )  # fmt: skip

    @admin.display(description=_("number of the outlet"), ordering="code")
    def shown_code(self, row: Any) -> str:
        """The number in two groups."""
        return outlet_codes.shown(row.code)


@admin.register(models.OutletChange)
class OutletChangeAdmin(ReadOnlyAdmin):
    """What became of outlets, and why."""

    list_display = ["outlet", "from_state", "to_state", "reason", "actor", "changed_at"]
    list_filter = ["to_state"]
    list_select_related = ["outlet", "actor"]


@admin.register(models.OutletOperator)
class OutletOperatorAdmin(ReadOnlyAdmin):
    """Who works or worked where."""

    list_display = ["outlet", "user", "assigned_by", "valid_from", "valid_until"]
    list_select_related = ["outlet", "user", "assigned_by"]


@admin.register(models.ClaimAuthority)
class ClaimAuthorityAdmin(ReadOnlyAdmin):
    """What outlets may redeem."""

    list_display = ["outlet", "game", "up_to_yuan", "valid_from", "valid_until", "approval_code"]
    list_filter = ["game"]
    list_select_related = ["outlet"]

    @admin.display(description=_("Up to (yuan)"), ordering="up_to")
    def up_to_yuan(self, row: Any) -> str:
        """The amount in yuan."""
        return yuan(row.up_to)


@admin.register(models.ClaimAuthorityEnd)
class ClaimAuthorityEndAdmin(ReadOnlyAdmin):
    """What was taken back before its day."""

    list_display = ["authority", "reason", "actor", "ended_at"]
    list_select_related = ["authority", "actor"]
