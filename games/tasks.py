"""Work of the clock: the calendar is always planned ahead."""

from django.utils import timezone

from lottery_portal import jobs


@jobs.handler("games.plan_calendar", max_attempts=3, limit=1)
def plan_calendar() -> None:
    """Plan the draws that policy wants planned by now."""
    from . import calendar

    calendar.plan_ahead(now=timezone.now())
