"""The room as Django knows it."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class FinanceConfig(AppConfig):
    """The room `finance`."""

    name = "finance"
    verbose_name = _("Finance")

    def ready(self) -> None:
        """Give every new player a wallet; say what must hold in the books."""
        from accounts import registration  # noqa: PLC0415 - apps are not loaded before

        from . import (  # noqa: PLC0415 - as above; registering is their effect
            cash_counts,  # noqa: F401 - registers its cases
            cash_desks,  # noqa: F401 - registers questions
            payment_invariants,  # noqa: F401 - registers questions, after those of the books
            prize_tax,  # noqa: F401 - registers a question
            wallets,
        )
        from .solvency import nightly  # noqa: F401, PLC0415 - as above

        if wallets.open_for not in registration.on_registered:
            registration.on_registered.append(wallets.open_for)
