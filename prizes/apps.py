"""The room as Django knows it."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PrizesConfig(AppConfig):
    """The room `prizes`."""

    name = "prizes"
    verbose_name = _("Prizes")

    def ready(self) -> None:
        """Say what prizes in a statement were for, what engine two answers, what is owed; games by
        name; who pays cash; what a claim is to the vault."""
        from finance import cash_desks  # noqa: PLC0415 - models are there only now

        from . import engine_words, memos, owed  # noqa: F401, PLC0415 - models are there only now; registering is their effect
        from .redemption import damaged, forfeiture, game_titles, lookers, payment, vault_claims  # noqa: F401, PLC0415 - as above

        payment.register_cash_desks(cash_desks.pay_out)
