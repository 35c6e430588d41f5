"""Prizes for the demo players, so that every way of claiming can be practised."""

from __future__ import annotations

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone, translation

from accounts import demo
from lottery_portal.lib import codes
from lottery_portal.lib.db import database_time
from lottery_portal.lib.errors import Refused
from lottery_portal.lib.money import yuan
from prizes import demo_prizes
from prizes.redemption import routing


class Command(BaseCommand):
    """Plays a draw of the demo house to its end; what its players won is then to be claimed."""

    help = "Let the demo players win prizes to claim: in the balance, at an outlet, at the centre."

    def handle(self, *_args: Any, **_options: Any) -> None:
        try:
            draw = demo_prizes.begin(now=timezone.now())
            self.stdout.write(f"{draw.code}: tickets sold, closes in a few seconds")
            while (left := (draw.draws_at - database_time()).total_seconds()) >= 0:
                time.sleep(left + 0.05)
            prizes = demo_prizes.finish(draw=draw)
        except Refused as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(f"{draw.code}: sealed, drawn, settled and published. Won:")
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
        self.stdout.write("The prizes stand at /prizes/ of each player; claim them as README says.")
