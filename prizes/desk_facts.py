"""What this room knows about a draw, handed up to its desk: how far the settlement has come."""

from __future__ import annotations

from dataclasses import replace

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from games import desk_facts, draw_course, draws, words
from games.desk_facts import Deed, Facts, Halt, Lack, Paper, Report, Step
from games.models import Draw
from lottery_portal.lib import dates, sentences

from . import as_announced, comparison, kits
from .models import Batch, EngineRun, PrizeSheet, Settlement, TierOutcome

State = Settlement.State
CHECKERS = frozenset({"regulator", "auditor", "compliance"})
SETTLERS = frozenset({"draw_official", "administrator"})
READERS = SETTLERS | CHECKERS
ENGINES = ((1, draw_course.ENGINE_ONE), (2, draw_course.ENGINE_TWO))


def facts(draw: Draw) -> Facts:
    """How far engines, credits and kit have come; the halt, if the settlement stands still."""
    settled = Settlement.objects.filter(draw=draw).first()
    known = Facts(steps=_course(draw, settled), tiers=_tiers(draw), papers=_papers(draw))
    if draw.state in kits.OVER:
        return replace(known, lacks=_kit_lacks(draw))
    if draw.state != Draw.State.CONFIRMED:
        return known
    if settled is None or not settled.halt_reason:
        return replace(known, lacks=_steps(draw, settled))
    return replace(
        known,
        lacks=_halted_lacks(draw, settled),
        attention=sentences.shown(settled.halt_reason),
        halt=_halt(settled),
        report=_report(draw, settled),
        deed=_look_again(draw),
    )


def _look_again(draw: Draw) -> Deed:
    return Deed(
        text=_("Check again and go on"),
        url=reverse("prizes:desk_settle_again", args=[draw.code]),
        roles=SETTLERS,
        is_post=True,
    )


def _halt(settled: Settlement) -> Halt:
    if settled.state != State.HALTED:
        return Halt(
            word=_("Halted: prizes are not what both engines found"),
            sentence=_("Crediting is stopped. What was credited before stays as it is."),
        )
    if as_announced.is_halted_for_it(settled):
        return Halt(
            word=_("Halted: announced otherwise than the rules say"),
            sentence=_(
                "Nothing is counted until two people have decided, or another edition is here."
            ),
        )
    if EngineRun.objects.filter(draw=settled.draw_id, attempt=settled.attempt, engine=1).exists():
        return Halt(
            word=_("Halted: the two engines do not agree"),
            sentence=_("Nobody is paid until both have written the same result, byte for byte."),
        )
    return Halt(
        word=_("Halted: not what was sealed"),
        sentence=_("Tickets, file or books are not as sealed. Nothing is counted, nobody is paid."),
    )


def _halted_lacks(draw: Draw, settled: Settlement) -> list[Lack]:
    title = {
        _("Halted: the two engines do not agree"): _("Both engines agree"),
        _("Halted: announced otherwise than the rules say"): _("Announcement and rules"),
        _("Halted: not what was sealed"): _("Tickets, file and books as sealed"),
    }.get(_halt(settled).word, _("Prizes credited as both engines found them"))
    found = comparison.differences(draw)
    action = _("See what differs") if found else ""
    lack = Lack(
        state="now",
        title=title,
        text=_("Find out why, put it right, then let the portal look again."),
        action=action,
        url="#differences",
        roles=READERS if found else frozenset(),
    )
    return [lack]


def _report(draw: Draw, settled: Settlement) -> Report | None:
    """What the engines saw differently in the last attempt, first lines first."""
    rows = [
        (
            comparison.subject_shown(row.subject),
            comparison.side_shown(row.engine_one),
            comparison.side_shown(row.engine_two),
        )
        for row in comparison.differences(draw)
    ]
    if not rows:
        return None
    has_file = comparison.report_of(draw, settled.attempt).is_file()
    url = reverse("prizes:desk_differences", args=[draw.code]) if has_file else ""
    return Report(rows=rows, url=url, roles=READERS)


