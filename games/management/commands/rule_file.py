"""Write the rule file of a known version: the paper to begin a new rule with."""

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from games import genesis, rule_files, rules


class Command(BaseCommand):
    help = (
        "Writes the rule file of a version on standard output, to be changed and signed."
        " --sign FILE writes FILE.sig with the key of demonstrations, in demonstrations only."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("version", nargs="?", help="the code of a rule version")
        parser.add_argument("--sign", metavar="FILE", help="sign this file for a demonstration")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["sign"]:
            self._sign(Path(options["sign"]))
            return
        version = rules.known(options["version"] or "")
        if version is None:
            raise CommandError("There is no such rule version.")
        facts = rule_files.sample(version)
        self.stdout.write(json.dumps(facts, ensure_ascii=False, indent=1))

    def _sign(self, path: Path) -> None:
        if not settings.DEMO:
            raise CommandError("Rules are signed by who makes them; this is no demonstration.")
        seed = hashlib.sha256(genesis.DEMO_RULE_SEED).digest()
        signature = Ed25519PrivateKey.from_private_bytes(seed).sign(path.read_bytes())
        path.with_name(f"{path.name}.sig").write_bytes(base64.b64encode(signature))
