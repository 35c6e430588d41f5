"""A plugin for pytest: run tests with one guard gone, of the database or of our code; they fail.

    pytest -p tests.without --without=FILE …

The file is JSON: `guards` maps a name to the statements that take a guard away and put it back, and
to changes of `code` (module, function, what is written there, what instead); `tests` maps the id of
a test to the names of guards it is to be run without. A guard is caught by the first test that
fails without it; the others are not run any more. Caught names are written back into the file as
`caught`, with the test that did it. A guard that could not be taken away is not caught: its test
fails as it is.
"""

from __future__ import annotations

import importlib
import inspect
import json
import textwrap
from collections.abc import Generator, Iterator
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

import pytest

from tests.owner import as_owner

NAME = "without_a_guard"
_asked: dict[str, Any] = {}
_caught: dict[str, str] = {}
_gone: list[str] = []
_is_away: set[str] = set()
_code: list[tuple[FunctionType, CodeType]] = []


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--without", help="which tests are run without which guards")


def pytest_configure(config: pytest.Config) -> None:
    _asked.update(json.loads(Path(config.getoption("--without")).read_text()))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Each test once for every guard it is to be run without."""
    path = metafunc.definition.path.relative_to(metafunc.config.rootpath)
    names = _asked["tests"].get(f"{path}::{metafunc.function.__name__}", [])
    metafunc.parametrize(NAME, names, indirect=True)


@pytest.fixture(autouse=True)
def without_a_guard(request: pytest.FixtureRequest, django_db_setup: None) -> str:
    """The guard that is gone while this test runs."""
    name = str(request.param)
    if name in _caught:
        pytest.skip("caught already")
    _gone.append(name)
    for change in _asked["guards"][name].get("code", []):
        _rewrite(*change)
    from tests import conftest, kept  # noqa: PLC0415 - a plugin comes before Django is set up

    # A house made anew, or put back as it was kept, has the guard: it goes once that is done.
    if "begin" in request.fixturenames:
        kept.whenever_begun.append(lambda: _take_away(name))
    else:
        conftest._House.anew()
        _take_away(name)
    return name


def _take_away(name: str) -> None:
    _do(_asked["guards"][name]["away"])
    _is_away.add(name)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown() -> Iterator[None]:
    """Back once the test's own transaction has ended; a database made anew has it already."""
    yield
    while _code:
        function, before = _code.pop()
        function.__code__ = before
    from tests import kept  # noqa: PLC0415 - as above

    _is_away.clear()
    kept.whenever_begun.clear()
    while _gone:
        guard = _asked["guards"][_gone.pop()]
        if not guard["back"]:
            continue
        with as_owner() as owner:
            known = owner.execute(guard["known"]).fetchone()
        if known is None:
            _do(guard["back"])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed and report.when in {"setup", "call"} and _is_away:
        _caught.setdefault(_gone[-1], item.nodeid)
        report.outcome = "passed"  # it did what is asked of it here
    return report


def pytest_sessionfinish(session: pytest.Session) -> None:
    place = Path(session.config.getoption("--without"))
    place.write_text(json.dumps({**_asked, "caught": _caught}))


def _rewrite(module: str, name: str, old: str, new: str) -> None:
    """Give a function the code it would have if `new` stood where `old` stands, once, in it."""
    function, code = rewritten(module, name, old, new)
    _code.append((function, function.__code__))
    function.__code__ = code


def rewritten(module: str, name: str, old: str, new: str) -> tuple[FunctionType, CodeType]:
    """A function, and that code; refuses what does not stand there, or not once."""
    found: Any = importlib.import_module(module)
    for part in name.split("."):
        found = getattr(found, part)
    function = inspect.unwrap(found)
    source = textwrap.dedent(inspect.getsource(function))
    if source.count(old) != 1:
        raise ValueError(f"{module}.{name} does not say {old!r} once.")
    plain = "\n".join(line for line in source.splitlines() if not line.startswith("@"))
    made: dict[str, Any] = {}
    exec("from __future__ import annotations\n" + plain.replace(old, new), made)  # noqa: S102 - our own code
    return function, made[function.__name__].__code__


def _do(statements: list[str]) -> None:
    if not statements:
        return
    with as_owner() as owner:
        owner.execute("SET lock_timeout = '20s'")
        for statement in statements:
            owner.execute(statement)
