"""The room as Django knows it."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class GamesConfig(AppConfig):
    """The room `games`."""

    name = "games"
    verbose_name = _("Games")
