"""The API keeps what its schema says, whatever it is sent (F247)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from typing import Any

import pytest
from django.core.cache import cache as kept
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, transaction
from django.test import Client
from django.urls import resolve
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import checks, openapi
from schemathesis.generation import GenerationMode

from accounts import permission
from tests import make, make_money, people

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

LOGIN = "13900000001"
SAID = SchemaGenerator().get_schema(public=True)["paths"]
OPERATIONS = [(path, method) for path, methods in SAID.items() for method in methods]


def _takes_anything(path: str, method: str) -> bool:
    """Whether there is something to send that the schema forbids: a body, or a typed parameter."""
    said = SAID[path][method]
    return "requestBody" in said or any(
        parameter["schema"].keys() - {"type", "description"}
        for parameter in said.get("parameters", [])
        if parameter["in"] == "query"
    )


CASES = [
    (path, method, mode)
    for path, method in OPERATIONS
    for mode in GenerationMode
    if mode == GenerationMode.POSITIVE or _takes_anything(path, method)
]
KEPT = [  # 500 is described nowhere, so the first of them refuses it
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
]
SAMPLE, FULL_SAMPLE = 4, 15
SIXTHS = 6
TODAY = datetime.now(UTC).toordinal() % SIXTHS
FEW = settings(
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture
def api() -> Any:
    """The portal behind its own schema, with a draw on sale."""
    make.draw()
    with _connection_kept():
        return _schema()


@cache
def _schema() -> Any:
    """The schema as the portal itself hands it out; it is the same for everybody."""
    return openapi.from_wsgi("/api/v1/schema/", get_wsgi_application())


@contextmanager
def _connection_kept() -> Iterator[None]:
    """Between two requests a server closes connections; the one of this transaction stays."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    try:
        yield
    finally:
        for signal in (request_started, request_finished):
            signal.connect(close_old_connections)


@pytest.fixture
def token() -> str:
    """The token of a verified player with money."""
    make_money.fund(people.player(login=LOGIN), 500_00)
    login = {"login": LOGIN, "password": people.PASSWORD}
    answer = Client().post("/api/v1/tokens/", login, content_type="application/json")
    return str(answer.json()["token"])


@pytest.fixture
def send(api: Any, full: bool) -> Callable[..., set[int]]:  # noqa: FBT001 - a fixture
    """Send what the schema allows, or what it forbids, look at every answer, and undo it all."""

    def to(path: str, method: str, mode: GenerationMode, **headers: str) -> set[int]:
        seen: set[int] = set()

        @settings(FEW, max_examples=FULL_SAMPLE if full else SAMPLE)
        @given(case=api[path][method].as_strategy(generation_mode=mode))
        def keeps_its_word(case: Any) -> None:
            seen.add(case.call_and_validate(headers=headers, checks=KEPT).status_code)

        undone = transaction.atomic()
        # Doors open their own in it, as in tests of Django.
        undone._from_testcase = True  # type: ignore[attr-defined]  # Django sets it itself
        with _connection_kept(), undone:
            keeps_its_word()
            transaction.set_rollback(True)
        kept.clear()
        return seen

    return to


def test_a_player_gets_what_the_schema_promises(send, token, subtests, full):
    """F247: nothing that is sent makes it fail, and every answer is of the form described.

    Everything in a full run, in any other the sixth of the day.
    """
    for path, method, mode in CASES if full else CASES[TODAY::SIXTHS]:
        with subtests.test(path=path, method=method, mode=mode):
            send(path, method, mode, Authorization=f"Token {token}")


def test_a_stranger_gets_what_the_schema_promises(send, subtests, full):
    """F247: without a log-in too; everything in a full run, in any other the sixth of the day."""
    for path, method in OPERATIONS if full else OPERATIONS[TODAY::SIXTHS]:
        with subtests.test(path=path, method=method):
            seen = send(path, method, GenerationMode.POSITIVE)

            name = resolve(path.replace("{code}", "sample")).view_name
            if permission.PUBLIC not in (permission.rule(name) or ()):
                assert seen == {401}
