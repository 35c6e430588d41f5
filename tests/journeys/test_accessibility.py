"""Every page for every eye and hand: axe, both widths, both themes, the keyboard, a thumb.

`sights` lists the pages; one that is in the permission table and not there is a failure.
"""

from __future__ import annotations

import itertools
import json
import tomllib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from django.conf import settings
from django.urls import reverse
from playwright.sync_api import Page, expect

from tests import browser, make, people
from tests.samples import one_in

from . import full_house, sights, stage

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]

Visit = Callable[..., browser.Visitor]
Begin = Callable[[Callable[[], full_house.House]], full_house.House]
Sight = tuple[Mapping[str, int], str]  # a size and a theme
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
SOME, ALL = "every twelfth", "all"  # of the pages: in every run, and with what those leave out
PLAYERS = frozenset({"visitor", "player", "newcomer"})
STAFF = frozenset(stage.STAFF)

# A thumb needs 44 px, or reaches the thing that far from its middle; links within text are free.
SMALL_TARGETS = """() => {
  const least = 43.5, reach = 21, found = [];
  const inText = (part) => part.tagName === "A" && getComputedStyle(part).display === "inline";
  const targets = "a[href], button, input:not([type=hidden]), select, textarea, summary";
  for (const part of document.querySelectorAll(targets)) {
    if (part.disabled || !part.checkVisibility({ visibilityProperty: true })) continue;
    if (inText(part)) continue;
    const area = part.labels?.length ? [part, part.labels[0]] : [part];
    const boxes = area.map((one) => one.getBoundingClientRect());
    const [left, top] = ["left", "top"].map((side) => Math.min(...boxes.map((box) => box[side])));
    const [right, bottom] = ["right", "bottom"].map((side) =>
      Math.max(...boxes.map((box) => box[side])));
    const width = right - left, height = bottom - top;
    if (width <= 2 || height <= 2) continue;  // for screen readers until it has the focus
    if (width >= least && height >= least) continue;
    part.scrollIntoView({ block: "center" });
    const box = part.getBoundingClientRect();
    const x = box.left + box.width / 2, y = box.top + box.height / 2;
    const hits = (dx, dy) => {
      const met = document.elementFromPoint(x + dx, y + dy);
      return area.some((one) => one === met || one.contains(met));
    };
    const isWide = width >= least || (hits(-reach, 0) && hits(reach, 0));
    const isHigh = height >= least || (hits(0, -reach) && hits(0, reach));
    if (isWide && isHigh) continue;
    const words = (part.innerText || part.name || "").trim().slice(0, 30);
    found.push(`${part.tagName} ${part.className} "${words}" ${width}x${height}`);
  }
  return [...new Set(found)];
}"""


# Axe reads the same few colours for every text anew, a fifth of its time; a text is one colour.
EACH_COLOUR_ONCE = """() => {
  const colour = axe.commons.color.Color.prototype, read = colour.parseString, known = new Map();
  colour.parseString = function (text) {
    const had = known.get(text);
    if (had) return Object.assign(this, had);
    read.call(this, text);
    const { r, g, b, alpha } = this;
    known.set(text, { r, g, b, alpha });
    return this;
  };
}"""


def judged(page: Page) -> list[str]:
    """What axe finds on the page as it stands, one line a rule and place."""
    asked = {"resultTypes": ["violations"], "runOnly": {"type": "tag", "values": RULES}}
    page.evaluate(browser.STILL)
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(AXE_SCRIPT)
        page.evaluate(EACH_COLOUR_ONCE)
    found = page.evaluate(f"() => axe.run({json.dumps(asked)}).then((all) => all.violations)")
    return [
        f"{rule['id']}: {node['target'][0]} {node['html'][:120]} {node['failureSummary'][:160]}"
        for rule in found
        for node in rule["nodes"][:3]
    ]


SIGHTS = [(size, theme) for size in (browser.PHONE, browser.WIDE) for theme in ("light", "dark")]
USUAL = [(browser.PHONE, "light"), (browser.WIDE, "dark")]


