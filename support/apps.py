"""The room as Django knows it."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SupportConfig(AppConfig):
    """The room `support`."""

    name = "support"
    verbose_name = _("Support")
