"""A house that answers over HTTP and a browser to visit it with."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from playwright.sync_api import Browser, sync_playwright

from tests import browser as browsing


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One browser for the tests of a file."""
    program = browsing.chromium()
    if program is None:
        pytest.skip("no Chromium on this machine (Debian: apt install chromium)")
    # Playwright's loop runs in the thread of the test; our own queries there are not asynchronous.
    before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program, args=list(browsing.ARGUMENTS))
        yield started
        started.close()
    if before is None:
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def house(live_server: Any, settings: LazySettings, tmp_path: Path) -> str:
    """The address of the house, which knows it itself and keeps its files apart."""
    settings.PUBLIC_URL = live_server.url
    settings.CSRF_TRUSTED_ORIGINS = [live_server.url]
    settings.STATE_DIR = tmp_path
    return str(live_server.url)


@pytest.fixture
def visit(chromium: Browser, house: str) -> Iterator[Callable[..., browsing.Visitor]]:
    """Opens browsers; at the end all are closed, and none may have met an error."""
    visitors: list[browsing.Visitor] = []

    def open_one(**options: Any) -> browsing.Visitor:
        visitors.append(browsing.Visitor(chromium, house, **options))
        return visitors[-1]

    yield open_one
    for visitor in visitors:
        visitor.context.close()
    troubles = [trouble for visitor in visitors for trouble in visitor.troubles]
    assert not troubles, "\n".join(troubles)
