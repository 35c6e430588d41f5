"""What the papers of a claim are called, in the language of the reader (F101)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

HANDED_IN: Mapping[str, Any] = {  # at the desk
    "IDENTITY": gettext_lazy("Identity paper, scanned"),
    "TICKET": gettext_lazy("Photo of the ticket"),
    "PERSON": gettext_lazy("Photo of the winner"),
    "STATEMENT": gettext_lazy("Written statement"),
    "AUTHORITY": gettext_lazy("Authorisation of a proxy"),
    "OTHER": gettext_lazy("Another paper"),
}
NAMES: Mapping[str, Any] = {
    **HANDED_IN,
    "TICKET": gettext_lazy("Photo or proof of the ticket"),  # of an electronic one, its proof
    "CONFIRMATION": gettext_lazy("Confirmation that the winner signed"),
    "SIGNATURE": gettext_lazy("Signature of the winner"),
    "VOUCHER": gettext_lazy("Voucher of the payment"),
}


def name(kind: str) -> str:
    """What a kind of paper is called; one that has no name yet by its word."""
    return str(NAMES.get(kind, kind))


def listed(kinds: Iterable[str]) -> str:
    """Several kinds in one sentence, parted so that names with commas stay apart."""
    return _("; ").join(name(kind) for kind in kinds)
