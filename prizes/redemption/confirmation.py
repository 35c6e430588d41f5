"""What a winner reads and signs before he is paid: amount, deductions, payee, rules (F090, F277).

The text is made of the claim's own figures and nothing else, so that the same claim says the same
in one language for ever; its digest is what is signed.
"""

from __future__ import annotations

from django.utils import translation
from django.utils.translation import gettext as _

from audit import canonical
from lottery_portal.lib import codes
from lottery_portal.lib.money import with_unit
from prizes.claim_models import Claim

VERSION = 2


def text_of(claim: Claim, language: str) -> str:
    """The confirmation of a completed claim, line by line, in a language."""
    prize = claim.prize
    with translation.override(language):
        lines = [
            _("Confirmation of a prize"),
            _("Claim: %(claim)s") % {"claim": codes.shown(claim.code)},
            _("Ticket: %(ticket)s") % {"ticket": codes.shown(prize.ticket.code)},
            _("Draw: %(game)s %(issue)s")
            % {"game": _(prize.draw.game.name), "issue": prize.draw.issue},
            _("Prize: %(amount)s") % {"amount": with_unit(prize.amount)},
            _("Tax withheld: %(amount)s") % {"amount": with_unit(claim.tax)},
            _("Paid out: %(amount)s") % {"amount": with_unit(claim.net)},
            _("Paid by: %(method)s") % {"method": Claim.Method(claim.method).label},
            *_paid_to(claim),
            _("The ticket is my own. Amount, deductions and payee are right; I have read them."),
            _("With this payment the prize is settled; it is paid once."),
            _("A prize that was obtained by deception is taken back and reported to the police."),
        ]
    return "\n".join(lines) + "\n"


def _paid_to(claim: Claim) -> list[str]:
    """Which account the prize goes to, or out of which desk the notes are counted."""
    if not claim.payee:
        return []
    payee = {"payee": codes.shown(claim.payee)}
    if claim.method == Claim.Method.CASH:
        return [_("Cash desk: %(payee)s") % payee]
    return [_("Payee: %(payee)s") % payee]


def digest_of(text: str) -> str:
    """What is signed: the SHA-256 of the text."""
    return canonical.digest(text)
