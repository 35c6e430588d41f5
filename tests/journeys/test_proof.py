"""The proof before the player's own eyes: in his browser, from a saved file, without a network."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from playwright.sync_api import Page, expect

from accounts.models import Player
from games import bets
from games.models import Draw
from sales.models import Ticket
from tests import browser, make, make_draws
from tests.audit.verifier_games import VERSIONS, draw_of
from tests.journeys.test_accessibility import seen
from tests.samples import one_in

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]

Visit = Callable[..., browser.Visitor]
BANKER = bets.Selection("banker", ((1, 2), ()), ((5, 6, 7, 8, 9), (7,)), multiplier=2)
BOX = "[data-proof]"
STEPS = "all => all.map((one) => one.dataset.step)"


class Sold:
    """A player's ticket in a sealed draw, among eleven others."""

    def __init__(self) -> None:
        self.player: Player = make.player(wallet=200_00)
        self.draw: Draw = make.draw()
        for blue in range(1, 9):
            make.ticket(self.player, self.draw, [make.single(blue=blue)])
        self.ticket: Ticket = make.ticket(
            self.player, self.draw, [make.single(3, 8, 11, 17, 22, 26, blue=7), BANKER]
        )
        make.ticket(self.player, self.draw, [make.single(blue=16)])

    @property
    def address(self) -> str:
        return f"/tickets/{self.ticket.code}/"

    def seal(self) -> Sold:
        """Close, seal, countersign, publish."""
        make_draws.closing_soon(self.draw)
        make.closed(self.draw)
        make_draws.publicly_sealed(self.draw)
        return self


def sold_and_sealed() -> Sold:
    """The state that nearly all tests here begin with."""
    return Sold().seal()


@pytest.fixture
def sold(house: str, begin: Callable[[Callable[[], Sold]], Sold]) -> Sold:
    return begin(sold_and_sealed)


def outcome(page: Page) -> str:
    """What the box says in the end."""
    page.wait_for_selector(f"{BOX}[data-outcome]:not(.proof--checking)")
    return str(page.locator(BOX).get_attribute("data-outcome"))


def failed(page: Page) -> set[str]:
    """The steps that do not fit."""
    return set(page.locator(f"{BOX} [data-ok=false]").evaluate_all(STEPS))


def saved(visitor: browser.Visitor, sold: Sold, folder: Path) -> Path:
    """The page as the player saves it."""
    visitor.go(sold.address)
    with visitor.page.expect_download() as coming:
        visitor.page.click("a[href$='proof.html']")
    target = folder / coming.value.suggested_filename
    coming.value.save_as(target)
    return target


@pytest.mark.parametrize("language", one_in(2, ["zh-hans", "en"]))
def test_the_ticket_is_proved_on_its_page(visit: Visit, sold: Sold, language: str) -> None:
    """N01, F046: before the draw, while nobody else may look at the numbers."""
    visitor = visit(cookies=browser.session_of(sold.player.user), language=language)
    visitor.go(sold.address)
    page = visitor.page
    expect(page.locator(BOX)).to_have_class(re.compile("proof--waiting"))
    visitor.look("proof-before")

    page.click("[data-proof-check]")

    assert outcome(page) == "good"
    steps = page.locator(f"{BOX} [data-step]").evaluate_all(STEPS)
    assert steps == [
        "ticket", "printed", "receipt", "path", "root", "statement", "operations", "independent",
        "keys", "public",
    ]  # fmt: skip
    expect(page.locator(BOX)).to_have_class(re.compile("proof--sealed"))
    shown = page.locator(f"{BOX} [data-step=ticket] .ball").all_inner_texts()
    assert " ".join(shown) == "03 08 11 17 22 26 07 01 02 05 06 07 08 09 07"
    visitor.look("proof-good")


@pytest.mark.thorough
def test_before_the_seal_the_page_says_what_will_come(visit: Visit, house: str) -> None:
    """N01: no button that cannot work; the signed receipt is on the same page."""
    waiting = Sold()
    visitor = visit(cookies=browser.session_of(waiting.player.user), language="en")

    visitor.go(waiting.address)

    assert "Your proof will be here then" in visitor.text()
    assert visitor.page.locator("[data-proof-check]").count() == 0
    assert visitor.page.locator("#receipt-text").is_visible()


