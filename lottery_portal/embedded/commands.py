"""The commands of `./portal`."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from . import environment, locks, places, running, supervisor
from .house import House
from .processes import Identity, end
from .services import Services
from .terminal import Ended, Ending, Halt, Terminal

HELP = """\
usage: ./portal COMMAND

  run [--host 127.0.0.1] [--port 8000]   install, prepare and start the portal; Ctrl-C ends it
  test [pytest arguments]                run the tests (--full: whole sweeps, --deep: the long ones)
  manage COMMAND …                       Django's commands, with the servers running
  bench [NAME [arguments]]               run a benchmark; without a name, list them
  stop                                   end what `run` started, even if it was killed
  reset [--yes]                          stop, and delete all data, secrets and logs
  lock                                   make the hashed requirements anew (needs uv)

Python 3.11 or newer is all it needs. Everything is kept in .portal/ and .venv/ of this checkout
(PORTAL_STATE and PORTAL_VENV name other places; root's servers keep their data in /var/tmp).
With DATABASE_URL or REDIS_URL in the environment those servers are used; README.md names the rest.
"""
# They need servers, but no rows; running them must not fill a database first.
NEED_NO_ROWS = {
    "check",
    "check_catalogue",
    "collectstatic",
    "compile_catalogues",
    "genesis",
    "help",
    "load_demo",
    "makemessages",
    "makemigrations",
    "migrate",
    "showmigrations",
    "sqlmigrate",
    "version",
    "--help",
    "--version",
    "-h",
}
MAIN = 'if __name__ == "__main__":'  # the last words of a module that can be run
MOST_PROCESSES = 6
# The shell without windows first: the same browser for the pages, at half the processor time.
BROWSERS = (
    "chromium-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
)
MAC_BROWSERS = (
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)


def main(arguments: Sequence[str]) -> int:
    """Do what `arguments` say; the exit code."""
    commands: dict[str, Callable[[list[str]], int]] = {
        "run": running.run,
        "test": test,
        "manage": manage,
        "bench": bench,
        "stop": stop,
        "reset": reset,
        "lock": lock,
    }
    name, rest = (arguments[0], list(arguments[1:])) if arguments else ("--help", [])
    if name in {"--help", "-h", "help"}:
        sys.stdout.write(HELP)
        return 0
    if name not in commands:
        sys.stderr.write(f"There is no command {name!r}.\n\n{HELP}")
        return 2
    try:
        return commands[name](rest)
    except Halt as halt:
        sys.stdout.flush()
        sys.stderr.write(f"\n{halt}\n")
        return 1
    except PermissionError as exc:
        sys.stderr.write(
            f"\nThis account may not touch {exc.filename}; another one made it. Use that account, "
            "or set PORTAL_STATE and PORTAL_VENV to directories of your own.\n"
        )
        return 1
    except Ended:
        return 130


def test(arguments: list[str]) -> int:
    """Run the tests with everything up, on servers that no other command uses."""
    house = House(terminal=Terminal(sys.stderr), of_tests=True)
    house.ending.listen()
    house.install("dev")
    with house.serving(), house.services.scratch() as scratch:
        env = house.env()
        env["DEMO"] = "0"
        if scratch is not None:
            env["TMPDIR"] = str(scratch)
        if "postgres" in house.services.wanted:  # what a superuser did must be found out too
            env["TEST_SUPERUSER_PASSWORD"] = house.secrets["POSTGRES_PASSWORD"]
        browser = find_browser(env)
        if browser:
            env["PORTAL_TEST_CHROMIUM"] = browser
        else:
            house.terminal.say(
                "No Chromium on this machine: the browser journeys are skipped "
                "(Debian: apt install chromium)."
            )
        command = [str(house.places.python), "-m", "pytest", *spread(arguments), *arguments]
        return house.call(command, env)


def spread(arguments: Sequence[str]) -> list[str]:
    """How many processes share the tests, unless the caller says so or names a single file.

    One more than there are processors: tests of browsers and of whole portals mostly wait.
    """
    named = [word for word in arguments if not word.startswith("-")]
    says = any(
        word
        in {"-n", "--numprocesses", "no:xdist", "-pno:xdist", "--pdb", "--collect-only", "--co"}
        or (word.startswith("-n") and word[2:].isdigit())
        or word.startswith("--numprocesses=")
        for word in arguments
    )
    targets = [word for word in named if "::" in word or Path(word.partition("::")[0]).exists()]
    single = len(targets) == 1 and (".py" in targets[0] or "::" in targets[0])
    processes = min(max((os.cpu_count() or 1) + 1, 2), MOST_PROCESSES)
    if says or single:
        return []
    return ["-n", str(processes), "--dist", "loadgroup", "--no-loadscope-reorder"]


def find_browser(environ: dict[str, str]) -> str | None:
    """The Chromium of this machine, or the one the caller names."""
    if named := environ.get("PORTAL_TEST_CHROMIUM"):
        return named
    on_path = (shutil.which(name, path=environ.get("PATH")) for name in BROWSERS)
    found = next((path for path in on_path if path), None)
    return found or next((path for path in MAC_BROWSERS if os.access(path, os.X_OK)), None)


def manage(arguments: list[str]) -> int:
    """Run one of Django's commands; its output alone goes to standard output."""
    house = House(terminal=Terminal(sys.stderr))
    house.ending.listen()
    house.install("run")
    with house.serving():
        env = house.env()
        if arguments and arguments[0] not in NEED_NO_ROWS:
            house.prepare(env, only_if_bare=True)
        return house.call([str(house.places.python), "manage.py", *arguments], env)


def bench(arguments: list[str]) -> int:
    """Run a benchmark; its last line is one JSON object."""
    known = benchmarks(places.CHECKOUT / "benchmarks")
    if not arguments or arguments[0].startswith("-"):
        sys.stdout.write("Benchmarks: " + (", ".join(known) or "none") + "\n")
        return 0
    if arguments[0] not in known:
        raise Halt(
            f"There is no benchmark {arguments[0]!r}; there are: {', '.join(known) or 'none'}."
        )
    house = House(terminal=Terminal(sys.stderr))
    house.ending.listen()
    house.install("dev")
    with house.serving():
        env = house.env()
        house.prepare(env, only_if_bare=True)
        command = [str(house.places.python), "-m", f"benchmarks.{arguments[0]}", *arguments[1:]]
        return house.call(command, env)


def benchmarks(folder: Path) -> list[str]:
    """The names of the benchmarks: modules, or packages that can be run."""
    modules = (path.stem for path in folder.glob("*.py") if MAIN in path.read_text("utf-8"))
    runnable = (path.parent.name for path in folder.glob("*/__main__.py"))
    return sorted(name for name in {*modules, *runnable} if not name.startswith("_"))


def stop(arguments: list[str]) -> int:
    """End what `run` started, whether its launcher lives or was killed."""
    argparse.ArgumentParser(prog="./portal stop").parse_args(arguments)
    return _stop(Terminal(sys.stdout))


def _stop(terminal: Terminal) -> int:
    here = places.find(os.environ)
    if not here.state.is_dir():
        terminal.say("Nothing runs.")
        return 0
    ended = []
    if found := supervisor.running_launcher(here):
        launcher, address = found
        terminal.say(f"Ending the portal at {address} …")
        _end_launcher(launcher)
        ended.append("run")
    for place in (here, here.of_tests()):
        ended += supervisor.end_left_over(place, terminal)
        ended += _services_of(place, terminal).end_left_over()
    terminal.say("Ended." if ended else "Nothing runs.")
    return 0


def _end_launcher(launcher: Identity) -> None:
    try:
        end(launcher, patience=90)
    except PermissionError as exc:
        raise Halt(
            f"The portal was started by another account; that account (or root) can end it "
            f"(process {launcher.pid})."
        ) from exc


def _services_of(here: places.Places, terminal: Terminal) -> Services:
    return Services(
        places=here,
        secrets_of=environment.Secrets(here.secrets),
        environ={},
        terminal=terminal,
        ending=Ending(),
    )


def reset(arguments: list[str]) -> int:
    """Stop, and delete every row, file and secret of this checkout."""
    parser = argparse.ArgumentParser(prog="./portal reset")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    options = parser.parse_args(arguments)
    terminal = Terminal(sys.stdout)
    here = places.find(os.environ)
    if not here.state.is_dir():
        terminal.say("There is nothing to delete.")
        return 0
    if not options.yes and not _agrees(here):
        terminal.say("Nothing was deleted.")
        return 1
    _stop(terminal)
    for place in (here, here.of_tests()):
        if place.services.exists() or place.secrets.exists():
            _services_of(place, terminal).remove_data()
    shutil.rmtree(here.state)
    terminal.say("Deleted. The next `./portal run` begins anew.")
    return 0


def _agrees(here: places.Places) -> bool:
    if not sys.stdin.isatty():
        raise Halt("`./portal reset` deletes all data; without a terminal to ask, say --yes.")
    sys.stdout.write(
        f"This deletes the database, files, secrets and logs of {here.state}. Go on? [y/N] "
    )
    sys.stdout.flush()
    return sys.stdin.readline().strip().lower() in {"y", "yes"}


def lock(arguments: list[str]) -> int:
    """Make the hashed requirements anew from pyproject.toml."""
    argparse.ArgumentParser(prog="./portal lock").parse_args(arguments)
    locks.make(checkout=places.CHECKOUT, environ=os.environ, terminal=Terminal(sys.stdout))
    return 0
