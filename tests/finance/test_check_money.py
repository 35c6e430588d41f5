"""`check_money` prints what must hold, and finds what does not: a fault planted for each."""

from __future__ import annotations

import io

import pytest
from django.core.management import call_command

from accounts.models import Player
from audit import sequencing
from finance import dues as dues_of_months
from finance import invariants, ledger, payouts
from finance.ledger import Move
from finance.models import InvariantRun
from tests import make as tickets
from tests import make_money as make
from tests import make_remittance as dues
from tests import owner, people
from tests.samples import one_in

from . import checked_house, recon_deeds

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])

FULL, ROLLING = InvariantRun.Extent.FULL, InvariantRun.Extent.ROLLING
WALLET = "(SELECT id FROM finance_account WHERE code = 'wallet:{alice}')"
TICKET = "(SELECT id FROM finance_entry WHERE reference = 'purchase:t')"
PAID_BY_NOBODY = (
    "UPDATE finance_withdrawal SET state = 'PAID', sent_at = now(), ended_at = now()"
    " WHERE amount = 10000"
)
OTHER_PEOPLE = """
    UPDATE audit_policyparameter SET value = '[[null, 2]]' WHERE key = 'withdrawal.people'"""

# Name of the fault: the invariant it breaks, the table whose guards sleep meanwhile, the statement.
BY_FORCE = {
    "a day's turnover edited": (
        "debits_equal_credits",
        "finance_turnover",
        "UPDATE finance_turnover SET moved_in = moved_in + 1 WHERE account_id <> 0",
    ),
    "two balances edited, so that the sum is right": (
        "balance_follows_from_its_rows",
        "finance_account",
        (
            "UPDATE finance_account SET balance = balance + CASE WHEN code = 'wallet:{alice}'"
            " THEN 1 ELSE -1 END WHERE code IN ('wallet:{alice}', 'wallet:{bob}')"
        ),
    ),
    "a balance edited": (
        "debits_equal_credits",
        "finance_account",
        "UPDATE finance_account SET balance = balance + 1 WHERE code = 'wallet:{alice}'",
    ),
    "what a row left over edited": (
        "never_below_zero",
        "finance_transfer",
        (
            "UPDATE finance_transfer SET target_balance = target_balance - 1"
            " WHERE target_id = {wallet}"
        ),
    ),
    "the turnover of wallets edited": (
        "turnover_follows_from_the_rows",
        "finance_turnover",
        "UPDATE finance_turnover SET moved_in = moved_in + 1 WHERE kind = 'WALLET'",
    ),
    "a credit nobody paid for": (
        "deposit_credited_once",
        "finance_providerevent",
        "DELETE FROM finance_providerevent WHERE amount = 30000",
    ),
    "two deposits of one trade": (
        "deposit_credited_once",
        "finance_deposit",
        "UPDATE finance_deposit SET provider_trade = 'T1'",
    ),
    "paid, but not in the books": ("withdrawal_paid_once", "finance_withdrawal", PAID_BY_NOBODY),
    "a payout without anybody's word": (
        "payout_has_its_approval",
        "finance_withdrawal",
        "UPDATE finance_withdrawal SET approval_code = '' WHERE amount = 600000",
    ),
    "an approval without its decisions": (
        "payout_has_its_approval",
        "audit_approvaldecision",
        "DELETE FROM audit_approvaldecision",
    ),
    "fewer people than withdrawal.people asks for": (
        "payout_has_its_approval",
        "audit_policyparameter",
        OTHER_PEOPLE,
    ),
    "more let out by itself than the automatic tier": (
        "payout_has_its_approval",
        "audit_policyparameter",
        (
            "UPDATE audit_policyparameter SET value = '9999'"
            " WHERE key = 'withdrawal.automatic_up_to_fen'"
        ),
    ),
    "one approval for two payouts": (
        "payout_has_its_approval",
        "finance_withdrawal",
        (
            "DROP INDEX withdrawal_approval_used_once;"
            "UPDATE finance_withdrawal SET approval_code ="
            " (SELECT max(approval_code) FROM finance_withdrawal)"
        ),
    ),
    "a payout larger than was approved": (
        "held_is_under_way",
        "finance_withdrawal",
        "UPDATE finance_withdrawal SET amount = 700000 WHERE amount = 600000",
    ),
    "what a provider paid out is not what the books have": (
        "provider_money_conserved",
        "finance_withdrawal",
        PAID_BY_NOBODY,
    ),
    "an entry that lost its rows": (
        "entry_without_transfers",
        "finance_transfer",
        "DELETE FROM finance_transfer WHERE entry_id = {ticket}",
    ),
    "a row that moves nothing": (
        "transfer_between_known_accounts",
        "finance_transfer",
        (
            "ALTER TABLE finance_transfer DROP CONSTRAINT transfer_amount_positive;"
            "UPDATE finance_transfer SET amount = 0 WHERE entry_id = {ticket}"
        ),
    ),
    "a row of the other book": (
        "books_mixed",
        "finance_transfer",
        "UPDATE finance_transfer SET is_shadow = true WHERE entry_id = {ticket}",
    ),
    "a ticket that another player was paid for": (
        "player_to_player",
        "finance_transfer",
        "UPDATE finance_transfer SET target_id = {wallet} WHERE entry_id = {ticket}",
    ),
    "a ticket called a prize": (
        "posting_rule_broken",
        "finance_entry",
        "UPDATE finance_entry SET kind = 'PRIZE' WHERE id = {ticket}",
    ),
    "a row of the books edited": (
        "moves_are_not_those_asked_for",
        "finance_transfer",
        "UPDATE finance_transfer SET amount = amount + 1 WHERE entry_id = {ticket}",
    ),
    "a ticket booked on another day": (
        "booked_on_another_day",
        "finance_entry",
        "UPDATE finance_entry SET booked_on = booked_on - 3 WHERE id = {ticket}",
    ),
    "a reversal reversed": (
        "reversal_of_a_reversal",
        "finance_entry",
        (
            "UPDATE finance_entry SET kind = 'REVERSAL', reversal_of_id = CASE WHEN id = {ticket}"
            " THEN (SELECT min(id) FROM finance_entry) ELSE {ticket} END"
            " WHERE kind IN ('PURCHASE', 'WITHDRAWAL_HOLD')"
            " AND id >= (SELECT max(id) FROM finance_entry WHERE kind = 'WITHDRAWAL_HOLD')"
        ),
    ),
    "a deposit that is credited and says it is not": (
        "deposit_and_books_differ",
        "finance_deposit",
        "UPDATE finance_deposit SET state = 'CLOSED', ended_at = now() WHERE amount = 30000",
    ),
    "money by deed and day edited": (
        "flows_are_not_the_turnover",
        "finance_dayflow",
        "UPDATE finance_dayflow SET moved = moved + 1 WHERE entry_kind = 'PURCHASE'",
    ),
}


