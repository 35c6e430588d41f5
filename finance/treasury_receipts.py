"""What the treasury wrote for what was remitted: number, date, sum and the scan itself (F265).

The scan lies in the state directory under the name of its digest; the row keeps the digest, so a
scan that was exchanged does not open.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import IntegrityError
from django.utils.translation import gettext_lazy as _

from audit import trail
from lottery_portal.lib import dates
from lottery_portal.lib.db import door, violated
from lottery_portal.lib.errors import Refused

from . import payment_orders
from .models import PaymentOrder, TreasuryReceipt
from .remittance_models import TREASURY

MOST_BYTES = 5 * 1024 * 1024
TYPES = {b"%PDF-": "application/pdf", b"\xff\xd8\xff": "image/jpeg", b"\x89PNG\r\n": "image/png"}


class ReceiptFileWrong(Refused):
    """Neither PDF nor picture, empty, or too large."""

    code, status = "receipt_file_wrong", 400
    message = _("Please choose a scan as PDF, JPEG or PNG of at most 5 MB.")


class ReceiptDoesNotFit(Refused):
    """Another sum, an earlier day, or an order that was not paid to the treasury."""

    code = "receipt_does_not_fit"
    message = _("The receipt must name the sum of the order and a day on or after its payment.")


class ReceiptKnown(Refused):
    """The number was recorded before."""

    code = "receipt_known"
    message = _("A receipt of this number is already recorded.")


class ReceiptUnknown(Refused):
    """No such receipt, or its scan is not the one that was recorded."""

    code, status = "receipt_unknown", 404
    message = _("There is no such receipt.")


@door
def record(
    *,
    order: str,
    number: str,
    issued_on: date,
    amount: int,
    file_name: str,
    content: bytes,
    actor: Any,
    now: datetime,
) -> TreasuryReceipt:
    """Keep the treasury's receipt of a paid order, with its scan, or say what does not fit."""
    if kind_of(content) is None or len(content) > MOST_BYTES:
        raise ReceiptFileWrong(fields=["file"])
    if issued_on > dates.in_shanghai(now).date():
        raise ReceiptDoesNotFit(fields=["issued_on"])
    paid = payment_orders.find(order)
    digest = hashlib.sha256(content).hexdigest()
    try:
        receipt = TreasuryReceipt.objects.create(
            order=paid,
            number=number.strip(),
            issued_on=issued_on,
            amount=amount,
            file_name=Path(file_name).name[:100] or "receipt",
            file_digest=digest,
            file_size=len(content),
            recorded_at=now,
        )
    except IntegrityError as exc:
        name = violated(exc)
        if name == "treasury_receipt_fits":
            raise ReceiptDoesNotFit(fields=["amount"]) from exc
        if name == "finance_treasuryreceipt_number_key":
            raise ReceiptKnown(fields=["number"]) from exc
        raise
    trail.record(
        action="finance.treasury_receipt_recorded",
        actor=actor,
        object_type="payment_order",
        object_code=paid.code,
        body={
            "number": receipt.number, "issued_on": issued_on.isoformat(), "amount_fen": amount,
            "file_digest": digest,
        },
    )  # fmt: skip
    _keep(digest, content)
    return receipt


def scan(digest: str) -> tuple[TreasuryReceipt, bytes]:
    """The receipt of that digest with its scan, or `ReceiptUnknown` if the file is another."""
    receipt = TreasuryReceipt.objects.filter(file_digest=digest).first()
    if receipt is None:
        raise ReceiptUnknown
    try:
        content = _file_of(receipt.file_digest).read_bytes()
    except OSError as exc:
        raise ReceiptUnknown from exc
    if hashlib.sha256(content).hexdigest() != receipt.file_digest:
        raise ReceiptUnknown
    return receipt, content


def kind_of(content: bytes) -> str | None:
    """The media type of a scan by its first bytes; None for anything else."""
    return next((kind for head, kind in TYPES.items() if content.startswith(head)), None)


def missing() -> Sequence[PaymentOrder]:
    """Orders paid to the treasury of which no receipt is recorded, the oldest first."""
    paid = PaymentOrder.objects.filter(purpose__in=TREASURY, state=PaymentOrder.State.PAID)
    return list(paid.filter(receipts__isnull=True).select_related("payee").order_by("paid_on"))


def _file_of(digest: str) -> Path:
    return Path(settings.STATE_DIR) / "treasury" / digest


def _keep(digest: str, content: bytes) -> None:
    """Put the scan under its name in one step, before the row that names it is committed."""
    final = _file_of(digest)
    final.parent.mkdir(parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(dir=final.parent, prefix=".", suffix=".draft")
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    Path(draft).chmod(0o440)
    Path(draft).replace(final)
