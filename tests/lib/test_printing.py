"""Papers show every letter of a name, or say which letter is meant."""

from __future__ import annotations

from io import BytesIO

import pytest
from django.utils import translation
from reportlab.lib.styles import ParagraphStyle
from reportlab.platypus import PageBreak, SimpleDocTemplate

from lottery_portal.lib import printing
from tests.finance import pdf_text

CHINESE = printing.body("test-chinese", size=10, leading=15)
WORDS = ParagraphStyle("test-words", parent=CHINESE, wordWrap=None)
RARE = "王𬱖 陈𠅤 刘䶮 赵㛃 鿏"  # of extensions A, B, E, and of the end of the first block
UNKNOWN = "孙\U0002a6a5"


def printed(*pages: str, style: ParagraphStyle = CHINESE) -> bytes:
    """A paper with a page for each of these."""
    printing.letters()
    made = BytesIO()
    story = [part for text in pages for part in (printing.paragraph(text, style), PageBreak())]
    with translation.override("en"):
        SimpleDocTemplate(made, invariant=1).build(story, canvasmaker=printing.first_canvas)
    return made.getvalue()


@pytest.mark.parametrize("style", [CHINESE, WORDS], ids=["chinese", "words"])
def test_rare_letters_of_names_are_drawn_and_can_be_copied(style):
    """F098, F276: from a second face, carried in the paper; the same bytes every time."""
    paper = printed(f"<&> {RARE}", style=style)

    (page,) = pdf_text.read(paper)
    assert page == f"<&> {RARE}"
    assert b"+NotoSansCJKsc" in paper
    assert b"Helvetica" not in paper
    assert printed(f"<&> {RARE}", style=style) == paper
    assert b"+Noto" not in printed("王小雨")  # a paper carries no face that it does not need


def test_a_letter_of_no_face_is_named_by_its_number_and_its_page_says_so():
    """F098: the name stays the name for the law; other pages say nothing of it."""
    one, two, three = pdf_text.read(printed("王小雨", UNKNOWN, RARE))

    assert two.startswith("孙〓[U+2A6A5]\n〓 stands for a letter")
    assert "says which letter is meant" in two
    for page in (one, three):
        assert printing.UNSHOWN not in page
    assert printing.shown(UNKNOWN) == "孙〓[U+2A6A5]"
    assert printing.shown("刘䶮") == "刘〓[U+4DAE]"  # a line in the first face alone
