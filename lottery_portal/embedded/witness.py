"""The witness beside the servers: with an account, a directory and a key of its own."""

from __future__ import annotations

import contextlib
import hashlib
import os
import pwd
import shutil
import subprocess
import time
from http.client import HTTPConnection, HTTPException

from .places import Places, end_of, write_private
from .postgres import SHARED, TAG, Home, clean_environment
from .processes import Identity, end, working_in
from .terminal import Halt, Terminal

START_WITHIN = 20.0
ACCOUNTS = ("nobody", "daemon", "bin")


class Witness:
    """The process that believes nothing it cannot check.

    Root starts it for an account that is neither the database's nor the portal's, with its data
    where that account can reach them; it drops root's rights itself once its programs are loaded.
    """

    name = "witness"

    def __init__(self, *, places: Places, home: Home, terminal: Terminal) -> None:
        self._places = places
        self._terminal = terminal
        self._log = places.logs / "witness.log"
        self.account = _another_account(home) if os.geteuid() == 0 else None
        self.data = places.state / "witness"
        if os.geteuid() == 0:
            self.data = SHARED / f"{TAG}-{places.digest}-witness"

    def start(self, port: int, *, key: str, log_key: str) -> Identity:
        """Start it on `port` and wait until it answers; what another portal left is moved aside.

        It is told the public key to the seed `log_key`, and believes no other.
        """
        self._make(key)
        command = [str(self._places.python), "-P", "-m", "audit.witness"]
        command += ["--directory", str(self.data), "--port", str(port)]
        command += ["--log-key", self._public_key(log_key)]
        if self.account is not None:
            command += ["--account", self.account]
        with self._log.open("ab") as log:
            process = subprocess.Popen(
                command,
                env=self._environment(),
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        until = time.monotonic() + START_WITHIN
        while process.poll() is None and time.monotonic() < until:
            if _answers(port) and (who := Identity.of(process.pid)):
                return who
            self._terminal.live("Starting the witness …")
            time.sleep(0.02)
        if process.poll() is None:
            process.kill()
            process.wait()
        raise Halt(
            f"The witness does not start; the end of {self._log} says why:\n{end_of(self._log)}"
        )

    def _environment(self) -> dict[str, str]:
        return clean_environment() | {"PYTHONPATH": str(self._places.checkout)}

    def _public_key(self, seed: str) -> str:
        """What may be told of a key: worked out beside us, for we have no library for it."""
        done = subprocess.run(
            [str(self._places.python), "-P", "-m", "audit.witness.public"],
            input=seed,
            env=self._environment(),
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise Halt("LOG_KEY is no seed of 32 bytes in base64, so no witness can be started.")
        return done.stdout.strip()

    def _make(self, key: str) -> None:
        """A directory for the data of this portal; an older portal's is moved, not deleted."""
        note = self._places.state / "witness-belongs-to"
        wanted = hashlib.sha256(key.encode()).hexdigest()
        known = note.read_text(encoding="ascii") if note.exists() else ""
        if self.data.exists() and known != wanted:
            for who in working_in(self.data):
                end(who)
            self.data.rename(self.data.with_name(f"{self.data.name}-before-{int(time.time())}"))
        self.data.mkdir(mode=0o700, exist_ok=True)
        write_private(note, wanted)

    def remove(self) -> None:
        """Delete all it kept."""
        for path in (self.data, *self.data.parent.glob(f"{self.data.name}-before-*")):
            shutil.rmtree(path, ignore_errors=True)


def _another_account(home: Home) -> str | None:
    """An account without rights that is not the one the database runs as."""
    taken = home.account.pw_name if home.account else ""
    for name in ACCOUNTS:
        with contextlib.suppress(KeyError):
            if pwd.getpwnam(name).pw_uid != 0 and name != taken:
                return name
    return None


def _answers(port: int) -> bool:
    line = HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        line.request("GET", "/health")
        return line.getresponse().status == 200  # noqa: PLR2004 - HTTP
    except (OSError, HTTPException):
        return False
    finally:
        line.close()
