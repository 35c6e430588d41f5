"""`python -m tests.tamper.table` writes `docs/integrity.md` from what the tests assert."""

from __future__ import annotations

from pathlib import Path

from tests.tamper import answers

PAGE = Path(__file__).resolve().parents[2] / "docs" / "integrity.md"
MARK = "<!-- written by python -m tests.tamper.table -->"

NIGHTLY = "nightly comparison, or when ordered on the desk: ≤ 24 h"
ROLLING = (
    "rolling check while the draw sells: ≤ 150 s; settlement: before anybody is paid; " + NIGHTLY
)
SEALED = "settlement, before anybody is paid; " + NIGHTLY
LOOPS = {
    "ticket": ROLLING, "selection": ROLLING, "result": SEALED, "seal statement": SEALED,
    "hit": "crediting and its end, before the draw is published; " + NIGHTLY,
    "prize": "end of the settlement, before the draw is published; " + NIGHTLY,
    "prize sheet": "end of the settlement; " + NIGHTLY,
    "run of an engine": "comparison of the engines; " + NIGHTLY,
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


def text() -> str:
    """The two tables."""
    rows = [
        "| thing | deed | application | owner, superuser | found by, within |",
        "|---|---|---|---|---|",
    ]
    for thing, deed in answers.ATTACKS:
        refused = answers.refusal(thing.name, deed)
        said = "no right (42501)" if refused == answers.DENIED else f"`{refused}`"
        loop = LOOPS.get(thing.name, NIGHTLY)
        rows.append(
            f"| {thing.name} | {deed} | {said} | named: {answers.word(thing.name, deed)} | {loop} |"
        )
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