def _course(draw: Draw, settled: Settlement | None) -> list[Step]:
    """Engines of the last attempt, their agreement, the credits, the kit."""
    if settled is None:
        return []
    runs = {run.engine: run for run in EngineRun.objects.filter(draw=draw, attempt=settled.attempt)}
    steps = [_engine_step(place, runs[number]) for number, place in ENGINES if number in runs]
    is_halted = bool(settled.halt_reason)
    sheet = PrizeSheet.objects.filter(draw=draw).first()
    if sheet is not None:
        text = _("Prizes worked out, booked and free to be paid.")
        steps.append(Step(place=draw_course.AGREED, at=sheet.computed_at, text=text))
    elif is_halted:
        place = draw_course.AGREED if runs else draw_course.ENGINE_ONE
        steps.append(Step(place=place, text=_halt(settled).word, is_halted=True))
    batches = _batches(settled)
    progress = _parts(sum(batches), len(batches))
    if settled.done_at is not None:
        steps.append(Step(place=draw_course.CREDITED, at=settled.done_at, text=progress))
    elif sheet is not None:
        steps.append(Step(place=draw_course.CREDITED, text=progress, is_halted=is_halted))
    if (kit := kits.latest(draw)) is not None:
        text = _("Edition %(number)s") % {"number": kit.edition}
        steps.append(Step(place=draw_course.PACKED, at=kit.made_at, text=text))
    return steps


def _engine_step(place: str, run: EngineRun) -> Step:
    if run.reason:
        text = _("It ended without a result: %(reason)s") % {"reason": sentences.shown(run.reason)}
        return Step(place=place, text=text, is_halted=True)
    text = _("Result file %(digest)s, in %(seconds)s s") % {
        "digest": run.result_digest[:8],
        "seconds": f"{run.seconds:.2f}",
    }
    return Step(place=place, at=run.ended_at, text=text)


def _kit_lacks(draw: Draw) -> list[Lack]:
    if kits.latest(draw) is not None:
        return []
    text = _("Made by itself within minutes, once the minutes are signed.")
    return [Lack(state="now", title=_("Regulator's kit"), text=text)]


def _papers(draw: Draw) -> list[Paper]:
    kit = kits.latest(draw)
    if kit is None:
        return []
    at = dates.written(kit.made_at, "full")
    text = _("Edition %(number)s, made at %(at)s") % {"number": kit.edition, "at": at}
    url = reverse("prizes:desk_kit", args=[draw.code])
    return [Paper(title=_("Regulator's kit"), text=text, url=url, roles=CHECKERS)]


def _tiers(draw: Draw) -> list[dict[str, int]]:
    return [
        {"tier": row.tier, "winners": row.winners, "prize_fen": row.prize}
        for row in TierOutcome.objects.filter(draw=draw).order_by("tier")
    ]


def _steps(draw: Draw, settled: Settlement | None) -> list[Lack]:
    chunks = settled.chunks if settled else 0
    counted = settled.parts.filter(counted_at__isnull=False).count() if settled else 0
    batches = _batches(settled) if settled else []
    is_agreed = settled is not None and settled.state in {State.CREDITING, State.DONE}
    is_priced = settled is not None and settled.priced_at is not None
    lacks = [
        Lack(
            state="done" if settled else "now",
            title=_("Tickets, file and books as sealed"),
            text=_("The root is worked out again from the tickets before anything is counted."),
        ),
        Lack(
            state="done" if is_priced else "now" if settled else "todo",
            title=_("Winning lines counted"),
            text=_parts(counted, chunks) if settled else "",
        ),
        Lack(state="done" if is_priced else "todo", title=_("Prizes worked out")),
        Lack(
            state="done" if is_agreed else "now" if is_priced else "todo",
            title=_("Counted again by the second engine"),
            text=_("Paid only when both engines have written the same, byte for byte."),
        ),
        Lack(
            state="now" if is_agreed else "todo",
            title=_("Prizes credited"),
            text=_parts(sum(batches), len(batches)) if is_agreed else "",
        ),
    ]
    earlier = draws.earlier_unsettled(draw) if settled is None else None
    if earlier is None:
        return lacks
    first = Lack(
        state="now",
        title=_("The draw before it settled"),
        text=_("The pool passes from draw to draw: %(draw)s comes first.")
        % {"draw": words.draw(earlier)},
        action=_("To that draw"),
        url=reverse("games:desk_draw", args=[earlier.code]),
        roles=SETTLERS | READERS,
    )
    return [first, *lacks]


def _parts(done: int, parts: int) -> str:
    text = ngettext("%(done)s of %(chunks)s part", "%(done)s of %(chunks)s parts", parts)
    return text % {"done": done, "chunks": parts}


def _batches(settled: Settlement) -> list[bool]:
    """Whether each batch of prizes of this attempt is credited."""
    found = Batch.objects.filter(
        run__draw=settled.draw_id, run__attempt=settled.attempt, run__engine=1
    )
    return [at is not None for at in found.values_list("credited_at", flat=True)]


desk_facts.register(facts)
