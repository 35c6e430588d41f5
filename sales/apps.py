"""The room as Django knows it."""

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _


class SalesConfig(AppConfig):
    """The room `sales`."""

    name = "sales"
    verbose_name = _("Sales")

    def ready(self) -> None:
        """Find what other rooms say about tickets; tell finance what purchases are called."""
        autodiscover_modules("ticket_facts")
        from . import (  # noqa: PLC0415 - models are there only now; registering is its effect
            held,  # noqa: F401
            memos,  # noqa: F401
            refund_invariants,  # noqa: F401
        )
