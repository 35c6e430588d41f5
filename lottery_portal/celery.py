"""Celery: doorbell and clock. What must be done stands in the jobs table (D10)."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lottery_portal.settings")

app = Celery("lottery_portal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
