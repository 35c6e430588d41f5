"""Real threads, real connections, one starting gun."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any, ParamSpec, TypeVar

from django.db import connections

P = ParamSpec("P")
R = TypeVar("R")


def at_once(deeds: Sequence[Callable[[], Any]]) -> list[Any]:
    """Do all deeds in threads of their own at one moment; results or exceptions, in order."""
    ready = threading.Barrier(len(deeds))
    results: list[Any] = [None] * len(deeds)

    def run(place: int) -> None:
        try:
            ready.wait()
            results[place] = deeds[place]()
        except Exception as exc:  # noqa: BLE001 - an exception is a result here
            results[place] = exc
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(deeds))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def meeting(step: Callable[P, R], people: int) -> Callable[P, R]:
    """`step`, after which each of `people` waits until all have done it: the race is certain."""
    met = threading.Barrier(people, timeout=30)

    def wait_for_all(*args: P.args, **kwargs: P.kwargs) -> R:
        result = step(*args, **kwargs)
        met.wait()
        return result

    return wait_for_all
