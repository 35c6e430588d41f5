"""The room as Django knows it."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class EventsConfig(AppConfig):
    """The room `events`."""

    name = "events"
    verbose_name = _("Events")
