"""Compute prize tables of draws: CSV on standard input, CSV on standard output, no database."""

import csv
import os
import sys
from argparse import RawDescriptionHelpFormatter
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from games import prize_table_file, rules

BAD_INPUT = 2

DESCRIPTION = """\
Reads draws as CSV on standard input, writes their prize tables as CSV on standard output.

Input, with a header line; further columns are ignored; money in fen:
  issue, sales_fen, pool_before_fen, special_rule, fund_topup_fen, winners_1 ...
Output:
  issue, prize_1_fen ..., pool_after_fen, fund_paid_fen

Tiers are called as in announcements: 1, 2, ...; for dlt also 1z and 2z, what an additional bet
wins beside 1 and 2 (winners_1 counts those lines too); for kl8 x10z9, nine of ten right. For kl8
the input has fixed_pool_before_fen and the sales of each pick, sales_pick10_fen ...
sales_pick1_fen, and the output fixed_pool_after_fen.

Prizes are per line. A fixed prize is printed whether or not it was won, a floating prize that
nobody won is 0, a prize that is not in force in the draw (for ssq: prize 7 without the special
rule) is empty. The pool is the one carried to the next draw, with the announced top-up.
fund_paid_fen is what the fund pays for a deficit and to raise prizes to the minimum, without the
top-up.

Empty cells: fund_topup_fen, and the winners of a prize that is not in force, count as 0. An
empty special_rule is decided by the pool before the draw where that alone decides (for ssq: on
from 1.5 billion yuan, off below 300 million) and is an error between the two. A game without a
special rule needs neither of the two columns. All other cells are needed.

A line that cannot be computed is named on standard error with its number and the reason, and is
missing from the output; all other lines are computed, and the exit code is 2.
"""


class Command(BaseCommand):
    requires_system_checks: list[str] = []

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        parser.description = DESCRIPTION
        parser.formatter_class = RawDescriptionHelpFormatter
        return parser

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("game", choices=sorted(rules.GAMES), help="the code of the game")

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            self._compute(options["game"])
            self.stdout.flush()
        except BrokenPipeError:  # the reader has seen enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

    def _compute(self, game: str) -> None:
        writer = csv.writer(self.stdout, lineterminator="\n")
        computed = failed = 0
        heading = prize_table_file.header(game)
        try:
            for outcome in prize_table_file.outcomes(game, sys.stdin):
                if heading:
                    writer.writerow(heading)
                    heading = []
                if outcome.reason:
                    failed += 1
                    self.stderr.write(f"Line {outcome.line}: {outcome.reason}.")
                else:
                    computed += 1
                    writer.writerow(outcome.cells)
        except (prize_table_file.UnreadableFile, csv.Error, UnicodeDecodeError) as unreadable:
            raise CommandError(
                f"The input is not readable after {computed} draws: {unreadable}",
                returncode=BAD_INPUT,
            ) from unreadable
        if heading:
            writer.writerow(heading)
        if failed:
            raise CommandError(
                f"{computed} draws computed, {failed} not; see the lines named above.",
                returncode=BAD_INPUT,
            )
