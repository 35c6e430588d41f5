"""A winner names an agent on his page; the agent comes to the counter with the papers of both."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import psycopg
import pytest

from accounts import proxies, proxy_letters
from accounts.models import Message, Proxy, ProxyLetter
from audit import canonical
from lottery_portal.lib import codes
from lottery_portal.lib.db import database_time
from lottery_portal.lib.errors import Refused
from lottery_portal.lib.ids import uuid7
from prizes.claim_models import Claim
from prizes.models import Prize
from prizes.redemption import agents
from prizes.redemption import claim_refusals as no
from tests import make_claims as make
from tests import people
from tests.accounts import papers
from tests.make_claims import Won
from tests.owner import as_owner

from .test_counter_pages import hidden
from .test_guards import fact

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])

DAY = timedelta(days=1)


def letter_of(won: Won, prize: Prize) -> ProxyLetter:
    """The letter of this prize's winner for somebody who has no account."""
    return _letter(won, papers.of_somebody(), prize=prize, actor=prize.owner.user)


def _letter(won: Won, card, **other: Any) -> ProxyLetter:
    prize = other.get("prize") or won.prize(won.bob)
    said: dict[str, Any] = {
        "prize": prize, "agent_name": card.name, "agent_number": card.number,
        "valid_until": papers.today(), "language": "en", "actor": won.bob.user,
        "agreed": canonical.digest(agents.promise(prize, "en")), "now": database_time(), **other,
    }  # fmt: skip
    return agents.write(**said)


def _opened(won: Won, found: ProxyLetter, card, **other: Any) -> Claim:
    said: dict[str, Any] = {
        "letter": found.code, "ticket": won.prize(won.bob).ticket.code,
        "winner_paper": papers.of(won.bob), "agent_paper": card,
        "actor": won.staff["claims_clerk"], "request_key": uuid7(), "now": database_time(), **other,
    }  # fmt: skip
    return agents.open_(**said)


def test_an_agent_claims_what_the_letter_says_and_nothing_else(won):
    """F086: over, taken back, another prize, another person: each refused by its name."""
    card, stranger = papers.of_somebody(), papers.of_somebody(name="钱大山")
    child = papers.of_somebody(birth=papers.CHILD).number
    staff = papers.of(won.staff["cashier"].staff_member.person)
    wrongs: list[tuple[dict[str, Any], type[Refused]]] = [
        ({"agreed": "0" * 64}, agents.LetterNotAgreed),
        ({"actor": won.carol.user}, no.NotTheOwner),
        ({"valid_until": papers.today() - DAY}, proxies.ProxyExpired),
        ({"valid_until": papers.today() + 400 * DAY}, proxies.ProxyIncomplete),
        ({"agent_name": staff.name, "agent_number": staff.number}, proxies.AgentIsStaff),
        ({"agent_number": papers.of(won.bob).number}, proxies.AgentIsTheWinner),
        ({"agent_number": child}, proxy_letters.AgentUnderAge),
    ]  # fmt: skip
    for wrong, refusal in wrongs:
        with pytest.raises(refusal):
            _letter(won, card, **wrong)
    assert not ProxyLetter.objects.exists()

    first = _letter(won, card)
    with pytest.raises(proxy_letters.LetterStands):
        _letter(won, stranger)
    with pytest.raises(proxy_letters.NotHisLetter):
        proxy_letters.take_back(letter=first, actor=won.carol.user, now=database_time())
    wrongs = [
        ({"agent_paper": stranger}, proxies.NotTheAgent),
        ({"ticket": won.prize(won.carol).ticket.code}, proxies.ProxyOutOfScope),
        ({"now": database_time() + DAY}, proxies.ProxyExpired),
        ({"letter": codes.new_code()}, proxy_letters.LetterUnknown),
        ({"actor": won.staff["cashier"]}, no.NotYourPost),
    ]
    for wrong, refusal in wrongs:
        with pytest.raises(refusal):
            _opened(won, first, card, **wrong)
    assert not Claim.objects.exists()
    key = uuid7()
    claim = _opened(won, first, card, request_key=key)
    assert _opened(won, first, card, request_key=key).pk == claim.pk
    proxy = Proxy.objects.get()
    assert (claim.opened_by, make.last_of(claim).body["proxy"], proxy.letter) == (
        won.staff["claims_clerk"], proxy.code, first,
    )  # fmt: skip
    assert Message.objects.get(kind=agents.OPENED).user == won.bob.user

    # Taken back before it is checked: nobody goes on by it, whatever calls.
    proxy_letters.take_back(letter=first, actor=won.bob.user, now=database_time())
    with pytest.raises(no.AgentNotCovered):
        make.checked(won, claim)
    claim.refresh_from_db()
    assert claim.state == "OPENED"
    with pytest.raises(proxies.ProxyTakenBack):
        _opened(won, first, card)
    _whatever_calls(won, claim, proxy)


