"""Tax withheld of prizes: the sum of a person in one draw, to the fen, due by the 15th."""

from __future__ import annotations

from datetime import timedelta

import psycopg
import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from finance import books, dues, invariants, ledger, prize_tax
from finance.ledger import AccountKind, EntryKind, Move
from finance.models import Due, Entry, PrizeTax
from lottery_portal.lib.db import violated
from tests import make_money, owner, people
from tests import make_remittance as make

pytestmark = pytest.mark.django_db

SOURCE, WINNER, OCCASION = "unclaimed:T001", "person-1", "ssq/2026134"


@pytest.fixture
def alice():
    """A player, and a draw with prizes that wait to be claimed."""
    player = make_money.player(now=people.right_now())
    make.allocate(("prizes:T001", 9_000_000_00))
    with transaction.atomic():
        ledger.open_account(code=SOURCE, kind=AccountKind.UNCLAIMED)
        ledger.post(
            reference="prizes:T001",
            kind=EntryKind.PRIZE,
            moves=[Move("prizes:T001", SOURCE, 9_000_000_00)],
        )
    return player


def pay(player, prize, together, *, reference="redemption:R1", winner=WINNER, occasion=OCCASION):
    with transaction.atomic():
        return prize_tax.pay(
            reference=reference, source=SOURCE, target=f"winnings:{player.code}", game="ssq",
            occasion=occasion, winner=winner, prize=prize, together=together,
            now=people.right_now(),
        )  # fmt: skip


def stands(player):
    return ledger.balance(f"winnings:{player.code}"), ledger.balance("tax:ssq")


@pytest.mark.parametrize(
    ("together", "tax"),
    [(1, 0), (9_999_99, 0), (10_000_00, 0), (10_000_01, 2_000_00), (5_000_000_00, 1_000_000_00)],
)
def test_above_the_threshold_the_full_amount_is_taxed(alice, together, tax):
    """R12, F265: 20 % of all of it above 10,000 yuan, nothing up to there; booked to the fen."""
    paid = pay(alice, together, together)

    assert (paid.tax, prize_tax.of(together, now=people.right_now())) == (tax, tax)
    assert stands(alice) == (together - tax, tax)
    assert Entry.objects.get(reference="redemption:R1").kind == "PRIZE"
    assert books.verify_books() == []


def test_the_threshold_is_held_against_all_tickets_of_a_person_in_one_draw(alice):
    """Two prizes below it are taxed when they are above it together; whose is whose counts."""
    first = pay(alice, 8_000_00, 13_000_00)
    second = pay(alice, 5_000_00, 13_000_00, reference="redemption:R2")
    other = pay(alice, 8_000_00, 8_000_00, reference="redemption:R3", winner="person-2")
    another_draw = pay(
        alice, 8_000_00, 8_000_00, reference="redemption:R4", occasion="ssq/2026135"
    )  # fmt: skip

    assert (first.tax, second.tax, other.tax, another_draw.tax) == (1_600_00, 1_000_00, 0, 0)


def test_the_taxes_of_the_parts_add_up_to_the_tax_of_the_sum(alice):
    """To the fen, however the sum is divided."""
    parts = [3_333_33, 3_333_34, 3_333_36]
    together = sum(parts)

    paid = [
        pay(alice, fen, together, reference=f"redemption:R{n}") for n, fen in enumerate(parts)
    ]  # fmt: skip

    assert sum(one.tax for one in paid) == prize_tax.of(together, now=people.right_now())
    assert stands(alice) == (together - 2_000_01, 2_000_01)


def test_what_is_found_late_is_withheld_of_the_next_prize(alice):
    """The first was paid free of tax, before anybody knew of the second."""
    pay(alice, 9_000_00, 9_000_00)
    late = pay(alice, 3_000_00, 12_000_00, reference="redemption:R2")

    assert late.tax == 2_400_00
    assert stands(alice) == (9_600_00, 2_400_00)


def test_a_prize_is_paid_once(alice):
    """R12: the same again leads to the first, other figures are refused."""
    first = pay(alice, 20_000_00, 20_000_00)

    assert pay(alice, 20_000_00, 20_000_00) == first
    with pytest.raises(prize_tax.PrizePaidOtherwise):
        pay(alice, 19_000_00, 20_000_00)
    with pytest.raises(ValueError, match="More is paid"):
        pay(alice, 1, 20_000_00, reference="redemption:R2")

    assert stands(alice) == (16_000_00, 4_000_00)


