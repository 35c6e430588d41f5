"""Every figure of redemption that a policy sets: which test holds it one below, at, and one above.

A policy that a door or a rule of redemption reads and that stands in no line of `PROVEN` fails
here, and so does a line whose test is gone.
"""

from __future__ import annotations

import ast
import re
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.db import transaction

from audit import approvals, policies
from finance import cases, prize_tax
from finance.cases import DUE_DAYS
from lottery_portal.lib import dates, working_days
from lottery_portal.lib.db import database_time
from prizes.claim_models import Claim
from prizes.models import TierOutcome
from prizes.redemption import announcements, appointments, claims, papers, payment, queue
from prizes.redemption import claim_refusals as no
from tests import make_claims as make
from tests.finance.test_payment_methods import set_figure

from .test_appointments import asked, book, free_times

HOUSE = Path(settings.BASE_DIR)
HERE = "tests/prizes/redemption/"
FIGURES, DAYS = "test_figures_hold_to_the_fen", "test_days_and_papers_are_those_of_the_policy"
CENTRE = "test_the_times_of_a_centre_and_what_is_announced_hold_at_their_figures"
PROVEN = {
    approvals.UP_TO: (HERE + "test_every_figure.py", FIGURES),
    "case.due_days": (HERE + "test_every_figure.py", DAYS),
    "cash.alone_up_to_fen": (
        "tests/finance/test_cash_desks.py",
        "test_above_the_figure_cash_is_brought_by_the_word_of_others",
    ),
    "confidentiality.signature_days": (
        "tests/accounts/test_vault.py",
        "test_a_signature_names_the_words_and_holds_for_the_days_of_the_policy",
    ),
    "payments.cash_up_to_fen": (
        "tests/finance/test_cash_desks.py",
        "test_cash_for_one_prize_ends_at_the_ceiling_of_the_place",
    ),
    "payments.method_notice_days": (
        "tests/finance/test_payment_methods.py",
        "test_a_way_is_chosen_nowhere_before_the_days_of_its_notice_are_over",
    ),
    "payments.transfer_daily_up_to_fen": (
        "tests/finance/test_payment_methods.py",
        "test_every_ceiling_holds_to_the_fen_and_is_told",
    ),
    "payments.transfer_up_to_fen": (
        "tests/finance/test_payment_methods.py",
        "test_every_ceiling_holds_to_the_fen_and_is_told",
    ),
    **dict.fromkeys(
        ["prizes.announced_from_fen", *appointments.GENESIS],
        (HERE + "test_every_figure.py", CENTRE),
    ),
    "prizes.claim_approvals": (
        HERE + "test_claims.py",
        "test_the_ceiling_of_outlets_and_the_tiers_of_approval_hold_to_the_fen",
    ),
    "prizes.claim_due_working_days": (HERE + "test_every_figure.py", DAYS),
    "prizes.delay_most_days": (
        HERE + "test_delays.py",
        "test_a_notice_has_reason_day_and_author",
    ),
    "prizes.extension_most_days": (
        HERE + "test_extensions.py",
        "test_an_extension_gives_days_and_not_more_than_policy_says",
    ),
    "prizes.extension_window_days": (
        HERE + "test_extensions.py",
        "test_it_is_asked_for_within_the_days_of_the_policy",
    ),
    "prizes.objection_days": (
        HERE + "test_objections.py",
        "test_a_refusal_is_objected_to_within_the_days_of_the_policy",
    ),
    "prizes.outlet_up_to_fen": (
        HERE + "test_claims.py",
        "test_the_ceiling_of_outlets_and_the_tiers_of_approval_hold_to_the_fen",
    ),
    "prizes.papers_to_file": (HERE + "test_every_figure.py", DAYS),
    "prizes.papers_to_pay": (HERE + "test_every_figure.py", DAYS),
    "tax.prize_exempt_up_to_fen": (
        "tests/finance/test_prize_tax.py",
        "test_above_the_threshold_the_full_amount_is_taxed",
    ),
    "tax.prize_rate": (HERE + "test_every_figure.py", FIGURES),
}
OTHERS = frozenset(  # in the same files, and of no claim
    {
        "prizes.wallet_up_to_fen",  # tests/prizes/test_routes.py
        "withdrawal.automatic_up_to_fen", "withdrawal.daily_max_fen", "withdrawal.max_fen",
    }
)  # fmt: skip


def known_policies() -> set[str]:
    """Every key that a room names for the page of policies, and the tiers of those who approve."""
    found = {approvals.UP_TO}
    for file in HOUSE.glob("*/deeds.py"):
        for block in re.findall(r"policies\.name_keys\((.*?)\n\)", file.read_text(), re.DOTALL):
            found |= set(re.findall(r'"([a-z_]+\.[a-z_]+)"\s*:', block))
    return found