def set_aside_what_is_not_there():
    make_accounts()
    checked_house.posted("set_aside:t", "SET_ASIDE", Move("fee:t", "business:t", 10_00))


def a_correction_nobody_agreed_to():
    make.open_accounts(("suspense:t", "SUSPENSE"))
    checked_house.by_force(
        "ALTER TABLE finance_entry DISABLE TRIGGER finance_correction_is_approved"
    )
    checked_house.posted("adjustment:t", "ADJUSTMENT", Move("suspense:t", "escrow:sandbox", 1))


def set_aside_before_it_was_there():
    set_aside_what_is_not_there()
    checked_house.posted("allocation:t", "ALLOCATION", Move("stakes:t", "fee:t", 10_00))


def remitted_past_every_order():
    make_accounts()
    checked_house.posted("allocation:t", "ALLOCATION", Move("stakes:t", "welfare:t", 10_00))
    checked_house.by_force("ALTER TABLE finance_entry DISABLE TRIGGER finance_outflow_by_order")
    checked_house.posted("remittance:t", "REMITTANCE", Move("welfare:t", "escrow:sandbox", 10_00))


def tax_withheld_of_nothing():
    make_accounts()
    checked_house.posted("withheld:t", "PRIZE", Move("prizes:t", "tax:t", 1))


def a_prize_nobody_won():
    make_accounts()
    checked_house.posted("prize:t", "PRIZE", Move("prizes:t", "tax:t", 1))


def a_prize_set_aside_for_nobody():
    make_accounts()
    checked_house.posted("prize:t", "PRIZE", Move("prizes:t", "unclaimed:t", 1))


