"""The room as Django knows it."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PrizesConfig(AppConfig):
    """The room `prizes`."""

    name = "prizes"
    verbose_name = _("Prizes")
