"""A house in which every page has something to show, and the list of those pages."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from uuid import uuid4

from django.db import transaction
from django.utils import timezone

from accounts.models import Message, Player
from audit import alarms, approvals, log, policies, reports, sequencing
from audit.models import TrailRecord
from finance import (
    adjustments,
    bank_accounts,
    cases,
    deposits,
    dues,
    invariants,
    ledger,
    samples,
    treasury_receipts,
)
from finance.ledger import Move
from finance.models import Difference
from finance.recon import differences, proof
from finance.solvency import nightly
from games import calendar, licences, monitors, switches
from games.models import Announcement, Draw, Game
from lottery_portal import jobs
from lottery_portal.lib import dates
from lottery_portal.lib.codes import new_code
from lottery_portal.lib.db import database_time
from prizes import kits
from sales import cancellation, plans, rolling
from tests import make, make_equipment, make_money, make_remittance, people
from tests.finance import recon_deeds

from . import stage

RESULT = [[3, 8, 11, 27, 30, 33], [7]]


@dataclass
class House:
    """Who and what the pages show."""

    player: Player
    newcomer: Player
    crew: dict[str, list[stage.Member]]
    past: Draw
    sealed: Draw
    on_sale: Draw
    won: str
    lost: str
    waiting: str
    codes: dict[str, str] = field(default_factory=dict)


def furnish() -> House:
    """Three draws (published, sealed, on sale), tickets, money in and out, requests, an export."""
    crew = stage.staff(*stage.STAFF)
    _taking_back_is_allowed()
    player = people.player(name=make_money.NAME)
    newcomer = people.player(verified=False)
    now = people.right_now()
    make_money.fund(player, 9_000_00, now=now)
    past = stage.draw()
    single = make.single(3, 8, 11, 17, 22, 26, blue=7, multiplier=2)
    won = make.ticket(player, past, [single, make.single(1, 2, 4, 5, 6, 9, blue=1)]).code
    lost = make.ticket(player, past, [make.single(1, 2, 4, 5, 6, 9, blue=1)]).code
    stage.settled(stage.sealed(past, crew), crew, RESULT)
    sealed = stage.draw()
    make.ticket(player, sealed, [single])
    stage.sealed(sealed, crew)
    on_sale = stage.draw()
    make.draw("fc3d")
    waiting = make.ticket(player, on_sale, [single]).code
    house = House(player, newcomer, crew, past, sealed, on_sale, won, lost, waiting)
    _plans(house)
    _money(house)
    _dues(house)
    _drawing(house)
    _desk(house)
    _proof(house)
    _books(house)
    jobs.run_pending()
    _reconciled(house)
    return house


def _taking_back_is_allowed() -> None:
    with transaction.atomic():
        policies.set_genesis(
            key=cancellation.MINUTES_POLICY,
            scope="ssq",
            value=60,
            reason="Genesis: for these pages",
            now=database_time(),
        )


def _plans(house: House) -> None:
    """A plan that runs, and a ticket that was taken back."""
    plan = plans.begin(
        player=house.player,
        draw=house.on_sale,
        selections=[make.SELECTION, make.single(blue=9, multiplier=2)],
        draws=4,
        stop_from_fen=1,
        request_key=uuid4(),
        channel="web",
        now=database_time(),
    )
    back = make.ticket(house.player, house.on_sale)
    cancellation.cancel(player=house.player, ticket=back, channel="web", now=database_time())
    house.codes |= {"plan": plan.code, "taken_back": back.code}


def _reconciled(house: House) -> None:
    """A bill with lines of every fate, a register, a difference that ended, a proof of funds."""
    now, treasurer = people.right_now(), house.crew["treasurer"][0].user
    recon_deeds.house_bank(treasurer, now)
    recon_deeds.provider(treasurer, now)
    day = dates.in_shanghai(now).date()
    order = deposits.of(house.player)[-1]
    rows = [
        (day, order.amount, "T1", order.code, "交易"),
        (day, -60, "T2", "", "手续费"),
        (day, 8_88, "T3", "", "不明来款"),
        (day, 1_00, "T4", "", "利息"),
        (day, 77_00, "T5", new_code(), "交易"),
    ]
    taken = recon_deeds.bill(rows, treasurer, now)
    first, second = Difference.objects.filter(kind="UNKNOWN").order_by("pk")
    differences.resolve(code=second.code, actor=treasurer, resolution="渠道利息", now=now)
    proof.take(now=now)
    house.codes |= {
        "statement": taken.code,
        "difference": first.code,
        "resolved": second.code,
    }


def _proof(house: House) -> None:
    """Checkpoints with the witness's signature, a rolling check, a kit, a verification."""
    now = people.right_now()
    sequencing.run_all()
    sequencing.cosign_latest(now=now)
    rolling.check(draw=house.on_sale, now=now)
    kits.make(draw=house.past, now=now)
    log.verify(now=now)


