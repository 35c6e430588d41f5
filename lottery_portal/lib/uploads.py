"""Files that people send: judged by what they are, never by their name or by what they say (P12).

Taken are photographs and scans: JPEG, PNG and PDF. A picture is decoded and written anew, so that
what it carries beside its points (place, device, comments, a second file behind the first) does not
come in. A PDF is kept as it was sent, because nothing here reads all of it: it is only ever handed
out as a download, never shown inside a page.
"""

from __future__ import annotations

import hashlib
import io
import itertools
import re
import struct
import zlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Protocol

from django.utils.translation import gettext_lazy as _
from PIL import Image

from .errors import Refused

JPEG, PNG, PDF = "image/jpeg", "image/png", "application/pdf"
KINDS = frozenset({JPEG, PNG, PDF})
PICTURES = frozenset({JPEG, PNG})
CEILING = 5 * 1024 * 1024  # bytes, as sent
LONGEST_SIDE = 3000  # points of a picture as it is kept: an A4 page at 250 dots an inch
SHORTEST_SIDE = 200  # below it nobody reads a paper
MOST_POINTS = {JPEG: 50_000_000, PNG: 20_000_000}  # before decoding, which takes memory for each
QUALITY = 88
SIDES_AT_MOST = 20  # times the other side: longer strips are no photograph of anything
MOST_SCANS = 64  # of a JPEG; cameras make 10: each one is a walk over all of its points
MOST_STREAMS, MOST_UNPACKED = 5000, 64 * 1024 * 1024  # of a PDF: packed parts, and their bytes

_MAGIC = {JPEG: b"\xff\xd8\xff", PNG: b"\x89PNG\r\n\x1a\n", PDF: b"%PDF-"}
_FORMATS = {JPEG: "JPEG", PNG: "PNG"}
_PDF_END, _PDF_TAIL = b"%%EOF", 1024
_PDF_ACTS = re.compile(
    rb"/(?:JavaScript|Launch|EmbeddedFiles?|RichMedia|SubmitForm|ImportData)(?![A-Za-z0-9])"
)
_PDF_LOCKED = re.compile(rb"/Encrypt(?![A-Za-z0-9])")
_PDF_LETTER = re.compile(rb"#([0-9A-Fa-f]{2})")  # a letter of a name, by its number
_PDF_STREAM = re.compile(rb"(?<!end)stream\r?\n")
_PIECE, _OVERLAP = 1 << 16, 64  # bytes; no name is longer than the second
_SCAN = b"\xff\xda"
_HELD = 0x0112  # the tag that says how the camera was held, and what turns the picture back
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_BROKEN = (  # what decoding raises for files that are not what they begin as
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    struct.error,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
)


class FileMissing(Refused):
    """Nothing was sent, or an empty file."""

    code, status = "upload_empty", 400
    message = _("The file is empty. Please choose a photo or a scan.")


class FileTooLarge(Refused):
    """More bytes than we take."""

    code, status = "upload_too_large", 413
    message = _("The file is larger than %(megabytes)s MB. Please send a smaller photo or scan.")


class KindNotTaken(Refused):
    """By its content none of the kinds that are taken here."""

    code, status = "upload_kind_not_taken", 415
    message = _(
        "We take photos and scans as %(kinds)s. This file is none of them, whatever its name."
    )


class PictureUnreadable(Refused):
    """It begins like a picture or a PDF and does not go on like one."""

    code, status = "upload_unreadable", 400
    message = _("This file is damaged: we could not read it to its end. Please send it again.")


class PictureTooSmall(Refused):
    """Too few points to read anything."""

    code, status = "upload_too_small", 400
    message = _("This picture is too small to read: each side needs %(least)s pixels or more.")


class PictureTooLarge(Refused):
    """More points than a camera takes, or a strip."""

    code, status = "upload_dimensions", 400
    message = _("This picture has unusual dimensions. Please take a plain photo of the whole page.")


class PdfLocked(Refused):
    """It needs a password."""

    code, status = "upload_locked", 400
    message = _("This PDF is protected. Please send one that opens without a password.")


class PdfActs(Refused):
    """It carries a program or another file."""

    code, status = "upload_active", 400
    message = _("This PDF carries programs or other files. Please send a plain scan.")


