"""Redemption from twenty sides at one moment: numbers, desks, words, holds, ends, consent."""

from __future__ import annotations

import io
import itertools
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import OperationalError

from accounts import proxy_letters
from accounts.models import Message
from audit import approvals
from finance import cash_desks, payment_methods, prize_transfers
from finance.models import CashMove, TaxCertificate, Transfer, Withdrawal
from lottery_portal.lib.db import database_time
from lottery_portal.lib.errors import Refused
from prizes.claim_models import Claim, ClaimPaper, ClaimStep, PrizeEnd
from prizes.models import Prize
from prizes.redemption import (
    agents,
    announcements,
    claims,
    confirmation,
    forfeiture,
    holds,
    payment,
    recovery,
    refusal,
    remote,
    vouchers,
    withdrawal,
)
from prizes.voucher_models import Voucher, VoucherPaper
from prizes.winner_models import WinnerNotice
from tests import make_claims as make
from tests import make_money as money
from tests.accounts import papers as cards
from tests.at_once import at_once
from tests.finance import tills
from tests.make_claims import Won
from tests.prizes.redemption import lapsing
from tests.prizes.redemption.books import broken, unclaimed
from tests.prizes.redemption.test_agents import _letter, _opened
from tests.prizes.redemption.test_appointments import figure
from tests.prizes.redemption.test_counter_pages import png

pytestmark = [
    pytest.mark.race,
    pytest.mark.thorough,
    pytest.mark.xdist_group("a_hundred_connections"),
    pytest.mark.django_db(transaction=True, databases=["default", "owner"]),
]

THREADS = 20


def many() -> Won:
    """Carol has twenty prizes that wait."""
    return make.counting_as_real(make.settled(further=THREADS - 1))


def of_carol(won: Won) -> list[Prize]:
    tickets = Prize.objects.filter(owner=won.carol, amount=3_000_00).order_by("pk")
    return [claims.prize_of(code) for code in tickets.values_list("ticket__code", flat=True)]


def mixed(*deeds: Callable[[], Any], times: int = THREADS) -> list[Any]:
    """These deeds by turns, all at one moment; none ends but by its word or by a refusal.

    On a slow machine some wait for a lock as long as anybody waits: these come again, one by one.
    """
    at_work = list(itertools.islice(itertools.cycle(deeds), times))
    outcomes = at_once(at_work)
    for place, one in enumerate(outcomes):
        if isinstance(one, OperationalError) and "lock timeout" in str(one):
            try:
                outcomes[place] = at_work[place]()
            except Refused as refusal_:
                outcomes[place] = refusal_
    assert not [
        one for one in outcomes if isinstance(one, Exception) and not isinstance(one, Refused)
    ]
    return outcomes


def whole(won: Won) -> None:
    """The books hold, steps are in one line, every end of a payment has its voucher."""
    assert broken() == set()
    ended = PrizeEnd.objects.filter(kind="PAID")
    numbers = list(Voucher.objects.order_by("number").values_list("number", flat=True))
    assert numbers == list(range(1, ended.count() + 1))
    for claim in Claim.objects.all():
        steps = list(ClaimStep.objects.filter(claim=claim).order_by("number"))
        assert [one.number for one in steps] == list(range(1, len(steps) + 1))
        for before, after in itertools.pairwise(steps):
            assert before.to_state == after.from_state
        assert steps[-1].to_state == claim.state
    waiting = Prize.objects.filter(route="CENTRE", end__isnull=True)
    assert unclaimed(won) == sum(waiting.values_list("amount", flat=True))


