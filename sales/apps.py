"""The room as Django knows it."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SalesConfig(AppConfig):
    """The room `sales`."""

    name = "sales"
    verbose_name = _("Sales")