def _books(house: House) -> None:
    """A correction that waits for its decision, and a sample that was drawn."""
    now = people.right_now()
    today = dates.in_shanghai(now).date()
    make_money.open_accounts(("suspense:sandbox", "SUSPENSE"))
    asked = adjustments.ask(
        moves=[Move("suspense:sandbox", f"wallet:{house.player.code}", 12_50)],
        reason="银行到账未入账，见 6 月 3 日对账单",
        maker=house.crew["treasurer"][0].user,
        now=now,
    )
    ledger.roll_up()
    drawn = samples.draw(
        seed="audit-2026",
        first=today - timedelta(days=1),
        last=today,
        size=5,
        by=house.crew["auditor"][0].user,
        now=now,
    )
    house.codes |= {
        "adjustment": asked.code,
        "sample": drawn.code,
        "period": f"{today:%Y-%m}",
        "days": f"first={today - timedelta(days=1)}&last={today}",
    }


def _money(house: House) -> None:
    now = people.right_now()
    account = make_money.bank_account(house.player, now=now)
    begun = deposits.begin(
        player=house.player, amount=88_00, provider="sandbox", request_key=uuid4(), now=now
    )
    odd = make_money.order(house.player, 77_00, now=now)
    make_money.told(odd, now=now, amount_fen=78_00)
    small = make_money.withdraw(house.player, 50_00, account, now=now)
    held = make_money.withdraw(house.player, 5_500_00, account, now=now)
    other = make_money.player(now=now)
    taken = make_money.fund(other, 9_00, now=now)
    make_money.told(taken, event=f"{taken.code}:back", state="REFUNDED", now=now)
    house.codes |= {
        "case": cases.about(object_type="deposit", object_code=taken.code)[0].code,
        "deposit": begun.code,
        "bank": begun.pay_page.rstrip("/").rpartition("/")[2],
        "withdrawal": small.code,
        "held": held.code,
        "account": bank_accounts.of(house.player)[0].code,
    }


def _dues(house: House) -> None:
    """Dues of last month: paid with a receipt, approved, waiting, open; business fee to draw."""
    ago = make_remittance.month(1)
    make_remittance.staked(49_000_00)
    make_remittance.allocate(("welfare:ssq", 3_600_00), ("fee:ssq", 1_300_00), on=ago)
    make_remittance.allocate(("welfare:dlt", 3_400_01), on=make_remittance.month(2))
    dues.make(now=people.right_now())
    treasury = make_remittance.payee("WELFARE")
    make_remittance.payee("BUSINESS")
    make_remittance.payee("FEE")
    make_remittance.asked_payee("TAX")
    paid = make_remittance.paid(make_remittance.order("welfare:dlt", treasury))
    treasury_receipts.record(
        order=paid.code, number="沪财缴 2026-0001", issued_on=make_remittance.today(),
        amount=paid.amount, file_name="receipt.pdf", content=b"%PDF-1.7 receipt",
        actor=make_remittance.member("treasurer"), now=people.right_now(),
    )  # fmt: skip
    asked = make_remittance.asked_order("welfare:ssq", treasury)
    house.codes |= {
        "order": paid.code, "order_asked": asked.code, "owed": "fee:ssq",
        "business": "business:ssq",
    }  # fmt: skip


def _drawing(house: House) -> None:
    """Another ball set that failed, and a correction of minutes that waits for a signature."""
    first, second = (member.user for member in house.crew["draw_official"])
    for reached in monitors.Stage:
        monitors.read(draw=house.past, stage=reached, now=people.right_now())
    spare = make_equipment.registered(Game.objects.get(code="ssq"), "blue", by=first, number=2)
    make_equipment.inspected(spare, by=first, second=second, outcome="FAILED")
    make_equipment.ready(house.on_sale, by=first, second=second)
    make_equipment.written(
        house.past,
        by=first,
        reason="地点写错",
        tests=[[[9, 1, 2, 3, 4, 5], [16]]],
        incidents="20:31 更换摇奖机电源，其余无异常。",
    )


