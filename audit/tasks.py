"""What this room does later: requests that run out, exports, partitions of the trail."""

from __future__ import annotations

from datetime import timedelta

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
