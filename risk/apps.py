"""The room as Django knows it."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RiskConfig(AppConfig):
    """The room `risk`."""

    name = "risk"
    verbose_name = _("Risk")
