"""The terminal of an outlet: logging in, whose session it is, and when it is shut."""

from __future__ import annotations

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client

from accounts import demo, login_names
from audit.models import TrailRecord
from lottery_portal.lib.db import database_time
from partners import operators, outlets
from tests import make_outlets, people

pytestmark = pytest.mark.django_db(transaction=True)


def test_an_operator_logs_in_with_a_second_factor_and_lands_at_his_terminal():
    """F176, F224: the password alone opens nothing; with the factor he is at his outlet."""
    desk = make_outlets.Desk()
    outlet = desk.place(name="海淀一号网点")
    member = desk.operator(outlet)
    secret = demo.enrol(member.user)
    name = login_names.of(member.user.login_names.get()).value
    client = Client()
    client.cookies["language"] = "en"

    answer = client.post("/login/", {"login": name, "password": people.PASSWORD})
    assert answer["Location"] == "/login/factor/"
    assert client.get("/terminal/").status_code == 302
    answer = client.post(answer["Location"], {"code": demo.totp_code(secret)})
    assert answer["Location"] == "/terminal/"
    page = client.get("/terminal/")

    assert page.status_code == 200
    assert "海淀一号网点" in people.text(page)
    assert "30,000.00" in people.text(page)
    assert client.session["outlet"] == outlet.code
    client.get("/terminal/")
    begun = TrailRecord.objects.filter(action="partners.terminal_begun")
    assert begun.get().object_code == outlet.code
    assert Authenticator.objects.filter(user=member.user).exists()


def test_the_terminal_is_shut_with_a_sentence_when_the_outlet_or_the_work_there_ends():
    """F176: at the next request, whatever the session began with."""
    desk = make_outlets.Desk()
    outlet, other = desk.place(), desk.place(name="二号")
    member = desk.operator(outlet)
    client = people.in_english(member.user)
    now = database_time()

    def said() -> str:
        answer = client.get("/terminal/")
        assert answer.status_code in {200, 403}
        return people.text(answer) if answer.status_code == 403 else ""

    assert said() == ""
    outlets.suspend(outlet=outlet, reason="清点不符", actor=desk.maker, now=now)
    assert "is suspended" in said()
    back = outlets.request_return(outlet=outlet, reason="已查清", maker=desk.maker, now=now)
    desk.agreed(back)
    assert said() == ""

    operators.end(outlet=outlet, user=member.user, actor=desk.maker, now=now)
    assert "not assigned to an outlet" in said()
    operators.assign(outlet=other, user=member.user, actor=desk.maker, now=now)
    assert "You work at another outlet now" in said()
    again = people.in_english(member.user)
    assert again.get("/terminal/").status_code == 200
    assert again.session["outlet"] == other.code
    outlets.close(outlet=other, reason="x", actor=desk.maker, now=now)
    client = again
    assert "closed for good" in said()


@pytest.mark.thorough
def test_an_operator_sees_no_place_of_the_desk_and_keeps_his_keys():
    """F223: his security pages stand in the terminal's frame."""
    desk = make_outlets.Desk()
    client = people.in_english(desk.operator(desk.place()).user)

    page = people.text(client.get("/me/security/"))
    assert "Log-in and security" in page
    assert "desk-places" not in page
    for address in ("/desk/", "/desk/outlets/", "/desk/approvals/", "/admin/", "/desk/exports/"):
        assert client.get(address).status_code == 403, address
    clerk = people.behind(people.member("claims_clerk").user)
    assert clerk.get("/desk/").status_code == 200
    assert clerk.get("/terminal/").status_code == 403
