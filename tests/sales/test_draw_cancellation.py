"""A cancelled draw: two people, every ticket back once, and a seal that stays explained (F075)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import mail
from django.db import DatabaseError, connection, transaction
from django.test import Client

from accounts.models import Message
from audit import approvals, trail
from finance import ceilings, invariants, ledger
from finance.ledger import EntryKind, Move
from games import calendar, draws, results
from games.models import Draw, DrawCancellation, DrawTransition, NoticeDelivery
from lottery_portal import jobs
from lottery_portal.lib.db import database_time, violated
from sales import closing, draw_cancellation, holders, purchase, rolling, sealing
from sales.evidence import seals_that_differ, tickets_logged_late
from sales.models import DrawRefund, HolderNotice, RollingCheck, Ticket, TicketRefund
from tests import make, make_cancelled, make_draws, make_plans, owner, people
from tests.at_once import at_once
from tests.crash import killed_at

pytestmark = pytest.mark.django_db(transaction=True)

STEPS = {"SCHEDULED", "OPEN", "CLOSED", "SEALED"}


@pytest.fixture(autouse=True)
def _own_state(settings, tmp_path):
    settings.STATE_DIR = tmp_path


def by_force(draw: Draw) -> Draw:
    """Let a draw of the real books close now, by the owner's hand, and seal it."""
    with owner.as_owner() as hand:
        hand.execute(
            "UPDATE games_draw SET opens_at = clock_timestamp() - interval '1 day',"
            " closes_at = clock_timestamp() - interval '1 second',"
            " draws_at = clock_timestamp() + interval '1 hour' WHERE id = %s",
            [draw.pk],
        )
    closing.close(draw=draws.find(draw.code), now=database_time())
    return make_draws.publicly_sealed(draws.find(draw.code))


def test_a_cancelled_draw_gives_every_ticket_back_once_to_the_purses_it_came_from():
    """F075: bonus stays bonus, winnings stay winnings; the books come out even; all are told."""
    alice, bob, draw = make.alice(wallet=3_00), make.player("王明", wallet=20_00), make.draw()
    another = make_plans.next_of(draw)
    make.opened(another.code)
    with transaction.atomic():
        ledger.post(
            reference="bonus:test", kind=EntryKind.BONUS,
            moves=[Move("fund:ssq", f"bonus:{alice.code}", 1_00)],
        )  # fmt: skip
        ledger.post(
            reference="prize:test", kind=EntryKind.PRIZE,
            moves=[Move(f"prizes:{another.code}", f"winnings:{alice.code}", 2_00)],
        )  # fmt: skip
    for _one in range(3):  # the first from bonus and wallet, the last from wallet and winnings
        make.purchase(alice, draw)
    make.purchase(bob, draw, [make.single(blue=blue) for blue in (1, 2)])
    purses = [f"{kind}:{alice.code}" for kind in ("bonus", "wallet", "winnings")]
    assert list(ledger.balances(purses).values()) == [0, 0, 0]

    cancelled = make_cancelled.cancelled(draw)
    assert cancelled.state == Draw.State.CANCELLED
    assert ledger.balance(f"stakes:{draw.code}") == 10_00
    jobs.run_pending(kinds=frozenset({"sales.refund_draw"}))

    balances = ledger.balances([*purses, f"wallet:{bob.code}", f"stakes:{draw.code}"])
    assert list(balances.values()).count(0) == 1
    assert balances == {
        purses[0]: 1_00, purses[1]: 3_00, purses[2]: 2_00, f"wallet:{bob.code}": 20_00,
        f"stakes:{draw.code}": 0,
    }  # fmt: skip
    refund = DrawRefund.objects.get(draw=draw)
    assert (refund.tickets, refund.stake, refund.done_at is not None) == (4, 10_00, True)
    assert TicketRefund.objects.count() == Ticket.objects.count() == 4
    assert ledger.trial_balance() == 0
    assert broken() & {"refunded_once", "cancelled_draws_keep_nothing"} == set()


def broken() -> set[str]:
    """The invariants of the books that do not hold now."""
    found, _upto = invariants.look()
    return {one.name for one in found if not one.holds}