@pytest.mark.thorough
def test_a_number_changed_on_the_page_is_seen(visit: Visit, sold: Sold) -> None:
    """N01: what the page shows is held against the line that is proved."""
    visitor = visit(cookies=browser.session_of(sold.player.user), language="en")
    visitor.go(sold.address)
    page = visitor.page
    page.evaluate("document.querySelector('.pick .ball').textContent = '04'")

    page.click("[data-proof-check]")

    assert outcome(page) == "bad"
    assert failed(page) == {"printed"}


@pytest.mark.thorough
def test_a_wrong_way_to_the_root_is_seen_and_reported(visit: Visit, sold: Sold) -> None:
    """N01: both roots stand there, what differs is marked, and we check it ourselves."""
    visitor = visit(cookies=browser.session_of(sold.player.user), language="en")
    visitor.go(sold.address)
    page = visitor.page
    page.evaluate(
        """() => {
          const data = document.getElementById("proof-data");
          const proof = JSON.parse(data.textContent);
          proof.path[0] = proof.path[0].replace(/^./, (digit) => (digit === "0" ? "1" : "0"));
          data.textContent = JSON.stringify(proof);
        }"""
    )

    page.click("[data-proof-check]")

    assert outcome(page) == "bad"
    assert failed(page) == {"root"}
    assert "does not match the published root" in visitor.text()
    assert page.locator("[data-step=root] .differs").count() == 8
    visitor.look("proof-bad")
    with page.expect_navigation():
        page.click("[data-proof-bad] button")
    assert "Our own check of this ticket passes" in visitor.text()


def test_the_saved_page_checks_itself_without_a_network(
    visit: Visit, sold: Sold, tmp_path: Path
) -> None:
    """N01: opened as a file, with the network off; nothing is asked for."""
    visitor = visit(cookies=browser.session_of(sold.player.user), accept_downloads=True)
    target = saved(visitor, sold, tmp_path)
    visitor.context.set_offline(True)
    page, asked = visitor.page, []
    page.on("request", lambda request: asked.append(request.url))

    page.goto(target.as_uri())

    assert outcome(page) == "good"
    assert asked == [target.as_uri()]
    assert page.locator("[data-step]").count() == 9  # all but the public page
    colours = page.locator(".ball").evaluate_all(
        "all => [...new Set(all.map((ball) => getComputedStyle(ball).backgroundColor))]"
    )
    assert colours == ["rgb(196, 32, 43)", "rgb(29, 91, 181)"]
    visitor.look("proof-saved")


@pytest.mark.thorough
def test_the_saved_page_fits_everybody(
    visit: Visit, sold: Sold, tmp_path: Path, *, deep: bool
) -> None:
    """F254: the page of the ticket, the saved page and the public check after a check."""
    visitor = visit(cookies=browser.session_of(sold.player.user), accept_downloads=True)
    target = saved(visitor, sold, tmp_path)
    page = visitor.page
    visitor.go(sold.address)
    page.click("[data-proof-check]")
    outcome(page)
    wrong = [f"ticket: {one}" for one in seen(visitor, deep=deep)]
    visitor.go("/tickets/check/")
    page.set_input_files("#proof-file", target)
    assert outcome(page) == "good"
    visitor.look("proof-public")
    wrong += [f"public: {one}" for one in seen(visitor, deep=deep)]
    open_page = target.read_text().replace("script-src '", "script-src 'unsafe-eval' '")
    copy = target.with_name("open.html")  # axe is brought in by evaluating its text
    copy.write_text(open_page)
    page.goto(copy.as_uri())
    assert outcome(page) == "good"
    wrong += [f"saved: {one}" for one in seen(visitor, deep=deep)]

    assert not wrong, "\n".join(wrong)