def lapsed_without_an_end():
    make_accounts()
    unclaimed = f"unclaimed:{tickets.shadow_draw().code}"
    make.open_accounts((unclaimed, "UNCLAIMED"))
    checked_house.posted("prize:t", "PRIZE", Move("prizes:t", unclaimed, 1))
    with owner.as_owner() as hand:
        hand.execute("ALTER TABLE finance_entry DISABLE TRIGGER prizes_end_in_the_books")
    checked_house.posted("lapsed:t", "FORFEIT", Move(unclaimed, "welfare:t", 1))


def a_payment_order_called_paid():
    dues.allocate(("welfare:ssq", 10_00), on=dues.month(1))
    dues_of_months.make(now=people.right_now())
    order = dues.order("welfare:ssq", dues.payee("WELFARE"))
    checked_house.by_force(
        (
            "UPDATE finance_paymentorder SET state = 'PAID', paid_on = current_date,"
            " bank_reference = 'NONE', paid_at = now() WHERE code = %s"
        ),
        order.code,
        table="finance_paymentorder",
    )


def own_money_called_paid_in():
    make.open_accounts(("escrow:t", "ESCROW"), ("ownbank:t", "OWNBANK"))
    treasurer = make.staff("kuaiji8", "treasurer").member.user
    cover = recon_deeds.may_cover(
        treasurer, make.NOW, 6_00, escrow="escrow:t", own_bank="ownbank:t"
    )
    checked_house.by_force(
        (
            "UPDATE finance_cover SET state = 'BOOKED', paid_on = current_date,"
            " bank_reference = 'NONE', booked_at = now() WHERE code = %s"
        ),
        cover.code,
        table="finance_cover",
    )


def set_aside_for_no_plan():
    code = Player.objects.order_by("pk")[0].code
    moves = [Move(f"wallet:{code}", f"hold:{code}", 1)]
    checked_house.posted("plan:NOBODY:hold", "PLAN_HOLD", *moves)


def taken_back_and_not_refunded():
    ticket = tickets.ticket(tickets.shadow_player(wallet=10_00), tickets.shadow_draw())
    checked_house.by_force(
        (
            "INSERT INTO sales_cancellation (ticket_id, draw_id, leaf, amount, minutes, channel,"
            " is_shadow, cancelled_at) VALUES (%s, %s, '', %s, 1, 'web', true, now())"
        ),
        ticket.pk,
        ticket.draw_id,
        ticket.price,
        table="sales_cancellation",
    )


def refunded_without_an_entry():
    ticket = tickets.ticket(tickets.shadow_player(wallet=10_00), tickets.shadow_draw())
    checked_house.by_force(
        (
            "INSERT INTO sales_ticketrefund (ticket_id, draw_id, amount, reference, refunded_at)"
            " VALUES (%s, %s, %s, 'refund:nothing', now())"
        ),
        ticket.pk,
        ticket.draw_id,
        ticket.price,
        table="sales_ticketrefund",
    )


def called_refunded_with_stakes_left():
    ticket = tickets.ticket(tickets.shadow_player(wallet=10_00), tickets.shadow_draw())
    checked_house.by_force(
        (
            "INSERT INTO sales_drawrefund (draw_id, tickets, stake, begun_at, done_at)"
            " VALUES (%s, 1, %s, now(), now())"
        ),
        ticket.draw_id,
        ticket.price,
        table="sales_drawrefund",
    )


def make_accounts():
    make.open_accounts(
        ("welfare:t", "WELFARE"), ("prizes:t", "PRIZES"), ("unclaimed:t", "UNCLAIMED"),
        ("tax:t", "TAX"), ("fee:t", "FEE"), ("business:t", "BUSINESS"),
    )  # fmt: skip


