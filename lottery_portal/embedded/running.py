"""`./portal run`: from an empty machine to a portal that answers, until it is told to end."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from http.client import HTTPConnection, HTTPException

from . import environment, places, supervisor
from .house import House
from .postgres import a_free_port, is_free
from .terminal import Ended, Halt, Terminal

FIRST_PAGE_WITHIN = 90.0
CALM_AFTER = 60.0  # a server that lived longer did not die of its start


def run(arguments: list[str]) -> int:
    """Start the portal and keep it running until told to end."""
    parser = argparse.ArgumentParser(prog="./portal run")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=8000, help="port to listen on")
    options = parser.parse_args(arguments)
    house = House(terminal=Terminal(sys.stdout))
    only_one = places.FileLock(house.places.state / "run.lock")
    if not only_one.take():
        running = supervisor.running_launcher(house.places)
        where = f" at {running[1]}" if running and running[1] else ""
        raise Halt(f"The portal already runs{where}; `./portal stop` ends it.")
    try:
        return _run(house, host=options.host, port=options.port)
    finally:
        only_one.close()


def _run(house: House, *, host: str, port: int) -> int:
    terminal, ending = house.terminal, house.ending
    address = environment.site_url(host, port)
    ending.listen()
    supervisor.end_left_over(house.places, terminal)
    _need_port(host, port)
    watcher: supervisor.Supervisor | None = None
    try:
        house.install("run")
        with house.serving(adopt=True):
            env = house.env(host=host, port=port)
            watcher = supervisor.Supervisor(
                places=house.places, env=env, terminal=terminal, ending=ending, address=address
            )
            try:
                house.prepare(env)
                _need_port(host, port)
                _start_all(house, watcher, env, host=host, port=port, address=address)
                _keep_running(house, watcher)
            except Ended:
                terminal.say(f"\nEnding ({ending.by}) …")
            finally:
                watcher.end()
        terminal.say("Ended.")
    except Ended:
        terminal.say("\nEnded.")
    return 0


def _need_port(host: str, port: int) -> None:
    if not 0 < port < 65536:  # noqa: PLR2004 - the range of ports
        raise Halt(f"{port} is not a port; choose one from 1024 to 65535 with --port.")
    if is_free(port, host):
        return
    if not is_free(0, host):
        raise Halt(f"This machine has no address {host}; choose another with --host.")
    if port < 1024 and os.geteuid() != 0:  # noqa: PLR2004 - below, only root may listen
        raise Halt(f"Only root may listen on port {port}. Choose another: ./portal run --port 8000")
    raise Halt(
        f"Port {port} on {host} is taken by another program. "
        f"Choose another: ./portal run --port {_suggestion(host, port)}"
    )


def _suggestion(host: str, port: int) -> int:
    near = (candidate for candidate in range(port + 1, min(port + 50, 65536)))
    return next((candidate for candidate in near if is_free(candidate, host)), a_free_port())


def _start_all(
    house: House,
    watcher: supervisor.Supervisor,
    env: dict[str, str],
    *,
    host: str,
    port: int,
    address: str,
) -> None:
    python = house.places.python
    web, *others = supervisor.children(
        python=python, host=host, port=port, beat_file=house.places.state / "beat"
    )
    house.terminal.say("Starting the portal …")
    watcher.start(web)
    is_demo = env.get("DEMO") == "1"
    logins = _begin_logins(house, env) if is_demo else None
    try:
        _await_first_page(house, watcher, host=host, port=port)
        said = _finished(logins) if logins else ""
    finally:
        if logins is not None and logins.poll() is None:
            logins.kill()
            logins.wait()
    house.terminal.say(f"\n  The portal is ready: {address}/\n")
    for line in said.splitlines():
        house.terminal.say(f"  {line}")
    house.terminal.say("\n  Ctrl-C, or `./portal stop` elsewhere, ends it.\n")
    for child in others:  # the first page had the machine to itself
        watcher.start(child)


def _begin_logins(house: House, env: dict[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [str(house.places.python), "manage.py", "demo_logins"],
        env=env,
        cwd=house.places.checkout,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def _finished(logins: subprocess.Popen[bytes]) -> str:
    said = logins.communicate(timeout=30)[0].decode(errors="replace").strip()
    if logins.returncode == 0:
        return said
    return f"The demo log-ins cannot be listed: {said.rpartition(chr(10))[2]}"


def _await_first_page(
    house: House, watcher: supervisor.Supervisor, *, host: str, port: int
) -> None:
    began = time.monotonic()
    connect_to = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - only compared
    while True:
        house.ending.pause(0.05)
        watcher.watch()
        status = first_page_status(connect_to, port) if watcher.is_alive("web") else None
        if status is not None and (status == 200 or (house.services.wanted == [] and status < 500)):  # noqa: PLR2004 - HTTP
            return
        seconds = time.monotonic() - began
        house.terminal.live(f"Waiting for the first page … ({seconds:.0f} s)")
        if seconds > FIRST_PAGE_WITHIN or (status is not None and status >= 500):  # noqa: PLR2004 - HTTP
            answer = f"answers {status}" if status else "does not answer"
            raise Halt(f"The first page {answer}. {house.places.logs / 'web.log'} says why.")


def first_page_status(host: str, port: int) -> int | None:
    """The status of the first page, redirects followed; None while nobody answers."""
    path, status = "/", None
    for _ in range(4):
        connection = HTTPConnection(host, port, timeout=20)
        try:
            connection.request("GET", path, headers={"Accept": "text/html"})
            answer = connection.getresponse()
            answer.read()
        except (OSError, HTTPException):
            return None
        finally:
            connection.close()
        status, target = answer.status, answer.getheader("Location") or ""
        if status not in {301, 302, 303, 307, 308} or not target.startswith("/"):
            break
        path = target
    return status


def _keep_running(house: House, watcher: supervisor.Supervisor) -> None:
    looked_at, died_at, deaths = time.monotonic(), 0.0, 0
    ports = house.services.ports()
    while True:
        house.ending.pause(0.2)
        watcher.watch()
        if time.monotonic() - looked_at < 1:
            continue
        looked_at = time.monotonic()
        if missing := house.services.missing():
            deaths = deaths + 1 if looked_at - died_at < CALM_AFTER else 1
            names, died_at = " and ".join(missing), looked_at
            if deaths >= supervisor.QUICK_DEATHS:
                raise Halt(f"{names} died {deaths} times; the logs are in {house.places.logs}.")
            house.terminal.log("portal", f"{names} died; starting again")
            house.services.start(adopt=True)
            if house.services.ports() != ports:
                raise Halt(f"The port of {names} was taken meanwhile. Start the portal again.")
