"""Run a Python program with settings that load and secrets that nobody will ever need again.

For steps that read settings and no data: compiling languages in an image, `check --deploy` in CI.
"""

# ruff: noqa: INP001 - a program, not a package

import os
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(CHECKOUT))

from lottery_portal.embedded.environment import DEMANDED  # noqa: E402 - found by the path set above

if __name__ == "__main__":
    os.environ.update({name: make() for name, make in DEMANDED.items()})
    os.environ.update(
        {
            "PORTAL_MODE": "production",
            "DEBUG": "0",
            "DEMO": "0",
            "PUBLIC_URL": "https://portal.example",
            "ALLOWED_HOSTS": "portal.example",
            "STATE_DIR": os.environ.get("STATE_DIR", "/srv/portal"),
            "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
            "REDIS_URL": "redis://127.0.0.1:1/0",
            "WITNESS_URL": "http://127.0.0.1:1",
        }
    )
    os.environ.pop("OWNER_DATABASE_URL", None)
    os.environ.pop("SANDBOX_BANK_KEY", None)
    os.environ.pop("DJANGO_SETTINGS_MODULE", None)
    os.chdir(CHECKOUT)
    os.execv(sys.executable, [sys.executable, *sys.argv[1:]])  # noqa: S606 - the program it was asked to run