def test_tax_withheld_is_due_by_the_fifteenth_of_the_next_month(alice):
    """F265: of what was withheld this month."""
    pay(alice, 20_000_00, 20_000_00)
    month = make.today().replace(day=1)
    following = (month + timedelta(days=32)).replace(day=1)

    made = dues.make(now=people.right_now() + timedelta(days=32))

    due = Due.objects.get(account="tax:ssq")
    assert made >= 1
    assert (due.amount, due.kept, due.subject) == (4_000_00, 0, f"{month:%Y-%m}")
    assert due.due_on == dues.due_day("TAX", month, now=people.right_now())
    assert due.due_on >= following.replace(day=15)
    assert dues.position("tax:ssq").owed_fen == dues.position("tax:ssq").allocated_fen == 4_000_00


def test_the_database_takes_no_other_tax(alice):
    """The row says what the entry withheld, and that is what the sum asks for."""
    with transaction.atomic():
        ledger.open_account(code="tax:ssq", kind=AccountKind.TAX)
        entry = ledger.post(
            reference="redemption:R9",
            kind=EntryKind.PRIZE,
            moves=[
                Move(SOURCE, f"winnings:{alice.code}", 19_000_00),
                Move(SOURCE, "tax:ssq", 1_000_00),
            ],
        )
    row = {
        "entry": entry, "account": "tax:ssq", "winner": WINNER, "occasion": OCCASION,
        "prize": 20_000_00, "before": 0, "together": 20_000_00, "exempt": 10_000_00, "rate": 2_000,
        "paid_at": people.right_now(),
    }  # fmt: skip
    for tax in (1_000_00, 4_000_00):
        with pytest.raises(IntegrityError) as caught, transaction.atomic():
            PrizeTax.objects.create(**row, tax=tax)
        assert violated(caught.value) == "prize_tax_to_the_fen"


def test_no_more_is_taxed_than_was_won_and_no_entry_twice(alice):
    first = pay(alice, 5_000_00, 10_000_00)
    row = {
        "account": "tax:ssq", "winner": WINNER, "occasion": OCCASION, "prize": 5_000_00,
        "before": 5_000_00, "exempt": 10_000_00, "rate": 2_000, "tax": 0,
        "paid_at": people.right_now(),
    }  # fmt: skip
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        PrizeTax.objects.create(**row, entry=first.entry, together=10_000_00)
    assert violated(caught.value) == "finance_prizetax_entry_id_key"
    with transaction.atomic():
        entry = ledger.post(
            reference="redemption:R2",
            kind=EntryKind.PRIZE,
            moves=[Move(SOURCE, f"winnings:{alice.code}", 5_000_00)],
        )
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        PrizeTax.objects.create(**row, entry=entry, together=9_999_99)
    assert violated(caught.value) == "prize_tax_of_the_sum"


@pytest.mark.django_db(transaction=True)
def test_a_tax_stays_what_it_is(alice):
    """Neither the application nor the owner's hand changes it while the guard is up."""
    pay(alice, 20_000_00, 20_000_00)

    for deed in (
        lambda: PrizeTax.objects.update(tax=0),
        lambda: PrizeTax.objects.all().delete(),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            deed()
    with owner.as_owner() as hand, pytest.raises(psycopg.Error, match="stays what it is"):
        hand.execute("UPDATE finance_prizetax SET tax = 0")


def test_tax_that_was_withheld_without_its_basis_breaks_an_invariant(alice):
    """N05: the nightly look names the entry."""
    with transaction.atomic():
        ledger.open_account(code="tax:ssq", kind=AccountKind.TAX)
        ledger.post(
            reference="redemption:alone",
            kind=EntryKind.PRIZE,
            moves=[Move(SOURCE, "tax:ssq", 1_00)],
        )

    asked = {one.name: one for one in invariants.all_of_them()}["tax_withheld_has_its_basis"]
    with connection.cursor() as cursor:
        cursor.execute(asked.everything)
        assert cursor.fetchall() == [("redemption:alone",)]


@pytest.mark.django_db(transaction=True)
def test_it_is_the_rule_that_keeps_pool_and_fund_apart():
    """R16: no posting rule mixes them, whoever writes it; a fund only tops up a pool."""
    rules = [("PRIZE", "POOL", "FUND"), ("POOL_ROLL", "POOL", "FUND"), ("BONUS", "FUND", "POOL")]
    for rule in rules:
        with owner.as_owner() as hand, pytest.raises(psycopg.Error, match="pool_and_fund_apart"):
            hand.execute(
                "INSERT INTO finance_postingrule (entry_kind, source_kind, target_kind)"
                " VALUES (%s, %s, %s)",
                rule,
            )
