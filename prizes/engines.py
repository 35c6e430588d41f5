"""The two engines: one counts the rows in the database, the other the sealed file, for itself.

Engine one is `prizes_count()` and the prize table of `games`. Engine two is the program
`audit/verifier`: another author, no code in common, a process of its own that is given the sealed
file, the rule sheet and the input, and writes its result file. Both may run at once; each leaves a
row that never changes.
"""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from django.conf import settings
from django.db import IntegrityError, connection, transaction

from games import announced, announced_table, prize_tables, rule_sheets
from games.models import Draw
from games.prize_tables import PrizeTable
from games.rules import RuleVersion
from lottery_portal.lib.db import door, violated
from lottery_portal.lib.lanes import alongside, one_moment
from sales import sealing

from . import pools, result_file
from .models import Batch, EngineRun, Settlement

BATCH = 1_000  # winners of an entry; each batch waits for the disk once
TIME_LIMIT = timedelta(minutes=30)
PROGRAM = Path(settings.BASE_DIR) / "audit" / "verifier"
_NICE = 5
_LOOK = 0.2
_TELL_ALIVE = 5.0
_FIRST_LOOKS = 0.005


class EngineFailed(Exception):
    """Engine two did not answer with a result file; the text says why."""


def table_of(draw: Draw, settlement: Settlement, *, before: pools.Held) -> PrizeTable:
    """The prize table of what was counted, from what the pools held before it.

    Where the issuer announces the prizes they are his, and so are the pools.
    """
    version = rule_sheets.version_of(draw)
    winners: dict[int, int] = {}
    for found in settlement.parts.values_list("winners", flat=True):
        for tier, lines in found.items():
            winners[int(tier)] = winners.get(int(tier), 0) + lines
    if announced.is_announced(draw):
        return announced_table.table(
            version,
            announced.told_by(announced.counting(draw)),
            sales_fen=draw.seal.stake,
            winners=winners,
        )
    return prize_tables.compute(
        version,
        sales_fen=draw.seal.stake,
        pool_before_fen=before.first_fen,
        special_on=draw.special_on,
        winners=winners,
        sales_by_play=_sales_by_play(draw, version) if pools.further(version) else None,
        other_pools=before.other_fen,
    )


def _sales_by_play(draw: Draw, version: RuleVersion) -> dict[str, int]:
    """The sealed stakes of each play; where a game has further pools, they are fed by plays."""
    sold: dict[str, int] = {}
    for bet_type, sums in draw.seal.by_bet_type.items():
        play = version.play_of(bet_type).code
        sold[play] = sold.get(play, 0) + sums["stake_fen"]
    return sold


def run_one(draw: Draw, settlement: Settlement) -> tuple[EngineRun, list[Batch], Path]:
    """Write what engine one found; the run and its batches, not yet saved, and the draft.

    File and batches are of one snapshot, read side by side, so what the batches say is what the
    file says.
    """
    began = time.monotonic()
    with one_moment():
        told = result_file.given(draw)
        table = table_of(draw, settlement, before=pools.held(draw))
        read = partial(_batches, draw, result_file.prices(table))
        with alongside(read, is_much=settlement.chunks > 1) as batches:
            written = result_file.write(draw, table, settlement=settlement)
            found = batches()
    run = EngineRun(
        code=_code(draw, settlement, 1),
        draw=draw,
        attempt=settlement.attempt,
        engine=1,
        input=told,
        file_name=result_file.name_of(draw, settlement.attempt, "engine-one.txt"),
        file_size=written.size,
        result_digest=written.digest,
        seconds=round(time.monotonic() - began, 3),
    )
    return run, found, written.draft


def run_two(
    *, draw: Draw, settlement: Settlement, now: datetime, alive: Callable[[], None] | None = None
) -> bool:
    """Let engine two count the sealed file and keep what it says; True for one caller.

    `alive` is called every few seconds while it counts.
    """
    told = result_file.given(draw)
    began = time.monotonic()
    with counted_again(draw, told, alive=alive) as (draft, reason):
        run = EngineRun(
            code=_code(draw, settlement, 2),
            draw=draw,
            attempt=settlement.attempt,
            engine=2,
            input=told,
            reason=reason[:300],
            seconds=round(time.monotonic() - began, 3),
        )
        if not reason:
            run.result_digest = result_file.digest_of(draft)
            run.file_size = draft.stat().st_size
            run.file_name = result_file.name_of(draw, settlement.attempt, "engine-two.txt")
        return _keep(run, draft, now=now)


