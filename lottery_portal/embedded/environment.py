"""What every process is told through its environment, and the secrets among it."""

from __future__ import annotations

import base64
import json
import os
import secrets
import socket
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from urllib.parse import quote

from .places import FileLock, Places, write_private
from .processes import MARK, mark_of
from .terminal import Halt

DATABASE = "lottery"


def _bytes_32() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()


# What settings.py demands; embedded it is made once, elsewhere it comes from outside.
DEMANDED: dict[str, Callable[[], str]] = {
    "SECRET_KEY": lambda: secrets.token_urlsafe(64),
    "FIELD_KEYS": lambda: json.dumps({"k1": _bytes_32()}),
    "INDEX_KEY": _bytes_32,
    "RECEIPT_KEY": _bytes_32,
    "SEAL_KEY": _bytes_32,
    "LOG_KEY": _bytes_32,
    "SANDBOX_BANK_KEY": _bytes_32,
}
# What only the embedded servers and the launcher know.
SERVERS: dict[str, Callable[[], str]] = {
    "POSTGRES_PASSWORD": lambda: secrets.token_hex(24),
    "OWNER_PASSWORD": lambda: secrets.token_hex(24),
    "APP_PASSWORD": lambda: secrets.token_hex(24),
    "VALKEY_PASSWORD": lambda: secrets.token_hex(24),
}
# Empty is an answer: it switches the sandbox bank off.
MAY_BE_EMPTY = {"SANDBOX_BANK_KEY"}
# Where a person may want another value than the embedded one.
PASSED_ON = ("BRAND", "OPERATOR", "SUPPORT_CONTACT", "DEBUG", "DEMO", "PUBLIC_URL", "ALLOWED_HOSTS")


