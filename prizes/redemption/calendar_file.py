"""An appointment as a file that every calendar reads (RFC 5545)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_LONGEST = 75  # octets of a line


def event(
    *,
    uid: str,
    starts_at: datetime,
    ends_at: datetime,
    title: str,
    place: str,
    about: str,
    written_at: datetime,
) -> bytes:
    """One event with a reminder a day before; times in UTC, lines folded."""
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//lottery portal//appointments//",
        "METHOD:PUBLISH",
        "BEGIN:VEVENT",
        f"UID:{uid}",
        f"DTSTAMP:{_moment(written_at)}",
        f"DTSTART:{_moment(starts_at)}",
        f"DTEND:{_moment(ends_at)}",
        f"SUMMARY:{_text(title)}",
        f"LOCATION:{_text(place)}",
        f"DESCRIPTION:{_text(about)}",
        "BEGIN:VALARM",
        "ACTION:DISPLAY",
        f"DESCRIPTION:{_text(title)}",
        f"TRIGGER:-P{timedelta(days=1).days}D",
        "END:VALARM",
        "END:VEVENT",
        "END:VCALENDAR",
    ]
    return "".join(f"{folded}\r\n" for line in lines for folded in _folded(line)).encode()


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _text(words: str) -> str:
    """The words as one line of the file; what no reader sees, or takes for an end, is a space."""
    lines = (
        "".join(letter if letter.isprintable() else " " for letter in line)
        for line in words.splitlines()
    )
    escaped = "\n".join(lines).replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return escaped.replace("\n", "\\n")


def _folded(line: str) -> list[str]:
    """The line in pieces of 75 octets at most, no character torn; each but the first indented."""
    pieces, piece = [], ""
    for character in line:
        if len((piece + character).encode()) > _LONGEST:
            pieces.append(piece)
            piece = " "
        piece += character
    return [*pieces, piece]
