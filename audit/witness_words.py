"""What the witness and the log say, for readers of every language.

The witness is a program of its own that answers in English, and what it says is stored as it came;
`lottery_portal.lib.sentences` shows it. `tests/audit/test_witness_words.py` reads its source, so
that none of its sentences is missing here.
"""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from lottery_portal.lib.money import yuan
from lottery_portal.lib.sentences import sentence

from .alarm_words import FOUND, KINDS

for _english in (
    gettext_noop("not signed by the key of this log"),
    gettext_noop("nobody said by which key this log signs"),
    gettext_noop("another log is known"),
    gettext_noop("the log went back"),
    gettext_noop("another log of the same size"),
    gettext_noop("another checkpoint of the same size"),
    gettext_noop("the proof begins elsewhere"),
    gettext_noop("the log did not only grow"),
    gettext_noop("the count of tickets does not follow"),
    gettext_noop("the draw is closed"),
    gettext_noop("an interval is missing or was told before"),
    gettext_noop("the stake went back"),
    gettext_noop("more is taken back than was sold"),
    gettext_noop("the sales of this draw were not closed with us"),
    gettext_noop("another statement of this draw was signed"),
    gettext_noop("previous_root is not the root we signed last"),
    gettext_noop("the header names another draw or rule sheet"),
):
    sentence(_english)


def _number(text: str) -> int:
    return int(text) if text.isdecimal() else 0


def _yuan(text: str) -> str:
    return yuan(int(text)) if text.isdecimal() else text


sentence(
    "%(found)s tickets were taken back that were not told before",
    lambda told: (
        ngettext(
            "%(found)s ticket was taken back that was not told before",
            "%(found)s tickets were taken back that were not told before",
            _number(told["found"]),
        )
        % told
    ),
)

# What the sealed file has, where the statement says something else.
sentence(
    "tickets is %(found)s",
    lambda told: (
        ngettext(
            "the file has %(found)s ticket",
            "the file has %(found)s tickets",
            _number(told["found"]),
        )
        % told
    ),
)
sentence(
    "stake_fen is %(found)s",
    lambda told: _("the stakes in the file are %(amount)s yuan") % {"amount": _yuan(told["found"])},
)
sentence("root is %(found)s", lambda told: _("the root of the file is %(found)s") % told)
sentence("file_digest is %(found)s", lambda told: _("the digest of the file is %(found)s") % told)
sentence("file_size is %(found)s", lambda told: _("the file has %(found)s bytes") % told)
# What was told while tickets were sold.
sentence(
    "%(count)s lines are of another draw",
    lambda told: (
        ngettext(
            "%(count)s line is of another draw",
            "%(count)s lines are of another draw",
            _number(told["count"]),
        )
        % told
    ),
)
sentence(
    "%(count)s tickets were not told while sold: %(tickets)s",
    lambda told: (
        ngettext(
            "%(count)s ticket was not told while sold: %(tickets)s",
            "%(count)s tickets were not told while sold: %(tickets)s",
            _number(told["count"]),
        )
        % told
    ),
)
sentence(
    "%(count)s tickets that were told are missing",
    lambda told: (
        ngettext(
            "%(count)s ticket that was told is missing",
            "%(count)s tickets that were told are missing",
            _number(told["count"]),
        )
        % told
    ),
)
sentence(
    "the stake that was told is %(found)s",
    lambda told: (
        _("the stakes that were told are %(amount)s yuan") % {"amount": _yuan(told["found"])}
    ),
)


def _thing(kind: str, what: str) -> None:
    """One thing that is not as it was logged, as `log.Difference` spells it."""
    sentence(
        f"{kind} %(key)s {what}",
        lambda told: (
            _("%(kind)s %(key)s: %(what)s") % {"kind": KINDS[kind], "what": FOUND[what], **told}
        ),
    )


for _kind in ("result", "result_entry", "rule_sheet", "seal_statement"):
    for _what in ("changed", "missing", "unlogged", "relogged"):
        _thing(_kind, _what)