class Source(Protocol):
    """Where the bytes come from: an uploaded file."""

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes."""


@dataclass(frozen=True)
class Taken:
    """A file as it is kept. Digests are SHA-256 in hex, of what is kept and of what was sent."""

    content: bytes
    media_type: str
    digest: str
    sent_digest: str
    width: int = 0
    height: int = 0

    @property
    def size(self) -> int:
        """Bytes that are kept."""
        return len(self.content)


def read(source: Source, *, ceiling: int = CEILING) -> bytes:
    """The bytes of an uploaded file; `FileTooLarge` as soon as there are more than `ceiling`."""
    raw = source.read(ceiling + 1)
    if len(raw) > ceiling:
        raise FileTooLarge(megabytes=ceiling // 1024**2)
    return raw


def take(raw: bytes, *, kinds: Collection[str] = KINDS, ceiling: int = CEILING) -> Taken:
    """The file as it may be kept, or a `Refused` that says what is wrong with it.

    `kinds` are media types out of `KINDS`; the content decides which it is. Sizes in bytes.
    """
    if not raw:
        raise FileMissing
    if len(raw) > ceiling:
        raise FileTooLarge(megabytes=ceiling // 1024**2)
    media_type = next((kind for kind in _MAGIC if raw.startswith(_MAGIC[kind])), "")
    if media_type not in kinds:
        names = [kind.partition("/")[2].upper() for kind in (JPEG, PNG, PDF) if kind in kinds]
        raise KindNotTaken(kinds=", ".join(names))
    sent_digest = hashlib.sha256(raw).hexdigest()
    if media_type == PDF:
        _check_pdf(raw)
        return Taken(raw, PDF, sent_digest, sent_digest)
    content, (width, height) = _picture(raw, media_type)
    digest = hashlib.sha256(content).hexdigest()
    return Taken(content, media_type, digest, sent_digest, width, height)


def _picture(raw: bytes, media_type: str) -> tuple[bytes, tuple[int, int]]:
    """The points of a picture, upright, at most `LONGEST_SIDE` long, and nothing else of it."""
    form = _FORMATS[media_type]
    if media_type == JPEG and raw.count(_SCAN) > MOST_SCANS:
        raise PictureTooLarge
    try:
        with Image.open(io.BytesIO(raw), formats=(form,)) as sent:
            is_slow = "progressive" in sent.info  # keeps every point while it is decoded
            _check_size(sent.size, PNG if is_slow else media_type)
            sent.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))  # a JPEG is decoded no larger than used
            sent.load()
            upright = _upright(sent)
            upright.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
            kept = Image.new("RGB", upright.size, "white")
            seen_through = (
                upright.convert("RGBA") if upright.mode in {"LA", "PA", "P", "RGBA"} else None
            )
            kept.paste((seen_through or upright).convert("RGB"), mask=seen_through)
    except _BROKEN as exc:
        raise PictureUnreadable from exc
    written = io.BytesIO()
    if media_type == JPEG:
        kept.save(written, form, quality=QUALITY)
    else:
        kept.save(written, form)
    return written.getvalue(), kept.size


def _upright(sent: Image.Image) -> Image.Image:
    """As the camera was held; what else it says of itself is not read."""
    try:
        turn = _TURNS.get(sent.getexif().get(_HELD, 0))
    except (TypeError, KeyError, IndexError, AttributeError, ZeroDivisionError, OverflowError):
        return sent  # made to be misread
    return sent if turn is None else sent.transpose(turn)


def _check_size(size: tuple[int, int], media_type: str) -> None:
    if min(size) < SHORTEST_SIDE:
        raise PictureTooSmall(least=SHORTEST_SIDE)
    if size[0] * size[1] > MOST_POINTS[media_type] or max(size) > SIDES_AT_MOST * min(size):
        raise PictureTooLarge


def _check_pdf(raw: bytes) -> None:
    """What can be seen without showing it: that it ends, is open, and does nothing.

    Names are read as a viewer reads them, in what is packed too. It is no reader of PDF all the
    same: that is why nobody is ever shown one inside a page.
    """
    if _PDF_END not in raw[-_PDF_TAIL:]:
        raise PictureUnreadable
    if _PDF_LOCKED.search(_named(raw)):
        raise PdfLocked
    for part in itertools.chain([raw], _unpacked(raw)):
        if _PDF_ACTS.search(_named(part)):
            raise PdfActs


def _named(part: bytes) -> bytes:
    """The same with every letter of a name as itself: `/J#61vaScript` is `/JavaScript`."""
    return _PDF_LETTER.sub(lambda found: bytes([int(found[1], 16)]), part)


def _unpacked(raw: bytes) -> Iterator[bytes]:
    """What a PDF packs, piece by piece, each with the end of the one before it."""
    left = MOST_UNPACKED
    whole = memoryview(raw)
    for number, found in enumerate(_PDF_STREAM.finditer(raw)):
        if number >= MOST_STREAMS:
            raise PictureTooLarge
        end = b""
        for piece in _inflated(whole[found.end() :]):
            left -= len(piece)
            if left < 0:
                raise PictureTooLarge
            yield end + piece
            end = piece[-_OVERLAP:]


def _inflated(packed: memoryview) -> Iterator[bytes]:
    """The pieces of what begins here, until it ends or is not packed so."""
    unpacking = zlib.decompressobj()
    place, rest = 0, b""
    try:
        while not unpacking.eof and (rest or place < len(packed)):
            given = rest or packed[place : place + _PIECE]
            place += 0 if rest else _PIECE
            piece = unpacking.decompress(given, _PIECE)
            rest = unpacking.unconsumed_tail
            if piece:
                yield piece
    except zlib.error:
        return
