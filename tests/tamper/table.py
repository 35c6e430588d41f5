"""`python -m tests.tamper.table` writes `docs/integrity.md` from what the tests assert."""

from __future__ import annotations

from pathlib import Path

from tests.tamper import answers, loops

PAGE = Path(__file__).resolve().parents[2] / "docs" / "integrity.md"
MARK = "<!-- written by python -m tests.tamper.table -->"

NIGHTLY = (
    f"nightly comparison, or when ordered on the desk: ≤ {loops.shown(loops.WITHIN[loops.NIGHTLY])}"
)
ROLLING = f"rolling check while the draw sells: ≤ {loops.shown(loops.WITHIN[loops.ROLLING])}"
SETTLEMENT = "settlement: before anybody is paid"
BRACKETS = (
    "In brackets: seconds from the commit of the deed to the alarm when the loop comes round at"
    " once, the longer of both hands, in a small house"
)
# Which loops find a deed to a thing, besides the night's: their name, and what the page says.
LOOPS = {
    "ticket": [(loops.ROLLING, ROLLING), (loops.SETTLEMENT, SETTLEMENT)],
    "selection": [(loops.ROLLING, ROLLING), (loops.SETTLEMENT, SETTLEMENT)],
    "result": [(loops.SETTLEMENT, SETTLEMENT)],
    "seal statement": [(loops.SETTLEMENT, SETTLEMENT)],
    "signature of a seal": [(loops.SETTLEMENT, SETTLEMENT)],
    "publication of a seal": [(loops.SETTLEMENT, SETTLEMENT)],
    "hit": [("", "crediting and its end, before the draw is published")],
    "prize": [("", "end of the settlement, before the draw is published")],
    "prize sheet": [("", "end of the settlement")],
    "run of an engine": [("", "comparison of the engines")],
}  # fmt: skip

INSERTED = (
    ("after the close, before the seal", "ticket_draw_open; no right on the table",
     "alarm names the ticket; no seal is countersigned or published",
     "closing interval: with the seal, before the draw"),
    ("under the seal", "no right on the table",
     "settlement refuses, names the ticket; so too with an entry of its own in the log",
     "settlement: before anybody is paid"),
    ("after the draw", "no right on the table",
     "settlement refuses, names the ticket; so too with an entry of its own in the log",
     "settlement: before anybody is paid"),
    ("after the settlement", "no right on the table",
     "unlogged; with an entry of its own in the log: late", NIGHTLY),
)  # fmt: skip


def _found_by(thing: str, deed: str) -> str:
    """The loops with their bounds, and in brackets what was measured."""
    every = [*LOOPS.get(thing, []), (loops.NIGHTLY, NIGHTLY)]
    return "; ".join(f"{said}{loops.measured(name, thing, deed)}" for name, said in every)


def text() -> str:
    """When it was measured, and the two tables."""
    when = loops.figures()
    rows = [
        f"{BRACKETS}; {when['date']}, {when['machine']}.",
        "",
        "| thing | deed | application | owner, superuser | found by, within |",
        "|---|---|---|---|---|",
    ]
    for thing, deed in answers.ATTACKS:
        refused = answers.refusal(thing.name, deed)
        said = "no right (42501)" if refused == answers.DENIED else f"`{refused}`"
        named = answers.word(thing.name, deed)
        by = _found_by(thing.name, deed)
        rows.append(f"| {thing.name} | {deed} | {said} | named: {named} | {by} |")
    rows += [
        "",
        "## A ticket put in after the close",
        "",
        "| when | application | owner, superuser | found by, within |",
        "|---|---|---|---|",
        *(f"| {when} | {app} | {found} | {by} |" for when, app, found, by in INSERTED),
        "",
    ]
    return "\n".join(rows)


def write() -> None:
    """Put the tables in their place on the page."""
    head, _mark, _old = PAGE.read_text(encoding="utf-8").partition(MARK)
    PAGE.write_text(f"{head}{MARK}\n\n{text()}", encoding="utf-8")


if __name__ == "__main__":
    write()
