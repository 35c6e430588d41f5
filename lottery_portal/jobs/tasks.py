"""Shells for Celery: the doorbell, and the clock's strokes."""

from datetime import timedelta

from celery import shared_task

from .queue import handler


@shared_task(name="jobs.ring", ignore_result=True)
def ring(*, job_id: int) -> None:
    """Do one job, if it is still to be done."""
    from . import queue

    queue.run_one(job_id)


@shared_task(name="jobs.tick", ignore_result=True)
def tick(*, kind: str, seconds: float) -> None:
    """Write the row of one tick."""
    from . import queue

    queue.tick(kind, every=timedelta(seconds=seconds))


@handler("jobs.sweep")
def sweep() -> None:
    """Drop old ticks."""
    from . import queue

    queue.sweep()