def test_twenty_payments_take_twenty_numbers_without_a_gap(begin):
    """F091, F098: vouchers and certificates, while half of the payments come to nothing first."""
    won = begin(many)
    approved = [make.approved(won, make.opened(won, prize, "OUTLET")) for prize in of_carol(won)]
    assert len(approved) == THREADS

    def pay(code: str, by: str = "outlet_operator"):
        return payment.pay(code=code, actor=won.staff[by], now=database_time())

    deeds = [partial(pay, one.code) for one in approved]
    deeds += [partial(pay, one.code, "claims_clerk") for one in approved]  # not his post
    outcomes = mixed(*deeds, times=2 * THREADS)

    assert all(isinstance(one, Claim) for one in outcomes[:THREADS])
    assert all(isinstance(one, Refused) for one in outcomes[THREADS:])
    whole(won)
    serials = sorted(TaxCertificate.objects.values_list("serial", flat=True))
    assert serials == list(range(1, len(serials) + 1))
    voucher = Voucher.objects.first()
    assert voucher is not None

    def paper(part: str):
        return vouchers.take(voucher=voucher, part=part, actor=won.staff["claims_clerk"])

    mixed(partial(paper, "CENTRE"), partial(paper, "BOOKS"))
    for part in ("CENTRE", "BOOKS"):
        kept = VoucherPaper.objects.filter(voucher=voucher, part=part)
        assert sorted(kept.values_list("number", flat=True)) == list(range(1, THREADS // 2 + 1))


def test_a_counted_desk_never_pays_more_than_lies_in_it(begin):
    """F278: twenty payments of 2,400 yuan out of 10,000: four."""
    won = begin(many)
    money.open_accounts(("escrow:sandbox", "ESCROW"))
    desk = tills.open_desk(
        won.staff["treasurer"], won.staff["outlet_operator"], database_time(),
        fen=10_000_00, place_kind="OUTLET", place=won.outlet.code,
    )  # fmt: skip
    approved = [
        make.approved(won, make.opened(won, prize, "OUTLET"), "CASH", desk.code)
        for prize in of_carol(won)
    ]

    def pay(code: str):
        return payment.pay(code=code, actor=won.staff["outlet_operator"], now=database_time())

    outcomes = mixed(*[partial(pay, one.code) for one in approved])

    paid = [one for one in outcomes if isinstance(one, Claim)]
    each = approved[0].net
    assert len(paid) == 10_000_00 // each
    assert {type(one) for one in outcomes if isinstance(one, Exception)} == {
        cash_desks.NotEnoughCash
    }
    assert cash_desks.in_desk(desk) == 10_000_00 - each * len(paid) >= 0
    assert min(CashMove.objects.values_list("left_over", flat=True)) >= 0
    whole(won)


def test_clerks_winner_and_approvers_meet_at_one_claim(begin):
    """F097, N12: what is paid is what was signed and agreed to last, whoever is faster; figures
    that change while others agree are not approved."""
    won = begin(make.won)
    claim = make.asked(won, make.ready_to_ask(won, make.opened(won, won.prize(won.bob))))
    code = make.request_of(claim).code
    account = money.bank_account(won.bob, now=database_time())

    def agree():
        return approvals.decide(
            code=code, checker=won.staff["approver1"], approve=True, now=database_time()
        )

    def alter():
        return claims.complete(
            code=claim.code, actor=won.staff["claims_clerk"], method="TRANSFER",
            payee=account.code, now=database_time(),
        )  # fmt: skip

    def change():
        return remote.choose(
            code=claim.code, method="WALLET", payee="", actor=won.bob.user, now=database_time()
        )

    def sign():
        text = confirmation.text_of(Claim.objects.shown().get(pk=claim.pk), "zh-hans")
        return claims.sign(
            code=claim.code, actor=won.bob.user, digest=confirmation.digest_of(text),
            language="zh-hans", now=database_time(),
        )  # fmt: skip

    def pay():
        return payment.pay(code=claim.code, actor=won.staff["cashier"], now=database_time())

    for _round in range(3):
        mixed(agree, alter, sign, pay, change)
        claim.refresh_from_db()
        whole(won)
        signed = ClaimStep.objects.filter(claim=claim, to_state="SIGNED").order_by("number").last()
        settled = ClaimStep.objects.filter(claim=claim, to_state="COMPLETE").order_by("number")
        assert signed is not None
        if claim.state in {"APPROVED", "PAYING", "PAID"}:
            last = settled.last()
            assert last is not None
            assert signed.number > last.number
            assert last.body["method"] == claim.method
            payload = approvals.find(claim.approval_code).payload
            assert (payload["method"], payload["payee"]) == (claim.method, claim.payee)
    assert PrizeEnd.objects.count() <= 1


def test_two_clerks_check_one_claim_once(begin):
    """F084: and its papers are one each."""
    won = begin(make.won)
    claim = make.opened(won, won.prize(won.carol), "OUTLET")

    def check():
        return claims.check(
            code=claim.code, actor=won.staff["outlet_operator"], evidence={"matches": True},
            now=database_time(), paper=cards.of(won.carol),
        )  # fmt: skip

    outcomes = mixed(check)

    assert sum(isinstance(one, Claim) for one in outcomes) == 1
    assert ClaimStep.objects.filter(claim=claim, to_state="CHECKED").count() == 1
    whole(won)


def test_a_winner_hands_in_no_more_files_than_are_looked_at(begin):
    """F089: sixteen at one moment; the database counts."""
    won = begin(make.won)
    claim = make.opened(won, won.prize(won.bob), "REMOTE", actor=won.bob.user, claimant=None)
    files = iter([png(shade) for shade in range(60, 76)])

    def hand_in():
        return remote.hand_in(
            code=claim.code, kind="IDENTITY", file=io.BytesIO(next(files)), actor=won.bob.user,
            now=database_time(),
        )  # fmt: skip

    outcomes = mixed(hand_in, times=16)

    assert sum(isinstance(one, ClaimPaper) for one in outcomes) == remote.MOST_PAPERS
    kept = ClaimPaper.objects.filter(claim=claim, kind__in=remote.KINDS)
    assert kept.count() == remote.MOST_PAPERS


def test_refused_approved_held_withdrawn_and_paid_at_one_moment(begin):
    """F081, F092, F283: one of them wins; nothing is paid that is held, refused or taken back."""
    won = begin(make.won)
    bob, carol = won.prize(won.bob), won.prize(won.carol)
    paying = make.approved(won, make.opened(won, bob))
    refusal.ask(
        code=paying.code, clause="S1", evidence="x", reason="y", maker=won.staff["claims_officer"],
        now=database_time(),
    )  # fmt: skip
    refused = make.request_of(paying, refusal.KIND).code
    numbers = itertools.count()

    def pay():
        return payment.pay(code=paying.code, actor=won.staff["cashier"], now=database_time())

    def refuse():
        return approvals.decide(
            code=refused, checker=won.staff["approver2"], approve=True, now=database_time()
        )

    def hold(prize: Prize):
        return holds.begin(
            prize=prize, kind="COURT", order_reference=f"{next(numbers)}", reason="x",
            actor=won.staff["claims_officer"], now=database_time(),
        )  # fmt: skip

    mixed(pay, refuse, partial(hold, bob), times=18)
    paying.refresh_from_db()
    ended = PrizeEnd.objects.filter(prize=bob).exists()
    assert ended == (paying.state == "PAID")
    if not ended:
        assert paying.state == "REFUSED" or bob.holds.exists()
    else:
        assert not bob.holds.exists()

    claim = make.completed(won, make.checked(won, make.opened(won, carol)))

    def take_back():
        return withdrawal.withdraw(code=claim.code, actor=won.carol.user, now=database_time())

    def sign():
        return make.signed(Claim.objects.shown().get(pk=claim.pk))

    def again():
        return make.opened(won, carol, "REMOTE", actor=won.carol.user, claimant=None)

    mixed(take_back, sign, again)
    assert Claim.objects.filter(prize=carol).exclude(state="WITHDRAWN").count() <= 1
    whole(won)


def test_a_claim_and_its_lapse_meet_once(begin):
    """F082: opened in the last moment or forfeited, never both, and one end each."""
    won = begin(many)
    prizes = of_carol(won)

    def open_(prize: Prize):
        return make.opened(won, prize, "CENTRE", actor=won.carol.user, claimant=None)

    def midnight():
        lapsing.last_day_is(won.draw, lapsing.today() - timedelta(days=1))
        return forfeiture.forfeit_due()

    mixed(*[partial(open_, one) for one in prizes], midnight, *[lapse] * 5, times=26)

    ended = set(PrizeEnd.objects.values_list("prize_id", flat=True))
    opened = set(Claim.objects.values_list("prize_id", flat=True))
    assert not ended & opened
    forfeiture.forfeit_due()
    waiting = Prize.objects.filter(route="CENTRE").exclude(pk__in=opened)
    assert PrizeEnd.objects.filter(kind="FORFEITED").count() == waiting.count()
    whole(won)


def lapse():
    return forfeiture.forfeit_due()


def test_a_prize_is_taken_back_once(begin):
    """F102: by two approvals at one moment the winner owes it once."""
    won = begin(make.won)
    claim = make.paid(won, make.approved(won, make.opened(won, won.prize(won.bob))))

    def ask():
        return recovery.ask(
            code=claim.code, reason="x", referral="y", maker=won.staff["compliance"],
            now=database_time(),
        )  # fmt: skip

    asked = [one for one in mixed(ask) if not isinstance(one, Exception)]
    assert len(asked) == 1

    def agree():
        return approvals.decide(
            code=asked[0].code, checker=won.staff["approver1"], approve=True, now=database_time()
        )

    mixed(agree)
    claim.refresh_from_db()
    assert claim.state == "RECOVERED"
    owed = Transfer.objects.filter(entry__reference=f"recalled:{claim.code}")
    assert sum(owed.values_list("amount", flat=True)) == claim.net
    assert broken() == set()


def test_a_letter_that_was_taken_back_opens_nothing_afterwards(begin):
    """F086: at one moment with its agent; who comes after it finds it taken back."""
    won = begin(make.won)
    card = cards.of_somebody()
    letter = _letter(won, card)

    def use():
        return _opened(won, letter, card)

    def take_back():
        return proxy_letters.take_back(letter=letter, actor=won.bob.user, now=database_time())

    outcomes = mixed(use, take_back)
    opened = [one for one in outcomes if isinstance(one, Claim)]
    assert len(opened) <= 1
    for claim in opened:
        with pytest.raises(Refused):
            make.checked(won, claim)
    if not opened:
        with pytest.raises(Refused):
            use()
    assert not PrizeEnd.objects.exists()
    assert Message.objects.filter(kind=agents.OPENED).count() == len(opened)


def test_consent_and_its_announcement_meet(begin):
    """F100: taken back before or after, the page tells nothing that stands not allowed."""
    won = begin(make.won)
    prize = won.prize(won.alice)
    make.paid(won, make.approved(won, make.opened(won, prize)))

    def choose(*shows: str):
        return announcements.choose(
            prize=prize, shows=frozenset(shows), actor=won.alice.user, now=database_time()
        )

    choose("SURNAME", "PLACE")
    asked = announcements.ask(prize=prize, maker=won.staff["claims_officer"], now=database_time())

    def agree():
        return approvals.decide(
            code=asked.code, checker=won.staff["approver1"], approve=True, now=database_time()
        )

    mixed(agree, choose, partial(choose, "SURNAME", "PLACE"))
    choose()
    assert WinnerNotice.objects.count() <= 1
    assert [one.winners for one in announcements.of_draw(won.draw, now=database_time())] == [[]]


@pytest.mark.parametrize(
    ("figure_", "refused"),
    [
        ("prize_transfer.daily_max_fen", prize_transfers.PrizesOfTheDay),
        ("payments.transfer_daily_up_to_fen", payment_methods.DailyCeilingPassed),
    ],
)
def test_transfers_of_a_day_stay_below_its_figure(begin, figure_, refused):
    """F094: twelve of 2,400 yuan at one moment, 5,000 a day: two; the others are told why."""
    won = begin(many)
    account = money.bank_account(won.carol, now=database_time())
    approved = [
        make.approved(won, make.opened(won, prize), "TRANSFER", account.code)
        for prize in of_carol(won)[:12]
    ]
    figure(figure_, 5_000_00)

    def pay(code: str):
        return payment.pay(code=code, actor=won.staff["cashier"], now=database_time())

    outcomes = mixed(*[partial(pay, one.code) for one in approved], times=12)

    assert sum(isinstance(one, Claim) for one in outcomes) == 2
    assert {type(one) for one in outcomes if isinstance(one, Exception)} == {refused}
    sent = Withdrawal.objects.exclude(origin="").values_list("amount", flat=True)
    assert sum(sent) == 4_800_00
    whole(won)
