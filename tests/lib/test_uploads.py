"""Files that people send: judged by content, written anew, refused in a sentence (P12)."""

from __future__ import annotations

import hashlib
import io
import zlib

import pytest
from PIL import Image, PngImagePlugin

from lottery_portal.lib import uploads

PDF = b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"


def picture(form="JPEG", size=(640, 400), mode="RGB", **kept):
    made = io.BytesIO()
    Image.linear_gradient("L").resize(size).convert(mode).save(made, form, **kept)
    return made.getvalue()


def walked(times):
    """A JPEG whose smallest walk over its points is done so many times more (T.81)."""
    raw = picture(size=(300, 300), progressive=True)
    starts = [at for at in range(len(raw)) if raw.startswith(b"\xff\xda", at)]
    ends = [min(at for at in (*starts[1:], len(raw) - 2) if at > start) for start in starts]
    start, end = min(zip(starts[1:], ends[1:], strict=True), key=lambda one: one[1] - one[0])
    tables = raw.rfind(b"\xff\xc4", start, end)  # those of the next one stay with it
    end = tables if tables > 0 else end
    return raw[:end] + raw[start:end] * times + raw[end:]


def points(width, height):
    """A JPEG of the slow kind that says it has so many points."""
    raw = picture(size=(300, 300), progressive=True)
    said = raw.index(b"\xff\xc2") + 5
    return raw[:said] + height.to_bytes(2, "big") + width.to_bytes(2, "big") + raw[said + 4 :]


def packing(*parts):
    """A PDF that packs these."""
    streams = b"".join(
        b"2 0 obj<</Filter/FlateDecode>>stream\n" + zlib.compress(part) + b"\nendstream endobj\n"
        for part in parts
    )
    return PDF.replace(b"trailer", streams + b"trailer")


def opened(taken):
    return Image.open(io.BytesIO(taken.content))


def told_all():
    """A photograph that tells where and by what it was taken, and carries an archive behind it."""
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees
    exif[0x010F] = "Camera of Alice"
    exif.get_ifd(0x8825)[1] = "N"
    return picture(exif=exif, comment=b"at home", icc_profile=b"profile") + b"PK\x03\x04 behind"


def test_a_photo_is_written_anew_without_what_it_tells():
    raw = told_all()
    assert b"Camera of Alice" in raw

    taken = uploads.take(raw)

    assert (taken.media_type, taken.width, taken.height) == ("image/jpeg", 400, 640)
    for secret in (b"Camera of Alice", b"at home", b"profile", b"Exif", b"PK\x03\x04"):
        assert secret not in taken.content
    with opened(taken) as kept:
        assert kept.size == (400, 640)
        assert not kept.getexif()
    assert taken.digest == hashlib.sha256(taken.content).hexdigest()
    assert taken.sent_digest == hashlib.sha256(raw).hexdigest()
    assert taken.size == len(taken.content)


def test_a_png_loses_its_texts_and_what_shines_through_is_white():
    told = PngImagePlugin.PngInfo()
    told.add_text("Author", "Alice at home")
    whole, clear = io.BytesIO(), io.BytesIO()
    Image.new("RGB", (300, 300), "red").save(whole, "PNG", pnginfo=told)
    Image.new("RGBA", (300, 300), (0, 0, 0, 0)).save(clear, "PNG")

    with opened(uploads.take(whole.getvalue())) as kept:
        assert (kept.format, kept.getpixel((9, 9)), kept.info) == ("PNG", (255, 0, 0), {})
    with opened(uploads.take(clear.getvalue())) as kept:
        assert kept.getpixel((9, 9)) == (255, 255, 255)


def test_a_large_photo_is_kept_at_reading_size():
    taken = uploads.take(picture(size=(4200, 3000), mode="L"))

    assert (taken.width, taken.height) == (3000, 2143)


@pytest.mark.parametrize("raw", [PDF, packing(b"1 0 0 rg", bytes(300_000))])
def test_a_scan_in_pdf_is_kept_as_it_was_sent(raw):
    taken = uploads.take(raw)

    assert (taken.content, taken.media_type) == (raw, "application/pdf")
    assert taken.digest == taken.sent_digest == hashlib.sha256(raw).hexdigest()


@pytest.mark.parametrize("kind", [1, 2, 7])
def test_what_a_camera_says_wrongly_costs_nobody_his_photo(kind):
    exif = Image.Exif()
    exif[0x0112], exif[0x011A] = 6, 72.0  # how it was held, and dots an inch: no number
    raw = picture(exif=exif).replace(b"\x01\x1a\0\x05", b"\x01\x1a\0" + bytes([kind]))

    taken = uploads.take(raw)

    assert (taken.width, taken.height) == (400, 640)


