"""The room as Django knows it."""

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _


class PartnersConfig(AppConfig):
    """The room `partners`."""

    name = "partners"
    verbose_name = _("Partners")

    def ready(self) -> None:
        """Find what higher rooms do at the terminal of an outlet."""
        autodiscover_modules("terminal_deeds")
