"""Loads every room's `tasks.py` at start-up, so that its handlers are known."""

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class JobsConfig(AppConfig):
    """The queue of work for later."""

    name = "lottery_portal.jobs"
    label = "jobs"

    def ready(self) -> None:
        autodiscover_modules("tasks")
