"""Looking at the books and at what brings money in and out; nothing is changed here."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from lottery_portal.lib import codes
from lottery_portal.lib.admin import ReadOnlyAdmin
from lottery_portal.lib.money import yuan

from . import models


class WithPlayer(ReadOnlyAdmin):
    """A list whose rows belong to a player, shown and found by number."""

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> Any:
        number = codes.typed(search_term)
        found_by = number if codes.is_valid(number) else search_term
        return super().get_search_results(request, queryset, found_by)

    @admin.display(description=_("code"), ordering="code")
    def shown_code(self, row: Any) -> str:
        """The code in groups of four."""
        return codes.shown(row.code)

    @admin.display(description=_("player number"), ordering="player_code")
    def player(self, row: Any) -> str:
        """The number in groups of four."""
        return codes.shown(row.player_code)


class WithAmount(ReadOnlyAdmin):
    """A list whose rows have an amount, shown in yuan."""

    @admin.display(description=_("Amount (yuan)"), ordering="amount")
    def yuan(self, row: Any) -> str:
        return yuan(row.amount)


@admin.register(models.Account)
class AccountAdmin(ReadOnlyAdmin):
    """Accounts."""

    list_display = ["code", "kind", "is_shadow", "keeps_balance", "kept", "opened_at"]
    list_filter = ["kind", "is_shadow"]
    search_fields = ["code"]

    @admin.display(description=_("Kept balance (yuan)"), ordering="balance")
    def kept(self, row: models.Account) -> str:
        return yuan(row.balance) if row.keeps_balance else "—"


@admin.register(models.PostingRule)
class PostingRuleAdmin(ReadOnlyAdmin):
    """Who may move what into what."""

    list_display = ["entry_kind", "source_kind", "target_kind"]
    list_filter = ["entry_kind"]


@admin.register(models.Entry)
class EntryAdmin(ReadOnlyAdmin):
    """Entries."""

    list_display = ["reference", "kind", "booked_on", "is_shadow", "posted_at"]
    list_filter = ["kind", "is_shadow"]
    search_fields = ["reference__startswith"]


@admin.register(models.Transfer)
class TransferAdmin(WithAmount):
    """Movements."""

    list_display = ["id", "entry", "source", "target", "yuan", "posted_at"]
    list_select_related = ["entry", "source", "target"]
    search_fields = ["entry__reference__startswith"]


@admin.register(models.Adjustment)
class AdjustmentAdmin(ReadOnlyAdmin):
    """Corrections."""

    list_display = ["code", "reason", "booked_on", "asked_at", "booked_at"]
    search_fields = ["code", "approval_code"]


@admin.register(models.Period)
class PeriodAdmin(ReadOnlyAdmin):
    """Months."""

    list_display = ["code", "state", "first_day", "last_day", "closed_at"]
    list_filter = ["state"]
    search_fields = ["code"]


@admin.register(models.Sample)
class SampleAdmin(ReadOnlyAdmin):
    """Auditors' samples."""

    list_display = ["code", "seed", "first_day", "last_day", "size", "population", "drawn_at"]
    search_fields = ["code", "seed"]


@admin.register(models.Deposit)
class DepositAdmin(WithPlayer, WithAmount):
    """Deposits."""

    list_display = ["shown_code", "player", "provider", "yuan", "state", "begun_at"]
    list_filter = ["state", "provider"]
    search_fields = ["code", "player_code", "provider_trade"]
    # All but the address to pay on: that is for its player's eyes, it may name him in full.
    fields = [
        "code",
        "player_code",
        "provider",
        "amount",
        "fee",
        "request_key",
        "state",
        "provider_trade",
        "begun_at",
        "credited_at",
        "ended_at",
    ]


@admin.register(models.ProviderEvent)
class ProviderEventAdmin(WithAmount):
    """The inbox."""

    list_display = [
        "event_id",
        "provider",
        "kind",
        "order_code",
        "yuan",
        "outcome",
        "received_at",
        "asked_at",
    ]
    list_filter = ["outcome", "kind", "provider"]
    search_fields = ["event_id", "order_code"]
    fields = [
        "event_id",
        "provider",
        "kind",
        "order_code",
        "trade",
        "yuan",
        "outcome",
        "body",
        "received_at",
        "asked_at",
        "applied_at",
    ]


@admin.register(models.Provider)
class ProviderAdmin(ReadOnlyAdmin):
    """The register of payment institutions."""

    list_display = [
        "code",
        "institution",
        "licence_number",
        "licence_until",
        "contract_until",
        "review_on",
        "rank",
        "is_on",
    ]
    list_filter = ["is_on"]
    search_fields = ["code", "institution", "licence_number"]


@admin.register(models.ProviderHealth)
class ProviderHealthAdmin(ReadOnlyAdmin):
    """How the institutions answer."""

    list_display = ["provider", "last_ok_at", "failing_since", "failures"]


@admin.register(models.ReturnPlan)
class ReturnPlanAdmin(ReadOnlyAdmin):
    """Plans of refunds to the source."""

    list_display = ["code", "total", "reason", "approval_code", "asked_at", "performed_at"]
    search_fields = ["code", "approval_code"]


@admin.register(models.DepositReturn)
class DepositReturnAdmin(WithAmount):
    """Refunds to the source."""

    list_display = ["code", "deposit", "yuan", "state", "begun_at", "ended_at"]
    list_filter = ["state"]
    search_fields = ["code", "deposit__code"]
    list_select_related = ["deposit"]


@admin.register(models.Withdrawal)
class WithdrawalAdmin(WithPlayer, WithAmount):
    """Withdrawals."""

    list_display = ["shown_code", "player", "yuan", "state", "requested_at"]
    list_filter = ["state", "provider"]
    search_fields = ["code", "player_code"]