def _whatever_calls(won: Won, claim: Claim, proxy: Proxy) -> None:
    """The database alone: no claim is opened by an authority that does not cover its prize."""
    prize = won.prize(won.carol)
    asked = {
        "prize": prize.pk, "code": codes.new_code(), "way": "CENTRE", "claimant": won.carol.code,
        "outlet": "", "request_key": str(uuid7()), "account": won.staff["claims_clerk"].pk,
        **make.proof(prize.ticket), "body": {"proxy": proxy.code},
    }  # fmt: skip
    said = "SELECT prizes_claim_open(%s::jsonb)"
    assert fact(said, canonical.text(asked)) == "claim_agent_has_authority"
    row = """
    INSERT INTO accounts_proxy (code, principal_id, agent_id, principal_paper_id, agent_paper_id,
        scope, valid_from, valid_until, letter_digest, letter_id, recorded_by_id, recorded_at)
    SELECT 'X', principal_id, agent_id, principal_paper_id, agent_paper_id, {scope}, valid_from,
        valid_until, letter_digest, letter_id, recorded_by_id, now() FROM accounts_proxy"""
    assert fact(row.format(scope="'{prize:OTHER}'")) == "proxy_as_its_letter_says"
    assert fact(row.format(scope="scope")) == "proxy_letter_stands"
    for said in ("UPDATE accounts_proxyletter SET valid_until = valid_until + 9",
                 "DELETE FROM accounts_proxyletterend"):  # fmt: skip
        assert fact(said) != ""
        with pytest.raises(psycopg.Error, match="never change"), as_owner() as hand:
            hand.execute(said)


@pytest.mark.thorough
def test_the_letter_and_the_counter_by_their_pages(won):
    """F086: the number is shown to the winner; the clerk sees names masked, and both papers."""
    prize, card = won.prize(won.bob), papers.of_somebody()
    winner = people.in_english(won.bob.user)
    at = f"/prizes/{prize.ticket.code}/agent/"
    assert "Have somebody claim for you" in people.text(winner.get(f"/prizes/{prize.ticket.code}/"))
    said = {
        "agent_name": card.name, "agent_number": card.number, "valid_until": f"{papers.today()}",
        "agreed": hidden(people.text(winner.get(at)), "agreed"),
    }  # fmt: skip
    assert winner.post(at, said).status_code == 400  # not read
    assert winner.post(at, said | {"has_agreed": "on"}).status_code == 302
    letter = ProxyLetter.objects.get()
    page = people.text(winner.get(at))
    assert codes.shown(letter.code) in page
    assert card.name in page
    assert people.in_english(won.carol.user).get(at).status_code == 404

    clerk, desk = people.in_english(won.staff["claims_clerk"]), "/desk/claims/agent/"
    assert "There is no letter" in people.text(clerk.get(desk, {"letter": codes.new_code()}))
    shown = people.text(clerk.get(desk, {"letter": codes.shown(letter.code).lower()}))
    assert "24,000.00" not in shown
    assert "30,000.00 yuan" in shown
    assert (card.name in shown, card.number in shown) == (False, False)
    sent = {
        "ticket": codes.shown(prize.ticket.code), "request_key": hidden(shown, "request_key"),
        **{f"{who}-{name}": value
           for who, paper in (("agent", card), ("winner", papers.of(won.bob)))
           for name, value in (("kind", paper.kind), ("number", paper.number), ("name", paper.name),
                               ("valid_until", f"{paper.valid_until}"), ("issued_by", "CHN"))},
    }  # fmt: skip
    to = f"{desk}?letter={letter.code}"
    assert clerk.post(to, sent | {"agent-number": papers.of_somebody().number}).status_code == 409
    answer = clerk.post(to, sent)
    claim = Claim.objects.get()
    assert answer["Location"] == f"/desk/claims/{claim.code}/"
    assert "Somebody acts for the winner" in people.text(clerk.get(answer["Location"]))
    assert people.in_english(won.staff["cashier"]).get(desk).status_code == 403
    assert winner.post(f"{at}{letter.code}/").status_code == 302
    assert "covers nothing now" in people.text(clerk.get(answer["Location"]))
    assert people.in_english(won.carol.user).post(f"{at}{letter.code}/").status_code == 404