def next_digit(text: str) -> str:
    """The same text with its first digit or letter changed to another of its kind."""
    kinds = "0123456789", "abcdef", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    for at, letter in enumerate(text):
        for kind in kinds:
            if letter in kind:
                return text[:at] + kind[kind.index(letter) - 1] + text[at + 1 :]
    raise ValueError(text)


def altered(*path: str | int) -> Callable[[dict[str, Any]], None]:
    """Changes one digit of the text at this place of a proof."""

    def alter(proof: dict[str, Any]) -> None:
        place: Any = proof
        for name in path[:-1]:
            place = place[name]
        value = place[path[-1]]
        place[path[-1]] = value + 1 if isinstance(value, int) else next_digit(value)

    return alter


def line(old: str, new: str) -> Callable[[dict[str, Any]], None]:
    def alter(proof: dict[str, Any]) -> None:
        assert old in proof["line"]
        proof["line"] = proof["line"].replace(old, new, 1)

    return alter


def line_and_receipt(proof: dict[str, Any]) -> None:
    """A thorough forger changes the receipt as well; he cannot sign it."""
    receipt = proof["receipt"]
    proof["line"] = receipt["line"] = proof["line"].replace("03,08", "03,09")
    leaf = hashlib.sha256(b"\x00" + proof["line"].encode()).hexdigest()
    receipt["signed_text"] = receipt["signed_text"].replace(receipt["leaf"], leaf)
    receipt["leaf"] = leaf


def other_statement(proof: dict[str, Any]) -> None:
    said = json.loads(proof["statement"])
    said["tickets"] += 1
    proof["statement"] = json.dumps(said, sort_keys=True, separators=(",", ":"))
    proof["size"] += 1


def other_key(proof: dict[str, Any]) -> None:
    """A key of the forger's under the name of ours, and his signature."""
    key = Ed25519PrivateKey.from_private_bytes(b"9" * 32)
    for one in proof["keys"]:
        if one["role"] == "INDEPENDENT":
            public = key.public_key().public_bytes_raw()
            one["public_key"] = base64.b64encode(public).decode()
    for one in proof["signatures"]:
        if one["role"] == "INDEPENDENT":
            signature = key.sign(proof["statement"].encode())
            one["signature"] = base64.b64encode(signature).decode()


ALTERATIONS: dict[str, tuple[Callable[[dict[str, Any]], None], set[str]]] = {
    "a number": (line("03,08", "03,09"), {"printed", "receipt", "root"}),
    "the price": (line("\t2200\t", "\t2400\t"), {"printed", "receipt", "root"}),
    "the multiplier": (line("x2", "x3"), {"receipt", "root"}),
    "no line at all": (line("1\t", "2\t"), {"ticket", "printed", "receipt", "root", "statement"}),
    "line and receipt": (line_and_receipt, {"printed", "receipt", "root"}),
    "the draw": (altered("draw"), {"ticket"}),
    "the serial": (altered("serial"), {"root"}),
    "the size": (altered("size"), {"statement"}),
    "first step": (altered("path", 0), {"root"}),
    "last step": (altered("path", -1), {"root"}),
    "a step less": (lambda proof: proof["path"].pop(), {"path", "root"}),
    "a step more": (lambda proof: proof["path"].append("0" * 64), {"path", "root"}),
    "the root": (altered("root"), {"root"}),
    "the statement": (other_statement, {"operations", "independent"}),
    "first signature": (altered("signatures", 0, "signature"), {"operations"}),
    "second signature": (altered("signatures", 1, "signature"), {"independent"}),
    "a signature less": (lambda proof: proof["signatures"].pop(), {"independent"}),
    "signed by one": (altered("signatures", 0, "key_id"), {"operations"}),
    "first key": (altered("keys", 0, "public_key"), {"keys"}),
    "a forger's key": (other_key, {"keys"}),
    "receipt's leaf": (altered("receipt", "leaf"), {"receipt"}),
    "receipt's text": (altered("receipt", "signed_text"), {"receipt"}),
    "receipt's signature": (altered("receipt", "signature"), {"receipt"}),
    "receipt's code": (altered("receipt", "qr"), {"receipt"}),
    "no receipt": (lambda proof: proof.pop("receipt"), {"receipt"}),
}
DATA = re.compile(r'(<script id="proof-data" type="application/json">)(.*?)(</script>)', re.DOTALL)