def seen(visitor: browser.Visitor, *, deep: bool, usual: Sequence[Sight] = USUAL) -> list[str]:
    """Everything that is wrong with this page, narrow and wide, light and dark.

    Axe judges narrow in the light and wide in the dark; the other two pairs share colours and
    layout with these, and are judged in the long run.
    """
    page, wrong = visitor.page, []
    for size, theme in SIGHTS if deep else usual:
        is_narrow = size == browser.PHONE
        visitor.sit_before(size, theme)
        name = f"{size['width']} px {theme}"
        wrong += [f"{name}: {one}" for one in judged(page)]
        if (wide := page.evaluate(browser.TOO_WIDE)) > 0:
            wrong.append(f"{name}: scrolls sideways by {wide} px")
        if is_narrow:
            wrong += [f"{name}: small target {one}" for one in page.evaluate(SMALL_TARGETS)]
    visitor.sit_before(browser.PHONE, "light")
    return wrong


def walk(
    visit: Visit,
    house: full_house.House,
    eyes: frozenset[str],
    *,
    share: str,
    full: bool,
    deep: bool,
) -> list[str]:
    """Look at this share of the pages these eyes see; what is wrong, with the page it is wrong on.

    A full run looks at each narrow, wide and in English; others do by turns from page to page.
    """
    wrong = []
    turns = itertools.cycle([*USUAL, None])
    is_taken = itertools.cycle([True, *[share == ALL] * 11])
    visitors: dict[str, browser.Visitor] = {}
    for name, ways in sights.of(house).items():
        for number, (eye, query, given) in enumerate(ways):
            if eye not in eyes or not next(is_taken):
                continue
            if eye not in visitors:
                visitors[eye] = visit(cookies=session_of(eye, house))
            visitor = visitors[eye]
            address = reverse(name, kwargs=given) + query
            answer = visitor.go(address)
            if "/confirm/?" in visitor.page.url:
                visitor.page.fill("[name=password]", people.PASSWORD)
                with visitor.page.expect_navigation():
                    visitor.page.click("main form:has([name=password]) button")
            if answer.status not in {200, 403}:
                wrong.append(f"{eye} {address}: {answer.status}")
                continue
            if eye == "player" and not visitor.page.locator(".balance").is_visible():
                wrong.append(f"{address}: no balance")
            picture = f"all-{name.replace(':', '-')}-{number}-{eye}"
            visitor.look(picture)
            turn = next(turns)
            usual = USUAL if full else [turn] if turn else []
            found = seen(visitor, deep=deep, usual=usual)
            wrong += [f"{eye} {address}: {one}" for one in found]
            if full or turn is None:
                in_english(visitor, name=picture, address=address)
    return wrong


def in_english(visitor: browser.Visitor, *, name: str, address: str) -> None:
    """English is longer, and must fit the phone as well."""
    cookie = {"name": "language", "url": visitor.house}
    visitor.context.add_cookies([{**cookie, "value": "en"}])  # type: ignore[typeddict-item]  # a cookie as the browser gave it
    visitor.language = "en"
    visitor.go(address)
    visitor.look(name)
    visitor.language = "zh-hans"
    visitor.context.add_cookies([{**cookie, "value": "zh-hans"}])  # type: ignore[typeddict-item]  # a cookie as the browser gave it


def session_of(eye: str, house: full_house.House) -> dict[str, str]:
    if eye == "visitor":
        return {}
    if eye in PLAYERS:
        return browser.session_of({"player": house.player, "newcomer": house.newcomer}[eye].user)
    return browser.session_of(house.crew[eye][0].user)


SHARES = {
    "some of all": (PLAYERS | STAFF, SOME),
    "all of players": (PLAYERS, ALL),
    "all of staff": (STAFF, ALL),
}


