"""The room as Django knows it."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class FinanceConfig(AppConfig):
    """The room `finance`."""

    name = "finance"
    verbose_name = _("Finance")
