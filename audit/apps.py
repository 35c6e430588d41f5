"""The room as Django knows it: at start-up it finds what every other room hands up to it."""

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _


class AuditConfig(AppConfig):
    """The room `audit`."""

    name = "audit"
    verbose_name = _("Audit")

    def ready(self) -> None:
        """Load this room's own kinds and reports, then those of all rooms."""
        from . import (  # noqa: PLC0415 - registering is their effect
            catalogue,  # noqa: F401
            keys,  # noqa: F401
            policies,  # noqa: F401
            trail_report,  # noqa: F401
            witness_words,  # noqa: F401
        )

        autodiscover_modules("approvals", "reports", "waiting", "deeds", "alarms", "evidence")