def test_nothing_is_cancelled_before_another_person_has_agreed():
    """F075: four eyes, a reason that players understand, and no second account of the maker."""
    draw, number = make.draw(), people.citizen_id()
    make.purchase(make.alice(), draw)
    maker = people.member("draw_official", id_number=number)
    people.member("approver", id_number=number)

    with pytest.raises(draw_cancellation.ReasonTooShort):
        make_cancelled.asked(draw, reason="停电", maker=maker.user)
    with pytest.raises(approvals.MayNotAsk):
        make_cancelled.asked(draw, maker=people.member("cashier").user)
    asked = make_cancelled.asked(draw, maker=maker.user)
    with pytest.raises(approvals.OnePerson):
        make_cancelled.agreed(asked, checker=maker.user)

    assert Draw.objects.get(pk=draw.pk).state == Draw.State.OPEN
    assert not DrawCancellation.objects.exists()
    assert (asked.payload["tickets"], asked.payload["stake_fen"], asked.amount_fen) == (
        1,
        2_00,
        2_00,
    )


def test_a_draw_that_is_held_goes_on():
    """F075: once a number was typed, the approval comes too late and leaves no trace."""
    draw = make_draws.sealed(make_draws.sold([make.SELECTION]))
    asked = make_cancelled.asked(draw)
    make_draws.drawn(draw)

    with pytest.raises(draws.DrawIsHeld):
        make_cancelled.agreed(asked)
    with pytest.raises(draws.DrawIsHeld):
        draw_cancellation.dry_run(draws.find(draw.code))

    assert approvals.find(asked.code).state == "OPEN"
    assert draws.find(draw.code).state == Draw.State.CONFIRMED
    assert not DrawCancellation.objects.exists()
    assert not DrawRefund.objects.exists()


def test_a_cancelled_draw_takes_no_number_and_no_second_cancellation():
    """F075: it is over; the officials are told so, and so is who cancels it again."""
    draw = make_draws.sealed(make_draws.sold([make.SELECTION]))
    draw_cancellation.cancel_drill(draw=draw, reason=make_cancelled.REASON, now=database_time())

    with pytest.raises(results.TooEarly):
        make_draws.drawn(draw)
    with pytest.raises(draws.DrawIsHeld):
        draw_cancellation.cancel_drill(draw=draw, reason="noch einmal", now=database_time())

    assert DrawTransition.objects.filter(draw=draw, to_state="CANCELLED").count() == 1


def test_a_sealed_draw_gives_back_what_the_seal_had_divided():
    """F075, F057: fund, fee and welfare have it no more; seal and chain stand as they are."""
    draw = make.draw()
    alice = make.alice(wallet=100_00)
    for blue in range(1, 6):
        make.purchase(alice, draw, [make.single(blue=blue)])
    sealed = by_force(draw)
    shares = {name: ledger.balance(f"{name}:ssq") for name in ("fund", "fee", "welfare")}
    found = draw_cancellation.dry_run(sealed)
    assert (found.tickets, found.stake_fen, found.players) == (5, 10_00, None)
    assert sum(found.divided.values()) == 10_00
    assert found.by_purse == {"WALLET": 10_00}

    make_cancelled.refunded(make_cancelled.cancelled(sealed))

    assert ledger.balance(f"wallet:{alice.code}") == 100_00
    assert {name: ledger.balance(f"{name}:ssq") for name in shares} == {
        "fund": shares["fund"] - 20, "fee": 0, "welfare": 0,
    }  # fmt: skip
    assert ledger.balance(f"prizes:{draw.code}") == ledger.balance(f"stakes:{draw.code}") == 0
    assert broken() == set()
    assert list(seals_that_differ()) == []
    assert list(tickets_logged_late()) == []
    page = Client().get(f"/draws/{draw.code}/seal/").content.decode()
    assert make_cancelled.REASON in page
    following = make.opened(make_plans.next_of(draw).code)
    make.purchase(alice, following)
    after = by_force(following)
    assert after.seal.previous_root == sealed.seal.root
    assert list(seals_that_differ()) == []


