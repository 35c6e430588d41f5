"""What answers each attack: the declared outcome that the tests hold the house to.

The table in `docs/integrity.md` is written from here (`python -m tests.tamper.table`), and a test
compares it; another asserts every line of it against the database.
"""

from __future__ import annotations

from .thing import DEEDS
from .things import THINGS

DENIED = "42501"  # permission denied: the role has no such right
# Where the application holds a right, what stands behind it.
REFUSED = {
    ("receipt", "forge"): "receipt_with_its_ticket",
    ("result", "forge"): "result_typed_alike_by_two",
    ("result entry", "forge"): "result_entry_after_the_draw",
    ("approval", "forge"): "approval_begins_open",
    ("decision", "forge"): "decision_on_an_open_request",
    ("checkpoint", "forge"): "checkpoint_covers_the_log",
    ("older checkpoint", "forge"): "checkpoint_covers_the_log",
    ("seal statement", "forge"): "seal_of_a_closed_draw",
    ("signature of a seal", "forge"): "seal_signed_by_a_registered_key",
    ("publication of a seal", "forge"): "seal_published_before_the_draw",
    ("run of an engine", "forge"): "engine_run_of_this_attempt",
    ("prize sheet", "forge"): "prize_money_of_a_priced_draw",
    ("minutes", "forge"): "minutes_agree_with_the_draw",
    ("posting", "forge"): "posting_genesis_before_approvals",
    ("signing key", "forge"): "signingkey_genesis_once",
    ("withdrawal", "forge"): "finance_withdrawal_begins_at_the_beginning",
    ("bank's word on an account", "edit"): "bank_account_check_stands",
    ("bank's word on an account", "forge"): "bank_account_check_stands",
    ("institution", "edit"): "provider_changed_by_approval",
    ("institution", "back-date"): "provider_changed_by_approval",
    ("institution", "forge"): "provider_changed_by_approval",
    ("refund to the source", "forge"): "return_by_an_agreed_plan",
    ("bank account of the house", "forge"): "house_bank_has_its_own_account",
    ("payee", "forge"): "payee_stands",
    ("payment order", "forge"): "payment_order_stands",
    ("due", "forge"): "due_stands",
    ("bank statement", "forge"): "statement_days_once",
    ("line of a statement", "forge"): "statement_adds_up",
    ("adjustment", "forge"): "adjustment_stands",
    ("period", "forge"): "period_closes_once",
    ("stop of payouts", "forge"): "payout_stop_stands",
    ("treasury receipt", "forge"): "treasury_receipt_fits",
    ("tax on a prize", "forge"): "prize_tax_to_the_fen",
    ("match", "forge"): "match_agrees_with_the_books",
}
_WORDS = {"edit": "changed", "delete": "missing", "back-date": "changed", "forge": "unlogged"}
FOUND = {
    ("selection", "delete"): "changed",
    ("selection", "forge"): "changed",
    ("transfer", "delete"): "changed",
    ("transfer", "forge"): "changed",
    ("hit", "delete"): "changed",
    ("hit", "forge"): "changed",
    ("prize", "delete"): "changed",
    ("prize", "forge"): "changed",
    ("log entry", "delete"): "unlogged",
    ("log entry", "back-date"): "time",
    ("log entry", "forge"): "missing",
    ("sequenced row", "edit"): "leaf",
    ("sequenced row", "delete"): "leaf",
    ("sequenced row", "back-date"): "leaf",
    ("sequenced row", "forge"): "leaf",
    ("checkpoint", "edit"): "signature",
    ("checkpoint", "delete"): "witness",
    ("checkpoint", "back-date"): "time",
    ("checkpoint", "forge"): "signature",
    ("older checkpoint", "edit"): "chain",
    ("older checkpoint", "delete"): "chain",
    ("older checkpoint", "back-date"): "time",
    ("older checkpoint", "forge"): "signature",
}
ROLLING = {"ticket", "selection"}  # compared during the sale as well


def refusal(thing: str, deed: str) -> str:
    """How the application's role is refused: the code of the state, or the constraint."""
    return REFUSED.get((thing, deed), DENIED)


def word(thing: str, deed: str) -> str:
    """The word with which the comparison names what the owner or a superuser did."""
    return FOUND.get((thing, deed), _WORDS[deed])


ATTACKS = [(thing, deed) for thing in THINGS for deed in DEEDS if deed in thing.deeds]
