"""What our own code keeps of the payment part, and where; with the guard of the database behind it.

Each is one place in one function: what is written there, and what would stand there without it.
"""

from __future__ import annotations

from dataclasses import dataclass

DEPOSITS, INBOX, REFUNDS = "finance.deposits", "finance.inbox", "finance.refunds"
WITHDRAWALS, PROVIDERS = "finance.withdrawals", "finance.providers"
RECALLS = "finance.recalls"
BEGINS = "finance_deposit_may_begin"


@dataclass(frozen=True)
class Kept:
    """One protection: its place in the code, the tests of its rule, the guard behind it if any."""

    name: str
    module: str
    function: str
    old: str
    new: str
    tests: tuple[str, ...]
    behind: str = ""  # table.trigger that refuses the same

    @property
    def change(self) -> tuple[str, str, str, str]:
        """As `tests.without` is told."""
        return self.module, self.function, self.old, self.new


def _test(file: str, name: str) -> tuple[str, ...]:
    return (f"tests/finance/test_{file}.py::test_{name}",)


KEPT = (
    Kept(
        "sandbox: its signature", f"{PROVIDERS}.sandbox", "_is_signed",
        "hmac.compare_digest(_signature(head, path, stamp, body), given)", "True",
        _test("deposits", "what_the_bank_did_not_sign_is_not_even_read"),
    ),
    Kept(
        "sandbox: signed lately", f"{PROVIDERS}.sandbox", "SandboxBank.read",
        "abs(now.timestamp() - int(stamp)) > WINDOW", "False",
        _test("deposits", "an_old_signature_is_no_signature"),
    ),
    Kept(
        "sandbox: our merchant, our currency", f"{PROVIDERS}.sandbox", "SandboxBank._read",
        'told.get("merchant") != MERCHANT', "False",
        _test("deposits", "a_signed_message_of_another_form_is_refused"),
    ),
    Kept(
        "Alipay: its signature", f"{PROVIDERS}.alipay", "Alipay.read",
        "if not is_genuine:", "if False:",
        _test("networks", "what_alipay_did_not_sign_is_not_read"),
    ),
    Kept(
        "Alipay: our application and account", f"{PROVIDERS}.alipay", "Alipay.read",
        '(told.get("app_id"), told.get("seller_id")) != (', "() and (",
        _test("networks", "alipays_words_for_others_or_of_another_form_are_refused"),
    ),
    Kept(
        "WeChat Pay: its signature", f"{PROVIDERS}.wechat", "_is_genuine",
        'wire.is_signed(key, message, headers.get("Wechatpay-Signature") or "")', "True",
        _test("networks", "what_wechat_did_not_sign_is_not_read"),
    ),
    Kept(
        "WeChat Pay: signed lately", f"{PROVIDERS}.wechat", "_is_genuine",
        "abs(now - int(stamp)) > WINDOW", "False",
        _test("networks", "an_old_notice_of_wechat_is_no_notice"),
    ),
    Kept(
        "institution in force", "finance.channels", "in_force",
        "row.is_on and row.licence_until >= on and row.contract_until >= on", "True",
        _test("channels", "what_is_not_in_force_takes_no_deposit_by_any_path"),
        f"finance_deposit.{BEGINS}",
    ),
    Kept(
        "fee seen before", DEPOSITS, "_check_fee", "if asked != fee:", "if False:",
        _test("channels", "a_fee_is_seen_before_anything_is_ordered"),
        f"finance_deposit.{BEGINS}",
    ),
    Kept(
        "disclosure before a deposit", DEPOSITS, "_check",
        "if legal_texts.undisclosed(player.user, now) is not None:", "if False:",
        _test("channels", "nothing_comes_in_before_the_protection_of_money_was_read"),
        f"finance_deposit.{BEGINS}",
    ),
    Kept(
        "verified before a deposit", DEPOSITS, "_check", "if not player.is_verified:", "if False:",
        _test("deposits", "nobody_unverified_brings_money_in"),
    ),
    Kept(
        "account open for deposits", DEPOSITS, "_check",
        "player.state == Player.State.ACTIVE or owes", "True",
        _test("deposits", "an_excluded_player_brings_no_money_in"),
    ),
    Kept(
        "largest deposit", DEPOSITS, "_check", "if amount > most:", "if False:",
        _test("deposits", "a_deposit_keeps_within_the_policy"),
    ),
    Kept(
        "one request, one deposit", DEPOSITS, "_if_same",
        "(known.amount, known.provider) != (amount, provider)", "False",
        _test("deposits", "one_request_key_is_one_deposit"),
    ),
    Kept(
        "payer told to the provider", DEPOSITS, "begin",
        "payers.verified(player) if bank.takes_payer else None", "None",
        _test("networks", "only_the_verified_person_can_pay"),
    ),
    Kept(
        "payer is the verified person", "finance.payers", "is_other",
        "return len(told) != len(own) or any(", "return False and any(",
        _test("payers", "what_somebody_else_paid_is_set_aside"),
    ),
    Kept(
        "amount is that of the order", INBOX, "_contradicts",
        "(amount != deposit.charged_fen and not is_unsaid)", "False",
        _test("deposits", "another_amount_is_set_aside_and_not_credited"),
    ),
    Kept(
        "one trade of the provider", INBOX, "_contradicts",
        "bool(deposit.provider_trade) and trade", "False and trade",
        _test("deposits", "a_second_payment_of_one_order_is_set_aside"),
    ),
    Kept(
        "credited once", INBOX, "_fold", " and deposit.credited_at is None", "",
        _test("deposits", "the_same_fact_under_other_names_credits_once"),
    ),
    Kept(
        "large payment confirmed when asked", INBOX, "_is_large",
        "deposit.charged_fen >= int(policies.read(QUERY_FROM, at=now))", "False",
        _test("confirmed_deposits",
              "a_well_signed_message_of_a_payment_that_never_was_credits_nothing"),
        "finance_deposit.finance_deposit_confirmed",
    ),
    Kept(
        "our own refund is no chargeback", INBOX, "charge_back",
        "deposit.amount - deposits.returned(deposit)", "deposit.amount",
        (
            *_test("refunds", "our_own_refund_is_no_chargeback"),
            *_test("refunds", "a_chargeback_after_a_part_went_back_takes_the_rest"),
        ),
    ),
    Kept(
        "payouts are stopped", WITHDRAWALS, "waits_for", "if payouts.are_stopped():", "if False:",
        _test("ways_out", "while_payouts_are_held_nothing_new_goes_to_the_bank"),
        "finance_withdrawal.finance_withdrawal_payouts_open",
    ),
    Kept(
        "who owes waits", WITHDRAWALS, "waits_for",
        "if debts.owed(player_of(withdrawal)):", "if False:",
        _test("waiting_withdrawals",
              "what_was_approved_waits_while_the_player_owes_what_a_bank_took_back"),
        "finance_withdrawal.finance_withdrawal_waits_for_debt",
    ),
    Kept(
        "asked about before it is sent again", WITHDRAWALS, "send",
        "None if is_new else bank.ask_payout(code)", "None",
        _test("ways_out", "while_payouts_are_held_what_the_bank_did_is_written_down"),
    ),
    Kept(
        "not sent again while stopped", WITHDRAWALS, "send",
        "if answer is None and payouts.are_stopped():", "if False:",
        _test("ways_out", "while_payouts_are_held_nothing_new_goes_to_the_bank"),
    ),
    Kept(
        "nobody works on his own withdrawal", WITHDRAWALS, "not_own",
        "if person is not None and", "if False and",
        _test("withdrawals", "nobody_prepares_or_refuses_his_own_withdrawal"),
    ),
    Kept(
        "refunds stand still too", REFUNDS, "send",
        "if row.state == State.BEGUN and payouts.are_stopped():", "if False:",
        _test("ways_out", "while_payouts_are_held_no_refund_leaves"),
        "finance_depositreturn.finance_return_payouts_open",
    ),
    Kept(
        "a refund is not sent again while stopped", REFUNDS, "send",
        "if answer is None and payouts.are_stopped():", "if False:",
        _test("waiting_withdrawals", "a_refund_the_bank_never_heard_of_waits_for_the_stop_too"),
    ),
    Kept(
        "nobody sends his own money back", REFUNDS, "_not_own",
        "if person and Player", "if False and Player",
        _test("refunds", "nobody_sends_his_own_money_back"),
    ),
    Kept(
        "no refund of what is in doubt", REFUNDS, "left_of",
        " or inbox.is_in_doubt(deposit)", "",
        _test("confirmed_deposits",
              "a_well_signed_message_of_a_payment_that_never_was_credits_nothing"),
    ),
    Kept(
        "nobody calls his own withdrawal back", RECALLS, "_checked",
        "withdrawals.not_own(withdrawal, maker)", "None",
        _test("recalls", "it_is_asked_for_once_with_a_reason_and_not_by_its_player"),
    ),
    Kept(
        "a player calls back only while he owes", RECALLS, "_by_player",
        "if not may_player(withdrawal):", "if False:",
        _test("recalls", "the_player_calls_it_back_while_he_owes_and_only_then"),
        "finance_withdrawal.finance_withdrawal_comes_back",
    ),
    Kept(
        "a line is a payout of its amount", "finance.recon.came_back", "checked",
        "not _same_money(found, withdrawal)", "False",
        _test("recalls", "a_line_is_one_payout_of_its_amount_and_only_while_it_is_open"),
    ),
    Kept(
        "a line is asked for once", RECALLS, "ask_return",
        "told is not None and asked_with(told.code) is not None", "False",
        _test("recalls", "a_line_is_one_payout_of_its_amount_and_only_while_it_is_open"),
    ),
    Kept(
        "a payment of an issuer is booked once", "finance.issuer_money", "book",
        '_once(escrow, asked["bank_reference"])', "None",
        _test("issuer_money", "a_payment_of_the_bank_is_booked_once"),
    ),
    Kept(
        "own money is paid on a day that can be", "finance.covers", "_paid",
        "if not dates.in_shanghai(cover.approved_at).date() <= paid_on <= today:", "if False:",
        _test("covers", "one_payment_of_the_bank_is_written_down_once"),
    ),
)  # fmt: skip