def _desk(house: House) -> None:
    now = people.right_now()
    official, compliance = house.crew["draw_official"][0].user, house.crew["compliance"][0].user
    calendar.ask_for_times(
        draw=house.on_sale,
        closes_at=house.on_sale.closes_at + timedelta(minutes=10),
        draws_at=house.on_sale.draws_at + timedelta(minutes=10),
        reason="开奖场地检修，顺延十分钟",
        maker=official,
        now=now,
    )
    asked = licences.request(
        number="SAMPLE-2026-002",
        games=["ssq"],
        issued_by="演示用，非真实资质",
        valid_from=now,
        valid_until=now + timedelta(days=365),
        maker=compliance,
        now=now,
    )
    signed = licences.request(
        number="SAMPLE-2026-003",
        issued_by="演示用，非真实资质",
        valid_from=now,
        valid_until=now + timedelta(days=365),
        maker=compliance,
        now=now,
    )
    approvals.decide(
        code=signed.code, checker=house.crew["approver"][0].user, approve=True, now=now
    )
    risk = house.crew["risk"][0].user
    switches.switch(scope="channel:api", is_off=True, reason="接口维护", actor=risk, now=now)
    today = timezone.localdate()
    auditor = house.crew["auditor"][0].user
    reports.order(
        name="sales.tickets",
        params={"since": today - timedelta(days=3), "until": today},
        by=auditor,
        now=now,
    )
    checked = invariants.check(extent=invariants.Extent.FULL, now=now)
    assert checked.broken == 0, checked.findings
    nightly.publish(now=now)
    alarm = alarms.raise_alarm(
        kind="sales.stakes_differ",
        object_type="draw",
        object_code=house.on_sale.code,
        facts={"tickets_fen": 2_00, "books_fen": 1_00},
        now=now,
    )
    house.codes |= {
        "alarm": alarm.code,
        "approval": asked.code,
        "signed": signed.code,
        "message": Message.objects.filter(user=house.player.user).order_by("-pk")[0].code,
        "record": str(TrailRecord.objects.order_by("-pk").values_list("pk", flat=True)[0]),
        "announced": Announcement.objects.order_by("-issue")[0].issue,
    }


