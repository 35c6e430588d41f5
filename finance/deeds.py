"""What the deeds and objects of this room are called."""

from django.utils.translation import gettext_lazy as _

from accounts import step_up
from audit import policies, trail

trail.name_deeds(
    {
        "finance.adjustment_booked": _("Correction of the books booked"),
        "finance.period_closed": _("Period of the books closed"),
        "finance.due_made": _("Due made"),
        "finance.payee_listed": _("Payee listed"),
        "finance.payee_refused": _("Payee refused"),
        "finance.payee_retired": _("Payee taken off the list"),
        "finance.payment_order_approved": _("Payment order approved"),
        "finance.payment_order_paid": _("Payment order paid"),
        "finance.payment_order_dropped": _("Payment order dropped"),
        "finance.payment_order_returned": _("Payment returned by the bank"),
        "finance.treasury_receipt_recorded": _("Treasury receipt recorded"),
        "finance.bank_account_confirmed": _("Bank account confirmed by the bank"),
        "finance.bank_account_differs": _("Bank account in another name"),
        "finance.case_escalated": _("Case escalated"),
        "finance.case_noted": _("Note on a case"),
        "finance.case_opened": _("Case opened"),
        "finance.case_resolved": _("Case settled"),
        "finance.case_taken": _("Case taken"),
        "finance.debt_arisen": _("Debt of a player arisen"),
        "finance.debt_paid": _("Debt of a player paid"),
        "finance.transfers_blocked": _("Deposits and withdrawals blocked for a while"),
        "finance.transfers_unblocked": _("Deposits and withdrawals allowed again"),
        "finance.bank_account_added": _("Bank account registered"),
        "finance.bank_account_removed": _("Bank account removed"),
        "finance.provider_entered": _("Register of institutions changed"),
        "finance.provider_switched_off": _("Payment institution switched off"),
        "finance.returns_planned": _("Refunds planned"),
        "finance.returns_agreed": _("Refunds agreed and booked"),
        "finance.return_sending": _("Refund sent to the bank"),
        "finance.return_unknown": _("Refund unanswered by the bank"),
        "finance.return_done": _("Refund arrived at its source"),
        "finance.return_failed": _("Refund returned by the bank"),
        "finance.deposit_begun": _("Deposit begun"),
        "finance.deposit_credited": _("Deposit credited"),
        "finance.deposit_closed": _("Deposit closed unpaid"),
        "finance.deposit_quarantined": _("Deposit set aside for checking"),
        "finance.deposit_charged_back": _("Deposit charged back"),
        "finance.deposit_checked_again": _("Deposit checked again"),
        "finance.provider_event_quarantined": _("Message of a provider set aside"),
        "finance.withdrawal_requested": _("Withdrawal asked for"),
        "finance.withdrawal_held": _("Withdrawal back with the cashier"),
        "finance.withdrawal_waiting": _("Withdrawal prepared"),
        "finance.withdrawal_approved": _("Withdrawal approved"),
        "finance.withdrawal_sending": _("Withdrawal sent to the bank"),
        "finance.withdrawal_unknown": _("Withdrawal unanswered by the bank"),
        "finance.withdrawal_paid": _("Withdrawal paid"),
        "finance.withdrawal_failed": _("Withdrawal returned by the bank"),
        "finance.withdrawal_refused": _("Withdrawal refused"),
    },
    {
        "adjustment": _("Correction of the books"),
        "period": _("Period of the books"),
        "due": _("Amount owed"),
        "payee": _("Payee"),
        "payment_order": _("Payment order"),
        "bank_account": _("Bank account"),
        "case": _("Case"),
        "deposit": _("Deposit"),
        "provider": _("Payment institution"),
        "return_plan": _("Plan of refunds"),
        "deposit_return": _("Refund to the source"),
        "withdrawal": _("Withdrawal"),
    },
)

policies.name_keys(
    {
        "adjustment.people": _("People who must agree to a correction, by amount"),
        "remittance.fee_share": _("Share of the issue fee that is remitted, in ten-thousandths"),
        "remittance.due_day": _("Day of the next month by which dues are paid"),
        "organiser.settle_working_days": _("Working days until an event is settled"),
        "payment.people": _("People who must agree to a payment order, by amount"),
        "case.due_days": _("Days until a case must be settled"),
        "deposit.max_fen": _("Largest single deposit"),
        "deposit.min_fen": _("Smallest single deposit"),
        "return.alone_up_to_fen": _("Single refunds to the source by one person, up to"),
        "withdrawal.automatic_up_to_fen": _("Withdrawals paid without a second person, up to"),
        "withdrawal.daily_max_fen": _("Most that one player withdraws on one day"),
        "transfers.block_failures": _(
            "Failed transfers in a row that block an account for a while"
        ),
        "transfers.block_minutes": _(
            "Minutes for which an account is blocked after failed transfers"
        ),
        "transfers.window_minutes": _("Minutes within which failed transfers count together"),
        "withdrawal.max_fen": _("Largest single withdrawal"),
        "withdrawal.min_fen": _("Smallest withdrawal"),
        "withdrawal.people": _("People who must agree to a withdrawal, by amount"),
    }
)
step_up.name_purposes(
    {
        "finance:withdraw": _("Withdraw money"),
        "finance:bank_accounts": _("Change your bank accounts"),
        "finance:bank_account_remove": _("Remove a bank account"),
        "finance:desk_withdrawal": _("Decide on a withdrawal"),
        "finance:desk_deposits": _("Ask the bank about a deposit again"),
        "finance:desk_deposit_check": _("Ask the bank about a deposit again"),
    }
)