class Secrets:
    """The secrets of this state directory: made once, when the first is needed.

    They are kept in a file that only its account can read. What comes from outside is never made.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._values: dict[str, str] = {}

    def __getitem__(self, name: str) -> str:
        if name not in self._values:
            self._values = _read(self._path)
        if name not in self._values:
            self._make()
        return self._values[name]

    def _make(self) -> None:
        lock = FileLock(self._path.with_name("secrets.lock"))
        try:
            while not lock.take():
                time.sleep(0.02)  # another first command makes them at this very moment
            kept = _read(self._path)
            every = {name: make for name, make in (DEMANDED | SERVERS).items() if name not in kept}
            self._values = kept | {name: make() for name, make in every.items()}
            lines = [f"{name}={value}\n" for name, value in self._values.items()]
            write_private(self._path, "".join(lines))
        finally:
            lock.close()


def _read(path: Path) -> dict[str, str]:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    if path.stat().st_mode & 0o077:
        path.chmod(0o600)
    pairs = (line.partition("=") for line in text.splitlines() if "=" in line)
    return {name: value for name, _, value in pairs}


def role_names(environ: Mapping[str, str]) -> tuple[str, str]:
    """The owner's and the application's database role."""
    return (
        environ.get("DATABASE_OWNER_ROLE", "lottery_owner"),
        environ.get("DATABASE_APP_ROLE", "lottery_app"),
    )


def brings_database(environ: Mapping[str, str]) -> bool:
    """True if the caller names a PostgreSQL of his own."""
    return bool(environ.get("DATABASE_URL"))


def brings_redis(environ: Mapping[str, str]) -> bool:
    """True if the caller names a Redis or Valkey of his own."""
    return bool(environ.get("REDIS_URL"))


def brings_witness(environ: Mapping[str, str]) -> bool:
    """True if the caller names a witness of his own."""
    return bool(environ.get("WITNESS_URL"))


def is_embedded(environ: Mapping[str, str]) -> bool:
    """True if nothing comes from outside, so that the launcher may make the secrets."""
    return not brings_database(environ) and not brings_redis(environ)


def demand(environ: Mapping[str, str]) -> None:
    """Refuse, naming what is missing, when servers come from outside without their secrets."""
    if is_embedded(environ):
        return
    wanted: list[str] = list(DEMANDED)
    if brings_database(environ):
        wanted.append("OWNER_DATABASE_URL")
    missing = [name for name in wanted if not _is_given(environ, name)]
    if not missing:
        return
    given = " and ".join(name for name in ("DATABASE_URL", "REDIS_URL") if environ.get(name))
    verb = "are" if " and " in given else "is"
    raise Halt(
        f"{given} {verb} set, so nothing is made up here: the environment must also hold "
        f"{', '.join(missing)}. README.md says what each of them is."
    )


def _is_given(environ: Mapping[str, str], name: str) -> bool:
    return name in environ if name in MAY_BE_EMPTY else bool(environ.get(name))


def names_of_host(host: str) -> list[str]:
    """The names under which a browser may reach a server that listens on `host`."""
    names = ["127.0.0.1", "localhost", "[::1]"]
    if host not in {"127.0.0.1", "localhost", "::1"}:
        names.append(f"[{host}]" if ":" in host else host)
    if host in {"0.0.0.0", "::"}:  # noqa: S104 - only compared; the person asked for it
        names += [socket.gethostname(), *_addresses()]
    return list(dict.fromkeys(name for name in names if name not in {"0.0.0.0", "[::]"}))  # noqa: S104 - only compared


def _addresses() -> Iterable[str]:
    try:
        found = socket.getaddrinfo(socket.gethostname(), None)
    except OSError:
        return []
    addresses = [str(address[0]).partition("%")[0] for _, _, _, _, address in found]
    return [f"[{address}]" if ":" in address else address for address in addresses]


def site_url(host: str, port: int) -> str:
    """The address to open in a browser on this machine."""
    if host in {"0.0.0.0", "::"}:  # noqa: S104 - only compared
        host = "127.0.0.1"
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def for_children(
    *,
    places: Places,
    secrets_of: Secrets,
    environ: Mapping[str, str],
    ports: Mapping[str, int],
    host: str = "127.0.0.1",
    port: int = 8000,
) -> dict[str, str]:
    """The environment of every process that runs the portal's code."""
    owner, app = role_names(environ)
    env = dict(environ)
    env.pop("PYTHONDONTWRITEBYTECODE", None)  # a start within seconds needs the bytecode kept
    env.pop("DJANGO_SETTINGS_MODULE", None)
    env |= {
        "PATH": f"{places.venv / 'bin'}{os.pathsep}{environ.get('PATH', os.defpath)}",
        "VIRTUAL_ENV": str(places.venv),
        "PYTHONUNBUFFERED": "1",
        "PYTHONUTF8": "1",
        "STATE_DIR": environ.get("STATE_DIR") or str(places.files),
        "DATABASE_OWNER_ROLE": owner,
        "DATABASE_APP_ROLE": app,
        MARK: mark_of(places.state),
    }
    if not brings_database(environ):
        at = f"127.0.0.1:{ports['postgres']}/{DATABASE}"
        env["DATABASE_URL"] = f"postgresql://{quote(app)}:{secrets_of['APP_PASSWORD']}@{at}"
        env["OWNER_DATABASE_URL"] = (
            f"postgresql://{quote(owner)}:{secrets_of['OWNER_PASSWORD']}@{at}"
        )
    if not brings_redis(environ):
        env["REDIS_URL"] = f"redis://:{secrets_of['VALKEY_PASSWORD']}@127.0.0.1:{ports['valkey']}/0"
    if not brings_witness(environ):
        env["WITNESS_URL"] = f"http://127.0.0.1:{ports['witness']}"
    if is_embedded(environ):
        own = {
            "PORTAL_MODE": "embedded",
            "DEBUG": "0",
            "DEMO": "1",
            "PUBLIC_URL": site_url(host, port),
            "ALLOWED_HOSTS": ",".join(names_of_host(host)),
        }
        env |= {
            name: value
            for name, value in own.items()
            if not (name in PASSED_ON and environ.get(name))
        }
        env |= {name: secrets_of[name] for name in DEMANDED}
    else:
        env.setdefault("PORTAL_MODE", "production")
        env.setdefault("DEBUG", "0")
        env.setdefault("PUBLIC_URL", site_url(host, port))
        env.setdefault("ALLOWED_HOSTS", ",".join(names_of_host(host)))
    return env
