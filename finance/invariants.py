"""What must hold in the books at every moment, asked again every few minutes (N05, F103).

Each room registers its invariants at start-up: what is asked of everything from the beginning, and
where that takes long, what is asked every few minutes of what has moved since. All are asked of one
moment, reading only. One that is broken raises an alarm and stops payouts until others say that
they may go on.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import DatabaseError, connection, transaction
from django.utils.functional import Promise
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from audit import alarms
from lottery_portal import jobs
from lottery_portal.lib.db import door
from lottery_portal.lib.lanes import one_moment
from lottery_portal.lib.money import yuan

from . import payouts
from .books import QUESTIONS
from .models import InvariantRun

ALARM = "finance.invariant_broken"
CAUSE = "invariants"
NAMED = 20
Extent = InvariantRun.Extent


@dataclass(frozen=True, kw_only=True)
class Invariant:
    """One thing that must hold: a figure for people, and questions that nothing answers.

    `everything` gives a row for each thing that breaks it. `since` asks the same of what moved
    after transfer `%(since)s`; where it is empty, `everything` is quick enough for every time,
    unless `is_nightly`. `figure` gives one value; `figure_since`, where there is one, that of what
    moved since.
    """

    code: str
    name: str
    title: str | Promise
    figure: str
    everything: str
    since: str = ""
    figure_since: str = ""
    is_money: bool = True
    is_nightly: bool = False

    def question(self, extent: str) -> str:
        """What is asked this time."""
        return self.since if extent == Extent.ROLLING and self.since else self.everything

    def counted(self, extent: str) -> str:
        """What its figure is asked by this time."""
        is_rolling = extent == Extent.ROLLING
        return self.figure_since if is_rolling and self.figure_since else self.figure


@dataclass(frozen=True)
class Finding:
    """What one invariant was found to be: its figure, and what breaks it."""

    code: str
    name: str
    figure: int
    is_money: bool
    broken_by: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Whether nothing breaks it."""
        return not self.broken_by

    def plain(self) -> dict[str, Any]:
        """As it is kept; what breaks it only if anything does."""
        kept: dict[str, Any] = {"name": self.name, "figure": self.figure}
        return kept if self.holds else {**kept, "broken_by": list(self.broken_by)}

    def shown(self) -> str:
        """The figure in words."""
        return yuan(self.figure) if self.is_money else f"{self.figure:,}"

    @classmethod
    def kept(cls, row: dict[str, Any]) -> Finding:
        """What was kept, as it was found; an invariant that is no more keeps its name."""
        known = _KNOWN.get(row["name"])
        return cls(
            known.code if known else "",
            row["name"],
            row["figure"],
            known.is_money if known else False,
            tuple(row.get("broken_by", ())),
        )


_KNOWN: dict[str, Invariant] = {}


def register(one: Invariant) -> None:
    """Add an invariant; called once for each, at start-up."""
    if one.name in _KNOWN:
        raise RuntimeError(f"Two invariants are called {one.name}.")
    _KNOWN[one.name] = one


def all_of_them() -> Sequence[Invariant]:
    """Every invariant, by number and name."""
    return sorted(_KNOWN.values(), key=lambda one: (len(one.code), one.code, one.name))


def title_of(name: str) -> str:
    """What an invariant says in words."""
    known = _KNOWN.get(name)
    return str(known.title) if known else name