def rewritten(page: str, alter: Callable[[dict[str, Any]], None]) -> str:
    """A saved page with an altered proof inside."""
    found = DATA.search(page)
    assert found is not None
    proof = json.loads(found[2])
    alter(proof)
    text = json.dumps(proof).replace("<", "\\u003C")
    return page[: found.start(2)] + text + page[found.end(2) :]


@pytest.mark.thorough
def test_every_altered_part_of_a_saved_page_fails(visit: Visit, sold: Sold, tmp_path: Path) -> None:
    """N01: one digit anywhere, in the file itself and on the public page; the step is named."""
    visitor = visit(cookies=browser.session_of(sold.player.user), accept_downloads=True)
    original = saved(visitor, sold, tmp_path).read_text()
    page, told = visitor.page, {}
    copy = tmp_path / "altered.html"

    for name, (alter, must_fail) in ALTERATIONS.items():
        copy.write_text(rewritten(original, alter))
        page.goto(copy.as_uri())
        result, steps = outcome(page), failed(page)
        told[name] = (result, bool(steps), must_fail - steps)

    assert told == dict.fromkeys(ALTERATIONS, ("bad", True, set()))
    visitor.go("/tickets/check/")
    brought = {}
    for number, (name, (alter, _must_fail)) in enumerate(ALTERATIONS.items()):
        copy = tmp_path / f"altered-{number}.html"
        copy.write_text(rewritten(original, alter))
        page.evaluate("document.querySelector('[data-proof]').removeAttribute('data-outcome')")
        page.set_input_files("#proof-file", copy)
        brought[name] = outcome(page)
    assert brought == dict.fromkeys(ALTERATIONS, "bad")


PAINTED_OVER = [
    ('<span class="ball ball--36">03</span>', '<span class="ball ball--36">04</span>'),
    ('data-printed="price">22.00', 'data-printed="price">24.00'),
    ("× 2", "× 9"),
    ('data-printed="price">22.00', 'data-price="">24.00'),
    ('data-printed="ticket">', 'data-ticket="">0'),
    ('<span class="balls-word">', '<span class="balls-words">'),
    ('<span class="zone-balls"><span class="zone-line"></span>', "<span>"),
]


@pytest.mark.thorough
def test_what_a_saved_page_shows_is_held_against_its_line(
    visit: Visit, sold: Sold, tmp_path: Path
) -> None:
    """N01: a number painted over is seen."""
    visitor = visit(cookies=browser.session_of(sold.player.user), accept_downloads=True)
    target = saved(visitor, sold, tmp_path)
    text, told = target.read_text(), {}

    for old, new in PAINTED_OVER:
        assert old in text
        target.write_text(text.replace(old, new, 1))
        visitor.page.goto(target.as_uri())
        told[old, new] = (outcome(visitor.page), failed(visitor.page))

    assert told == dict.fromkeys(PAINTED_OVER, ("bad", {"printed"}))


@pytest.mark.thorough
def test_the_browser_reads_the_line_of_every_bet_of_every_game(visit: Visit, house: str) -> None:
    """N01, F026: places, bankers, places left empty, and what all this is called."""
    visitor = visit(language="en")
    visitor.go("/tickets/check/")
    lines = [line for code in VERSIONS for line in draw_of(code).tickets]
    read = "lines => lines.map((line) => Proof.read(line))"
    named = (
        "mark => JSON.parse(document.querySelector('[data-proof-words]').content"
        '.querySelector(`[data-word="bet-${mark}"]`).dataset.places).length'
    )

    told = visitor.page.evaluate(read, lines)

    for line, ticket in zip(lines, told, strict=True):
        game = ticket["draw"].partition("-")[0]
        texts = line.split("\t")[8].split(" ")
        for text, pick in zip(texts, ticket["picks"], strict=True):
            meant = bets.parse(text)
            assert (pick["type"], pick["times"]) == (meant.bet_type, meant.multiplier)
            assert [
                (tuple(map(int, place["bankers"])), tuple(map(int, place["numbers"])))
                for place in pick["places"]
            ] == list(zip(meant.bankers, meant.picks, strict=True))
            assert visitor.page.evaluate(named, f"{game}-{pick['type']}") == len(meant.picks)
    wrong = ["one_d|++|x1|own", "one_d|1++|x1|own", "pick1|01#|x1|own", "pick1||x1|own"]
    altered = ["\t".join([*lines[0].split("\t")[:8], text]) for text in wrong]
    assert visitor.page.evaluate(read, altered) == [None] * len(wrong)


