"""A house in which every page has something to show; `sights` lists those pages."""

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
    cash_desks,
    covers,
    deposits,
    dues,
    invariants,
    ledger,
    recalls,
    samples,
    treasury_receipts,
)
from finance.ledger import Move
from finance.models import Difference
from finance.recon import differences, proof
from finance.solvency import nightly
from games import draw_times, licences, limits, monitors, prize_modes, switches
from games.models import Announcement, Draw, Game
from lottery_portal import jobs
from lottery_portal.lib import dates
from lottery_portal.lib.codes import new_code
from lottery_portal.lib.db import database_time
from partners import claim_authority, operators, outlets
from prizes import kits
from sales import cancellation, plans, rolling
from tests import (
    make,
    make_announced,
    make_equipment,
    make_money,
    make_outlets,
    make_remittance,
    make_rules,
    people,
)
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
    make_rules.trusted()
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
    waiting = make.ticket(player, on_sale, [single]).code
    house = House(player, newcomer, crew, past, sealed, on_sale, won, lost, waiting)
    _plans(house)
    _money(house)
    _dues(house)
    _drawing(house)
    _announced(house)
    _rules(house)
    _desk(house)
    _outlets(house)
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
            reason="创世：供这些页面使用",
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
    """A bill with lines of every fate, a difference that ended, a proof of funds, own money."""
    now, treasurer = people.right_now(), house.crew["treasurer"][0].user
    recon_deeds.house_bank(treasurer, now)
    recon_deeds.house_bank(treasurer, now, word="own", number=recon_deeds.STRANGERS, purpose="OWN")
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
    cover = covers.ask(
        escrow="escrow:icbc",
        own_bank="ownbank:own",
        amount=60,
        reason="渠道手续费",
        maker=treasurer,
        now=now,
    )
    recon_deeds.approved(cover.approval_code, now)
    desk = cash_desks.register(
        place_kind="CENTRE", place="SH-01", name="一号台", actor=treasurer, now=now
    )
    house.codes |= {
        "cash_desk": desk.code,
        "cover": cover.code,
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
    late = make_money.withdraw(other, 4_00, make_money.bank_account(other, now=now), now=now)
    make_money.told(taken, event=f"{taken.code}:back", state="REFUNDED", now=now)
    cashier = house.crew["cashier"][0].user
    recalls.ask(code=late.code, reason="渠道退单，彩民尚欠款", maker=cashier, now=now)
    house.codes |= {
        "case": cases.about(object_type="deposit", object_code=taken.code)[0].code,
        "deposit": begun.code,
        "bank": begun.pay_page.rstrip("/").rpartition("/")[2],
        "withdrawal": small.code,
        "held": held.code,
        "late": late.code,
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


def _announced(house: House) -> None:
    """A drill's draw whose announcement differs from the rules, and prizes announced from a day."""
    held = make_announced.sealed(make_announced.on_sale())
    said = make_announced.body(held, prizes={3: 3_001_00})
    make_announced.imported(held, make_announced.registered(), said)
    now = people.right_now()
    asked = prize_modes.request(
        game=Game.objects.get(code="qlc"),
        mode=Draw.Mode.ANNOUNCED,
        starts_on=dates.in_shanghai(now).date() + timedelta(days=30),
        document="彩字〔2026〕7 号",
        maker=house.crew["compliance"][0].user,
        now=now,
    )
    checker = house.crew["approver"][0].user
    approvals.decide(code=asked.code, checker=checker, approve=True, now=now)
    house.codes["told"] = held.code


def _rules(house: House) -> None:
    """A rule file that was handed in, and a line of digits that is not sold any more."""
    file = make_rules.brought("ssq", make_rules.ssq())
    digits = stage.draw("fc3d")
    limits.withdraw(
        draw=digits,
        play="straight",
        line=[[1], [2], [3]],
        reason="该号码投注已达限额",
        actor=house.crew["risk"][0].user,
        now=people.right_now(),
    )
    house.codes |= {
        "digits": digits.code,
        "rule": house.on_sale.rule.code,
        "rule_file": file.code,
        "file": f"?file={file.document_digest}",
    }


def _outlets(house: House) -> None:
    """A centre and two outlets, one of them suspended, and what is asked for."""
    desk = make_outlets.Desk(house.crew["compliance"][0].user, house.crew["approver"][0].user)
    desk.place(10**12, kind="CENTRE", name="明彩兑奖中心", district="西城区")
    outlet = desk.outlet()
    held = desk.authority(outlet, 30_000_00)
    shut = desk.place(20_000_00, name="朝阳二号网点", district="朝阳区")
    now = database_time()
    operators.assign(
        outlet=outlet,
        user=house.crew["outlet_operator"][0].user,
        actor=desk.maker,
        now=now,
    )
    claim_authority.request(outlet=outlet, game="ssq", up_to=50_000_00, maker=desk.maker, now=now)
    outlets.suspend(outlet=shut, reason="清点不符，待查", actor=desk.maker, now=now)
    house.codes |= {"outlet": outlet.code, "shut": shut.code, "authority": held.approval_code}


def _desk(house: House) -> None:
    now = people.right_now()
    official, compliance = house.crew["draw_official"][0].user, house.crew["compliance"][0].user
    draw_times.ask(
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
