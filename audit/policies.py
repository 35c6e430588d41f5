"""Policy parameters: dated figures, read at a moment in time, changed under four eyes (D12)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import IntegrityError, connection
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from lottery_portal.lib import dates
from lottery_portal.lib.db import inside_transaction, violated
from lottery_portal.lib.errors import Refused
from lottery_portal.lib.money import with_unit, yuan

from . import approvals, people, trail
from .models import PolicyParameter

KIND = "audit.policy"
GENESIS = "GENESIS"
ALWAYS = datetime(2020, 1, 1, tzinfo=UTC)  # a genesis figure holds for every moment we may judge


class UnknownPolicy(Refused):
    """No such figure."""

    code, status = "policy_unknown", 404
    message = gettext_lazy("There is no policy parameter %(key)s.")


class WrongPolicyValue(Refused):
    """The new value is of another kind than the figure in force."""

    code, status = "policy_value_wrong", 400
    message = gettext_lazy("%(key)s needs a value like the one in force: %(current)s.")


class PolicyInThePast(Refused):
    """The past is judged by the figures of its day."""

    code = "policy_backdated"
    message = gettext_lazy("A figure cannot begin to hold before now.")


class PolicySetAlready(Refused):
    """Another figure begins at that moment."""

    code = "policy_set_already"
    message = gettext_lazy("Another value of %(key)s begins at that very moment.")


class GenesisIsOver(Refused):
    """Tickets have been sold: only an approval changes figures now."""

    code = "policy_genesis_over"
    message = gettext_lazy("Tickets have been sold. Policy parameters now change by approval only.")


_TITLES: dict[str, str | Promise] = {}
_REFUSALS: dict[str, type[Refused]] = {
    "policy_once_per_moment": PolicySetAlready,
    "policy_not_backdated": PolicyInThePast,
    "policy_genesis_before_tickets": GenesisIsOver,
}


def read(key: str, *, at: datetime, scope: str = "") -> Any:
    """The value of `key` at a moment: the scope's own, else the general, else LookupError."""
    with connection.cursor() as cursor:  # every door asks; put together anew, it takes three times
        cursor.execute(
            """
            SELECT value::text FROM audit_policyparameter
             WHERE key = %s AND scope IN (%s, '') AND valid_from <= %s
             ORDER BY scope DESC, valid_from DESC LIMIT 1
            """,
            [key, scope, at],
        )
        found = cursor.fetchone()
    if found is None:
        message = f"No policy {key} at {at.isoformat()}."
        raise LookupError(message)
    return json.loads(found[0])


def people_for(fen: int, *, key: str, at: datetime) -> int:
    """How many people must agree to this amount, by `[[up to fen, people], …]` (F120)."""
    for up_to, people_needed in read(key, at=at):
        if up_to is None or fen <= up_to:
            return int(people_needed)
    return 2


def scope_title(scope: str) -> str:
    """What a scope is called on pages: a kind of approval by its title, else the word itself."""
    kind = approvals.kinds().get(scope)
    return str(kind.title) if kind else scope


def history(key: str) -> list[PolicyParameter]:
    """Every value of `key` in every scope, newest first."""
    return list(PolicyParameter.objects.filter(key=key).order_by("scope", "-valid_from"))


def name_keys(titles: Mapping[str, str | Promise]) -> None:
    """Say what figures are called on pages; each room does so in its `deeds.py`."""
    _TITLES.update(titles)


def title(key: str) -> str:
    """What a figure is called on pages; one that nobody named keeps its key."""
    return str(_TITLES.get(key, key))


def in_words(key: str, value: Any) -> str:
    """A value as people read it: money in yuan, yes and no, lists; else as JSON writes it."""
    if key.endswith("_fen") and isinstance(value, int):
        return with_unit(value)
    if told := _tiers_in_words(key, value):
        return _("; ").join(told)
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return _(", ").join(value) or _("None")
    if isinstance(value, dict) and not any(value.values()):
        return _("None")
    return json.dumps(value, ensure_ascii=False)


def _tiers_in_words(key: str, value: Any) -> list[str]:
    """Amounts by role, or people by amount; nothing for any other figure."""
    if key.endswith("_fen") and isinstance(value, dict):
        return [
            _("%(role)s: any amount") % {"role": people.role_title(role)}
            if most is None
            else _("%(role)s: up to %(amount)s yuan")
            % {"role": people.role_title(role), "amount": yuan(most)}
            for role, most in value.items()
        ]
    if key.endswith((".people", "_approvals")) and isinstance(value, list):
        return [
            _("above that: %(people)s") % {"people": number}
            if up_to is None
            else _("up to %(amount)s yuan: %(people)s") % {"amount": yuan(up_to), "people": number}
            for up_to, number in value
        ]
    return []


