"""Two outlets and a prize centre of the demo house, with authority and an operator each.

Names, addresses and numbers are invented. Everything goes through the doors: asked for by
compliance, agreed on by the approver.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from accounts.models import Posting, User
from audit import approvals

from . import claim_authority, operators, outlets
from .models import Outlet

PLACES: tuple[tuple[dict[str, str], int, str], ...] = (
    (
        {
            "kind": "CENTRE", "name": "明彩兑奖中心", "province": "北京市", "district": "西城区",
            "address": "月坛南街示例路 26 号 1 层", "hours_text": "1-5 09:00-17:00",
            "phone": "010-0000 0100",
        },
        claim_authority.NO_CEILING,
        "叶青",
    ),
    (
        {
            "kind": "OUTLET", "name": "海淀中关村示范网点",
            "province": "北京市", "district": "海淀区",
            "address": "中关村大街示例 18 号", "hours_text": "1-5 09:00-20:00; 6-7 10:00-18:00",
            "phone": "010-0000 0101",
        },
        30_000_00,
        "高敏",
    ),
    (
        {
            "kind": "OUTLET", "name": "朝阳望京示范网点",
            "province": "北京市", "district": "朝阳区",
            "address": "望京西路示例 7 号", "hours_text": "1-7 09:30-21:00",
            "phone": "010-0000 0102",
        },
        20_000_00,
        "罗宁",
    ),
)  # fmt: skip


def load(*, now: datetime) -> None:
    """Admit, authorise for all games, and staff them. A second run changes nothing."""
    maker, checker = _holder("compliance"), _holder("approver")
    if Outlet.objects.exists() or maker is None or checker is None:
        return
    for said, up_to, operator in PLACES:
        asked = outlets.request(**said, maker=maker, now=now)
        approvals.decide(code=asked.code, checker=checker, approve=True, now=now)
        outlet = Outlet.objects.get(approval_code=asked.code)
        asked = claim_authority.request(outlet=outlet, game="", up_to=up_to, maker=maker, now=now)
        approvals.decide(code=asked.code, checker=checker, approve=True, now=now)
        user = User.objects.filter(staff_member__display_name=operator).first()
        if user is not None:
            operators.assign(outlet=outlet, user=user, actor=maker, now=now)


def _holder(role: str) -> Any:
    held = Posting.objects.filter(post__roles__contains=[role], valid_until__isnull=True)
    return User.objects.filter(staff_member__person__in=held.values("person")).first()