# What no constraint keeps from the doors themselves, were they wrong; little force is needed.
BY_DOORS = {
    "a due below zero": ("nothing_below_zero", set_aside_what_is_not_there),
    "a correction nobody agreed to": (
        "correction_has_its_approval",
        a_correction_nobody_agreed_to,
    ),
    "a due that was below zero": ("pools_never_below_zero", set_aside_before_it_was_there),
    "a remittance without a due": ("dues_and_books_differ", remitted_past_every_order),
    "a prize nobody won": ("prize_credited_once", a_prize_nobody_won),
    "tax withheld of nothing": ("tax_withheld_has_its_basis", tax_withheld_of_nothing),
    "a prize set aside for nobody": ("open_prizes_are_set_aside", a_prize_set_aside_for_nobody),
    "a prize that lapsed in the books only": ("prize_ended_once", lapsed_without_an_end),
    "a fund that got what nobody lost": ("forfeited_is_in_the_fund", lapsed_without_an_end),
    "money set aside for no plan": ("plans_hold_what_is_left", set_aside_for_no_plan),
    "a ticket taken back for nothing": ("taken_back_is_refunded_once", taken_back_and_not_refunded),
    "a ticket refunded without an entry": ("refunded_once", refunded_without_an_entry),
    "a draw called refunded": ("cancelled_draws_keep_nothing", called_refunded_with_stakes_left),
    "own money that the bank did not pay in": ("cover_and_books_differ", own_money_called_paid_in),
    "an order that the bank did not pay": (
        "payment_order_and_books_differ",
        a_payment_order_called_paid,
    ),
}
FAULTS = sorted({**BY_FORCE, **BY_DOORS})


def plant(fault, house):
    """Bring a fault about; the invariant that it breaks."""
    if fault in BY_DOORS:
        name, deed = BY_DOORS[fault]
        deed()
        return name
    name, table, statement = BY_FORCE[fault]
    codes = {"alice": house["alice"].code, "bob": house["bob"].code, "ticket": TICKET}
    codes["wallet"] = WALLET.format(**codes)
    for one in statement.split(";"):
        checked_house.by_force(one.format(**codes), table=table)
    return name


def printed():
    """What the command says, and how it ends."""
    said = io.StringIO()
    try:
        call_command("check_money", stdout=said)
    except SystemExit as ended:
        return said.getvalue().splitlines(), ended.code
    return said.getvalue().splitlines(), 0


def broken_in(lines):
    return {line.split()[1] for line in lines if " broken " in line and not line.startswith(" ")}


@pytest.fixture
def house():
    return checked_house.made()


def test_every_invariant_has_a_fault_planted():
    """N05: whoever adds an invariant shows here that it can be broken, and is found."""
    planted = {name for name, _table, _statement in BY_FORCE.values()}
    planted |= {name for name, _deed in BY_DOORS.values()}

    assert planted == {one.name for one in invariants.all_of_them()}


def test_in_a_healthy_house_it_prints_every_figure_and_ends_well(house):
    """INV1, INV3, INV4, INV5, INV9, INV10, INV13, each with its figure; exit 0."""
    lines, code = printed()

    assert code == 0
    assert len(lines) == len(invariants.all_of_them()) + 1
    assert broken_in(lines) == set()
    assert {line.split()[0] for line in lines[:-1]} == {
        "INV1", "INV3", "INV4", "INV5", "INV9", "INV10", "INV13", "BOOKS",
    }  # fmt: skip
    (credited,) = [line for line in lines if "deposit_credited_once" in line]
    assert credited.split() == ["INV9", "deposit_credited_once", "holds", "20,300.00"]
    assert lines[-1].endswith("0 broken.")


@pytest.mark.parametrize("fault", one_in(4, FAULTS))
def test_every_planted_fault_is_found_by_its_name(house, fault):
    """N05, F103: exit 1, and the invariant is named; every few minutes too, where it is asked."""
    sequencing.run_all()
    ledger.roll_up()

    name = plant(fault, house)

    lines, code = printed()
    assert code == 1
    assert name in broken_in(lines)
    (one,) = [found for found in invariants.all_of_them() if found.name == name]
    if not one.is_nightly:
        rolling, _upto = invariants.look(extent=ROLLING)
        assert name in {found.name for found in rolling if not found.holds}
    assert not InvariantRun.objects.exists()
    assert not payouts.are_stopped()


def test_asked_to_it_also_stops_payouts(house):
    """N05: an operator's check may do what the clock's does."""
    plant("a credit nobody paid for", house)

    with pytest.raises(SystemExit) as ended:
        call_command("check_money", "--alarm", stdout=io.StringIO())

    assert ended.value.code == 1
    (run,) = InvariantRun.objects.all()
    assert run.broken == 1
    assert payouts.are_stopped()
