"""T-CLAIM: somebody looked at what lay unclaimed, and his acquaintance comes for it (F150)."""

from __future__ import annotations

import pytest

from accounts import proxies, staff
from audit.models import Alarm
from audit.people import person_of
from finance import bank_accounts, cases
from finance.models import Case
from lottery_portal.lib.db import database_time
from prizes.claim_models import PrizeEnd
from prizes.redemption import claim_refusals as no
from prizes.redemption import forfeiture, lookers, minors, payment, steps
from tests import make, make_money, people
from tests import make_claims as made_by
from tests.accounts import papers
from tests.make_claims import Won
from tests.owner import as_owner, guards_up

from .test_guards import fact

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


def _looked(won: Won) -> None:
    forfeiture.reveal_unclaimed(
        reason="核对弃奖前名单", actor=won.staff["claims_officer"], now=database_time()
    )


def _account(player, number: str, holder: str):
    return bank_accounts.add(
        player=player, bank_name="建设银行", number=number, holder=holder, now=database_time()
    )


def _as_person(player, member) -> None:
    """The player is the human being behind this member of staff, from before he took the post."""
    with as_owner() as hand:
        hand.execute("ALTER TABLE accounts_player DISABLE TRIGGER USER")
        hand.execute(
            "UPDATE accounts_player SET person_id = %s WHERE id = %s",
            [member.staff_member.person_id, player.pk],
        )
        guards_up(hand)


def _friend(won: Won) -> None:
    """Bob has the bank account that an officer once had, who looks at what lies unclaimed."""
    officer, number = won.staff["claims_officer"], make_money.card("6021")
    insider = make.player("陈小雨")
    account = _account(insider, number, "陈小雨")
    bank_accounts.remove(player=insider, code=account.code, now=database_time())
    _as_person(insider, officer)
    assert won.bob.person is not None
    _account(won.bob, number, won.bob.person.name.reveal())
    _looked(won)


def test_who_looked_at_what_lay_unclaimed_and_whose_friend_claims_it_is_found(won):
    """RELIABILITY 1.6, Camelot: the same bank account; nobody approves or pays until settled."""
    early = made_by.opened(won, won.prize(won.carol))
    _friend(won)
    officer = won.staff["claims_officer"]
    claim = made_by.ready_to_ask(won, made_by.opened(won, won.prize(won.bob)))
    assert not lookers.examine(code=early.code, now=database_time())

    with pytest.raises(no.Examined):
        payment.ask(code=claim.code, maker=officer, now=database_time())

    case = Case.objects.get()
    (tie,) = case.facts["ties"]
    assert (case.kind, case.object_code) == (lookers.KIND, claim.code)
    assert (tie["reader"], tie["what"], tie["how"], tie["whom"]) == (
        officer.username, "list", "bank", "winner",
    )  # fmt: skip
    assert Alarm.objects.get(kind=lookers.KIND).object_code == claim.code
    assert lookers.examine_all(now=database_time()) == 0
    # The door is not the only thing that stands in the way.
    assert fact(
        "SELECT prizes_claim_move(%s, 'APPROVED', NULL, '{}', NULL, '')", claim.pk
    ) == "claim_not_while_examined"  # fmt: skip
    assert not PrizeEnd.objects.exists()

    _settled_by_who_had_no_part(won, claim, case)


def _settled_by_who_had_no_part(won, claim, case) -> None:
    """F155: who settles it approves nothing; what was looked into is not found again."""
    compliance = won.staff["compliance"]
    assert steps.bar(claim, person_of(compliance)) == ""
    with pytest.raises(cases.MayNotHandle):
        cases.resolve(
            code=case.code, actor=won.staff["claims_officer"], resolution="x", now=database_time()
        )
    cases.resolve(
        code=case.code, actor=compliance, resolution="夫妻，已申报并回避", now=database_time()
    )
    assert steps.bar(claim, person_of(compliance)) == "claim_not_by_who_handles_a_case"
    asked = made_by.asked(won, claim)
    assert Case.objects.count() == 1
    assert made_by.decided(won, asked, "approver1").state == "APPROVED"


def test_an_agent_a_guardian_and_an_address_tie_as_a_bank_account_does(won):
    """F150: the same person; an address that a crowd shares ties nobody."""
    officer, clerk, today = won.staff["claims_officer"], won.staff["claims_clerk"], papers.today()
    _looked(won)
    prize = won.prize(won.bob)
    claim = made_by.opened(won, prize)
    assert not lookers.ties(claim)
    with pytest.raises(proxies.AgentIsStaff):  # the database keeps staff from acting for anybody
        proxies.take(
            winner=won.bob, winner_paper=papers.of(won.bob),
            agent_paper=papers.of(officer.staff_member.person),
            scope=[minors.object_of(prize)], valid_from=today, valid_until=today,
            letter_digest=papers.DIGEST, recorded_by=clerk, now=database_time(),
        )  # fmt: skip
    minors.take(
        prize=prize, minor_paper=papers.of_somebody(birth=papers.CHILD),
        guardian_paper=papers.of(officer.staff_member.person), relation="PARENT", proof="BIRTH",
        scan=b"%PDF-1.4 %%EOF", media_type="application/pdf", actor=clerk, now=database_time(),
    )  # fmt: skip
    assert [(tie.how, tie.whom) for tie in lookers.ties(claim)] == [("person", "guardian")]

    insider = make.player("周远")
    _as_person(insider, officer)
    other = made_by.opened(won, won.prize(won.carol))
    assert lookers.ties(other) == []  # everybody here came from one address
    with as_owner() as hand:
        hand.execute("ALTER TABLE accounts_consent DISABLE TRIGGER USER")
        hand.execute(
            "UPDATE accounts_consent SET ip_digest = sha256('a'::bytea) WHERE user_id = ANY (%s)",
            [[won.carol.user_id, insider.user_id]],
        )
        guards_up(hand)
    assert [(tie.how, tie.whom) for tie in lookers.ties(other)] == [("address", "winner")]


@pytest.mark.thorough
def test_the_page_of_looks_says_who_and_what_ties_him(won):
    """F150: to compliance and auditors; nobody reads there what is found about himself."""
    _friend(won)
    claim = made_by.opened(won, won.prize(won.bob))
    compliance = people.in_english(won.staff["compliance"])
    at = "/desk/prizes/looks/"
    assert "Nothing found." in people.text(compliance.get(at))
    assert compliance.post(at).status_code == 302
    page = people.text(compliance.get(at))
    for words in ("winner: the same bank account", "the list of unclaimed prizes", "Open"):
        assert words in page
    assert "People look into it." in people.text(compliance.get(f"/desk/claims/{claim.code}/"))
    clerk = people.in_english(won.staff["claims_clerk"])
    assert clerk.get(at).status_code == 403
    assert "People look into it." not in people.text(clerk.get(f"/desk/claims/{claim.code}/"))
    auditor = people.in_english(people.member("auditor").user)
    assert "the same bank account" in people.text(auditor.get(at))
    assert auditor.post(at).status_code == 403
    staff.appoint_at_genesis(won.staff["claims_officer"].staff_member, "compliance", now=people.NOW)
    himself = people.in_english(won.staff["claims_officer"])
    assert "Nothing found." in people.text(himself.get(at))