@contextlib.contextmanager
def counted_again(
    draw: Draw, told: str, *, alive: Callable[[], None] | None = None
) -> Iterator[tuple[Path, str]]:
    """Engine two's result file of `draw` for this input, or the reason why there is none."""
    paths = [result_file.new_draft(draw) for _name in ("result", "sheet", "input")]
    draft, sheet, given = paths
    try:
        sheet.write_text(draw.rule.sheet, encoding="utf-8")
        given.write_text(told, encoding="utf-8")
        reason = ""
        try:
            _count(sealing.file_of(draw.seal), sheet, given, draft, alive)
        except EngineFailed as failed:
            reason = str(failed)
        yield draft, reason
    finally:
        for path in paths:
            path.unlink(missing_ok=True)


def _code(draw: Draw, settlement: Settlement, engine: int) -> str:
    return f"{draw.code}:{settlement.attempt}:{engine}"


@door
def _keep(run: EngineRun, draft: Path, *, now: datetime) -> bool:
    """Keep the run of engine two; another may have kept the same meanwhile."""
    run.ended_at = now
    try:
        with transaction.atomic():
            run.save(force_insert=True)
    except IntegrityError as exc:
        if violated(exc) in {
            "engine_run_once", "prizes_enginerun_code_key", "engine_run_of_this_attempt",
        }:  # fmt: skip
            return False
        raise
    if run.file_name:
        result_file.give_its_name(draft, run.file_name)
    return True


def _batches(draw: Draw, prices: list[int | None]) -> list[Batch]:
    """All winners in the order of their owners, as they will be credited."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT number, first_owner, first_ticket, last_owner, last_ticket, winners, amount,"
            " digest FROM prizes_batches(%s, %s, %s)",
            [draw.pk, prices, BATCH],
        )
        names = [column.name for column in cursor.description]
        return [Batch(**dict(zip(names, row, strict=True))) for row in cursor.fetchall()]


def _count(
    sealed: Path, sheet: Path, given: Path, out: Path, alive: Callable[[], None] | None
) -> None:
    command = [
        sys.executable, "-I", str(PROGRAM), "count", "--sealed", str(sealed),
        "--sheet", str(sheet), "--input", str(given), "--out", str(out),
    ]  # fmt: skip
    with subprocess.Popen(  # noqa: S603 - our own program, no shell
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env={"LC_ALL": "C.UTF-8"},
        cwd=result_file.directory(),
        start_new_session=True,
    ) as process:
        try:
            _restrain(process.pid)
            said = _wait(process, alive)
        finally:
            if process.poll() is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
    if process.returncode != 0:
        reason = said.decode("utf-8", "replace").strip().splitlines()
        raise EngineFailed(reason[-1] if reason else f"it ended with {process.returncode}")


def _restrain(pid: int) -> None:
    """It gives way to what serves people, and ends by itself should nobody be left to end it."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.setpriority(os.PRIO_PROCESS, pid, _NICE)
        if hasattr(resource, "prlimit"):
            seconds = int(TIME_LIMIT.total_seconds())
            resource.prlimit(pid, resource.RLIMIT_CPU, (seconds, seconds))


def _wait(process: subprocess.Popen[bytes], alive: Callable[[], None] | None) -> bytes:
    began = told = time.monotonic()
    pause = _FIRST_LOOKS
    while True:
        try:
            _nothing, said = process.communicate(timeout=pause)
        except subprocess.TimeoutExpired:
            now = time.monotonic()
            if now - began > TIME_LIMIT.total_seconds():
                raise EngineFailed(f"it took longer than {TIME_LIMIT}") from None
            pause = min(pause * 2, _LOOK)
            if alive is not None and now - told > _TELL_ALIVE:
                alive()
                told = now
        else:
            return said