def test_a_draw_cancelled_before_its_seal_is_public_needs_no_witness(settings):
    """F075: when the witness refuses, the draw can be cancelled, and nothing cries for ever."""
    draw = make_draws.sold([make.SELECTION])
    calendar.bring_forward(draw=draw)
    closing.close(draw=draw, now=database_time())
    sealing.seal(draw=draws.find(draw.code), now=database_time())

    make_cancelled.refunded(_drill_cancelled(draw))
    jobs.run_pending(kinds=frozenset({"sales.seal_draw"}))

    assert list(seals_that_differ()) == []
    assert ledger.trial_balance(is_shadow=True) == 0


def _drill_cancelled(draw: Draw) -> Draw:
    draw_cancellation.cancel_drill(draw=draw, reason=make_cancelled.REASON, now=database_time())
    return draws.find(draw.code)


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.slow
def test_a_refund_killed_at_any_step_gives_each_ticket_back_once(before, monkeypatch):
    """F075: after each kill it is begun again, as a worker does."""
    monkeypatch.setattr(draw_cancellation, "AT_ONCE", 2)
    draw = make_draws.sold(*[[make.single(blue=blue)] for blue in range(1, 8)])
    player = Ticket.objects.filter(draw=draw)[0].owner
    cancelled = _drill_cancelled(draw)
    step = 0

    while True:
        step += 1
        was_killed = killed_at(
            step, before=before,
            deed=lambda: draw_cancellation.run(draw=cancelled, now=database_time()),
        )  # fmt: skip
        back = TicketRefund.objects.filter(draw=draw).count()
        assert ledger.balance(f"stakes:{draw.code}") == (7 - back) * 2_00
        assert ledger.trial_balance(is_shadow=True) == 0
        if not was_killed:
            break

    assert step > 3
    assert TicketRefund.objects.filter(draw=draw).count() == 7
    assert ledger.balance(f"wallet:{player.code}") == 1_000_000_00
    assert DrawRefund.objects.get(draw=draw).done_at is not None


def four_workers_at_one_refund() -> tuple[int, int]:
    """Four workers refund the same draw; tickets in it, and fen that went back."""
    draw = make_draws.sold(*[[make.single(blue=blue)] for blue in range(1, 9)])
    cancelled = _drill_cancelled(draw)
    done = at_once([lambda: draw_cancellation.run(draw=cancelled, now=database_time())] * 4)
    assert sum(result is True for result in done) == 1, done
    entries = TicketRefund.objects.filter(draw=draw)
    return entries.count(), sum(entry.amount for entry in entries)


def test_four_workers_give_each_ticket_back_once():
    """F075: one at a time for a draw; the others go on behind."""
    assert four_workers_at_one_refund() == (8, 16_00)


def test_a_refund_lowers_what_counts_against_a_ceiling():
    """N14, F075: a stake that came back is no stake."""
    alice, draw = make.alice(), make.draw()
    with transaction.atomic():
        ceilings.set_ceiling(
            player=alice, flow=ceilings.Flow.STAKE, span=ceilings.Span.DAY, fen=4_00,
            valid_from=database_time(),
        )  # fmt: skip
    make.purchase(alice, draw)
    make.purchase(alice, draw)
    assert ceilings.used(alice, flow=ceilings.Flow.STAKE, span=ceilings.Span.DAY) == 4_00

    make_cancelled.refunded(make_cancelled.cancelled(draw))

    assert ceilings.used(alice, flow=ceilings.Flow.STAKE, span=ceilings.Span.DAY) == 0


PAST_EVERY_DOOR = [
    ("UPDATE games_draw SET state = 'CANCELLED' WHERE id = %s", "draw_cancelled_by_agreement"),
    (
        """INSERT INTO games_drawcancellation (draw_id, from_state, reason, approval_code,
        cancelled_at) VALUES (%s, 'OPEN', 'x', 'DRILL', now())""",
        "cancellation_by_agreement",
    ),
    (
        """INSERT INTO sales_drawrefund (draw_id, tickets, stake, begun_at)
        VALUES (%s, 1, 1, now())""",
        "refund_of_a_cancelled_draw",
    ),
    ("SELECT sales_refund_next(%s, 10)", "refund_of_a_cancelled_draw"),
]


