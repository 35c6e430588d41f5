"""What a reader finds in a PDF: its text, letter by letter, by the tables that the paper carries.

Reads what our own papers are made of (streams of ASCII85 and Flate, subsets of one face with their
tables of letters), and nothing else.
"""

from __future__ import annotations

import base64
import re
import zlib

_OBJECT = re.compile(rb"(?<!\d)(\d+) 0 obj\s(.*?)endobj", re.DOTALL)
_STREAM = re.compile(rb"stream\r?\n(.*?)\r?\n?endstream", re.DOTALL)
_FACE = re.compile(rb"/(F\d+(?:\+\d+)?)\s+(\d+) 0 R")
_SHOWN = re.compile(
    rb"/(F\d+(?:\+\d+)?)\s+[\d.]+\s+Tf|\(((?:\\.|[^\\()])*)\)\s*Tj|(T\*|BT)", re.DOTALL
)
_ESCAPED = re.compile(rb"\\([0-7]{1,3}|.)", re.DOTALL)
_PLAIN = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}


def read(content: bytes) -> list[str]:
    """The text of each page, a line for each line that was written."""
    objects = {int(number): body for number, body in _OBJECT.findall(content)}
    letters: dict[bytes, dict[int, str]] = {}
    for body in objects.values():
        for name, number in _FACE.findall(body):
            if b"/ToUnicode" in objects[int(number)]:
                letters[name] = _letters(objects, objects[int(number)])
    return [
        _text(_stream(objects[_reference(body, b"Contents")]), letters)
        for _number, body in sorted(objects.items())
        if re.search(rb"/Type\s*/Page\b(?!s)", body)
    ]


def _text(written: bytes, letters: dict[bytes, dict[int, str]]) -> str:
    found: list[str] = []
    face: dict[int, str] = {}
    for name, shown, begun in _SHOWN.findall(written):
        if name:
            face = letters[name]
        elif begun:
            found.append("\n")
        else:
            found.append("".join(face[code] for code in _ESCAPED.sub(_plain, shown)))
    return re.sub(r"\n+", "\n", "".join(found)).strip()


def _plain(escaped: re.Match[bytes]) -> bytes:
    what = escaped[1]
    return bytes([int(what, 8)]) if what[:1].isdigit() else _PLAIN.get(what, what)


def _letters(objects: dict[int, bytes], font: bytes) -> dict[int, str]:
    """Which letter each byte stands for, as the paper itself says."""
    table = _stream(objects[_reference(font, b"ToUnicode")]).decode("ascii")
    found = {}
    for block in re.findall(r"beginbfchar(.*?)endbfchar", table, re.DOTALL):
        for code, letter in re.findall(r"<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f]+)>", block):
            found[int(code, 16)] = _letter(letter)
    for block in re.findall(r"beginbfrange(.*?)endbfrange", table, re.DOTALL):
        rows = re.findall(r"<(\w+)>\s*<(\w+)>\s*(?:\[(.*?)\]|<(\w+)>)", block, re.DOTALL)
        for first, last, each, start in rows:
            named = [_letter(one) for one in re.findall(r"<(\w+)>", each)]
            for place, code in enumerate(range(int(first, 16), int(last, 16) + 1)):
                found[code] = named[place] if named else chr(int(start, 16) + place)
    return found


def _letter(written: str) -> str:
    return bytes.fromhex(written).decode("utf-16-be")


def _reference(body: bytes, name: bytes) -> int:
    found = re.search(rb"/%s\s+(\d+) 0 R" % name, body)
    assert found is not None, name
    return int(found[1])


def _stream(body: bytes) -> bytes:
    found = _STREAM.search(body)
    assert found is not None
    raw = found[1]
    if b"/ASCII85Decode" in body:
        raw = base64.a85decode(raw.strip().removesuffix(b"~>"))
    return zlib.decompress(raw) if b"/FlateDecode" in body else raw
