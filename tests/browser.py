"""Chromium before our own pages: visitors, what they noticed, and the work that goes on meanwhile.

A `Visitor` is one person at one browser. It hears every error the browser reports, and `look`
judges the page it stands on: nothing untranslated, nothing wider than the screen.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connections
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Response

from accounts import demo
from accounts.models import User
from lottery_portal.embedded.commands import find_browser
from lottery_portal.jobs import queue

from . import people

ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--no-first-run",
)
PHONE, WIDE = {"width": 390, "height": 844}, {"width": 1280, "height": 900}
PATIENCE = 15_000  # milliseconds; the machine may be busy with other tests

# What the browser blocked by our own policy is an error of ours, and is said as one.
HEAR_BLOCKED = """
document.addEventListener("securitypolicyviolation", (event) => {
  console.error(`blocked by policy: ${event.violatedDirective} ${event.blockedURI}`);
});
"""
# What people read: no code, no hash, no name in its own language.
READ = """() => {
  const hidden = "code, .ref, .hash, [lang=en], script, style, template";
  const copy = document.body.cloneNode(true);
  for (const part of copy.querySelectorAll(hidden)) part.remove();
  const names = ["title", "aria-label", "alt", "placeholder"];
  const titled = [...copy.querySelectorAll(names.map((name) => `[${name}]`).join(", "))];
  const titles = titled.flatMap((part) => names.map((name) => part.getAttribute(name) ?? ""));
  const words = [];
  const walker = document.createTreeWalker(copy, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) words.push(walker.currentNode.textContent.trim());
  return [document.title, ...words, ...titles].join("。");
}"""
NOT_OURS = {"API", "CSV", "DEMO", "Ed25519", "Merkle", "SHA-256", "Postgres", "JSON"}
ENGLISH = re.compile(r"[A-Za-z][A-Za-z'’-]*(?:[ ,.:;/]+[A-Za-z][A-Za-z'’-]*){2,}")

# Colours glide when the theme changes, and pages scroll; judge what stands.
STILL = """async () => {
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  await Promise.all(document.getAnimations().map((one) => one.finished.catch(() => null)));
}"""
TOO_WIDE = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


def chromium() -> str | None:
    """The browser of this machine: as the environment names it, or as it is found on PATH."""
    return find_browser(dict(os.environ))


def english_in(text: str) -> list[str]:
    """Runs of three words and more in Latin letters that no name or term explains."""
    return [
        run
        for run in ENGLISH.findall(text)
        if len([word for word in re.split(r"[ ,.:;/]+", run) if word not in NOT_OURS]) >= 3
    ]


class Visitor:
    """One person at one browser, with everything that went wrong before his eyes."""

    def __init__(
        self,
        browser: Browser,
        house: str,
        *,
        language: str = "zh-hans",
        viewport: dict[str, int] | None = None,
        script: bool = True,
        before: str = "",
        cookies: dict[str, str] | None = None,
        **options: Any,
    ) -> None:
        self.house, self.language = house, language
        self.troubles: list[str] = []
        self._pages: set[str] = set()
        self._theme = ""
        self.context: BrowserContext = browser.new_context(
            base_url=house,
            viewport=viewport or PHONE,  # type: ignore[arg-type]  # a width and a height
            java_script_enabled=script,
            locale="zh-CN",
            timezone_id="Asia/Shanghai",
            reduced_motion="reduce",
            **options,
        )
        self.context.set_default_timeout(PATIENCE)
        self.context.add_init_script(HEAR_BLOCKED + before)
        jar = {"language": language, **(cookies or {})}
        self.context.add_cookies(
            [{"name": name, "value": value, "url": house} for name, value in jar.items()]
        )
        self.page: Page = self.context.new_page()
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.troubles.append(f"script: {error}"))
        self.page.on("response", self._receive)

    def _hear(self, said: ConsoleMessage) -> None:
        # A page that refuses answers 4xx or 503 on purpose; the browser notes that too.
        is_refusal = said.text.startswith("Failed to load resource") and (
            said.location.get("url") in self._pages
        )
        if said.type == "error" and not is_refusal:
            self.troubles.append(f"console on {self.page.url}: {said.text}")

    def _receive(self, answer: Response) -> None:
        if answer.request.is_navigation_request():
            self._pages.add(answer.url)
        if answer.status == 500:
            self.troubles.append(f"500 at {answer.url}")

    def go(self, address: str) -> Response:
        """Open an address of the house."""
        answer = self.page.goto(address)
        assert answer is not None
        return answer

    def sit_before(self, size: Mapping[str, int], theme: str) -> None:
        """A screen of this size, in this theme; what is so already costs nothing."""
        if self.page.viewport_size != size:
            self.page.set_viewport_size(size)  # type: ignore[arg-type]  # a width and a height
        if self._theme != theme:
            self.page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]  # light or dark
            self._theme = theme

    def look(self, name: str = "") -> str:
        """Judge the page one stands on, keep its picture if asked for; the words that are on it."""
        self.page.wait_for_load_state("domcontentloaded")
        words = str(self.page.evaluate(READ))
        if self.language == "zh-hans" and (left := english_in(words)):
            self.troubles.append(f"English on {self.page.url}: {left}")
        if (wide := self.page.evaluate(TOO_WIDE)) > 0:
            self.troubles.append(f"{wide} px too wide: {self.page.url}")
        if name:
            keep(self.page, name, self.language)
        return words

    def text(self) -> str:
        """The words of the page in one line, as they are seen."""
        return re.sub(r"\s+", " ", self.page.inner_text("body"))

    def wait(self, is_true: Callable[[], bool], *, what: str, reload: bool = True) -> None:
        """Look again every half second until it is so."""
        for _look in range(60):
            if is_true():
                return
            self.page.wait_for_timeout(500)
            if reload:
                self.page.reload()
        raise AssertionError(f"Never seen on {self.page.url}: {what}")


def keep(page: Page, name: str, language: str) -> None:
    """Keep pictures of the page, narrow and wide, for people to look at; only when asked for."""
    if not (folder := os.environ.get("PORTAL_SHOTS")):
        return
    before = page.viewport_size
    for size in (PHONE, WIDE):
        page.set_viewport_size(size)  # type: ignore[arg-type]  # a width and a height
        place = Path(folder) / f"{name}-{size['width']}-{language[:2]}.png"
        page.screenshot(path=place, full_page=True)
    if before:
        page.set_viewport_size(before)


def session_of(user: User) -> dict[str, str]:
    """The cookie of somebody who has logged in, staff with the second factor."""
    name = settings.SESSION_COOKIE_NAME
    return {name: people.behind(user).cookies[name].value}


def log_in(visitor: Visitor, name: str, password: str, secret: str = "") -> None:
    """Name and password; for staff the code of the device as well."""
    page = visitor.page
    visitor.go("/login/")
    visitor.look("login")
    page.fill("[name=login]", name)
    page.fill("[name=password]", password)
    page.click("main form button[type=submit]")
    if secret:
        page.wait_for_selector("[name=code]")
        visitor.look("second-factor")
        type_code(visitor, secret)


_TYPED: dict[str, str] = {}


def type_code(visitor: Visitor, secret: str) -> None:
    """Type what the device shows, once it shows something new: a code opens once."""
    while _TYPED.get(secret) == (shown := demo.totp_code(secret)):
        visitor.page.wait_for_timeout(500)
    _TYPED[secret] = shown
    with visitor.page.expect_navigation():
        visitor.page.fill("[name=code]", shown)
        visitor.page.click("main form:has([name=code]) button[type=submit]")


class Workers(threading.Thread):
    """Does what dispatcher, worker and beat do: due jobs every 0.2 s, a stroke every second."""

    TICKS = ("sales.advance_draws", "prizes.settle_confirmed")

    def __init__(self) -> None:
        super().__init__(name="workers", daemon=True)
        self.troubles: list[Exception] = []
        self._end = threading.Event()

    def run(self) -> None:
        strokes = 0
        try:
            while not self._end.wait(0.2):
                strokes += 1
                self._once(strikes=strokes % 5 == 1)
        finally:
            connections.close_all()

    def _once(self, *, strikes: bool) -> None:
        try:
            for kind in self.TICKS if strikes else ():
                queue.tick(kind, every=timedelta(seconds=1))
            queue.run_pending()
        except Exception as exc:  # noqa: BLE001 - told to the test, which fails of it
            self.troubles.append(exc)

    def stop(self) -> None:
        """Finish what runs, and no more."""
        self._end.set()
        self.join()


@contextmanager
def at_work() -> Iterator[Workers]:
    """Workers for as long as the block lasts; what failed in them fails the test."""
    workers = Workers()
    workers.start()
    try:
        yield workers
    finally:
        workers.stop()
    assert workers.troubles == []