@pytest.mark.thorough
def test_a_saved_page_with_another_program_does_not_run_it(
    visit: Visit, sold: Sold, tmp_path: Path
) -> None:
    """N01: who changes the program must change its policy too; until then nothing is green."""
    visitor = visit(cookies=browser.session_of(sold.player.user), accept_downloads=True)
    target = saved(visitor, sold, tmp_path)
    target.write_text(target.read_text().replace("told.ok = false", "told.ok = true"))

    visitor.page.goto(target.as_uri())

    assert visitor.page.locator(f"{BOX}.proof--unable").count() == 1
    assert visitor.page.locator(f"{BOX}[data-outcome]").count() == 0
    blocked = [one for one in visitor.troubles if "olicy" in one]
    assert blocked
    visitor.troubles.clear()


@pytest.mark.thorough
def test_a_proof_with_a_forgers_keys_fails_on_the_public_page(
    visit: Visit, sold: Sold, tmp_path: Path
) -> None:
    """N01: a file made whole with other keys names itself; our list of keys does not know them."""
    visitor = visit(cookies=browser.session_of(sold.player.user), accept_downloads=True)
    target = saved(visitor, sold, tmp_path)

    def forge(proof: dict[str, Any]) -> None:
        other_key(proof)
        for one in (*proof["keys"], *proof["signatures"]):
            if one["role"] == "INDEPENDENT":
                public = Ed25519PrivateKey.from_private_bytes(b"9" * 32).public_key()
                digest = hashlib.sha256(public.public_bytes_raw()).hexdigest()
                one["key_id"] = f"independent-{digest[:8]}"

    target.write_text(rewritten(target.read_text(), forge))
    visitor.page.goto(target.as_uri())
    assert outcome(visitor.page) == "good"  # by its own keys, which it names
    visitor.go("/tickets/check/")

    visitor.page.set_input_files("#proof-file", target)

    assert outcome(visitor.page) == "bad"
    assert failed(visitor.page) == {"independent", "keys"}


def test_anybody_checks_what_he_was_given(visit: Visit, sold: Sold, tmp_path: Path) -> None:
    """F046, N01: a saved page, both JSON files, the code of a ticket, and what is none of these."""
    owner_of_it = visit(cookies=browser.session_of(sold.player.user), accept_downloads=True)
    target = saved(owner_of_it, sold, tmp_path)
    texts = {
        name: owner_of_it.page.evaluate(
            "address => fetch(address).then((answer) => answer.text())", sold.address + name
        )
        for name in ("proof.json", "receipt.json")
    }
    owner_of_it.go(sold.address)
    code = owner_of_it.page.inner_text("#receipt-qr")
    stranger = visit(language="en")
    stranger.go("/tickets/check/")
    page = stranger.page
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url))
    of_the_tab = "/static/img/favicon.svg"  # fetched whenever the browser likes

    def given(text: str) -> str:
        page.evaluate("document.querySelector('[data-proof]').removeAttribute('data-outcome')")
        page.locator("#receipt").evaluate("(field, text) => { field.value = text; }", text)
        page.click("main form button[type=submit]")
        return outcome(page)

    assert given(target.read_text()) == "good"
    assert given(texts["proof.json"]) == "good"
    assert given(texts["receipt.json"]) == "good"
    assert "This receipt is genuine" in stranger.text()
    assert given(code) == "good"
    assert given(next_digit(code[22:]).join([code[:22], ""])) in {"bad", "unreadable"}
    assert given(texts["receipt.json"].replace("03,08", "03,09")) == "bad"
    for nothing in ("hello", "{}", "null", "[1]", "<p>", "LT1:A:B", '{"format":"ticket-proof/1"}'):
        assert given(nothing) in {"unreadable", "bad"}
    assert [url for url in sent if not url.endswith(of_the_tab)] == []  # the browser did it all


