"""The room as Django knows it."""

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    """The room `accounts`."""

    name = "accounts"
    verbose_name = _("Accounts")

    def ready(self) -> None:
        """Load every room's kinds of message, and tell `audit` how to ask about people."""
        autodiscover_modules("messages")
        from . import introduction  # noqa: PLC0415 - models are there only now

        introduction.make()
