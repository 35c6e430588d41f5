"""The room as Django knows it."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PartnersConfig(AppConfig):
    """The room `partners`."""

    name = "partners"
    verbose_name = _("Partners")