@admin.register(models.Case)
class CaseAdmin(ReadOnlyAdmin):
    """Cases."""

    list_display = ["code", "kind", "object_type", "object_code", "state", "due_on", "opened_at"]
    list_filter = ["state", "kind"]
    search_fields = ["code", "object_code"]


@admin.register(models.TransferBlock)
class TransferBlockAdmin(WithPlayer):
    """Blocks after failed transfers."""

    list_display = ["player", "failures", "begun_at", "until", "lifted_at"]
    search_fields = ["player_code"]


@admin.register(models.BankAccountCheck)
class BankAccountCheckAdmin(ReadOnlyAdmin):
    """What banks said of accounts."""

    list_display = ["code", "bank_account", "provider", "outcome", "asked_at", "answered_at"]
    list_filter = ["outcome"]
    search_fields = ["bank_account__code"]


@admin.register(models.BankAccount)
class BankAccountAdmin(WithPlayer):
    """Players' bank accounts, masked."""

    list_display = ["shown_code", "player", "bank_name", "last_digits", "added_at", "removed_at"]
    search_fields = ["code", "player_code"]
    fields = ["shown_code", "player", "bank_name", "last_digits", "added_at", "removed_at"]


@admin.register(models.Payee)
class PayeeAdmin(ReadOnlyAdmin):
    """Who may be paid; numbers are masked."""

    list_display = ["code", "purpose", "party", "name", "bank_name", "last_digits", "state"]
    list_filter = ["purpose", "state"]
    search_fields = ["code", "name"]
    fields = [
        "code",
        "purpose",
        "party",
        "name",
        "bank_name",
        "last_digits",
        "state",
        "approval_code",
        "reason",
        "asked_at",
        "listed_at",
        "ended_at",
    ]


@admin.register(models.PaymentOrder)
class PaymentOrderAdmin(WithAmount):
    """Payment orders."""

    list_display = ["code", "purpose", "account", "payee", "yuan", "state", "paid_on"]
    list_filter = ["purpose", "state"]
    list_select_related = ["payee"]
    search_fields = ["code", "account", "bank_reference"]


@admin.register(models.Cover)
class CoverAdmin(WithAmount):
    """Own money paid into escrow."""

    list_display = ["code", "own_bank", "escrow", "yuan", "state", "asked_at", "paid_on"]
    list_filter = ["state"]
    search_fields = ["code", "bank_reference"]


@admin.register(models.Due)
class DueAdmin(WithAmount):
    """Dues."""

    list_display = ["code", "account", "subject", "position", "yuan", "due_on", "order"]
    list_select_related = ["order"]
    search_fields = ["code", "account", "subject"]


@admin.register(models.TreasuryReceipt)
class TreasuryReceiptAdmin(WithAmount):
    """Treasury receipts."""

    list_display = ["number", "order", "yuan", "issued_on", "file_digest", "recorded_at"]
    list_select_related = ["order"]
    search_fields = ["number", "order__code"]


@admin.register(models.HouseBank)
class HouseBankAdmin(ReadOnlyAdmin):
    """Bank accounts of the house."""

    list_display = ["account", "bank_name", "last_digits", "purpose", "opened_at", "closed_at"]
    fields = ["account", "bank_name", "last_digits", "holder", "purpose", "opened_at", "closed_at"]
    list_filter = ["purpose"]
    list_select_related = ["account"]


@admin.register(models.Statement)
class StatementAdmin(ReadOnlyAdmin):
    """Statements of banks and providers."""

    list_display = ["code", "account", "form", "first_on", "last_on", "lines_count", "taken_at"]
    list_filter = ["form", "account"]
    list_select_related = ["account"]
    search_fields = ["code"]


@admin.register(models.Difference)
class DifferenceAdmin(ReadOnlyAdmin):
    """Where books and bank disagree."""

    list_display = ["code", "kind", "account", "case", "state", "opened_at"]
    list_filter = ["state", "kind"]
    list_select_related = ["account", "case"]
    search_fields = ["code", "reference"]


@admin.register(models.Proof)
class ProofAdmin(ReadOnlyAdmin):
    """Proofs of funds."""

    list_display = ["code", "taken_at", "is_met"]
    list_filter = ["is_met"]


@admin.register(models.InvariantRun)
class InvariantRunAdmin(ReadOnlyAdmin):
    """Checks of the books."""

    list_display = ["began_at", "extent", "broken", "seconds"]
    list_filter = ["extent"]


@admin.register(models.PayoutStop)
class PayoutStopAdmin(ReadOnlyAdmin):
    """Stops of payouts."""

    list_display = ["code", "cause", "stopped_at", "lifted_at", "approval_code"]
    list_filter = ["cause"]


@admin.register(models.SolvencyProof)
class SolvencyProofAdmin(ReadOnlyAdmin):
    """Nightly proofs; the secret of a night is not shown."""

    list_display = ["night", "leaves", "total", "assets", "root", "taken_at"]
    fields = [
        "night",
        "root",
        "leaves",
        "statement",
        "key_id",
        "signature",
        "file_name",
        "taken_at",
    ]

    @admin.display(description=_("Owed to players (yuan)"), ordering="total_fen")
    def total(self, row: models.SolvencyProof) -> str:
        """In yuan."""
        return yuan(row.total_fen)

    @admin.display(description=_("Held for players (yuan)"), ordering="assets_fen")
    def assets(self, row: models.SolvencyProof) -> str:
        """In yuan."""
        return yuan(row.assets_fen)
