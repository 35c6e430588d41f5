"""What protects the money in the database, taken away one by one: each time something fails.

Constraints, rights and what keeps or logs evidence are met by a probe (`protections`); guards with
a rule of their own by the tests that name their refusals, run without the guard (`tests.without`).
"""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

import psycopg
import pytest
from django.conf import settings

from tests.owner import as_owner
from tests.template import ROOT

from . import protections
from .protections import NoProbe, Outcome, Protection

pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True, databases=["default", "owner"]),
]

# Guards whose refusal a test meets in other words, or only behind a door.
TESTS_OF: Mapping[str, tuple[str, ...]] = {
    "finance_tax_certificate": (
        (
            "tests/finance/test_tax_papers.py::"
            "test_the_threshold_is_that_of_the_sum_and_each_payment_has_its_paper"
        ),
    ),
    "finance_year_is_carried_forward": (
        "tests/finance/test_periods.py::test_december_closes_after_its_year",
    ),
}
NAMES_OF_TESTS = ("tests/finance", "tests/sales", "tests/audit", "tests/prizes")
TENTH = 10


def told(outcomes: Iterable[Outcome]) -> None:
    """The table: what was taken away, and what noticed."""
    rows = list(outcomes)
    for one in rows:
        print(f"{one.protection!s:<90}{one.probe[:110]}")  # noqa: T201 - figures to read
    counts = Counter(one.protection.kind for one in rows)
    proved = sum(one.is_proved for one in rows)
    print(f"{proved} of {len(rows)} noticed: {dict(counts)}")  # noqa: T201 - figures to read


@pytest.fixture
def owner():
    with as_owner() as connection:
        yield connection


@pytest.fixture
def app():
    """The application's role, on a connection of its own."""
    here = settings.DATABASES["default"]
    with psycopg.connect(
        dbname=here["NAME"],
        host=here["HOST"],
        port=here["PORT"],
        user=here["USER"],
        password=here["PASSWORD"],
        autocommit=True,
    ) as connection:
        yield connection


@pytest.mark.thorough
def test_every_constraint_refuses_something_and_nothing_else_does(owner, deep):
    """F103, F104, F117: CHECK, UNIQUE, EXCLUDE and foreign keys, each alone and each taken away.

    All of them in a deep run, one of three in any other.
    """
    found = protections.constraints(owner)
    assert len(found) > 200
    tried = found if deep else found[::3]
    outcomes, without_probe = [], []
    for one in tried:
        try:
            outcomes.append(protections.prove(owner, one))
        except NoProbe:
            without_probe.append(str(one))

    told(outcomes)
    assert without_probe == []
    assert [str(one.protection) for one in outcomes if not one.is_proved] == []
    assert len(outcomes) == len(tried)


@pytest.mark.thorough
def test_evidence_is_kept_and_logged_by_its_guards_alone(owner):
    """F104: what never changes, and what comes into the log, each without its guard."""
    plain = [one for one in protections.triggers(owner) if protections.is_plain(one)]

    outcomes = [protections.prove(owner, one) for one in plain]

    told(outcomes)
    assert [str(one.protection) for one in outcomes if not one.is_proved] == []
    assert len(outcomes) > 20


def test_every_right_the_application_lacks_is_refused_and_would_be_used(owner, app, deep):
    """F103, F104: each right on tables, columns and functions, given for a moment.

    All of them in a deep run, one of three in any other.
    """
    role = settings.DATABASES["default"]["USER"]
    rights = protections.withheld(owner, role)
    assert len(rights) > 200
    tried = rights if deep else rights[::3]

    outcomes = [protections.prove_right(owner, app, one, role) for one in tried]

    told(outcomes)
    assert [str(one.protection) for one in outcomes if not one.is_proved] == []
    assert len(outcomes) == len(tried)
    books = ("finance_entry", "finance_transfer", "finance_account")
    for table in books:
        lacks = {one.name for one in rights if one.table == table}
        assert {"INSERT", "UPDATE", "DELETE", "TRUNCATE"} <= lacks


