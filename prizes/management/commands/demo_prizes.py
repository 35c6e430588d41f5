"""Prizes for the demo players, so that every way of claiming can be practised."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone, translation

from accounts import demo
from finance import demo as money
from games.models import Draw
from lottery_portal.lib import codes
from lottery_portal.lib.db import database_time
from lottery_portal.lib.errors import Refused
from lottery_portal.lib.money import yuan
from prizes import demo_prizes
from prizes.redemption import routing


class Command(BaseCommand):
    """Plays draws of the demo house to their end; what its players won is then to be claimed."""

    help = "Let the demo players win prizes to claim: in the balance, at an outlet, at the centre."

    def handle(self, *_args: Any, **_options: Any) -> None:
        try:
            drawn = demo_prizes.begin(now=timezone.now())
            self.stdout.write(f"{_named(drawn)}: tickets sold, closing in a few seconds")
            last = max(draw.draws_at for draw in drawn)
            while (left := (last - database_time()).total_seconds()) >= 0:
                time.sleep(left + 0.05)
            prizes = [prize for draw in drawn for prize in demo_prizes.finish(draw=draw)]
        except Refused as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(f"{_named(drawn)}: sealed, drawn, settled and published. Won:")
        with translation.override("en"):
            for prize in prizes:
                person = prize.owner.person
                self.stdout.write(
                    f"  {person.name.reveal() if person else '—'}  {yuan(prize.amount):>11} yuan"
                    f"  ticket {codes.shown(prize.ticket.code)}  {routing.of(prize).label}"
                )
        self.stdout.write("Their id cards, for who checks them:")
        for login, name, number in demo.cards():
            self.stdout.write(f"  {login:<17} {name}  {number}")
        self.stdout.write("Id cards of an agent, of a child and of its parent, who play nowhere:")
        for name, number in demo.visitors():
            self.stdout.write(f"  {name}  {number}")
        self.stdout.write(
            f"A bank account that is closed, so that a transfer comes back: {money.CLOSED_CARD}"
        )
        self.stdout.write("The prizes stand at /prizes/ of each player; claim them as README says.")


def _named(drawn: Sequence[Draw]) -> str:
    return ", ".join(draw.code for draw in drawn)
