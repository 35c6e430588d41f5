"""Work for later: the steps of settlement, publication, messages."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.utils import timezone

from lottery_portal import jobs

if TYPE_CHECKING:
    from games.models import Draw

    from .models import Settlement

ENGINE_LEASE = timedelta(seconds=30)


def _draw(draw_id: int) -> Draw:
    from games.models import Draw

    return Draw.objects.select_related("game", "rule").get(pk=draw_id)


def _settlement(settlement_id: int) -> Settlement:
    from .models import Settlement

    return Settlement.objects.select_related("draw__game").get(pk=settlement_id)


@jobs.handler("prizes.settle_confirmed", max_attempts=1)
def settle_confirmed() -> None:
    """Ask for every step of settlement that is due; the next stroke of the clock repeats it."""
    from . import settlement

    settlement.ask_due(now=timezone.now())


@jobs.handler("prizes.begin_settlement", max_attempts=12, limit=1)
def begin_settlement(*, draw_id: int) -> None:
    """Begin one settlement; a halt is kept as a row and waits for people, not for a repetition."""
    from . import settlement

    try:
        settlement.begin(draw=_draw(draw_id), now=timezone.now())
    except settlement.NotWhatWasSealed:
        return


@jobs.handler("prizes.count")
def count(*, settlement_id: int) -> None:
    """Count chunk after chunk until none is left; others do the same beside."""
    from . import settlement

    while settlement.count_next(settlement=_settlement(settlement_id), now=timezone.now()):
        pass
    settlement.ask_next(_settlement(settlement_id))


@jobs.handler("prizes.price_draw")
def price_draw(*, draw_id: int) -> None:
    """Price one draw, if it is not priced yet."""
    from . import settlement

    settlement.price(draw=_draw(draw_id), now=timezone.now())


@jobs.handler("prizes.engine_two", lease=ENGINE_LEASE, limit=1)
def engine_two(*, draw_id: int) -> None:
    """Let engine two count one draw, if it has not; while it counts the lease is held."""
    from . import settlement

    draw = _draw(draw_id)
    attempt = draw.settlement.attempt

    def alive() -> None:
        jobs.hold("prizes.engine_two", key=f"settle:{draw.code}:{attempt}", lease=ENGINE_LEASE)

    settlement.engine_two(draw=draw, now=timezone.now(), alive=alive)


@jobs.handler("prizes.compare")
def compare(*, draw_id: int) -> None:
    """Compare the engines of one draw; a halt waits for people, not for a repetition."""
    from . import settlement

    try:
        settlement.compare(draw=_draw(draw_id), now=timezone.now())
    except settlement.EnginesDiffer:
        return


@jobs.handler("prizes.credit")
def credit(*, settlement_id: int) -> None:
    """Credit batch after batch until none is left; others do the same beside."""
    from . import settlement

    try:
        while settlement.credit_next(settlement=_settlement(settlement_id), now=timezone.now()):
            pass
    except settlement.NotWhatWasFound:
        return
    settlement.ask_next(_settlement(settlement_id))


@jobs.handler("prizes.finish_settlement")
def finish_settlement(*, draw_id: int) -> None:
    """End one settlement, if it is not ended yet."""
    from . import settlement

    try:
        settlement.finish(draw=_draw(draw_id), now=timezone.now())
    except settlement.NotWhatWasFound:
        return


@jobs.handler("prizes.publish_result")
def publish_result(*, draw_id: int) -> None:
    """Publish one result, if it is not published yet; without minutes the clock asks again."""
    from . import publication

    try:
        publication.publish(draw=_draw(draw_id), now=timezone.now())
    except publication.MinutesMissing:
        return


@jobs.handler("prizes.publish_due", max_attempts=1)
def publish_due() -> None:
    """Publish what is settled and has its minutes; the next stroke of the clock repeats it."""
    from . import publication

    publication.publish_due(now=timezone.now())


@jobs.handler("prizes.tell_winners")
def tell_winners(*, batch_id: int) -> None:
    """Tell the winners of one batch; who was told is not told again."""
    from . import publication

    publication.tell_winners(batch_id=batch_id, now=timezone.now())


@jobs.handler("prizes.tell_result")
def tell_result(*, draw_id: int) -> None:
    """Leave the result with the holders of tickets; who has it does not get it again."""
    from . import publication

    publication.tell_result(draw=_draw(draw_id), now=timezone.now())


@jobs.handler("prizes.make_kits", max_attempts=1)
def make_kits() -> None:
    """Ask for the kits that are due; the next stroke of the clock repeats it."""
    from . import kits

    kits.ask_due(now=timezone.now())


@jobs.handler("prizes.make_kit", limit=1)
def make_kit(*, draw_id: int) -> None:
    """Make one kit, if there is anything new in it; what the log lacks yet is waited for."""
    from . import kits

    kits.make(draw=_draw(draw_id), now=timezone.now())


@jobs.handler("prizes.forfeit_due", max_attempts=1)
def forfeit_due() -> None:
    """Forfeit what has lapsed; the next stroke of the clock repeats it."""
    from .redemption import forfeiture, limits

    limits.set_missing()
    forfeiture.forfeit_due()


@jobs.handler("prizes.remind_winners", max_attempts=1)
def remind_winners() -> None:
    """Remind the winners of what lapses soon; who was told is not told again."""
    from .redemption import reminders

    reminders.send_due(now=timezone.now())


@jobs.handler("prizes.close_statistics", max_attempts=1)
def close_statistics() -> None:
    """Write down statistics of months that are over; the next stroke of the clock repeats it."""
    from .redemption import statistics

    statistics.close_due(now=timezone.now())


@jobs.handler("prizes.examine_claims", max_attempts=1)
def examine_claims() -> None:
    """Join who looked at prizes with who claims them; what was found before is not found again."""
    from .redemption import lookers

    lookers.examine_all(now=timezone.now())


@jobs.handler("prizes.watch_centre", max_attempts=1)
def watch_centre() -> None:
    """Close missed appointments and write down late payments; the next round repeats it."""
    from .redemption import appointments, delays

    appointments.mark_missed()
    delays.find(now=timezone.now())