@pytest.mark.thorough
def test_without_any_one_guard_a_test_fails(owner, tmp_path, deep):
    """N14, F123, F129 and all others: every guard is dropped while the tests of its rule run.

    Every tenth guard in a run, all of them in a deep one.
    """
    guards = [one for one in protections.triggers(owner) if not protections.is_plain(one)]
    tests = bodies()
    plan: dict[str, list[str]] = {}
    chosen = guards if deep else guards[::TENTH]
    for guard in chosen:
        for test in naming(guard, tests):
            plan.setdefault(test, []).append(guard.name)

    caught = run_without(owner, chosen, plan, tmp_path / "plan.json")

    for guard in chosen:
        print(f"{guard!s:<80}{caught.get(guard.name, 'NOT NOTICED')}")  # noqa: T201 - figures to read
    assert [str(guard) for guard in chosen if guard.name not in caught] == []


def bodies() -> dict[str, list[str]]:
    """Words of the tests' own code and of the tables they go through; the tests that have them."""
    found: dict[str, list[str]] = {}
    for folder in NAMES_OF_TESTS:
        for path in sorted((ROOT / folder).glob("test_*.py")):
            if path.name == Path(__file__).name:
                continue
            source = path.read_text()
            lines, body = source.splitlines(), ast.parse(source).body
            tables = {
                target.id: "\n".join(lines[node.lineno - 1 : node.end_lineno])
                for node in body
                if isinstance(node, ast.Assign)
                for target in node.targets
                if isinstance(target, ast.Name)
            }
            for node in body:
                if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                    first = min([node.lineno, *(one.lineno for one in node.decorator_list)])
                    text = "\n".join(lines[first - 1 : node.end_lineno])
                    used = {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}
                    text += "".join(words for name, words in tables.items() if name in used)
                    found.setdefault(text, []).append(f"{path.relative_to(ROOT)}::{node.name}")
    return found


def naming(guard: Protection, tests: Mapping[str, list[str]]) -> list[str]:
    """The tests that name a refusal of this guard, and those written down for it."""
    names = protections.refusals(guard)
    named = [
        one
        for text, ids in tests.items()
        if any(f'"{name}"' in text for name in names)
        for one in ids
    ]
    return [*TESTS_OF.get(guard.name, ()), *named]


def run_without(
    owner: protections.Owner, guards: list[Protection], plan: dict[str, list[str]], place: Path
) -> dict[str, str]:
    """Which test caught which guard; the same tests pass while the guards stand."""
    return run_plan({guard.name: away_and_back(owner, guard) for guard in guards}, plan, place)


def run_plan(
    asked: Mapping[str, Mapping[str, object]], plan: Mapping[str, list[str]], place: Path
) -> dict[str, str]:
    """The same for guards that are taken away as `asked` says."""
    place.write_text(json.dumps({"guards": asked, "tests": plan}))
    files = sorted({test.partition("::")[0] for test in plan})
    said = _pytest("-p", "tests.without", f"--without={place}", *files)
    caught: dict[str, str] = json.loads(place.read_text()).get("caught", {})
    assert caught, said.stdout[-3000:] + said.stderr[-3000:]
    with_all = _pytest(*sorted({test.partition("[")[0] for test in caught.values()}))
    assert with_all.returncode == 0, with_all.stdout[-3000:] + with_all.stderr[-3000:]
    return caught


def _pytest(*arguments: str) -> subprocess.CompletedProcess[str]:
    """A run of its own, on a database of its own."""
    plain = ["-q", "-n", "0", "-p", "no:randomly", "-p", "no:cacheprovider"]
    return subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "pytest", *plain, *arguments],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if "XDIST" not in name},
        capture_output=True,
        text=True,
        check=False,
    )


def away_and_back(owner: protections.Owner, guard: Protection) -> dict[str, object]:
    row = owner.execute(
        "SELECT pg_get_triggerdef(oid), tgenabled = 'A' FROM pg_trigger"
        " WHERE tgname = %s AND tgrelid = %s::regclass",
        [guard.name, guard.table],
    ).fetchone()
    assert row is not None
    always = f"ALTER TABLE {guard.table} ENABLE ALWAYS TRIGGER {guard.name}"
    return {
        "away": [f"DROP TRIGGER {guard.name} ON {guard.table}"],
        "back": [str(row[0]), *([always] if row[1] else [])],
        "known": (
            f"SELECT 1 FROM pg_trigger WHERE tgname = '{guard.name}'"  # noqa: S608 - from pg_trigger
            f" AND tgrelid = '{guard.table}'::regclass"
        ),
    }
