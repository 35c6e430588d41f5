"""The books and the cases as exports."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from audit import approvals, people, reports
from audit.reports import Column
from lottery_portal.lib import dates
from lottery_portal.lib.money import with_unit

from . import cases, tax_returns
from .models import (
    Adjustment,
    Case,
    Difference,
    Due,
    EntryKind,
    PaymentOrder,
    PrizeTax,
    StatementLine,
    Transfer,
)


class EntriesForm(reports.PeriodForm):
    """The interval, and which entries of it."""

    kind = forms.ChoiceField(
        label=_("Kind"), required=False, choices=[("", _("All")), *EntryKind.choices]
    )


def _moved(params: Mapping[str, Any]) -> QuerySet[Transfer]:
    since, until = reports.period(params)
    found = Transfer.objects.filter(posted_at__gte=since, posted_at__lt=until)
    if kind := params.get("kind"):
        found = found.filter(entry__kind=kind)
    return found


def _rows(params: Mapping[str, Any]) -> Iterator[Sequence[Any]]:
    rows = _moved(params).select_related("entry__reversal_of", "source", "target").order_by("pk")
    for row in rows.iterator(chunk_size=2000):
        original = row.entry.reversal_of
        yield (
            row.pk,
            row.posted_at,
            row.entry.booked_on,
            row.entry.reference,
            row.entry.kind,
            row.position,
            row.source.code,
            row.target.code,
            row.amount,
            "shadow" if row.is_shadow else "real",
            original.reference if original else "",
        )


def _count(params: Mapping[str, Any]) -> int:
    return _moved(params).count()


reports.register(
    reports.Report(
        name="finance.entries",
        title=_("Entries of the books"),
        about=_("Every movement of the interval: one row is one debit and one credit."),
        columns=[
            Column("id", _("No."), "count"),
            Column("posted_at", _("When"), "moment"),
            Column("booked_on", _("Booked on"), "day"),
            Column("reference", _("Reference")),
            Column("kind", _("Kind")),
            Column("position", _("Position"), "count"),
            Column("source", _("Source account")),
            Column("target", _("Target account")),
            Column("amount", _("Amount (yuan)"), "money"),
            Column("book", _("Book")),
            Column("reversal_of", _("Reversal of")),
        ],
        rows=_rows,
        count=_count,
        form=EntriesForm,
        roles=frozenset({"treasurer", "auditor", "regulator", "compliance"}),
    )
)


def _corrections(params: Mapping[str, Any]) -> QuerySet[Adjustment]:
    since, until = reports.period(params)
    return Adjustment.objects.filter(asked_at__gte=since, asked_at__lt=until)


def _correction_rows(params: Mapping[str, Any]) -> Iterator[Sequence[Any]]:
    for row in _corrections(params).order_by("pk").iterator(chunk_size=500):
        request = approvals.find(row.approval_code)
        agreed = [word for word in approvals.words_on(row.approval_code) if word.is_yes]
        after = row.after or {}
        for source, target, fen in row.moves:
            yield (
                row.code,
                row.asked_at,
                people.name_of(request.maker),
                row.reason,
                row.reversal_of,
                source,
                row.before[source],
                after.get(source),
                target,
                row.before[target],
                after.get(target),
                fen,
                request.state,
                ", ".join(people.name_of(word.checker) for word in agreed),
                row.approval_code,
                row.booked_at,
            )


def _correction_count(params: Mapping[str, Any]) -> int:
    return sum(len(moves) for moves in _corrections(params).values_list("moves", flat=True))


reports.register(
    reports.Report(
        name="finance.corrections",
        title=_("Corrections of the books"),
        about=_("Every correction of the interval: before, after, who, by whose word, and why."),
        columns=[
            Column("correction", _("Correction")),
            Column("asked_at", _("Asked at"), "moment"),
            Column("asked_by", _("Asked by")),
            Column("reason", _("Reason")),
            Column("reversal_of", _("Reversal of")),
            Column("source", _("Source account")),
            Column("source_before", _("Source before (yuan)"), "money"),
            Column("source_after", _("Source after (yuan)"), "money"),
            Column("target", _("Target account")),
            Column("target_before", _("Target before (yuan)"), "money"),
            Column("target_after", _("Target after (yuan)"), "money"),
            Column("amount", _("Amount (yuan)"), "money"),
            Column("state", _("State")),
            Column("authorised_by", _("Authorised by")),
            Column("approval", _("Approval")),
            Column("booked_at", _("Booked at"), "moment"),
        ],
        rows=_correction_rows,
        count=_correction_count,
        form=reports.PeriodForm,
        roles=frozenset({"treasurer", "auditor", "regulator", "compliance"}),
    )
)


class DuesForm(reports.PeriodForm):
    """The interval in which dues were made."""


def _dues(params: Mapping[str, Any]) -> QuerySet[Due]:
    since, until = reports.period(params)
    return Due.objects.filter(made_at__gte=since, made_at__lt=until)


def _due_rows(params: Mapping[str, Any]) -> Iterator[Sequence[Any]]:
    found = _dues(params).select_related("order__payee").prefetch_related("order__receipts")
    for due in found.order_by("pk").iterator(chunk_size=2000):
        order = due.order
        is_paid = order is not None and order.state == PaymentOrder.State.PAID
        yield (
            due.account,
            due.subject,
            due.position,
            due.amount,
            due.kept,
            due.due_on,
            order.code if order else "",
            order.state if order else "",
            order.payee.name if order else "",
            order.paid_on if order and is_paid else None,
            order.bank_reference if order and is_paid else "",
            ", ".join(receipt.number for receipt in order.receipts.all()) if order else "",
        )


def _due_count(params: Mapping[str, Any]) -> int:
    return _dues(params).count()


reports.register(
    reports.Report(
        name="finance.dues",
        title=_("Dues and their payment"),
        about=_("What was owed for each month or event, until when, and how it was paid."),
        columns=[
            Column("account", _("Account")),
            Column("subject", _("Month or event")),
            Column("position", _("Position"), "count"),
            Column("amount", _("Amount (yuan)"), "money"),
            Column("kept", _("Kept back (yuan)"), "money"),
            Column("due_on", _("Due on"), "day"),
            Column("order", _("Payment order")),
            Column("state", _("State")),
            Column("payee", _("Name of the payee")),
            Column("paid_on", _("Paid on"), "day"),
            Column("bank_reference", _("Number given by the bank")),
            Column("receipts", _("Treasury receipt")),
        ],
        rows=_due_rows,
        count=_due_count,
        form=DuesForm,
        roles=frozenset({"treasurer", "auditor", "regulator", "compliance"}),
    )
)


def _opened(params: Mapping[str, Any]) -> QuerySet[Case]:
    since, until = reports.period(params)
    return Case.objects.filter(opened_at__gte=since, opened_at__lt=until)


def _case_rows(params: Mapping[str, Any]) -> Iterator[Sequence[Any]]:
    rows = _opened(params).select_related("owner", "resolved_by").order_by("pk")
    for row in rows.iterator(chunk_size=2000):
        yield (
            row.code,
            str(cases.kind_of(row).title),
            row.object_type,
            row.object_code,
            row.opened_at,
            row.due_on,
            row.owner.get_username() if row.owner else "",
            row.escalated_at,
            row.state,
            row.resolved_at,
            row.resolved_by.get_username() if row.resolved_by else "",
            row.resolution,
        )


def _case_count(params: Mapping[str, Any]) -> int:
    return _opened(params).count()


reports.register(
    reports.Report(
        name="finance.cases",
        title=_("Cases of finance"),
        about=_("What did not agree or went wrong in the interval, and how it was settled."),
        columns=[
            Column("code", _("Case")),
            Column("kind", _("Kind")),
            Column("object_type", _("About")),
            Column("object_code", _("No.")),
            Column("opened_at", pgettext_lazy("of a case", "Opened"), "moment"),
            Column("due_on", _("Due on"), "day"),
            Column("owner", _("Taken by")),
            Column("escalated_at", pgettext_lazy("of a case", "Escalated"), "moment"),
            Column("state", _("State")),
            Column("resolved_at", pgettext_lazy("of a case", "Settled"), "moment"),
            Column("resolved_by", _("Settled by")),
            Column("resolution", _("What was found, and what was done")),
        ],
        rows=_case_rows,
        count=_case_count,
        form=reports.PeriodForm,
        roles=frozenset({"treasurer", "auditor", "regulator", "compliance"}),
    )
)


def _told(params: Mapping[str, Any]) -> QuerySet[StatementLine]:
    since, until = reports.period(params)
    return StatementLine.objects.filter(
        booked_on__gte=dates.in_shanghai(since).date(),
        booked_on__lt=dates.in_shanghai(until).date(),
    )


def _told_rows(params: Mapping[str, Any]) -> Iterator[Sequence[Any]]:
    rows = _told(params).select_related("account", "statement", "match").order_by("pk")
    for row in rows.iterator(chunk_size=2000):
        match = getattr(row, "match", None)
        yield (
            row.code,
            row.account.code,
            row.booked_on,
            row.kind,
            row.amount,
            row.reference,
            row.order_code,
            match.reference if match else "",
            match.how if match else "",
        )


def _told_count(params: Mapping[str, Any]) -> int:
    return _told(params).count()


reports.register(
    reports.Report(
        name="finance.statement_lines",
        title=_("Lines of statements"),
        about=_("What banks and providers said of our accounts, and the entry each line is."),
        columns=[
            Column("line", _("line number")),
            Column("account", _("account in the books")),
            Column("booked_on", _("Booked on"), "day"),
            Column("kind", _("Kind")),
            Column("amount", _("Amount (yuan)"), "money"),
            Column("bank_reference", _("number at the bank")),
            Column("order", _("order number")),
            Column("reference", _("Entry reference")),
            Column("how", _("how")),
        ],
        rows=_told_rows,
        count=_told_count,
        form=reports.PeriodForm,
        roles=frozenset({"treasurer", "auditor", "regulator", "compliance"}),
    )
)


def _differing(params: Mapping[str, Any]) -> QuerySet[Difference]:
    since, until = reports.period(params)
    return Difference.objects.filter(opened_at__gte=since, opened_at__lt=until)


def _differing_rows(params: Mapping[str, Any]) -> Iterator[Sequence[Any]]:
    rows = _differing(params).select_related("account", "line", "case__owner").order_by("pk")
    for row in rows.iterator(chunk_size=2000):
        yield (
            row.code,
            row.kind,
            row.account.code,
            row.line.code if row.line else "",
            row.reference,
            row.booked,
            row.stated,
            row.opened_at,
            row.case.code,
            row.case.owner.get_username() if row.case.owner else "",
            row.case.due_on,
            row.case.escalated_at,
            row.state,
            row.resolution,
            row.correction,
        )


def _differing_count(params: Mapping[str, Any]) -> int:
    return _differing(params).count()


reports.register(
    reports.Report(
        name="finance.differences",
        title=_("Differences between books and bank"),
        about=_("What differed, whose it was, until when, and how it ended."),
        columns=[
            Column("difference", _("difference number")),
            Column("kind", _("Kind")),
            Column("account", _("account in the books")),
            Column("line", _("line number")),
            Column("reference", _("Entry reference")),
            Column("booked", _("In the books (yuan)"), "money"),
            Column("stated", _("At the bank (yuan)"), "money"),
            Column("opened_at", _("opened at"), "moment"),
            Column("case", _("Case")),
            Column("owner", _("taken by")),
            Column("due_on", _("due on"), "day"),
            Column("escalated_at", pgettext_lazy("of a case", "Escalated"), "moment"),
            Column("state", _("State")),
            Column("resolution", _("resolution")),
            Column("correction", _("entry that put it right")),
        ],
        rows=_differing_rows,
        count=_differing_count,
        form=reports.PeriodForm,
        roles=frozenset({"treasurer", "auditor", "regulator", "compliance"}),
    )
)


def _taxed(params: Mapping[str, Any]) -> QuerySet[PrizeTax]:
    since, until = reports.period(params)
    return PrizeTax.objects.filter(paid_at__gte=since, paid_at__lt=until)


def _taxed_rows(params: Mapping[str, Any]) -> Iterator[Sequence[Any]]:
    for row in _taxed(params).select_related("entry").order_by("pk").iterator(chunk_size=2000):
        yield (
            row.entry.reference,
            row.occasion,
            row.account,
            row.prize,
            row.before,
            row.together,
            row.exempt,
            row.rate,
            row.tax,
            row.paid_at,
        )


def _taxed_count(params: Mapping[str, Any]) -> int:
    return _taxed(params).count()


reports.register(
    reports.Report(
        name="finance.prize_taxes",
        title=_("Tax withheld of prizes"),
        about=_(
            "Of which sum what was withheld, prize by prize, without the names of the winners."
        ),
        columns=[
            Column("reference", _("Entry reference")),
            Column("occasion", _("game and draw")),
            Column("account", _("account")),
            Column("prize", _("Prize (yuan)"), "money"),
            Column("before", _("Paid of it before (yuan)"), "money"),
            Column("together", _("Won together (yuan)"), "money"),
            Column("exempt", _("Tax free up to (yuan)"), "money"),
            Column("rate", _("rate in ten-thousandths")),
            Column("tax", _("Tax withheld (yuan)"), "money"),
            Column("paid_at", _("paid at"), "moment"),
        ],
        rows=_taxed_rows,
        count=_taxed_count,
        form=reports.PeriodForm,
        roles=frozenset({"treasurer", "auditor", "regulator"}),
    )
)


def _withheld(params: Mapping[str, Any]) -> Sequence[tax_returns.Withheld]:
    since, until = reports.period(params)
    first = dates.in_shanghai(since).date()
    return tax_returns.withheld(first, dates.in_shanghai(until).date() - timedelta(days=1))


def _withheld_rows(params: Mapping[str, Any]) -> Iterator[Sequence[Any]]:
    for number, row in enumerate(_withheld(params), start=1):
        yield number, row.name, row.citizen_id, row.draws, row.won_fen, row.tax_fen


def _withheld_count(params: Mapping[str, Any]) -> int:
    return len(_withheld(params))


def _withheld_notes(params: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
    total = sum(row.tax_fen for row in _withheld(params))
    return [(_now("Tax withheld in all"), with_unit(total))]


reports.register(
    reports.Report(
        name="finance.withholding",
        title=_("Tax withheld, person by person"),
        about=_(
            "For the monthly report to the tax office: days of the books, one row a person, names "
            "and numbers masked. The sum of a month is what is due of it."
        ),
        columns=[
            Column("number", _("No."), "count"),
            Column("name", _("Name (masked)")),
            Column("citizen_id", _("Identity number (masked)")),
            Column("draws", _("Draws"), "count"),
            Column("together", _("Won together (yuan)"), "money"),
            Column("tax", _("Tax withheld (yuan)"), "money"),
        ],
        rows=_withheld_rows,
        count=_withheld_count,
        notes=_withheld_notes,
        form=reports.PeriodForm,
        roles=frozenset({"treasurer", "compliance", "auditor", "regulator"}),
    )
)