def sights(house: House) -> dict[str, list[tuple[str, str, dict[str, str]]]]:
    """By the name of an address: who looks, with which arguments, and what is asked for."""
    ticket = {"code": house.won}
    game, withdrawal = {"game_code": "ssq"}, {"code": house.codes["withdrawal"]}
    result = {**game, "issue": house.past.issue}
    draw, approval = {"code": house.past.code}, {"code": house.codes["approval"]}
    player = {"code": house.player.code}
    return {
        "home": [("visitor", "", {}), ("player", "", {})],
        "help_page": [
            ("visitor", "", {"slug": slug}) for slug in ("rules", "limits", "complaints", "verify")
        ],
        "accounts:login": [("visitor", "", {})],
        "accounts:register": [("visitor", "", {})],
        "accounts:reset": [("visitor", "", {})],
        "accounts:text": [("visitor", "", {"kind": kind}) for kind in ("terms", "privacy")],
        "accounts:me": [("player", "", {}), ("newcomer", "", {})],
        "accounts:verify": [("newcomer", "", {}), ("player", "", {})],
        "accounts:messages": [("player", "", {}), ("newcomer", "", {})],
        "accounts:message": [("player", "", {"code": house.codes["message"]})],
        "accounts:message_choices": [("player", "", {})],
        "accounts:security": [("player", "", {}), ("auditor", "", {})],
        "accounts:password": [("player", "", {})],
        "mfa_activate_totp": [("player", "", {})],
        "mfa_add_webauthn": [("player", "", {})],
        "mfa_reauthenticate": [("auditor", "", {})],
        "account_reauthenticate": [("player", "", {})],
        "sales:games": [("visitor", "", {})],
        "sales:board": [
            ("visitor", "", game),
            ("player", "", game),
            ("visitor", "", {"game_code": "fc3d"}),
        ],
        "sales:tickets": [
            ("player", "", {}),
            ("player", "?show=won", {}),
            ("newcomer", "?show=waiting", {}),
            ("newcomer", "?show=won", {}),
        ],
        "sales:ticket": [
            ("player", "", ticket),
            ("player", "", {"code": house.lost}),
            ("player", "?bought=1", {"code": house.waiting}),
            ("player", "", {"code": house.codes["taken_back"]}),
        ],
        "sales:ticket_cancel": [("player", "", {"code": house.waiting})],
        "sales:plans": [("player", "", {}), ("newcomer", "", {})],
        "sales:plan": [("player", "?begun=1", {"code": house.codes["plan"]})],
        "sales:plan_stop": [("player", "", {"code": house.codes["plan"]})],
        "sales:receipt_check": [("visitor", "", {})],
        "sales:desk_break_glass": [("compliance", "", {"code": house.sealed.code})],
        "games:results": [("visitor", "", {})],
        "games:game_results": [("visitor", "", game), ("visitor", "?numbers=06+11", game)],
        "games:trends": [("visitor", "", {"game_code": "ssq"})],
        "games:simulator": [("visitor", "", {"game_code": "kl8"})],
        "games:result": [
            ("visitor", "", result),
            ("visitor", "", {**game, "issue": house.sealed.issue}),
            ("visitor", "", {**game, "issue": house.codes["announced"]}),
        ],
        "games:seals": [("visitor", "", {})],
        "games:seal": [("visitor", "", {"code": house.sealed.code})],
        "finance:wallet": [("player", "", {}), ("newcomer", "", {})],
        "finance:deposit": [("player", "", {}), ("newcomer", "", {})],
        "finance:funds": [("player", "", {})],
        "finance:deposit_state": [("player", "", {"code": house.codes["deposit"]})],
        "finance:withdraw": [("player", "", {})],
        "finance:withdrawal": [
            ("player", "", withdrawal),
            ("player", "", {"code": house.codes["held"]}),
        ],
        "finance:bank_accounts": [("player", "", {})],
        "sandbox_bank:pay": [("visitor", "", {"trade": house.codes["bank"]})],
        "audit:desk": [("draw_official", "", {}), ("approver", "", {}), ("auditor", "", {})],
        "audit:approvals": [("approver", "", {}), ("approver", "?show=ended", {})],
        "audit:approval": [
            ("approver", "", approval),
            ("compliance", "", approval),
            ("approver", "", {"code": house.codes["signed"]}),
        ],
        "audit:alarms": [("auditor", "", {}), ("administrator", "?show=past", {})],
        "audit:alarm": [
            ("compliance", "", {"code": house.codes["alarm"]}),
            ("administrator", "", {"code": house.codes["alarm"]}),
        ],
        "audit:trail": [("auditor", "", {})],
        "audit:trail_record": [("auditor", "", {"number": house.codes["record"]})],
        "audit:exports": [("auditor", "", {}), ("support", "", {})],
        "audit:policies": [("auditor", "", {})],
        "audit:policy": [("administrator", "", {"key": "withdrawal.automatic_up_to_fen"})],
        "prizes:desk_integrity": [("auditor", "", {})],
        "prizes:desk_stopped_games": [("treasurer", "", {}), ("auditor", "", {})],
        "prizes:desk_winding_up": [("treasurer", "", {"game_code": "ssq"})],
        "prizes:transparency": [("visitor", "", {}), ("player", "", {})],
        "games:desk_draws": [("draw_official", "", {})],
        "games:desk_draw": [
            ("draw_official", "", draw),
            ("draw_official", "", {"code": house.sealed.code}),
            ("compliance", "", {"code": house.sealed.code}),
            ("support", "", {"code": house.on_sale.code}),
        ],
        "games:desk_result": [("draw_official", "", {"code": house.sealed.code})],
        "games:desk_draw_equipment": [("draw_official", "", {"code": house.on_sale.code})],
        "games:desk_monitors": [("auditor", "", {}), ("compliance", "", {})],
        "games:desk_monitors_draw": [
            ("auditor", "", draw),
            ("compliance", "", {"code": house.on_sale.code}),
        ],
        "games:desk_equipment": [("auditor", "", {}), ("compliance", "", {})],
        "games:desk_equipment_new": [("compliance", "", {})],
        "games:desk_equipment_piece": [
            ("draw_official", "", {"code": "ssq-red-1"}),
            ("support", "", {"code": "ssq-blue-2"}),
        ],
        "games:desk_inspection_new": [("draw_official", "", {"code": "ssq-blue-2"})],
        "games:desk_minutes": [
            ("compliance", "", draw),
            ("draw_official", "", draw),
            ("support", "", {"code": house.on_sale.code}),
        ],
        "games:desk_minutes_write": [("draw_official", "", draw)],
        "games:desk_times": [("draw_official", "", {"code": house.on_sale.code})],
        "games:desk_announced": [("compliance", "", draw)],
        "games:desk_announced_import": [("draw_official", "", draw)],
        "games:desk_announced_type": [("draw_official", "", draw)],
        "games:desk_prize_modes": [("compliance", "", {})],
        "games:desk_switches": [("risk", "", {}), ("support", "", {})],
        "games:desk_licences": [("compliance", "", {})],
        "games:desk_licence_new": [("compliance", "", {})],
        "games:rules": [("visitor", "", game)],
        "games:rule": [("visitor", "", {**game, "code": "ssq-2018.1"})],
        "games:desk_rules": [("compliance", "", {}), ("support", "?game=ssq-drill", {})],
        "games:desk_rule": [("auditor", "", {**game, "code": "ssq-2026.1"})],
        "games:desk_rule_changes": [("auditor", "", {**game, "code": "ssq-2026.1"})],
        "games:desk_rule_trial": [("auditor", "", {**game, "code": "ssq-2026.1"})],
        "games:desk_rule_file": [("compliance", "", {})],
        "finance:desk_withdrawals": [("cashier", "", {})],
        "finance:desk_withdrawal": [("cashier", "", {"code": house.codes["held"]})],
        "finance:desk_deposits": [("treasurer", "", {})],
        "finance:desk_providers": [("treasurer", "", {}), ("auditor", "", {})],
        "finance:desk_provider": [("treasurer", "", {"code": "sandbox"})],
        "finance:desk_provider_off": [("treasurer", "", {"code": "sandbox"})],
        "finance:desk_returns": [("treasurer", "", {})],
        "finance:desk_return_new": [("treasurer", "", {})],
        "finance:desk_cases": [("treasurer", "", {}), ("auditor", "?show=all", {})],
        "finance:desk_case": [("treasurer", "", {"code": house.codes["case"]})],
        "finance:desk_ledger": [("treasurer", "", {})],
        "finance:desk_remittances": [("treasurer", "", {}), ("auditor", "", {})],
        "finance:desk_issuers": [("treasurer", "", {})],
        "finance:desk_reserves": [("treasurer", "", {}), ("auditor", "", {})],
        "finance:desk_payment_new": [("treasurer", "", {"account": house.codes["owed"]})],
        "finance:desk_drawing_new": [("treasurer", "", {"account": house.codes["business"]})],
        "finance:desk_payments": [("treasurer", "?state=all", {})],
        "finance:desk_payment": [
            ("treasurer", "", {"code": house.codes["order"]}),
            ("compliance", "", {"code": house.codes["order_asked"]}),
        ],
        "finance:desk_payees": [("treasurer", "", {}), ("auditor", "", {})],
        "finance:desk_payee_new": [("treasurer", "", {})],
        "finance:desk_statements": [("treasurer", "", {}), ("auditor", "", {})],
        "finance:desk_statement_take": [("treasurer", "", {})],
        "finance:desk_statement": [
            ("treasurer", "", {"code": house.codes["statement"]}),
            ("auditor", "?show=open", {"code": house.codes["statement"]}),
        ],
        "finance:desk_differences": [("cashier", "", {}), ("auditor", "?show=resolved", {})],
        "finance:desk_difference": [
            ("treasurer", "", {"code": house.codes["difference"]}),
            ("auditor", "", {"code": house.codes["resolved"]}),
        ],
        "finance:desk_proof": [("treasurer", "", {}), ("approver", "", {})],
        "finance:desk_house_banks": [("treasurer", "", {}), ("auditor", "", {})],
        "finance:desk_house_bank_new": [("treasurer", "", {})],
        "finance:desk_checks": [("treasurer", "", {}), ("auditor", "", {})],
        "finance:solvency": [("visitor", "", {})],
        "finance:my_solvency": [("player", "", {})],
        "finance:desk_treasury": [("treasurer", "", {})],
        "finance:desk_reports": [("treasurer", "", {}), ("compliance", "", {})],
        "finance:desk_report": [
            ("treasurer", "", {"name": name})
            for name in ("trial", "balance", "income", "cash-flow", "liabilities", "sales")
        ],
        "finance:desk_general_ledger": [("treasurer", "", {"kind": "wallet"})],
        "finance:desk_sheet": [
            ("treasurer", f"?account=clearing:sandbox&{house.codes['days']}", {})
        ],
        "finance:desk_adjustments": [("treasurer", "", {}), ("approver", "", {})],
        "finance:desk_adjustment_new": [("treasurer", "", {})],
        "finance:desk_adjustment": [("treasurer", "", {"code": house.codes["adjustment"]})],
        "finance:desk_periods": [("treasurer", "", {})],
        "finance:desk_period": [("treasurer", "", {"code": house.codes["period"]})],
        "finance:desk_samples": [("auditor", "", {})],
        "finance:desk_sample": [("auditor", "", {"code": house.codes["sample"]})],
        "accounts:desk_players": [("support", f"?q={house.player.code}", {})],
        "accounts:desk_player": [("support", "", player)],
        "accounts:desk_staff": [("administrator", "", {})],
    }


