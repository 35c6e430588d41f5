"""A whole draw day in about a minute, with shadow people and shadow money."""

from __future__ import annotations

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from games import genesis, rules, words
from games.models import SealStatement
from lottery_portal.lib.errors import Refused
from lottery_portal.lib.money import yuan
from prizes import drill
from prizes.models import TierOutcome

MOST = 1_000_000


class Command(BaseCommand):
    """Plays a draw day through the doors; ends with 1 if anything differs."""

    help = "Play a whole draw day of a shadow draw, print what happened, check the books."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--tickets", type=int, default=10_000)
        parser.add_argument("--game", default="ssq", choices=sorted(rules.GAMES))

    def handle(self, *_args: Any, **options: Any) -> None:
        wanted: int = options["tickets"]
        if not 0 <= wanted <= MOST:
            raise CommandError(f"Between 0 and {MOST:,} tickets, please.")
        self.began = self.last = time.monotonic()
        try:
            self._play(wanted, genesis.drill_of(options["game"]))
        except Refused as refusal:
            raise CommandError(str(refusal)) from refusal

    def _play(self, wanted: int, game: str) -> None:
        now = timezone.now()
        for code in drill.finish_open_draws(game_code=game, now=now):
            self._say(f"ended an earlier drill that was cut off: {code}")
        draw = drill.prepare(game_code=game, now=now)
        self._say(f"draw {draw.code} planned and open, rule {draw.rule.code}")
        for sold in drill.sell(draw=draw, tickets=wanted, now=timezone.now()):
            if sold % 2_000 == 0:
                self._say(f"{sold:,} tickets sold", keep_clock=True)
        self._say(f"{wanted:,} tickets sold")
        seal = drill.close_and_seal(draw=draw, now=timezone.now())
        self._tell_seal(seal)
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
