"""An appointment as its winner reads it: where, when, what to bring, until when it may change."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from lottery_portal.lib import codes
from partners import hours
from prizes.centre_models import Appointment
from prizes.claim_models import Claim

from . import appointments
from .winners import Own


def bookable(own: Own) -> bool:
    """Whether its winner may come to the centre for this prize."""
    if own.is_over or own.end is not None:
        return False
    claim = own.claim
    if claim is None or claim.state in Claim.STANDS_NOT:
        return True
    return claim.way == Claim.Way.CENTRE


def facts(booked: Appointment, *, now: datetime) -> dict[str, Any]:
    """What a page says of an appointment: hours, phone, papers, whether it can be changed still."""
    return {
        "hours": hours.in_words(booked.place.hours),
        "phone_url": f"tel:{booked.place.phone.replace(' ', '')}",
        "bring": bring(booked.prize.ticket.code),
        "can_change": appointments.can_change(booked, now=now),
        "notice_hours": appointments.figures(booked.place.code, at=now).notice_hours,
    }


def bring(ticket: str) -> list[str]:
    """What the winner has with him (S1 五(二)1)."""
    return [
        _("Your identity paper itself, valid: the one your account was confirmed with."),
        _("The number of the ticket: %(ticket)s") % {"ticket": codes.shown(ticket)},
        _("To be paid by transfer: your bank card; the account is in your own name."),
    ]
