"""What this room does later: requests that run out, exports, partitions of the trail."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from lottery_portal import jobs


@jobs.handler("audit.expire_approvals", max_attempts=1)
def expire_approvals() -> None:
    """End requests whose time is over."""
    from . import approvals

    approvals.expire_due(now=timezone.now())


@jobs.handler("audit.make_partitions", max_attempts=3)
def make_partitions() -> None:
    """Make the next partition of the trail before it is needed."""
    from . import trail

    trail.make_partitions()


@jobs.handler("audit.make_report", max_attempts=3, limit=1, lease=timedelta(minutes=3))
def make_report(*, code: str) -> None:
    """Write the file of one export. One at a time: an edition is compared with the one before."""
    from . import reports

    reports.make(code=code, now=timezone.now())


@jobs.handler("audit.verify_log", max_attempts=1, limit=1)
def verify_log() -> None:
    """Compare the log with all rows, every night: in a process of its own, for it may take long."""
    subprocess.Popen(
        [sys.executable, "manage.py", "verify_log", "--alarm"],
        cwd=settings.BASE_DIR,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )


@jobs.handler("audit.check_release", max_attempts=1, limit=1)
def check_release() -> None:
    """Compare the files of the software with those that were put into service, every day."""
    from . import releases

    releases.check(now=timezone.now())


@jobs.handler("audit.check_catalogue", max_attempts=1, limit=1)
def check_catalogue() -> None:
    """Compare what the database is made of with the release, every hour."""
    from . import catalogue

    catalogue.check(now=timezone.now(), occasion="clock")
