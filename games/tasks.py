"""Work for later: the calendar planned ahead, seals sent to supervisors and stamped."""

from django.utils import timezone

from lottery_portal import jobs


@jobs.handler("games.plan_calendar", max_attempts=3, limit=1)
def plan_calendar() -> None:
    """Plan the draws that policy wants planned by now."""
    from . import calendar

    calendar.plan_ahead(now=timezone.now())


@jobs.handler("games.send_seal", max_attempts=40)  # the delivery itself gives up before
def send_seal(*, delivery_id: int) -> None:
    """Bring one seal statement to one supervisor, if it still waits."""
    from . import seal_mail

    seal_mail.deliver(delivery_id=delivery_id, now=timezone.now())


@jobs.handler("games.stamp_seal", max_attempts=20)
def stamp_seal(*, statement_id: int) -> None:
    """Have one seal statement time-stamped, if an authority is named."""
    from . import timestamps

    timestamps.stamp(statement_id=statement_id, now=timezone.now())


@jobs.handler("games.ask_monitors", max_attempts=1)
def ask_monitors() -> None:
    """Ask for the readings that are due; the next stroke of the clock repeats it."""
    from . import monitors

    monitors.ask_due(now=timezone.now())


@jobs.handler("games.read_monitors")
def read_monitors(*, draw_id: int, stage: str) -> None:
    """Let the monitors of one stage look at one draw; what is read is not read again."""
    from . import monitors
    from .models import Draw

    draw = Draw.objects.select_related("game", "rule").get(pk=draw_id)
    monitors.read(draw=draw, stage=monitors.Stage(stage), now=timezone.now())


@jobs.handler("games.send_notice", max_attempts=40)  # the delivery itself gives up before
def send_notice(*, delivery_id: int) -> None:
    """Bring one public notice to one supervisor, if it still waits."""
    from . import notice_mail

    notice_mail.deliver(delivery_id=delivery_id, now=timezone.now())


@jobs.handler("games.remind_licences", max_attempts=3, limit=1)
def remind_licences() -> None:
    """Tell people which licences end soon, once each."""
    from . import licences

    licences.remind_due(now=timezone.now())