def sources() -> set[Path]:
    """The modules of redemption, doors of other rooms that they call, and the rules of claims."""
    own = {*(HOUSE / "prizes" / "redemption").glob("*.py"), HOUSE / "finance" / "cash_requests.py"}
    doors = set()
    for file in own:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                at = HOUSE / node.module.replace(".", "/")
                doors |= {at.with_suffix(".py"), *(at / f"{one.name}.py" for one in node.names)}
    rooms = {"finance", "accounts", "partners"}
    called = {at for at in doors if at.exists() and at.relative_to(HOUSE).parts[0] in rooms}
    rules = {
        file
        for file in (HOUSE / "prizes" / "migrations").glob("0*.py")
        if "prizes_claim" in file.read_text(encoding="utf-8")
    }
    return own | called | rules


def test_every_policy_of_redemption_has_its_threshold_test():
    """F077, F094, F097, F098, F276: none is read and not held; no line without its test."""
    known = known_policies()
    text = "\n".join(file.read_text(encoding="utf-8") for file in sources())
    read = {key for key in known if f'"{key}"' in text or f"'{key}'" in text}

    assert read - set(PROVEN) - OTHERS == set(), "no line in PROVEN"
    assert set(PROVEN) <= known
    for key, (file, name) in PROVEN.items():
        tree = ast.parse((HOUSE / file).read_text(encoding="utf-8"))
        tests = {one.name for one in tree.body if isinstance(one, ast.FunctionDef)}
        assert name in tests, (key, file, name)


@pytest.mark.thorough
@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_figures_hold_to_the_fen(won):
    """F097, F098: −1/=/+1 of the amount up to which a treasurer agrees, and of the rate of tax."""
    claim = make.asked(won, make.ready_to_ask(won, make.opened(won, won.prize(won.bob))))
    code, fen = make.request_of(claim).code, claim.prize.amount

    def agreed() -> None:
        approvals.decide(
            code=code, checker=won.staff["treasurer"], approve=True, now=database_time()
        )

    for up_to in (fen - 1, fen + 1, fen):
        set_figure(
            approvals.UP_TO, {"approver": None, "treasurer": up_to}, database_time(),
            scope=payment.KIND,
        )  # fmt: skip
        if up_to < fen:
            with pytest.raises(approvals.AboveTheTier):
                agreed()
            assert Claim.objects.get().state == "SIGNED"
    agreed()
    assert Claim.objects.get().state == "APPROVED"

    for rate, tax in ((1_999, 5_997_00), (2_001, 6_003_00), (2_000, 6_000_00)):
        set_figure(prize_tax.RATE, rate, database_time())
        now = database_time()
        assert prize_tax.of(fen, now=now) == claims.tax_of(claim, now=now) == tax
    make.paid(won, Claim.objects.get())


@pytest.mark.thorough
@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_days_and_papers_are_those_of_the_policy(won):
    """F089, F095, F096, F101: −1/=/+1 of the working days until a claim is paid, late from the day
    after; of the days of a case; and of the papers that are wanted, one too few and all."""
    today = dates.in_shanghai(database_time()).date()
    wanted = ["IDENTITY", "PERSON"]
    set_figure(papers.TO_PAY, wanted, database_time(), scope="CENTRE")
    set_figure(papers.TO_FILE, [*wanted, "CONFIRMATION", "OTHER"], database_time(), scope="CENTRE")
    claim = make.opened(won, won.prize(won.bob))
    _paper(won, claim, "IDENTITY")
    with pytest.raises(no.PapersMissing):
        make.completed(won, _checked(won, claim))
    _paper(won, claim, "PERSON")

    set_figure(claims.DUE_POLICY, 10, database_time())
    claim, ten = make.completed(won, claim), _the_working_day(today, 10)
    assert claim.due_on == ten
    for days, player in ((9, won.carol), (11, won.alice)):
        set_figure(claims.DUE_POLICY, days, database_time())
        other = make.checked(won, make.opened(won, won.prize(player)))
        assert make.completed(won, other).due_on == _the_working_day(today, days)
    assert make.completed(won, claim).due_on == ten  # as it was said to him
    day = timedelta(days=1)
    late = [claim in queue.overdue(on=on) for on in (ten - day, ten, ten + day)]
    assert late == [False, False, True]

    claim = make.paid(won, make.decided(won, make.asked(won, make.signed(claim)), "approver1"))
    with pytest.raises(no.PapersMissing):
        papers.archive(code=claim.code, actor=won.staff["claims_clerk"], now=database_time())
    _paper(won, claim, "OTHER")
    papers.archive(code=claim.code, actor=won.staff["claims_clerk"], now=database_time())

    days = int(policies.read(DUE_DAYS, at=database_time(), scope=payment.TRANSFER_FAILED))
    for number, more in enumerate((-1, 0, 1)):
        set_figure(DUE_DAYS, days + more, database_time(), scope=payment.TRANSFER_FAILED)
        assert _case(f"C{number}").due_on == today + timedelta(days=days + more)


