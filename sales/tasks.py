"""Work for later: draws that open and close, seals, messages about purchases."""

from django.utils import timezone

from lottery_portal import jobs


@jobs.handler("sales.advance_draws", max_attempts=1)
def advance_draws() -> None:
    """Open and close what is due; the next stroke of the clock repeats it."""
    from . import closing, opening

    now = timezone.now()
    opening.open_due(now=now)
    closing.close_due(now=now)


@jobs.handler("sales.seal_draw", max_attempts=12)
def seal_draw(*, draw_id: int) -> None:
    """Seal one draw, have it countersigned and publish it; each step that is done stays done."""
    from games.models import Draw

    from . import sealing

    draw = Draw.objects.select_related("game", "rule").get(pk=draw_id)
    if draw.state != Draw.State.CANCELLED:
        sealing.complete(draw=draw, now=timezone.now())


@jobs.handler("sales.remember_popular", max_attempts=3)
def remember_popular(*, draw_id: int) -> None:
    """Keep what many people had in a draw that is over."""
    from games.models import Draw

    from . import popular

    popular.remember(draw=Draw.objects.select_related("game", "rule").get(pk=draw_id))


@jobs.handler("sales.send_receipt", max_attempts=12)
def send_receipt(*, purchase_id: int) -> None:
    """Tell the player what he bought, once."""
    from . import notices

    notices.send_receipt(purchase_id=purchase_id, now=timezone.now())


@jobs.handler("sales.check_rolling", max_attempts=1, limit=1)
def check_rolling() -> None:
    """Compare the open draws with the log and tell the witness what was sold."""
    from . import rolling

    rolling.check_due(now=timezone.now())


@jobs.handler("sales.ask_plans", max_attempts=1)
def ask_plans() -> None:
    """Look for plans that have something to do; the next stroke of the clock repeats it."""
    from . import plan_steps

    plan_steps.ask_due(now=timezone.now())


@jobs.handler("sales.advance_plans", max_attempts=2, limit=4)
def advance_plans(*, lane: str) -> None:
    """Take plans one step further, one after the other, beside other workers."""
    from . import plan_steps

    plan_steps.advance_lane(lane=lane, now=timezone.now())


@jobs.handler("sales.stop_winning_plans", max_attempts=12)
def stop_winning_plans(*, draw_id: int) -> None:
    """Stop the plans that won in a settled draw what they stop at."""
    from games.models import Draw

    from . import plan_steps

    plan_steps.stop_winners(draw=Draw.objects.get(pk=draw_id), now=timezone.now())


@jobs.handler("sales.refund_draw", max_attempts=12, limit=4)
def refund_draw(*, draw_id: int) -> None:
    """Give back every ticket of a cancelled draw; each that is back stays back."""
    from games.models import Draw

    from . import draw_cancellation

    draw = Draw.objects.select_related("game").get(pk=draw_id)
    draw_cancellation.run(draw=draw, now=timezone.now())


@jobs.handler("sales.end_rolling", max_attempts=40)
def end_rolling(*, draw_id: int) -> None:
    """Tell the witness the last tickets of a draw that was cancelled."""
    from games.models import Draw

    from . import rolling

    rolling.close(draw=Draw.objects.get(pk=draw_id), now=timezone.now())


@jobs.handler("sales.tell_holders", max_attempts=12)
def tell_holders(*, notice_key: str) -> None:
    """Tell everybody who holds a ticket of a draw what became of it, once."""
    from . import holders

    holders.tell(key=notice_key, now=timezone.now())


@jobs.handler("sales.follow_notices", max_attempts=1)
def follow_notices() -> None:
    """Ask for refunds and messages that are still to come; the next stroke repeats it."""
    from . import draw_cancellation, holders

    now = timezone.now()
    draw_cancellation.ask_due(now=now)
    holders.ask_due(now=now)
