"""Work for later: the steps of settlement, publication, messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import timezone

from lottery_portal import jobs

if TYPE_CHECKING:
    from games.models import Draw


def _draw(draw_id: int) -> Draw:
    from games.models import Draw

    return Draw.objects.select_related("game", "rule").get(pk=draw_id)


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


@jobs.handler("prizes.count_chunk")
def count_chunk(*, chunk_id: int) -> None:
    """Count one chunk, if it is not counted yet."""
    from . import settlement

    settlement.count_chunk(chunk_id=chunk_id, now=timezone.now())


@jobs.handler("prizes.price_draw")
def price_draw(*, draw_id: int) -> None:
    """Price one draw, if it is not priced yet."""
    from . import settlement

    settlement.price(draw=_draw(draw_id), now=timezone.now())


@jobs.handler("prizes.credit_chunk")
def credit_chunk(*, chunk_id: int) -> None:
    """Credit one chunk, if it is not credited yet."""
    from . import settlement

    settlement.credit_chunk(chunk_id=chunk_id, now=timezone.now())


@jobs.handler("prizes.finish_settlement")
def finish_settlement(*, draw_id: int) -> None:
    """End one settlement, if it is not ended yet."""
    from . import settlement

    settlement.finish(draw=_draw(draw_id), now=timezone.now())


@jobs.handler("prizes.publish_result")
def publish_result(*, draw_id: int) -> None:
    """Publish one result, if it is not published yet."""
    from . import publication

    publication.publish(draw=_draw(draw_id), now=timezone.now())


@jobs.handler("prizes.tell_winners")
def tell_winners(*, chunk_id: int) -> None:
    """Tell the winners of one chunk; who was told is not told again."""
    from . import publication

    publication.tell_winners(chunk_id=chunk_id, now=timezone.now())


@jobs.handler("prizes.tell_result")
def tell_result(*, draw_id: int) -> None:
    """Leave the result with the holders of tickets; who has it does not get it again."""
    from . import publication

    publication.tell_result(draw=_draw(draw_id), now=timezone.now())
