"""The saved page of a proof: HTML that carries the proof file as JSON, for its own script.

`<script id="proof-data" type="application/json">…</script>`, once, with every `<` of the JSON
written as `\\u003C`. Nothing else of the page is read, nor believed: what it shows is its own word.
"""

from __future__ import annotations

from .strict import Wrong

_BLANK = b"\xef\xbb\xbf \t\r\n"
_BEGINS = b'<script id="proof-data" type="application/json">'
_ENDS = b"</script>"


def is_page(raw: bytes) -> bool:
    """Whether this is some page of the web, and so no JSON."""
    return raw.lstrip(_BLANK).startswith(b"<")


def proof_in_page(raw: bytes) -> bytes:
    """The proof file that a saved page carries, or what to give instead."""
    before_and_after = raw.split(_BEGINS)
    if len(before_and_after) == 1:
        raise Wrong(
            "this page carries no proof: give the page that “Save the proof” saved, unchanged, or"
            " the proof as JSON"
        )
    if len(before_and_after) > 2:  # noqa: PLR2004 - before it, and after it
        raise Wrong("this page carries more than one proof")
    carried, end, _rest = before_and_after[1].partition(_ENDS)
    if not end or b"<" in carried:
        raise Wrong("the proof in this page is cut off, or not as it was saved")
    return carried