# Addresses that show no page of their own, or one that other tests walk through, and why.
NO_SIGHT = {
    "games:all_trends": "leads to the charts of the first game",
    "games:all_simulators": "leads to the simulator of the first game",
    **dict.fromkeys(
        [
            "set_language", "set_theme", "accounts:logout", "accounts:messages_read",
            "accounts:register_code_again", "accounts:desk_reveal", "sales:quick_pick",
            "sales:quote", "sales:buy_all", "sales:proof_report",
            "finance:bank_account_remove", "finance:callback",
            "finance:desk_payee_retire", "finance:desk_check_now", "finance:desk_payouts_stop",
            "finance:desk_payouts_lift", "finance:desk_deposit_check", "finance:debt_pay",
            "finance:desk_statement_match", "finance:desk_proof_take",
            "finance:desk_house_bank_close", "finance:desk_period_close",
            "finance:desk_year_end", "games:desk_switch_off", "games:desk_switch_on",
            "games:desk_minutes_sign", "games:desk_equipment_state", "games:desk_mail_again",
            "games:desk_announced_numbers", "games:desk_announced_decide",
            "games:desk_prize_mode_new",
            "prizes:desk_settle_again", "prizes:desk_verify_log", "sales:desk_seal_again",
            "account_logout", "sandbox_bank:orders", "sandbox_bank:close", "sandbox_bank:payouts",
            "sandbox_bank:refunds",
            "sandbox_bank:account",
        ],
        "answers a form or another house's message",
    ),
    **dict.fromkeys(
        [
            "health", "sales:receipt", "sales:proof", "sales:proof_page", "games:minutes_pdf",
            "games:minutes_text", "games:rule_sheet", "games:desk_rule_sheet",
            "games:desk_minutes_pdf", "games:desk_minutes_text", "prizes:kit", "prizes:desk_kit",
            "prizes:desk_differences", "prizes:desk_integrity_now", "games:seal_file",
            "prizes:sealed_file", "finance:statement_file", "finance:statement_paper",
            "finance:desk_receipt",
            "finance:solvency_statement", "finance:my_solvency_file", "finance:my_solvency_page",
            "finance:desk_report_file", "finance:desk_sheet_file",
            "finance:desk_general_ledger_file",
            "audit:export_file", "audit:export_progress", "sandbox_bank:order",
            "sandbox_bank:payout", "sandbox_bank:refund",
        ],
        "a file or a part of a page",
    ),
    **dict.fromkeys(
        ["accounts:register_code", "sales:buy", "mfa_authenticate"],
        "reached on the way of the main journey",
    ),
    **dict.fromkeys(
        ["accounts:consent", "mfa_deactivate_totp", "mfa_edit_webauthn", "mfa_remove_webauthn",
         "mfa_reauthenticate_webauthn", "mfa_view_recovery_codes", "mfa_generate_recovery_codes"],
        "the same form page with another text",
    ),
    **dict.fromkeys(
        ["games:desk_rule_load", "games:desk_limits", "games:desk_limit_new"],
        "walked in tests/journeys/test_rule_desk.py",
    ),
    "sales:desk_opened_seal": "open for minutes only; walked in tests/sales/test_break_glass.py",
    "finance:desk_return_plan": "walked in tests/finance/test_refund_pages.py",
    "accounts:reset_code": "the same form page; walked in tests/accounts/test_password_reset.py",
    **dict.fromkeys(["gallery", "gallery_page"], "samples of parts; tests/lib/test_gallery.py"),
    **dict.fromkeys(["account_login", "mfa_index", "mfa_list_webauthn"], "another name of a page"),
}  # fmt: skip
