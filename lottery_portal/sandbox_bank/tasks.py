"""Shells for the queue."""

from django.utils import timezone

from lottery_portal import jobs


@jobs.handler("sandbox_bank.notify", max_attempts=30)
def notify(*, trade: str, state: str, number: int) -> None:
    """Tell the merchant, until he answers 200."""
    from . import banking

    banking.notify(trade=trade, state=state, number=number, now=timezone.now())
