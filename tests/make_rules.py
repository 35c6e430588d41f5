"""Rule files that were never in the code: documents, signatures, versions loaded from them."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db import transaction

from audit import approvals, policies
from games import rule_files, rule_sheets, rules
from games.models import Game, RuleFile, RuleSheet
from lottery_portal.lib.db import database_time
from tests import people

PAPER = "财综〔2027〕3号"
NOTICE = "自新规则首期起，奖级和投注方式有变化，已售彩票不受影响。"
_KEY = Ed25519PrivateKey.from_private_bytes(b"rules of a test".ljust(32))

Document = dict[str, Any]


@cache
def signer() -> str:
    """The key of the test as the figure of signers has it."""
    return f"{base64.b64encode(_KEY.public_key().public_bytes_raw()).decode()} 财政部（测试）"


def trusted() -> None:
    """Let the key of the test sign rules."""
    with transaction.atomic():
        policies.set_genesis(
            key=rule_files.SIGNERS_POLICY, value=[signer()], reason="test", now=database_time()
        )


def signed(raw: bytes) -> bytes:
    """The signature over exactly these bytes."""
    return _KEY.sign(raw)


def written(document: Mapping[str, Any]) -> bytes:
    """The document as a file."""
    return json.dumps(document, ensure_ascii=False, indent=1).encode()


def document(base: str, *, code: str, first_issue: str) -> Document:
    """The rule file of a known version under another code."""
    found = rule_files.sample(rules.by_code(base))
    found["sheet"]["version"] |= {"code": code, "first_issue": first_issue}
    found["paper"] = PAPER
    return found


def ssq(first_issue: str = "2027001") -> Document:
    """双色球 as nobody decided it: other drums, another amount, a prize for three reds alone."""
    found = document("ssq-2026.1", code="ssq-2027.1", first_issue=first_issue)
    version = found["sheet"]["version"]
    for zone in (version["zones"][0], version["plays"][0]["places"][0]):
        zone["size"] = 35
    for zone in (version["zones"][1], version["plays"][0]["places"][1]):
        zone["size"] = 12
    for bet_type in version["bet_types"]:
        for at, most in ((0, 35), (1, 12)):
            taken = bet_type["ranges"][at]
            taken["numbers_most"] = min(taken["numbers_most"], most)
            if bet_type["code"] != "single" and taken["numbers_most"] > 1:
                taken["numbers_most"] = most
    version["tiers"][3]["fixed_fen"] = 300_00
    version["tiers"].append(
        {**version["tiers"][6], "number": 8, "matches": [[2, 0]], "fixed_fen": 2_00,
         "special_only": False}
    )  # fmt: skip
    found["names"] = {"tiers/8": {"en": "Pair prize", "zh-hans": "对奖"}}
    found["articles"]["tiers/8"] = "规则第二十条"
    return found


def digits(first_issue: str = "2027001") -> Document:
    """3D with a way to bet that the code never had: the last two digits in order, three yuan."""
    found = document("fc3d-2016.1", code="fc3d-2027.1", first_issue=first_issue)
    version = found["sheet"]["version"]
    straight = version["plays"][0]
    ends = [
        {**place, "code": code}
        for place, code in zip(straight["places"][1:], ("d2", "d3"), strict=True)
    ]
    version["plays"].append(
        {
            **straight,
            "code": "back2",
            "places": ends,
            "measures": [
                {
                    "code": "positions",
                    "against": [{"place": code, "fact": code} for code in ("d2", "d3")],
                }
            ],
            "extra_fen": 100,
        }
    )
    version["bet_types"].append(
        {**version["bet_types"][0], "code": "back2", "play": "back2",
         "ranges": version["bet_types"][0]["ranges"][:2]}
    )  # fmt: skip
    last = version["tiers"][-1]
    version["tiers"].append(
        {**last, "number": last["number"] + 1, "matches": [[2]], "plays": ["back2"], "when": None,
         "fixed_fen": 110_00}
    )  # fmt: skip
    version["tiers"][0]["fixed_fen"] = 1_100_00
    both = {"en": "Last two", "zh-hans": "后二"}
    digit = {"en": "digit", "zh-hans": "号码"}
    found["names"] = {
        "plays/back2": both,
        "plays/back2/places/d2": digit,
        "plays/back2/places/d3": digit,
        "plays/back2/measures/positions": digit,
        "bet_types/back2": both,
        f"tiers/{last['number'] + 1}": both,
    }
    found["articles"] |= {
        "bet_types/back2": "规则第六条", "price/back2": "规则第八条", "plays": "规则第六条",
        f"tiers/{last['number'] + 1}": "规则第二十条",
    }  # fmt: skip
    return found


def brought(game: str, document: Mapping[str, Any]) -> RuleFile:
    """The file of a document, handed in for a game."""
    raw = written(document)
    return rule_files.bring(
        game=Game.objects.get(code=game),
        raw=raw,
        signature=signed(raw),
        actor=people.member("compliance").user,
        now=database_time(),
    )


def agreed(asked: approvals.Request, *, now: Callable[[], datetime] = database_time) -> None:
    """Another person says yes."""
    approvals.decide(
        code=asked.code, checker=people.member("approver").user, approve=True, now=now()
    )


def loaded(game: str, document: Mapping[str, Any], *, notice: str = NOTICE) -> RuleSheet:
    """The version of a document, loaded for a game by two people."""
    file = brought(game, document)
    asked = rule_sheets.request(
        game=file.game,
        version=file.code,
        notice=notice,
        file=file,
        maker=people.member("compliance").user,
        now=database_time(),
    )
    agreed(asked)
    return RuleSheet.objects.get(game=file.game, code=file.code)
