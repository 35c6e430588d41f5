"""Celery: doorbell and clock. What must be done stands in the jobs table (D10)."""

import os
from typing import Any

from celery import Celery
from celery.signals import worker_ready
from celery.worker import state

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lottery_portal.settings")

app = Celery("lottery_portal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_ready.connect
def leave_if_told(**_sent: Any) -> None:
    """End here, and quietly, when told to end while starting.

    The pool is gone by then, and the library would look for it next and print what went wrong.
    """
    state.maybe_shutdown()
