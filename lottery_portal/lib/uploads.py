"""Files that people send: judged by what they are, never by their name or by what they say (P12).

Taken are photographs and scans: JPEG, PNG and PDF. A picture is decoded and written anew, so that
what it carries beside its points (place, device, comments, a second file behind the first) does not
come in. A PDF is kept as it was sent, because nothing here reads all of it: it is only ever handed
out as a download, never shown inside a page.
"""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

from django.utils.translation import gettext_lazy as _
from PIL import Image, ImageOps

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

_MAGIC = {JPEG: b"\xff\xd8\xff", PNG: b"\x89PNG\r\n\x1a\n", PDF: b"%PDF-"}
_FORMATS = {JPEG: "JPEG", PNG: "PNG"}
_PDF_END, _PDF_TAIL = b"%%EOF", 1024
_PDF_ACTS = re.compile(rb"/(?:JavaScript|Launch|EmbeddedFile|RichMedia)\b")
_PDF_LOCKED = re.compile(rb"/Encrypt\b")
_BROKEN = (  # what decoding raises for files that are not what they begin as
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
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
    try:
        with Image.open(io.BytesIO(raw), formats=(form,)) as sent:
            _check_size(sent.size, media_type)
            sent.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))  # a JPEG is decoded no larger than used
            sent.load()
            upright = ImageOps.exif_transpose(sent)
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


def _cover(image: Image.Image) -> Image.Image | None:
    """How much of the white behind it a picture covers; None where it covers all of it."""
    is_open = image.mode in {"LA", "PA", "RGBA"} or "transparency" in image.info
    return image.convert("RGBA").getchannel("A") if is_open else None


def _check_size(size: tuple[int, int], media_type: str) -> None:
    if min(size) < SHORTEST_SIDE:
        raise PictureTooSmall(least=SHORTEST_SIDE)
    if size[0] * size[1] > MOST_POINTS[media_type] or max(size) > SIDES_AT_MOST * min(size):
        raise PictureTooLarge


def _check_pdf(raw: bytes) -> None:
    """What can be seen without reading the whole: that it ends, is open, and does nothing.

    Parts that a PDF packs are not unpacked: that is why nobody is ever shown one inside a page.
    """
    if _PDF_END not in raw[-_PDF_TAIL:]:
        raise PictureUnreadable
    if _PDF_LOCKED.search(raw):
        raise PdfLocked
    if _PDF_ACTS.search(raw):
        raise PdfActs
