"""What this room tells players."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from accounts import messages
from accounts.messages import EVERYWHERE, Kind

messages.register(
    Kind(
        name="finance.deposit_credited",
        title=_("Your deposit has arrived"),
        template="finance/mail/deposit_credited.txt",
        address=messages.page("finance:deposit_state", "deposit"),
    )
)
messages.register(
    Kind(
        name="finance.deposit_charged_back",
        title=_("Your bank took a deposit back"),
        template="finance/mail/deposit_charged_back.txt",
        sms="finance/mail/deposit_charged_back_sms.txt",
        channels=EVERYWHERE,
        is_legal=True,
        address=messages.page("finance:deposit_state", "deposit"),
    )
)
messages.register(
    Kind(
        name="finance.transfers_blocked",
        title=_("Deposits and withdrawals rest for a while"),
        template="finance/mail/transfers_blocked.txt",
        channels=EVERYWHERE,
        is_legal=True,
        address=messages.page("finance:wallet"),
    )
)
messages.register(
    Kind(
        name="finance.withdrawal_paid",
        title=_("Your withdrawal was paid"),
        template="finance/mail/withdrawal_paid.txt",
        sms="finance/mail/withdrawal_paid_sms.txt",
        channels=EVERYWHERE,
        address=messages.page("finance:withdrawal", "withdrawal"),
    )
)
messages.register(
    Kind(
        name="finance.withdrawal_returned",
        title=_("Your withdrawal came back"),
        template="finance/mail/withdrawal_returned.txt",
        sms="finance/mail/withdrawal_returned_sms.txt",
        channels=EVERYWHERE,
        is_legal=True,
        address=messages.page("finance:withdrawal", "withdrawal"),
    )
)
messages.register(
    Kind(
        name="finance.return_done",
        title=_("A deposit went back to where you paid it from"),
        template="finance/mail/return_done.txt",
        sms="finance/mail/return_done_sms.txt",
        channels=EVERYWHERE,
        is_legal=True,
        address=messages.page("finance:deposit_state", "deposit"),
    )
)
messages.register(
    Kind(
        name="finance.return_failed",
        title=_("A refund came back into your balance"),
        template="finance/mail/return_failed.txt",
        address=messages.page("finance:deposit_state", "deposit"),
    )
)
