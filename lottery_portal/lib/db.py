"""What the database refuses, and who owns a transaction."""

from __future__ import annotations

import functools
from collections.abc import Callable
from datetime import datetime
from typing import Any, ParamSpec, TypeVar

from django.db import connection, models, transaction
from django.db.utils import DatabaseError

P = ParamSpec("P")
R = TypeVar("R")


def violated(exc: DatabaseError) -> str:
    """The name of the constraint that `exc` broke, or an empty string."""
    cause = exc.__cause__
    diagnosis = getattr(cause, "diag", None)
    return getattr(diagnosis, "constraint_name", None) or ""


def detail_of(exc: DatabaseError) -> str:
    """The DETAIL line the database gave with a refusal (figures), or an empty string."""
    diagnosis = getattr(exc.__cause__, "diag", None)
    return getattr(diagnosis, "message_detail", None) or ""


def own_transaction_is_open() -> bool:
    """Whether a transaction of the house is open; one a test wraps around itself does not count."""
    return any(not getattr(block, "_from_testcase", False) for block in connection.atomic_blocks)


def inside_transaction(step: Callable[P, R]) -> Callable[P, R]:
    """Mark a step that only makes sense inside its caller's transaction."""

    @functools.wraps(step)
    def checked(*args: P.args, **kwargs: P.kwargs) -> R:
        if not own_transaction_is_open():
            raise RuntimeError(f"{step.__qualname__} needs the transaction of its caller.")
        return step(*args, **kwargs)

    return checked


def door(act: Callable[P, R]) -> Callable[P, R]:
    """Mark an outermost door: it owns its transaction, and what it returns is committed."""
    return transaction.atomic(durable=True)(act)


def change(row: models.Model, **values: Any) -> None:
    """Write these columns, and no others, of a row that the caller has locked."""
    rows = type(row)._default_manager  # noqa: SLF001 - a name of Django for everybody
    rows.filter(pk=row.pk).update(**values)
    for name, value in values.items():
        setattr(row, name, value)


def database_time() -> datetime:
    """What Postgres's clock says now: the one clock that judges."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        (moment,) = cursor.fetchone()
    assert isinstance(moment, datetime)  # noqa: S101 - narrows the driver's type
    return moment
