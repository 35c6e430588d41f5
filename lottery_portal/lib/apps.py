"""Installed so that its template tags and commands are found."""

from django.apps import AppConfig


class LibConfig(AppConfig):
    """The shared tools."""

    name = "lottery_portal.lib"
    label = "lib"
