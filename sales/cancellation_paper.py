"""What everybody may check a cancelled draw by: a signed paper, and where the log has it (F075).

Nothing was drawn, so there is no kit. The paper says what the draw was, why it is not held, the
root of its seal if it had one, how many tickets were refunded and with how many fen. The operator
signs exactly the bytes of `statement`, and `proofs` leads to the log, as the papers of a kit do.
"""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from audit import keys, log
from games.models import Draw, DrawCancellation, SealStatement
from lottery_portal.lib.errors import Refused

from . import draw_cancellation
from .models import Cancellation

FORMAT = "draw-cancellation/1"


class PaperNotReady(Refused):
    """The draw is not cancelled, or some of its tickets are not back yet."""

    code, status = "cancellation_paper_not_ready", 404
    message = _("There is no paper about a cancellation of draw %(draw)s.")


def of(draw: Draw) -> bytes:
    """The paper of a cancelled draw whose tickets are all back, or `PaperNotReady`."""
    told = DrawCancellation.objects.filter(draw=draw).first()
    refund = draw_cancellation.refund_of(draw)
    if told is None or refund is None or refund.done_at is None:
        raise PaperNotReady(draw=draw.code)
    own = keys.own(keys.Role.OPERATIONS)
    statement = _json(_facts(draw, told))
    return _json(
        {
            "format": "signed-paper/1",
            "statement": statement.decode(),
            "signatures": [
                {
                    "role": own.role,
                    "key_id": own.key_id,
                    "algorithm": own.algorithm,
                    "signature": base64.b64encode(own.sign(statement)).decode("ascii"),
                }
            ],
            "proofs": _proofs(told, refund.pk),
        }
    )


def _facts(draw: Draw, told: DrawCancellation) -> dict[str, Any]:
    refund = draw_cancellation.refund_of(draw)
    seal = SealStatement.objects.filter(draw=draw).first()
    tickets, fen = draw_cancellation.given_back(draw)
    taken_back = Cancellation.objects.filter(draw=draw).count()
    return {
        "format": FORMAT,
        "draw": draw.code,
        "issue": draw.issue,
        "rule": draw.rule.code,
        "from_state": told.from_state,
        "reason": told.reason,
        "approval": told.approval_code,
        "cancelled_at": _moment(told.cancelled_at),
        "seal_root": seal.root if seal else "",
        "tickets": refund.tickets if refund else 0,
        "stake_fen": refund.stake if refund else 0,
        "refunded_tickets": tickets,
        "refunded_fen": fen,
        "taken_back_before": taken_back,
        "refunded_at": _moment(refund.done_at) if refund and refund.done_at else None,
    }


def _proofs(told: DrawCancellation, refund: int) -> Any:
    """Where the log holds cancellation and refund; None until the witness has signed so far."""
    evidence = [
        ("other", "draw_cancellation", str(told.pk)),
        ("other", "draw_refund", str(refund)),
    ]
    try:
        return log.proofs(evidence)
    except log.NotInTheLog:
        return None


def _json(content: Any) -> bytes:
    return json.dumps(content, sort_keys=True, ensure_ascii=True, separators=(",", ":")).encode()


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
