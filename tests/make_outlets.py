"""Outlets and centres for tests: admitted, authorised and staffed through the doors."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from accounts.models import StaffMember, User
from audit import approvals, policies
from lottery_portal.lib.db import database_time
from partners import claim_authority, operators, outlets
from partners.models import ClaimAuthority, Outlet
from prizes.redemption import routing
from tests import people

HOURS = "1-5 09:00-18:00; 6-7 10:00-16:00"
PLACE = {
    "kind": "OUTLET", "name": "海淀一号网点", "province": "北京市", "district": "海淀区",
    "address": "中关村大街 1 号", "hours_text": HOURS, "phone": "010-6500 0001",
}  # fmt: skip


class Desk:
    """Who asks and who agrees, once each in a test."""

    def __init__(self, maker: User | None = None, checker: User | None = None) -> None:
        self.maker = maker or people.member("compliance").user
        self.checker = checker or people.member("approver").user

    def agreed(self, asked: approvals.Request) -> str:
        """Have the other person agree; the code of the approval."""
        approvals.decide(code=asked.code, checker=self.checker, approve=True, now=database_time())
        return asked.code

    def outlet(self, **said: str) -> Outlet:
        """An outlet in the register, without authority."""
        asked = outlets.request(**(PLACE | said), maker=self.maker, now=database_time())
        return Outlet.objects.get(approval_code=self.agreed(asked))

    def authority(
        self, outlet: Outlet, up_to: int, game: str = "", until: datetime | None = None
    ) -> ClaimAuthority:
        """Authority for it, from now on."""
        asked = claim_authority.request(
            outlet=outlet, game=game, up_to=up_to, valid_until=until,
            maker=self.maker, now=database_time(),
        )  # fmt: skip
        return ClaimAuthority.objects.get(approval_code=self.agreed(asked))

    def place(self, up_to: int = 30_000_00, game: str = "", **said: str) -> Outlet:
        """An outlet with authority."""
        outlet = self.outlet(**said)
        self.authority(outlet, up_to, game)
        return outlet

    def operator(self, outlet: Outlet) -> StaffMember:
        """Somebody who works there."""
        member = people.member("outlet_operator")
        self.works_at(outlet, member.user)
        return member

    def works_at(self, outlet: Outlet, user: User) -> None:
        """Have an operator work there."""
        operators.assign(outlet=outlet, user=user, actor=self.maker, now=database_time())


def outlets_pay_up_to(fen: int, *, game: str = "") -> None:
    """The figure of the outlets; in a house where no ticket is sold yet."""
    with transaction.atomic():
        policies.set_genesis(
            key=routing.OUTLET_POLICY, scope=game, value=fen, reason="创世：供测试使用",
            now=database_time(),
        )  # fmt: skip