@pytest.mark.parametrize("named", one_in(3, SHARES))
def test_every_page_fits_everybody(
    visit: Visit, house: str, begin: Begin, named: str, *, full: bool, deep: bool
) -> None:
    """F254, F011: WCAG 2.2 AA, two widths, two themes, no sideways scrolling, 44 px for a thumb."""
    eyes, share = SHARES[named]

    wrong = walk(visit, begin(full_house.furnish), eyes, share=share, full=full, deep=deep)

    assert not wrong, "\n".join(wrong)


def test_no_page_is_forgotten() -> None:
    """Whoever adds an address adds its page to the list, or says why there is none."""
    table = tomllib.loads(Path(settings.BASE_DIR, "lottery_portal/permissions.toml").read_text())
    ours = {name for name in table if not name.startswith(("api:", "admin:"))}
    blank = full_house.House(
        **dict.fromkeys(("player", "newcomer", "past", "sealed", "on_sale"), _Any()),  # type: ignore[arg-type]  # of the tables above
        crew={}, won="", lost="", waiting="", codes=_Codes(),
    )  # fmt: skip

    known = set(sights.of(blank)) | set(sights.NONE)

    assert ours - known == set()
    assert known - ours == set()


class _Any:
    code = issue = ""


class _Codes(dict[str, str]):
    def __missing__(self, _key: str) -> str:
        return ""


@pytest.mark.thorough
def test_the_board_is_played_by_keyboard_alone(visit: Visit) -> None:
    """F026, F254: tab reaches it, arrows walk, space presses, and the focus is always seen."""
    stage.draw()
    buyer = make.player(wallet=50_00)
    visitor = visit(cookies=browser.session_of(buyer.user))
    page = visitor.page
    visitor.go("/play/ssq/")
    focused = page.locator(":focus")
    for _stop in range(40):
        page.keyboard.press("Tab")
        assert focus_is_seen(page), page.evaluate("document.activeElement.outerHTML.slice(0, 200)")
        if page.evaluate("document.activeElement.classList.contains('key')"):
            break
    expect(focused).to_have_text("01")

    page.keyboard.press("Space")
    expect(focused).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("ArrowRight")
    expect(focused).to_have_text("02")
    assert focus_is_seen(page)
    page.keyboard.press("Enter")
    expect(focused).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("ArrowDown")
    expect(focused).to_have_text("09")  # seven in a row on a phone
    page.keyboard.press("Space")
    for number in (10, 11, 12):
        page.keyboard.press("Tab")
        expect(focused).to_have_text(str(number))
        page.keyboard.press("Space")
    for _step in range(33 - 12 + 1):
        page.keyboard.press("ArrowRight")
    expect(page.locator("[data-zone=blue] .key:focus")).to_have_text("01")
    page.keyboard.press("Space")

    assert page.locator(".key[aria-pressed=true]").all_inner_texts() == [
        "01", "02", "09", "10", "11", "12", "01",
    ]  # fmt: skip
    confirm = page.locator("[data-part=confirm]")
    for _stop in range(60):
        page.keyboard.press("Tab")
        assert focus_is_seen(page), page.evaluate("document.activeElement.outerHTML.slice(0, 200)")
        if confirm.evaluate("button => button === document.activeElement"):
            break
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.locator("[name=request_key]")).to_be_attached()


def focus_is_seen(page: Page) -> bool:
    """The focused thing is on the screen, not covered, and marked by more than nothing."""
    page.evaluate(browser.STILL)
    return bool(
        page.evaluate(
            """() => {
              const part = document.activeElement;
              if (!part || part === document.body) return false;
              const isBox = part.matches("input[type=radio], input[type=checkbox]");
              const shown = isBox && part.labels.length ? part.labels[0] : part;
              const marks = [part, shown].map((one) => getComputedStyle(one));
              const isMarked = marks.some((style) =>
                (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2)
                || style.boxShadow !== "none");
              const box = shown.getBoundingClientRect();
              const x = box.left + box.width / 2, y = box.top + box.height / 2;
              const met = document.elementFromPoint(x, y);
              const isOpen = met && (met === shown || shown.contains(met) || met.contains(shown));
              return isMarked && Boolean(isOpen);
            }"""
        )
    )
