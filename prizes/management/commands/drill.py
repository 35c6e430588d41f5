"""A whole draw day in about a minute, with shadow people and shadow money."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.urls import reverse
from django.utils import timezone

from games import genesis, rules, words
from games.models import Draw, SealStatement
from lottery_portal.lib.errors import Refused
from lottery_portal.lib.money import yuan
from prizes import announced_drill, drill
from prizes.models import TierOutcome

MOST = 1_000_000
USUAL, USUAL_ANNOUNCED = 10_000, 200


class Command(BaseCommand):
    """Plays a draw day through the doors; ends with 1 if anything differs."""

    help = "Play a whole draw day of a shadow draw, print what happened, check the books."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--tickets", type=int, help="10,000, or 200 with --announced")
        parser.add_argument("--game", default="ssq", choices=sorted(rules.GAMES))
        parser.add_argument(
            "--announced",
            action="store_true",
            help="stop after the drawing, and write what the issuer announces: as signed files,"
            " right and with a difference, and as a paper to type from (demonstrations only)",
        )
        parser.add_argument("--to", type=Path, help="directory for what the issuer announces")

    def handle(self, *_args: Any, **options: Any) -> None:
        is_announced: bool = options["announced"]
        wanted: int | None = options["tickets"]
        if wanted is None:
            wanted = USUAL_ANNOUNCED if is_announced else USUAL
        if not 0 <= wanted <= MOST:
            raise CommandError(f"Between 0 and {MOST:,} tickets, please.")
        self.began = self.last = time.monotonic()
        try:
            if is_announced:
                folder = options["to"] or settings.STATE_DIR / "announced"
                self._until_drawn(wanted, genesis.drill_of(options["game"]), folder)
            else:
                self._play(wanted, genesis.drill_of(options["game"]))
        except Refused as refusal:
            raise CommandError(str(refusal)) from refusal

    def _play(self, wanted: int, game: str) -> None:
        draw = self._sold_and_sealed(wanted, game, Draw.Mode.OWN)
        numbers = drill.draw_numbers(draw=draw, now=timezone.now())
        spelt = words.spelt(rules.by_code(draw.rule.code), numbers)
        self._say(f"drawn {spelt}, typed alike by two officials")
        settled = drill.settle(draw=draw, now=timezone.now())
        self._say(f"settled in {settled.chunks} chunks, credited and published")
        done = drill.check(draw)
        self._tell_money(done)
        if done.differences:
            raise CommandError("The books do not agree: " + "; ".join(done.differences))
        total = time.monotonic() - self.began
        self.stdout.write(
            "Counted again from the sealed file, books checked: no difference."
            f" {total:.1f} s in all."
        )

    def _until_drawn(self, wanted: int, game: str, folder: Path) -> None:
        """Sold, sealed, drawn and announced: the desk goes on from here."""
        announced_drill.check_allowed()
        draw = self._sold_and_sealed(wanted, game, Draw.Mode.ANNOUNCED)
        numbers = drill.random_result(rules.by_code(draw.rule.code))
        told = announced_drill.announce(draw=draw, numbers=numbers)
        folder.mkdir(parents=True, exist_ok=True)
        files = {
            "signed file": (f"{draw.code}.json", told.right),
            "the same, differing": (f"{draw.code}-differs.json", told.wrong),
            "paper to type from": (f"{draw.code}-paper.txt", told.paper.encode()),
        }
        self._say("drawn, and announced by its issuer")
        for what, (name, content) in files.items():
            (folder / name).write_bytes(content)
            self.stdout.write(f"           {what + ':':<20} {folder / name}")
        page = reverse("games:desk_announced", args=[draw.code])
        self.stdout.write(
            f"           {'at the desk:':<20} {settings.PUBLIC_URL}{page}\n"
            "Two draw officials take a file in and stand for its numbers, or type the paper, each"
            " by himself.\nWhat differs waits for two people: one asks, an approver agrees. The"
            " next drill ends what is left."
        )

    def _sold_and_sealed(self, wanted: int, game: str, mode: str) -> Draw:
        now = timezone.now()
        for code in drill.finish_open_draws(game_code=game, now=now):
            self._say(f"ended an earlier drill that was cut off: {code}")
        draw = drill.prepare(game_code=game, mode=mode, now=now)
        self._say(f"draw {draw.code} planned and open, rule {draw.rule.code}")
        for sold in drill.sell(draw=draw, tickets=wanted, now=timezone.now()):
            if sold % 2_000 == 0:
                self._say(f"{sold:,} tickets sold", keep_clock=True)
        self._say(f"{wanted:,} tickets sold")
        seal = drill.close_and_seal(draw=draw, now=timezone.now())
        self._tell_seal(seal)
        return draw

    def _tell_seal(self, seal: SealStatement) -> None:
        self._say(
            f"closed and sealed: {seal.tickets:,} tickets, {seal.lines:,} lines,"
            f" {yuan(seal.stake)} yuan, {seal.file_size:,} bytes"
        )
        self.stdout.write(f"           root {seal.root}")

    def _tell_money(self, done: drill.Drill) -> None:
        for outcome in TierOutcome.objects.filter(draw=done.draw).order_by("tier"):
            self.stdout.write(
                f"           tier {outcome.tier}: {outcome.winners:>8,} lines at"
                f" {yuan(outcome.prize):>14} yuan"
            )
        sheet = drill.sheet_of(done.draw)
        self._say(
            f"{done.prizes:,} tickets won {yuan(done.prizes_fen)} yuan of {yuan(done.stake_fen)}"
        )
        self.stdout.write(
            f"           pool {yuan(sheet.pool_before)} → {yuan(sheet.pool_after)},"
            f" fund paid {yuan(sheet.fund_paid)}, rounding {yuan(sheet.rounding_to_fund)}"
        )

    def _say(self, what: str, *, keep_clock: bool = False) -> None:
        took = time.monotonic() - self.last
        if not keep_clock:
            self.last = time.monotonic()
        self.stdout.write(f"{took:8.2f} s  {what}")
        self.stdout.flush()
