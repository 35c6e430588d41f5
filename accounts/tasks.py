"""Work for later: messages that leave the house."""

from django.utils import timezone

from lottery_portal import jobs


@jobs.handler("accounts.deliver", max_attempts=12)
def deliver(*, delivery_id: int) -> None:
    """Bring one message out, if it still waits."""
    from . import messages

    messages.deliver(delivery_id=delivery_id, now=timezone.now())


@jobs.handler("accounts.watch_first_posts", max_attempts=1)
def watch_first_posts() -> None:
    """Look whether posts of the first hour stand too long; the next stroke repeats it."""
    from . import first_posts

    first_posts.watch(now=timezone.now())


@jobs.handler("accounts.sweep_tries", max_attempts=1)
def sweep_tries() -> None:
    """Drop counts whose time is over."""
    from . import tries

    tries.sweep()


@jobs.handler("accounts.send_code", max_attempts=4)
def send_code(*, sealed: str) -> None:
    """Send the code, or the owner's note, of a registration."""
    from . import verification

    verification.deliver(sealed=sealed)
