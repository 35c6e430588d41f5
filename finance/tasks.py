"""Shells for the queue."""

from datetime import timedelta

from django.utils import timezone

from lottery_portal import jobs


@jobs.handler("finance.poll_deposits", max_attempts=1)
def poll_deposits() -> None:
    """Ask the banks about deposits they were silent about."""
    from . import inbox

    inbox.poll(now=timezone.now())


@jobs.handler("finance.poll_withdrawals", max_attempts=1)
def poll_withdrawals() -> None:
    """Ask the banks about payouts of which nobody knows what became."""
    from . import withdrawals

    withdrawals.poll(now=timezone.now())


@jobs.handler("finance.send_withdrawal", max_attempts=20)
def send_withdrawal(*, code: str) -> None:
    """Bring one approved withdrawal to the bank."""
    from . import withdrawals

    withdrawals.send(code=code, now=timezone.now())


@jobs.handler("finance.roll_up", max_attempts=1)
def roll_up() -> None:
    """Add what has its place in the log to the turnover of its day."""
    from . import ledger

    ledger.roll_up()


@jobs.handler("finance.make_periods", max_attempts=1)
def make_periods() -> None:
    """Make the months that come."""
    from . import periods

    periods.keep_ahead(now=timezone.now())


@jobs.handler("finance.check_bank_account", max_attempts=20)
def check_bank_account(*, code: str) -> None:
    """Ask a provider whether a bank account is its player's."""
    from . import bank_checks

    bank_checks.ask(code=code, now=timezone.now())


@jobs.handler("finance.escalate_cases", max_attempts=1)
def escalate_cases() -> None:
    """Escalate the cases whose day is over."""
    from . import cases

    cases.escalate_due(now=timezone.now())


@jobs.handler("finance.make_dues", max_attempts=1)
def make_dues() -> None:
    """Make the dues of the months that are over, and give alarm of those that are late."""
    from . import dues, tax_returns

    now = timezone.now()
    dues.make(now=now)
    dues.notice_late(now=now)
    tax_returns.notice_late(now=now)


@jobs.handler("finance.watch_providers", max_attempts=1)
def watch_providers() -> None:
    """Ask the payment institutions whether they are there; switch off what has lapsed."""
    from . import channels

    channels.watch(now=timezone.now())


@jobs.handler("finance.send_return", max_attempts=20)
def send_return(*, code: str) -> None:
    """Bring one refund to the institution that was paid."""
    from . import refunds

    refunds.send(code=code, now=timezone.now())


@jobs.handler("finance.poll_returns", max_attempts=1)
def poll_returns() -> None:
    """Ask about refunds of which nobody knows what became."""
    from . import refunds

    refunds.poll(now=timezone.now())


@jobs.handler("finance.work_through_statement", max_attempts=20)
def work_through_statement(*, code: str) -> None:
    """Match the lines of a statement that was taken in; look where its money went."""
    from .recon import statements

    statements.work_through(code=code, now=timezone.now())


@jobs.handler("finance.match_statements", max_attempts=1)
def match_statements() -> None:
    """Look again at what statements and books have of each other."""
    from .recon import matching

    matching.run_all(now=timezone.now())


@jobs.handler("finance.prove_funds", max_attempts=1)
def prove_funds() -> None:
    """Prove that escrow covers what the house owes; look for statements that did not come."""
    from .recon import proof

    now = timezone.now()
    proof.take(now=now)
    proof.look_for_overdue(now=now)


@jobs.handler("finance.check_money", max_attempts=1, limit=1, lease=timedelta(minutes=10))
def check_money() -> None:
    """Ask of what moved since the last time whether the books are as they must be."""
    from . import invariants

    invariants.check(extent=invariants.Extent.ROLLING, now=timezone.now())


@jobs.handler("finance.check_everything", max_attempts=1, limit=1, lease=timedelta(hours=2))
def check_everything() -> None:
    """Ask the same of everything, from the first entry."""
    from . import invariants

    invariants.check(extent=invariants.Extent.FULL, now=timezone.now())


@jobs.handler("finance.prove_solvency", max_attempts=1, limit=1, lease=timedelta(hours=1))
def prove_solvency() -> None:
    """Make tonight's proof of what players are owed, if it is not there yet."""
    from .solvency import nightly

    nightly.publish(now=timezone.now())