def test_hashes_and_signatures_of_the_scripts_are_those_of_the_browser(
    visit: Visit, house: str
) -> None:
    """N01: our SHA-256 and SHA-512 against Web Crypto, our Ed25519 against known keys."""
    visitor = visit()
    visitor.go("/tickets/check/")
    page = visitor.page
    differing = page.evaluate(
        """async () => {
          const { ownSha256, sha512, tools } = Proof, wrong = [];
          if (!tools.subtle) return ["no Web Crypto"];
          for (let size = 0; size < 300; size++) {
            const data = crypto.getRandomValues(new Uint8Array(size));
            for (const [name, own] of [["SHA-256", ownSha256], ["SHA-512", sha512]]) {
              const theirs = new Uint8Array(await crypto.subtle.digest(name, data));
              if (tools.hex(theirs) !== tools.hex(own(data))) wrong.push(`${name} ${size}`);
            }
          }
          return wrong;
        }"""
    )
    assert differing == []
    wrong = []
    order = 2**252 + 27742317777372353535851937790883648493
    for number in range(12):
        key = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(bytes([number])).digest())
        text = bytes(range(number * 9))
        signature = key.sign(text)
        scalar = int.from_bytes(signature[32:], "little")
        public = key.public_key().public_bytes_raw()
        other_text, flipped = text + b"!", bytes([signature[0] ^ 1]) + signature[1:]
        malleable = signature[:32] + (scalar + order).to_bytes(32, "little")
        tried = [(text, signature), (other_text, signature), (text, flipped), (text, malleable)]
        told = page.evaluate(
            """([key, tried]) => tried.map(([text, signature]) =>
              Proof.ownVerify(...[key, text, signature].map(Proof.tools.unhex)))""",
            [public.hex(), [[part.hex() for part in pair] for pair in tried]],
        )
        if told != [True, False, False, False]:
            wrong.append((number, told))
    assert wrong == []
    # The point of order one "signs" anything where nobody looks for it.
    zero = [(1).to_bytes(32, "little").hex(), "00", ((1).to_bytes(32, "little") + bytes(32)).hex()]
    assert page.evaluate("all => Proof.ownVerify(...all.map(Proof.tools.unhex))", zero) is False


@pytest.mark.thorough
def test_an_old_browser_checks_hashes_and_says_what_it_could_not(
    visit: Visit, sold: Sold, tmp_path: Path
) -> None:
    """N01: without Web Crypto our own hashes do; without whole numbers the box is never green."""
    before = "Object.defineProperty(window, 'crypto', { value: undefined });"
    old = visit(cookies=browser.session_of(sold.player.user), language="en", before=before)
    old.go(sold.address)
    old.page.click("[data-proof-check]")
    assert outcome(old.page) == "good"

    old.go(sold.address)
    old.page.evaluate("delete Proof.verify")
    old.page.click("[data-proof-check]")

    assert outcome(old.page) == "unable"
    unsure = old.page.locator("[data-ok=null]").evaluate_all(STEPS)
    assert unsure == ["receipt", "operations", "independent"]


@pytest.mark.thorough
def test_without_script_the_page_says_what_to_do(visit: Visit, sold: Sold) -> None:
    """N01: nothing is green, the saved proof and the program of the kit are named."""
    visitor = visit(cookies=browser.session_of(sold.player.user), language="en", script=False)

    visitor.go(sold.address)

    assert "Your browser runs no script" in visitor.text()
    assert not visitor.page.locator("[data-proof-check]").is_visible()
    assert visitor.page.locator(".proof--sealed").count() == 0