def test_a_photo_that_is_read_in_steps_is_taken():
    taken = uploads.take(picture(progressive=True))

    assert (taken.width, taken.height) == (640, 400)
    assert not opened(taken).info.get("progressive")


def says(width, height):
    """A PNG that says it has so many points, and has none."""
    head = b"IHDR" + width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes([8, 2, 0, 0, 0])
    parts = [(13, head), (0, b"IDAT"), (0, b"IEND")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        length.to_bytes(4, "big") + part + zlib.crc32(part).to_bytes(4, "big")
        for length, part in parts
    )


ACTS = b"1 0 <</S/JavaScript/JS(app.alert(1))>>"
REFUSED = {
    "nothing": (b"", uploads.FileMissing),
    "a program": (b"MZ\x90\x00 program", uploads.KindNotTaken),
    "a page": (b"<svg onload='x'></svg>", uploads.KindNotTaken),
    "a gif": (picture("GIF", mode="L"), uploads.KindNotTaken),
    "a webp": (b"RIFF\x00\x00\x00\x00WEBPVP8 ", uploads.KindNotTaken),
    "a page after spaces": (b" \n" + PDF, uploads.KindNotTaken),
    "half a photo": (picture()[:1500], uploads.PictureUnreadable),
    "a photo in name only": (b"\xff\xd8\xff" + b"<script>" * 50, uploads.PictureUnreadable),
    "a png in name only": (b"\x89PNG\r\n\x1a\n" + b"no" * 50, uploads.PictureUnreadable),
    "a bomb": (says(60_000, 60_000), uploads.PictureUnreadable),
    "an empty picture": (says(5000, 4000), uploads.PictureUnreadable),
    "a stamp": (picture(size=(640, 199)), uploads.PictureTooSmall),
    "a strip": (picture("PNG", size=(4001, 200), mode="L"), uploads.PictureTooLarge),
    "too many points": (says(5000, 4001), uploads.PictureTooLarge),
    "a pdf cut off": (PDF[:-7] + b" " * 2000, uploads.PictureUnreadable),
    "a locked pdf": (PDF.replace(b"/Root", b"/Encrypt 5 0 R/Root"), uploads.PdfLocked),
    "a pdf that acts": (PDF.replace(b"/Type", b"/S/JavaScript/Type"), uploads.PdfActs),
    "a pdf with a file": (PDF.replace(b"/Type", b"/EmbeddedFile/Type"), uploads.PdfActs),
    "a pdf with files": (PDF.replace(b"/Type", b"/EmbeddedFiles/Type"), uploads.PdfActs),
    "a pdf that spells it": (PDF.replace(b"/Type", b"/S/J#61va#53cript/Type"), uploads.PdfActs),
    "a pdf that spells its lock": (PDF.replace(b"/Root", b"/#45ncrypt/Root"), uploads.PdfLocked),
    "a pdf that packs it": (packing(b"1 0 0 rg", ACTS), uploads.PdfActs),
    "a pdf that packs it far": (packing(b" " * (uploads._PIECE - 20) + ACTS), uploads.PdfActs),
    "a pdf of a thousand": (packing(*[b""] * (uploads.MOST_STREAMS + 1)), uploads.PictureTooLarge),
    "a pdf that is a bomb": (packing(bytes(uploads.MOST_UNPACKED + 1)), uploads.PictureTooLarge),
    "a photo that takes an hour": (walked(uploads.MOST_SCANS), uploads.PictureTooLarge),
    "a photo that takes all memory": (points(5000, 4001), uploads.PictureTooLarge),
}


@pytest.mark.parametrize("which", REFUSED)
def test_everything_else_is_refused_in_a_sentence(which):
    raw, refusal = REFUSED[which]

    with pytest.raises(refusal) as refused:
        uploads.take(raw)

    assert str(refused.value)
    assert "%(" not in str(refused.value)


def test_sizes_end_at_the_ceiling():
    raw = PDF[:-6] + b" " * (2000 - len(PDF)) + PDF[-6:]
    assert len(raw) == 2000

    assert uploads.take(raw, ceiling=2000).size == 2000
    with pytest.raises(uploads.FileTooLarge):
        uploads.take(raw, ceiling=1999)
    assert uploads.read(io.BytesIO(raw), ceiling=2000) == raw
    with pytest.raises(uploads.FileTooLarge):
        uploads.read(io.BytesIO(raw), ceiling=1999)
    with pytest.raises(uploads.KindNotTaken) as refused:
        uploads.take(PDF, kinds=uploads.PICTURES)
    assert "PDF" not in str(refused.value)