def test_the_database_cancels_and_refunds_nothing_by_itself():
    """F075: the application's own rights are not enough."""
    draw = make.draw()
    make.purchase(make.alice(), draw)

    for deed, constraint in PAST_EVERY_DOOR:
        with (
            pytest.raises(DatabaseError) as refused,
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(deed, [draw.pk])

        assert violated(refused.value) == constraint, deed
        assert Draw.objects.get(pk=draw.pk).state == Draw.State.OPEN


def test_a_cancellation_that_cancels_nothing_is_refused():
    """F075: the row and the state come together or not at all."""
    draw = make.shadow_draw()

    with pytest.raises(DatabaseError) as refused, transaction.atomic():
        DrawCancellation.objects.create(
            draw=draw, from_state="OPEN", reason="x", approval_code="DRILL",
            cancelled_at=database_time(),
        )  # fmt: skip

    assert violated(refused.value) == "cancellation_is_carried_out"


def test_refunds_and_cancellations_stand():
    """F075: evidence; the application has no such right."""
    for deed in (
        """INSERT INTO sales_ticketrefund (ticket_id, draw_id, amount, reference, refunded_at)
        SELECT id, draw_id, 0, 'x', now() FROM sales_ticket""",
        "UPDATE sales_ticketrefund SET amount = 0",
        "DELETE FROM sales_ticketrefund",
        "UPDATE sales_drawrefund SET tickets = 0",
        "DELETE FROM sales_drawrefund",
        "UPDATE games_drawcancellation SET reason = 'y'",
    ):
        with (
            pytest.raises(DatabaseError, match="permission denied"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(deed)


def test_a_refund_is_not_called_done_while_a_ticket_is_not_back():
    """F075: the database counts rows and looks into the stakes."""
    draw = _drill_cancelled(make_draws.sold([make.SELECTION], [make.SELECTION]))
    draw_cancellation.refund_next(draw=draw, most=1)

    with pytest.raises(DatabaseError) as refused, transaction.atomic():
        DrawRefund.objects.filter(draw=draw).update(done_at=database_time())

    assert violated(refused.value) == "draw_refund_is_whole"


def test_holders_supervisors_and_everybody_else_are_told_once():
    """F075: messages to those who hold tickets, mail to the supervisors, a notice for all."""
    alice, bob, draw = make.alice(), make.player("王明", wallet=20_00), make.draw()
    make.player("李雷", wallet=20_00)
    make.purchase(alice, draw)
    make.purchase(alice, draw)
    make.purchase(bob, draw)

    make_cancelled.refunded(make_cancelled.cancelled(draw))
    for _again in range(2):
        jobs.run_pending()
        holders.tell(key=f"cancelled:{draw.code}", now=database_time())

    told = Message.objects.filter(kind=holders.CANCELLED)
    assert {(one.user_id, one.params["tickets"], one.params["refunded_fen"]) for one in told} == {
        (alice.user_id, 2, 4_00), (bob.user_id, 1, 2_00),
    }  # fmt: skip
    assert HolderNotice.objects.get().told == 2
    (delivery,) = NoticeDelivery.objects.all()
    assert (delivery.about, delivery.state) == ("CANCELLATION", "DELIVERED")
    (sent,) = [one for one in mail.outbox if delivery.address in one.to]
    assert make_cancelled.REASON in sent.body
    for address in (f"/results/ssq/{draw.issue}/", "/calendar/", "/results/"):
        assert make_cancelled.REASON in Client().get(address).content.decode(), address
    code = Ticket.objects.filter(owner=bob)[0].code
    page = people.behind(bob.user).get(f"/tickets/{code}/").content.decode()
    assert make_cancelled.REASON in page
    written = trail.read(trail.Filters(object_type="draw", object_code=draw.code))
    deeds = [one.action for one in written]
    for deed in ("games.draw_cancelled", "sales.refund_begun", "sales.refund_done"):
        assert deeds.count(deed) == 1


def test_the_witness_hears_of_the_last_tickets_of_a_cancelled_draw():
    """F060, F075: what was sold is with the witness, though no seal asks for it any more."""
    draw = make.draw()
    make.purchase(make.alice(), draw)
    make_cancelled.cancelled(draw)

    jobs.run_pending(kinds=frozenset({"sales.end_rolling"}))

    closing_one = RollingCheck.objects.get(draw=draw, is_closing=True)
    assert (closing_one.tickets, closing_one.stake, closing_one.told_at is not None) == (
        1,
        2_00,
        True,
    )
    assert rolling.check_due(now=database_time() + timedelta(hours=1)) == 0


@pytest.mark.thorough
def test_the_desk_shows_what_would_be_refunded_before_anything_is_asked():
    """F075: tickets, players and money; and to whom it is not given, it is refused."""
    alice, draw = make.alice(), make.draw()
    make.purchase(alice, draw)
    official, auditor = people.member("draw_official").user, people.member("auditor").user
    address = f"/desk/draws/{draw.code}/cancel/"

    shown = people.behind(official).get(address).content.decode()
    assert people.behind(auditor).get(address).status_code == 403
    assert "2.00" in shown
    short = people.behind(official).post(address, {"reason": "停电", "is_sure": "on"})
    unsure = people.behind(official).post(address, {"reason": make_cancelled.REASON})
    assert (short.status_code, unsure.status_code) == (400, 400)
    asked = people.behind(official).post(
        address, {"reason": make_cancelled.REASON, "is_sure": "on"}
    )

    assert asked.status_code == 302
    (request,) = approvals.under_way(draw_cancellation.KIND)
    assert request.payload["draw"] == draw.code
    make_cancelled.agreed(request)
    page = people.behind(official).get(f"/desk/draws/{draw.code}/").content.decode()
    assert make_cancelled.REASON in page
    assert people.behind(official).get(address).status_code == 302


def test_who_comes_with_a_full_basket_is_told_that_the_draw_is_cancelled():
    """F075: the last look and the purchase say so; nothing is charged."""
    alice, draw = make.alice(), make.draw()
    make_cancelled.cancelled(draw)

    with pytest.raises(purchase.DrawNotOpen):
        make.purchase(alice, draw)

    answer = people.behind(alice.user).post(
        f"/play/ssq/{draw.issue}/buy/",
        {
            "basket": '[{"t":"single","b":[[],[]],"p":[[1,2,3,4,5,6],[7]],"m":1,"q":false}]',
            "request_key": "0190c2b2-6f4e-7a0e-8a41-1d2c3b4a5f60",
        },
    )
    assert answer.status_code == 409
    assert make_cancelled.REASON in answer.content.decode()
    board = people.behind(alice.user).get("/play/ssq/")  # between two draws: why there is none
    assert board.status_code == 409
    assert make_cancelled.REASON in board.content.decode()
    assert not Ticket.objects.exists()


HARMS = [  # each with what makes it good again
    (
        "UPDATE sales_ticketrefund SET amount = amount + 1",
        "UPDATE sales_ticketrefund SET amount = amount - 1",
        "refunded_once",
    ),
    (
        "UPDATE games_draw SET state = 'OPEN' WHERE state = 'CANCELLED'",
        "UPDATE games_draw SET state = 'CANCELLED' WHERE state = 'OPEN'",
        "refunded_once",
    ),
    (
        "UPDATE finance_entry SET reference = 'x' || reference WHERE kind = 'REFUND'",
        "UPDATE finance_entry SET reference = substr(reference, 2) WHERE kind = 'REFUND'",
        "refunded_once",
    ),
    (
        """INSERT INTO finance_transfer (entry_id, position, source_id, target_id, amount,
        source_balance, target_balance, is_shadow, posted_at)
        SELECT entry_id, 9, target_id, source_id, amount, NULL, NULL, is_shadow, posted_at
          FROM finance_transfer WHERE entry_id = (SELECT id FROM finance_entry
               WHERE reference LIKE 'refund:%' LIMIT 1)""",
        "DELETE FROM finance_transfer WHERE position = 9",
        "cancelled_draws_keep_nothing",
    ),
]


@pytest.mark.thorough
def test_the_books_notice_a_refund_that_is_not_right():
    """F075, N05: what no door can do is found by the checks of the books."""
    draw = _drill_cancelled(make_draws.sold([make.SELECTION]))
    make_cancelled.refunded(draw)

    with owner.as_owner() as hand:
        for table in ("games_draw", "sales_ticketrefund", "finance_entry", "finance_transfer"):
            hand.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        for harm, made_good, name in HARMS:
            assert name not in broken()
            hand.execute(harm)
            assert name in broken(), harm
            hand.execute(made_good)
    assert broken() & {"refunded_once", "cancelled_draws_keep_nothing"} == set()
