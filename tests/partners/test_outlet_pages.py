"""Outlets at the desk: looked at by many, changed by few, and by two where it counts."""

from __future__ import annotations

import pytest

from audit import approvals
from partners import outlets
from partners.models import ClaimAuthority, ClaimAuthorityEnd, Outlet, OutletOperator
from tests import make_outlets, people

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.thorough
def test_the_desk_admits_authorises_staffs_suspends_and_takes_back():
    """F176, F178: one outlet from the application to the return, by its pages."""
    maker, checker = people.member("compliance"), people.member("approver")
    desk = make_outlets.Desk(maker.user, checker.user)
    page = people.in_english(maker.user)
    operator = people.member("outlet_operator")

    wrong = page.post("/desk/outlets/new/", make_outlets.PLACE | {"hours_text": "always"})
    assert wrong.status_code == 400
    assert "write opening hours like this" in people.text(wrong)
    assert page.post("/desk/outlets/new/", make_outlets.PLACE).status_code == 302
    (asked,) = approvals.under_way(outlets.KIND)
    shown = people.text(people.in_english(checker.user).get(f"/desk/approvals/{asked.code}/"))
    assert "Admit an outlet" in shown
    assert "Mon to Fri 09:00–18:00" in shown
    desk.agreed(asked)
    outlet = Outlet.objects.get()
    at = f"/desk/outlets/{outlet.code}/"
    assert "Redeems nothing, for want of authority" in people.text(page.get("/desk/outlets/"))

    assert page.post(f"{at}authority/", {"game": "ssq", "up_to": "zehn"}).status_code == 400
    assert page.post(f"{at}authority/", {"game": "ssq", "up_to": "30,000"}).status_code == 302
    assert "Waits for another person" in people.text(page.get(at))
    (asked,) = approvals.under_way("partners.claim_authority")
    assert asked.amount_fen == 30_000_00
    shown = people.text(people.in_english(checker.user).get(f"/desk/approvals/{asked.code}/"))
    assert "30,000.00 yuan" in shown
    desk.agreed(asked)
    assert ClaimAuthority.objects.get().up_to == 30_000_00

    fields = {"member": operator.user.username}
    assert page.post(f"{at}operators/", fields).status_code == 302
    assert OutletOperator.objects.get().user == operator.user
    assert (
        page.post(
            f"{at}correct/", {"hours_text": "1-7 08:00-20:00", "phone": "010-6500 0002"}
        ).status_code
        == 302
    )
    assert page.post(f"{at}suspend/", {"reason": ""}).status_code == 400
    assert page.post(f"{at}suspend/", {"reason": "清点不符"}).status_code == 302
    whole = people.text(page.get(at))
    assert "Suspended: it redeems nothing" in whole
    assert "清点不符" in whole
    assert page.post(f"{at}return/", {"reason": "已查清"}).status_code == 302
    (asked,) = approvals.under_way(outlets.RETURN_KIND)
    desk.agreed(asked)
    assert Outlet.objects.get().state == "ACTIVE"
    held = ClaimAuthority.objects.get()
    ending = f"{at}authority/{held.approval_code}/end/"
    assert "30,000.00" in people.text(page.get(ending))
    assert page.post(ending, {"reason": "收回"}).status_code == 302
    assert ClaimAuthorityEnd.objects.get().authority == held
    assert page.post(f"{at}operators/{operator.user.username}/end/").status_code == 302
    assert OutletOperator.objects.get().valid_until is not None
    assert page.post(f"{at}close/", {"reason": "合同到期"}).status_code == 302
    assert Outlet.objects.get().state == "CLOSED"
    assert page.get("/desk/outlets/00000000/").status_code == 404


@pytest.mark.thorough
def test_who_only_looks_sees_no_deeds_and_the_admin_changes_nothing():
    """F223: auditor and clerk read; nothing moved."""
    desk = make_outlets.Desk()
    outlet = desk.place()
    for role in ("auditor", "claims_clerk"):
        client = people.in_english(people.member(role).user)
        whole = people.text(client.get(f"/desk/outlets/{outlet.code}/"))
        assert outlet.name in whole
        assert "Suspend…" not in whole
        assert "Ask for authority" not in whole
        assert (
            client.post(f"/desk/outlets/{outlet.code}/suspend/", {"reason": "x"}).status_code == 403
        )
        assert client.get("/admin/partners/claimauthority/").status_code == 200
        assert client.get("/admin/partners/claimauthority/add/").status_code == 403
    assert Outlet.objects.get().state == "ACTIVE"
    officer = people.behind(people.member("claims_officer").user)
    answer = officer.post(f"/desk/outlets/{outlet.code}/suspend/", {"reason": "赃款线索"})
    assert answer.status_code == 302
    assert Outlet.objects.get().state == "SUSPENDED"
