"""What banks and institutions say when money does not arrive, in words that people understand.

The row keeps what was said, a code or a sentence; pages and messages say it in the reader's
language. A code that nobody explains here is shown as it came.
"""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from lottery_portal.lib.sentences import sentence

# Written by us where the other side said nothing.
NOTHING_SAID = sentence(gettext_noop("The bank gave no reason."))

sentence(gettext_noop("The account is closed."))

CODES: dict[str, str | Promise] = {
    "ACCOUNT_FROZEN": _("The account is frozen."),
    "ACCOUNT_NOT_EXIST": _("There is no such account."),
    "CLOSED": _("The institution closed it without paying."),
    "DAY_RECEIVED_COUNT_EXCEED": _("The account may receive no more payments today."),
    "DAY_RECEIVED_QUOTA_EXCEED": _("The account may receive no more money today."),
    "ID_CARD_NOT_CORRECT": _("The identity does not fit the account."),
    "MONTH_RECEIVED_QUOTA_EXCEED": _("The account may receive no more money this month."),
    "NAME_NOT_CORRECT": _("The name does not fit the account."),
    "OPENID_INVALID": _("There is no such account."),
    "OVERDUE_CLOSE": _("The institution closed it without paying."),
    "PAYEE_ACCOUNT_ABNORMAL": _("The account cannot receive money at present."),
    "PAYEE_NOT_EXIST": _("There is no such account."),
    "PAYEE_USER_INFO_ERROR": _("The name does not fit the account."),
    "REAL_NAME_CHECK_FAIL": _("The account has no confirmed name."),
    "TRANSFER_RISK": _("The institution held it back as too risky."),
}


def _explain(code: str, words: str | Promise) -> None:
    sentence(code, lambda _figures: str(words))


for _code, _words in CODES.items():
    _explain(_code, _words)