def checkers_needed(kind: str, at: datetime) -> int:
    """How many checkers a kind of approval asks for, where the kind has no rule of its own."""
    return int(read("approvals.checkers_needed", at=at, scope=kind))


def in_force(at: datetime) -> list[PolicyParameter]:
    """The row of every key and scope that holds at `at`, by key."""
    return list(
        PolicyParameter.objects.filter(valid_from__lte=at)
        .order_by("key", "scope", "-valid_from")
        .distinct("key", "scope")
    )


@inside_transaction
def set_genesis(*, key: str, scope: str = "", value: Any, reason: str, now: datetime) -> None:
    """Write a first figure, once: what stands is left alone; refused after the first ticket."""
    if value is None:
        raise ValueError("A figure is not null.")
    last = PolicyParameter.objects.filter(key=key, scope=scope).order_by("-valid_from").first()
    if last is not None and last.value == value:
        return
    _write(
        key=key,
        scope=scope,
        value=value,
        valid_from=ALWAYS if last is None else now,
        approval_code=GENESIS,
        reason=reason,
    )
    _record(None, key, scope, value, GENESIS)


def request_change(
    *,
    key: str,
    scope: str = "",
    value: Any,
    reason: str,
    maker: Any,
    now: datetime,
    valid_from: datetime | None = None,
) -> approvals.Request:
    """Ask for a new figure from `valid_from` (or the approval) on; somebody else approves."""
    rows = PolicyParameter.objects.filter(key=key, scope__in={scope, ""}, valid_from__lte=now)
    current = rows.order_by("-scope", "-valid_from").first()
    if current is None:
        raise UnknownPolicy(key=key)
    if type(value) is not type(current.value):
        raise WrongPolicyValue(key=key, current=current.value)
    if valid_from is not None and valid_from <= now:
        raise PolicyInThePast
    return approvals.request(
        kind=KIND,
        payload={
            "key": key,
            "scope": scope,
            "value": value,
            "instead_of": current.value,
            "valid_from": valid_from,
            "reason": reason,
        },
        maker=maker,
        now=now,
    )


def _words(asked: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The change as the checker reads it."""
    since = asked["valid_from"]
    from_then_on = (
        dates.written(datetime.fromisoformat(since), "full") if since else _("the signature on")
    )
    words = [(_("Parameter"), title(asked["key"])), (_("Code of the parameter"), asked["key"])]
    if asked["scope"]:
        words.append((_("Scope"), scope_title(asked["scope"])))
    return [
        *words,
        (_("Value now"), in_words(asked["key"], asked["instead_of"])),
        (_("New value"), in_words(asked["key"], asked["value"])),
        (_("Holds from"), from_then_on),
        (_("Reason"), asked["reason"]),
    ]


def _perform(request: approvals.Request, now: datetime) -> None:
    asked = request.payload
    since = asked["valid_from"]
    _write(
        key=asked["key"],
        scope=asked["scope"],
        value=asked["value"],
        valid_from=datetime.fromisoformat(since) if since else now,
        approval_code=request.code,
        reason=asked["reason"],
    )
    _record(request.maker, asked["key"], asked["scope"], asked["value"], request.code)


def _write(
    *, key: str, scope: str, value: Any, valid_from: datetime, approval_code: str, reason: str
) -> None:
    try:
        PolicyParameter.objects.create(
            key=key,
            scope=scope,
            value=value,
            valid_from=valid_from,
            approval_code=approval_code,
            reason=reason,
            recorded_at=valid_from,  # the database writes its own clock over it
        )
    except IntegrityError as exc:
        if refusal := _REFUSALS.get(violated(exc)):
            raise refusal(key=key) from exc
        raise


def _record(actor: Any, key: str, scope: str, value: Any, approval: str) -> None:
    trail.record(
        action="audit.policy_set",
        actor=actor,
        object_type="policy",
        object_code=key,
        body={"scope": scope, "value": value, "approval": approval},
    )


approvals.register(
    approvals.Kind(
        name=KIND,
        title=gettext_lazy("Change a policy parameter"),
        maker_roles=frozenset({"treasurer", "compliance"}),
        checker_roles=frozenset({"approver", "administrator"}),
        needed=lambda _payload, now: checkers_needed(KIND, now),
        perform=_perform,
        words=_words,
        lifetime=timedelta(days=3),
        statements=(
            gettext_lazy("I have compared the new value with the decision of the management."),
            gettext_lazy("I know from when it holds and whom it concerns."),
        ),
    )
)
