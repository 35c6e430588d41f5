"""Prints who may log in to a demo house, and with what."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts import demo
from lottery_portal.lib.errors import Refused


class Command(BaseCommand):
    """Log-ins of the demo; with a staff name, the six digits that hold now."""

    help = "Print the demo log-ins; with --code NAME the one-time code of that member of staff."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--code", metavar="NAME", help="staff name whose one-time code is wanted"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            logins = demo.logins()
        except Refused as refusal:
            raise CommandError(str(refusal)) from refusal
        if options["code"]:
            found = next((line for line in logins if line.login == options["code"]), None)
            if found is None or not found.totp_secret:
                raise CommandError(f"No demo member of staff is called {options['code']}.")
            self.stdout.write(demo.totp_code(found.totp_secret))
            return
        self.stdout.write(f"Everybody's password: {demo.PASSWORD}")
        self.stdout.write("Players:")
        for line in logins:
            if line.role == "player":
                self.stdout.write(f"  {line.login}")
        self.stdout.write(
            "Staff, with the secret for an authenticator app"
            " (or: ./portal manage demo_logins --code NAME):"
        )
        for line in logins:
            if line.role != "player":
                self.stdout.write(f"  {line.login:<11} {line.role:<15} {line.totp_secret}")