def look(*, extent: str = Extent.FULL, since: int = 0) -> tuple[list[Finding], int]:
    """Ask everything of one moment, change nothing; and behind which transfer to go on next time.

    An invariant that cannot be asked is broken: nobody knows whether it holds.
    """
    found = []
    with one_moment(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL jit = off; SET LOCAL work_mem = '64MB'")
        # Five minutes: longer than any transaction may take that was open at this moment.
        cursor.execute(
            "SELECT coalesce((SELECT t.id FROM finance_transfer t"
            " WHERE t.posted_at < clock_timestamp() - interval '5 minutes'"
            " ORDER BY t.id DESC LIMIT 1), 0)"
        )
        (upto,) = cursor.fetchone()
        for one in all_of_them():
            if extent == Extent.ROLLING and one.is_nightly:
                continue
            found.append(_found(cursor, one, extent, since))
    return found, int(upto)


def check(*, extent: str, now: datetime) -> InvariantRun:
    """Look, keep what was found; raise an alarm for what is broken, and stop payouts."""
    last = InvariantRun.objects.filter(broken=0).order_by("-began_at", "-pk").first()
    began = time.monotonic()
    found, upto = look(extent=extent, since=last.upto if last else 0)
    return _keep(found, extent=extent, upto=upto, seconds=time.monotonic() - began, now=now)


def of_run(run: InvariantRun) -> list[Finding]:
    """What a look found, in the order in which it was asked."""
    return [Finding.kept(row) for row in run.findings]


def latest() -> InvariantRun | None:
    """The last look; None before the first."""
    return InvariantRun.objects.order_by("-began_at", "-pk").first()


def latest_full() -> InvariantRun | None:
    """The last look at everything; None before the first."""
    rows = InvariantRun.objects.filter(extent=Extent.FULL)
    return rows.order_by("-began_at", "-pk").first()


@door
def order(*, now: datetime) -> None:
    """Have everything looked at now; asked twice within a minute, it is done once."""
    jobs.enqueue("finance.check_everything", key=f"ordered:{now:%Y%m%dT%H%M}")


def _found(cursor: Any, one: Invariant, extent: str, since: int) -> Finding:
    asked = {"since": since, "named": NAMED}
    try:
        with transaction.atomic():
            question = one.question(extent)
            cursor.execute(
                f"SELECT * FROM ({question}) q LIMIT %(named)s",  # noqa: S608 - text of the rooms
                asked,
            )
            broken = tuple(str(row[0]) for row in cursor.fetchall())
            figure = one.counted(extent)
            cursor.execute(figure, asked if figure == one.figure_since else None)
            (figure,) = cursor.fetchone()
    except DatabaseError as exc:
        return Finding(one.code, one.name, 0, one.is_money, (f"{type(exc).__name__}: {exc}",))
    return Finding(one.code, one.name, int(figure or 0), one.is_money, broken)


def _broken_ones(facts: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
    return [(_now("What does not hold"), "; ".join(title_of(one) for one in facts["invariants"]))]


@door
def _keep(
    found: Sequence[Finding], *, extent: str, upto: int, seconds: float, now: datetime
) -> InvariantRun:
    broken = [one for one in found if not one.holds]
    run = InvariantRun.objects.create(
        extent=extent,
        upto=upto,
        findings=[one.plain() for one in found],
        broken=len(broken),
        seconds=round(seconds, 3),
        began_at=now,
    )
    for one in found:
        if one.holds:
            alarms.settle(kind=ALARM, object_type="invariant", object_code=one.name, now=now)
        else:
            alarms.raise_alarm(
                kind=ALARM,
                object_type="invariant",
                object_code=one.name,
                facts={"code": one.code, "broken_by": list(one.broken_by)},
                now=now,
            )
    if broken:
        payouts.stop(cause=CAUSE, facts={"invariants": sorted(one.name for one in broken)}, now=now)
    return run


alarms.register(kind=ALARM, title=_("The books are not as they must be"))
payouts.name_cause(CAUSE, _("The books are not as they must be"), _broken_ones)

# --- what finance itself promises

_LAST_LEFT = """
    LEFT JOIN LATERAL (
        SELECT left_over FROM (
            (SELECT t.posted_at, t.id, t.source_balance AS left_over FROM finance_transfer t
              WHERE t.source_id = a.id {until} ORDER BY t.posted_at DESC, t.id DESC LIMIT 1)
            UNION ALL
            (SELECT t.posted_at, t.id, t.target_balance FROM finance_transfer t
              WHERE t.target_id = a.id {until} ORDER BY t.posted_at DESC, t.id DESC LIMIT 1)) x
         ORDER BY x.posted_at DESC, x.id DESC LIMIT 1) l ON true"""
# As a trial balance is made: what is rolled up by day, and the balances that are kept.
_TRIAL = """
        SELECT CASE WHEN s.shadow THEN 'shadow ' ELSE 'real ' END || s.fen FROM (
            SELECT b.shadow,
                   coalesce((SELECT sum(a.balance) FROM finance_account a
                              WHERE a.keeps_balance AND a.is_shadow = b.shadow), 0)
                   + coalesce((SELECT sum(t.closing)
                                 FROM finance_trial(b.shadow, '-infinity', 'infinity') t
                                WHERE t.account_id <> 0), 0) AS fen
              FROM (VALUES (false), (true)) b (shadow)) s
         WHERE s.fen <> 0"""
# Accounts that keep their balance stand together in the turnover, a row a kind.
_KEPT_KINDS = """
        SELECT coalesce(k.kind, r.kind) FROM (
            SELECT a.kind, a.is_shadow, sum(a.balance) AS fen FROM finance_account a
             WHERE a.keeps_balance GROUP BY 1, 2) k
          FULL JOIN (SELECT t.kind, b.shadow, t.closing FROM (VALUES (false), (true)) b (shadow),
                            finance_trial(b.shadow, '-infinity', 'infinity') t
                      WHERE t.account_id = 0) r ON r.kind = k.kind AND r.shadow = k.is_shadow
         WHERE coalesce(k.fen, 0) <> coalesce(r.closing, 0)"""
_TURNED_OVER = (
    "SELECT sum(t.moved_in) FROM (VALUES (false), (true)) b (shadow),"
    " finance_trial(b.shadow, '-infinity', 'infinity') t"
)
_KEPT = (
    "SELECT sum(balance) FROM finance_account"
    " WHERE keeps_balance AND kind <> 'CASH' AND NOT is_shadow"
)
_OWED_KINDS = (
    "'STAKES', 'PRIZES', 'UNCLAIMED', 'POOL', 'FUND', 'WELFARE', 'FEE', 'BUSINESS', 'TAX',"
    " 'RISKFUND', 'WORKFUND', 'PARTNER', 'ORGANISER'"
)

register(
    Invariant(
        code="INV3",
        name="debits_equal_credits",
        title=_("Debits equal credits; all accounts of a book add up to zero"),
        figure=_TURNED_OVER,
        everything=f"{QUESTIONS['trial_balance']} UNION ALL {_TRIAL}",
        since=_TRIAL,
    )
)
register(
    Invariant(
        code="INV4",
        name="nothing_below_zero",
        title=_("No wallet, pool, fund or due is below zero"),
        figure=_KEPT,
        everything=f"""
        SELECT a.code FROM finance_account a
         WHERE a.keeps_balance AND (CASE a.kind WHEN 'CASH' THEN -a.balance ELSE a.balance END) < 0
        UNION ALL
        SELECT a.code FROM finance_trial(false, '-infinity', 'infinity') t
          JOIN finance_account a ON a.id = t.account_id
         WHERE a.kind IN ({_OWED_KINDS}) AND t.closing < 0""",  # noqa: S608 - kinds written above
    )
)
register(
    Invariant(
        code="INV4",
        name="never_below_zero",
        title=_("No wallet was ever below zero; each row left what it says"),
        figure="SELECT count(*) FROM finance_transfer",
        is_money=False,
        is_nightly=True,
        everything=QUESTIONS["history_of_a_balance"],
    )
)
register(
    Invariant(
        code="INV4",
        name="pools_never_below_zero",
        title=_("No pool, fund or due was ever below zero"),
        figure=f"""
        SELECT sum(t.closing) FROM finance_trial(false, '-infinity', 'infinity') t
         WHERE t.kind IN ({_OWED_KINDS})""",  # noqa: S608 - kinds written above
        is_nightly=True,
        everything=f"""
        SELECT h.code || ' at ' || min(h.transfer)
          FROM (SELECT a.code, c.transfer,
                       sum(c.change) OVER (PARTITION BY c.account ORDER BY c.entry) AS folded
                  FROM (SELECT target_id AS account, entry_id AS entry, id AS transfer,
                               amount AS change FROM finance_transfer
                        UNION ALL
                        SELECT source_id, entry_id, id, -amount FROM finance_transfer) c
                  JOIN finance_account a ON a.id = c.account AND NOT a.is_shadow
                   AND a.kind IN ({_OWED_KINDS})) h
         WHERE h.folded < 0 GROUP BY h.code""",  # noqa: S608 - kinds written above
    )
)
register(
    Invariant(
        code="INV5",
        name="balance_follows_from_its_rows",
        title=_("Each kept balance is what its rows add up to"),
        figure=_KEPT,
        everything=QUESTIONS["kept_balance_is_not_the_sum"],
        since=f"""
        SELECT a.code FROM finance_account a {_LAST_LEFT.format(until="")}
         WHERE a.keeps_balance AND a.balance <> coalesce(l.left_over, 0)
        UNION ALL
        SELECT a.code || ' at ' || r.id
          FROM (SELECT t.source_id AS account, t.id, t.posted_at, -t.amount AS change,
                       t.source_balance AS left_over
                  FROM finance_transfer t WHERE t.id > %(since)s
                UNION ALL
                SELECT t.target_id, t.id, t.posted_at, t.amount, t.target_balance
                  FROM finance_transfer t WHERE t.id > %(since)s) r
          JOIN finance_account a ON a.id = r.account AND a.keeps_balance
          {_LAST_LEFT.format(until="AND (t.posted_at, t.id) < (r.posted_at, r.id)")}
         WHERE r.left_over IS NULL
            OR (CASE a.kind WHEN 'CASH' THEN -r.left_over ELSE r.left_over END) < 0
            OR r.left_over <> coalesce(l.left_over, 0) + r.change""",  # noqa: S608 - written above
    )
)
register(
    Invariant(
        code="INV5",
        name="turnover_follows_from_the_rows",
        title=_("What is rolled up by day is what the rows add up to"),
        figure=_TURNED_OVER,
        everything=f"""
        SELECT coalesce(a.code, r.account_id::text) FROM (
            SELECT id AS account, sum(change) AS fen
              FROM (SELECT target_id AS id, amount AS change FROM finance_transfer
                    UNION ALL SELECT source_id, -amount FROM finance_transfer) c
             GROUP BY id) f
          JOIN finance_account a ON a.id = f.account AND NOT a.keeps_balance
          FULL JOIN (SELECT t.account_id, t.closing FROM (VALUES (false), (true)) b (shadow),
                            finance_trial(b.shadow, '-infinity', 'infinity') t
                      WHERE t.account_id <> 0) r ON r.account_id = a.id
         WHERE coalesce(f.fen, 0) <> coalesce(r.closing, 0)
        UNION ALL {_KEPT_KINDS}""",  # noqa: S608 - written above
        since=_KEPT_KINDS,
    )
)
for _name, _title in {
    "entry_without_transfers": _("Every entry moves something"),
    "transfer_between_known_accounts": _("Every row has its entry and its accounts"),
    "books_mixed": _("Real and shadow money never meet"),
    "player_to_player": _("No money moved from player to player"),
    "posting_rule_broken": _("Every row follows a posting rule"),
    "moves_are_not_those_asked_for": _("Every entry moved what was asked for"),
    "booked_on_another_day": _("What moves players' money is booked on its day"),
    "reversal_of_a_reversal": _("No reversal was reversed"),
    "deposit_and_books_differ": _("The state of each deposit is that of the books"),
    "cover_and_books_differ": _("Own money is in escrow as its payments say"),
    "payment_order_and_books_differ": _("The state of each payment order is that of the books"),
    "dues_and_books_differ": _("What was remitted is what dues were paid by"),
    "flows_are_not_the_turnover": _("Money by deed and day is what moved by account and day"),
}.items():
    register(
        Invariant(
            code="BOOKS",
            name=_name,
            title=_title,
            figure="SELECT count(*) FROM finance_entry",
            is_money=False,
            is_nightly=True,
            everything=QUESTIONS[_name],
        )
    )