@pytest.mark.thorough
@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_the_times_of_a_centre_and_what_is_announced_hold_at_their_figures(won):
    """F083, F100: -1/=/+1 of the minutes, seats, days ahead and hours of notice of a time, at the
    door and past it; and of the prize of a line from which it is announced."""
    prize = won.prize(won.bob)
    minute, hour, off, far = (
        timedelta(minutes=1), timedelta(hours=1), "appointment_at_an_open_time",
        "appointment_neither_too_soon_nor_too_late",
    )  # fmt: skip
    last = max(dates.in_shanghai(one.starts_at).date() for one in free_times(won))
    opens = datetime.combine(last, datetime.min.time(), dates.SHANGHAI)
    second = opens + 30 * minute
    for minutes in (29, 31, 30):
        set_figure(appointments.MINUTES, minutes, database_time())
        begins = opens + minutes * minute
        around = [begins - minute, begins, begins + minute]
        assert [asked(won, prize, at) for at in around] == [off, "", off]
        offered = {one.starts_at for one in free_times(won)}
        assert [at in offered for at in around] == [False, True, False]

    days = (last - dates.in_shanghai(database_time()).date()).days
    for ahead, said in ((days - 1, far), (days, ""), (days + 1, "")):
        set_figure(appointments.DAYS_AHEAD, ahead, database_time())
        assert asked(won, prize, second) == said
        assert (second in {one.starts_at for one in free_times(won)}) == (not said)

    for one in (won.alice, won.carol):
        book(won, won.prize(one), second)
    for seats, said in ((1, "appointment_seat_is_free"), (2, "appointment_seat_is_free"), (3, "")):
        set_figure(appointments.SEATS, seats, database_time())
        assert asked(won, prize, second) == said
        assert (second in {one.starts_at for one in free_times(won)}) == (not said)

    now = database_time()
    begins = next(  # not within a minute of a whole number of hours
        at for at in (second, second + 30 * minute) if minute < (at - now) % hour < 59 * minute
    )
    whole = (begins - now) // hour
    for hours, said in ((whole + 1, far), (whole, ""), (whole - 1, "")):
        set_figure(appointments.NOTICE_HOURS, hours, database_time())
        assert asked(won, prize, begins) == said
        assert (begins in {one.starts_at for one in free_times(won)}) == (not said)
    booked = book(won, prize, begins)
    for hours in (whole + 1, whole):
        set_figure(appointments.NOTICE_HOURS, hours, database_time())
        assert appointments.can_change(booked, now=database_time()) == (hours == whole)
        if hours > whole:
            with pytest.raises(appointments.TooLateToChange):
                appointments.cancel(appointment=booked, actor=won.bob.user, now=database_time())
    appointments.cancel(appointment=booked, actor=won.bob.user, now=database_time())

    first, fen = won.prize(won.alice), TierOutcome.objects.get(draw=won.draw, tier=1).prize
    for least, is_told in ((fen + 1, False), (fen, True), (fen - 1, True)):
        set_figure(announcements.FROM_POLICY, least, database_time())
        assert announcements.is_large(first, now=database_time()) == is_told
        assert bool(announcements.of_draw(won.draw, now=database_time())) == is_told


def _paper(won, claim, kind: str) -> None:
    papers.add(
        code=claim.code, kind=kind, content=kind.encode(), media_type="image/png",
        actor=won.staff["claims_clerk"], now=database_time(),
    )  # fmt: skip


def _checked(won, claim):
    make.visited(won, claim.prize)
    return claims.check(
        code=claim.code, actor=won.staff["claims_clerk"], evidence={}, now=database_time(),
        paper=make.paper_of(claim),
    )  # fmt: skip


def _the_working_day(first, count: int):
    """Counted one by one."""
    day = first
    while count:
        day += timedelta(days=1)
        count -= working_days.is_one(day)
    return day


def _case(code: str):
    with transaction.atomic():
        cases.open_(
            kind=payment.TRANSFER_FAILED, object_type="claim", object_code=code, facts={},
            now=database_time(),
        )  # fmt: skip
    (case,) = cases.about(object_type="claim", object_code=code)
    return case
