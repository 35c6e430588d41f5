"""Engine two: byte for byte what looking at every line gives, and nothing but canonical input."""

import csv
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from games import bets, prize_tables, rules
from games.rules.sheet import rule_sheet
from tests.audit import verifier_pieces as pieces
from tests.audit.verifier_pieces import DRAW, NUMBERS, RULE, TICKETS, run, said, ticket
from tests.games import brute_force

SAFE_DRAWS = Path(__file__).parents[1] / "data" / "ssq_safe_draws.csv"
CHANCE = st.randoms(use_true_random=True)
SINGLE = "single|01,02,03,04,05,06+07|x1|own"


def count(folder, sealed, *, given=None, sheet=None, program=None):
    """Count with the program, as a process of its own if it is named."""
    (folder / "sealed").write_bytes(sealed)
    (folder / "sheet").write_bytes(sheet or rule_sheet(RULE))
    (folder / "input").write_bytes(given or pieces.settlement_input())
    options = []
    for name in ("sealed", "sheet", "input", "out"):
        options += [f"--{name}", folder / name]
    if program is None:
        return said("count", *options)
    return run("count", *options, program=program)


def counted(folder, sealed, *, program=None, **given):
    done = count(folder, sealed, given=pieces.settlement_input(**given), program=program)
    assert (done.returncode, done.stderr) == (0, "")
    return (folder / "out").read_bytes()


def test_the_result_file_is_what_looking_at_every_line_gives(tmp_path):
    """F071, N04: all bet types, multipliers, unwon and won tiers."""
    sealed = pieces.sealed_file(TICKETS)

    found = counted(tmp_path, sealed, program=pieces.FOLDER)

    assert found == pieces.expected_result(sealed)
    assert counted(tmp_path, sealed) == found


def test_the_special_tier_counts_only_while_the_rule_is_on(tmp_path):
    sealed = pieces.sealed_file(TICKETS)
    plain = counted(tmp_path, sealed)

    special = counted(tmp_path, sealed, special_on=True)

    assert special == pieces.expected_result(sealed, special_on=True)
    assert b"\ntier\t7\t" in special
    assert b"\ntier\t7\t" not in plain


def test_a_draw_without_tickets_has_a_result_file_too(tmp_path):
    sealed = pieces.sealed_file([])

    assert counted(tmp_path, sealed) == pieces.expected_result(sealed)


def test_the_order_in_which_the_balls_fell_does_not_matter(tmp_path):
    sealed = pieces.sealed_file(TICKETS)
    fell = [[6, 2, 1, 5, 3, 4], [7]]

    assert counted(tmp_path, sealed, numbers=fell) == counted(tmp_path, sealed)


def random_selection(chance: Any) -> str:
    kind = chance.choice(["single", "single", "multiple", "banker"])
    low = chance.sample(range(1, 34), 33) if chance.random() < 0.4 else [*range(1, 12)]
    chance.shuffle(low)
    blues = chance.sample(range(1, 17), chance.randint(2, 4) if kind == "multiple" else 1)
    if chance.random() < 0.3:
        blues[0] = 7 if 7 not in blues else blues[0]
    bankers: list[int]
    if kind == "single":
        bankers, reds = [], low[:6]
    elif kind == "multiple":
        bankers, reds = [], low[: chance.randint(6, 9)]
    else:
        amount = chance.randint(1, 5)
        bankers, reds = low[:amount], low[amount : amount + chance.randint(7 - amount, 9 - amount)]
    numbers = [",".join(f"{n:02}" for n in sorted(part)) for part in (bankers, reds, blues)]
    zone = f"{numbers[0]}#{numbers[1]}" if bankers else numbers[1]
    times = chance.choice([1, 1, 2, 7])
    return f"{kind}|{zone}+{numbers[2]}|x{times}|{chance.choice(['own', 'quick'])}"


def test_any_draw_is_counted_and_priced_as_by_brute_force(request, tmp_path, full):
    """F071, N04: tickets, numbers, pool and special rule at random; every byte the same."""

    @brute_force.random_cases(request, ordinary=40 if full else 15, deep=3_000)
    @given(
        chance=CHANCE,
        amount=st.integers(0, 30),
        special_on=st.booleans(),
        pool=st.one_of(st.integers(0, 5 * 10**11), st.sampled_from([0, 10**10 - 1, 10**10])),
    )
    def check(chance, amount, special_on, pool):
        tickets = [
            ticket(number, [random_selection(chance) for _ in range(chance.randint(1, 5))])
            for number in range(amount)
        ]
        sealed = pieces.sealed_file(tickets)
        numbers = [sorted(chance.sample(range(1, 12), 6)), [7]]
        asked = {"numbers": numbers, "special_on": special_on, "pool_before_fen": pool}
        assert in_process(tmp_path, sealed, **asked) == pieces.expected_result(sealed, **asked)

    check()


def in_process(folder: Path, sealed: bytes, **asked: object) -> bytes:
    sheet = sheet_read(RULE.code)
    given_ = pieces.part("sheet").read_input(pieces.settlement_input(**asked), sheet)
    (folder / "sealed").write_bytes(sealed)
    with (folder / "sealed").open("rb") as file, (folder / "out").open("wb") as out:
        pieces.part("counting").settle(file, sheet, given_, out)
    return (folder / "out").read_bytes()


# Prices.


@cache
def sheet_read(code):
    """The rule sheet of that rule as the verifier reads it."""
    return pieces.part("sheet").read_sheet(rule_sheet(rules.by_code(code)))


def priced(version, **asked):
    sheet_of, pricing = pieces.part("sheet"), pieces.part("pricing")
    sheet = sheet_read(version.code)
    settlement = sheet_of.SettlementInput(
        draw=DRAW,
        numbers=NUMBERS,
        special_on=asked["special_on"],
        pools_before_fen=(asked["pool_before_fen"],),
    )
    sales = {"standard": asked["sales_fen"]}
    return pricing.price(sheet, settlement, sales=sales, lines=asked["winners"])


def test_all_published_draws_come_out_exactly():
    """F071, N04: 2,033 draws from 2013 to 2026 from the rule sheet alone, to the fen."""
    with SAFE_DRAWS.open(encoding="utf-8", newline="") as file:
        draws = list(csv.DictReader(file))

    wrong = []
    for draw in draws:
        found = priced(
            rules.version_for(game="ssq", issue=draw["issue"]),
            special_on=draw["special_rule"] == "1",
            pool_before_fen=int(draw["pool_before_fen"]),
            sales_fen=int(draw["sales_fen"]),
            winners={tier: int(draw[f"winners_{tier}"] or 0) for tier in range(1, 8)},
        )
        prizes = {
            tier: int(draw[f"prize_{tier}_fen"])
            for tier in range(1, 8)
            if draw[f"prize_{tier}_fen"]
        }
        pool = found.pools[0][2] + int(draw["fund_topup_fen"] or 0)
        if (found.prize_fen, pool) != (prizes, int(draw["pool_after_fen"])):
            wrong.append(draw["issue"])

    assert wrong == []
    assert len(draws) == 2_033


@pytest.mark.parametrize(
    ("issue", "fund_paid_fen"), [("2015027", 2_222_327_464), ("2016060", 4_042_014_102)]
)
def test_the_fund_pays_what_was_announced(issue, fund_paid_fen):
    with SAFE_DRAWS.open(encoding="utf-8", newline="") as file:
        draw = next(draw for draw in csv.DictReader(file) if draw["issue"] == issue)

    found = priced(
        rules.version_for(game="ssq", issue=issue),
        special_on=False,
        pool_before_fen=int(draw["pool_before_fen"]),
        sales_fen=int(draw["sales_fen"]),
        winners={tier: int(draw[f"winners_{tier}"] or 0) for tier in range(1, 8)},
    )

    assert found.fund_paid_fen == fund_paid_fen


def test_both_price_tables_agree_on_any_draw(request, full):
    """N04: two authors, one rule sheet; caps, minimum, deficit, special rule, every version."""

    @brute_force.random_cases(request, ordinary=1_500 if full else 500, deep=200_000)
    @given(
        version=st.sampled_from(rules.GAMES["ssq"].versions),
        special=st.booleans(),
        sales_fen=st.one_of(
            st.integers(0, 10**13),
            st.integers(0, 3 * 10**8).map(lambda lines: lines * 200),
        ),
        pool=st.one_of(
            st.integers(0, 5 * 10**11),
            st.integers(0, 5 * 10**9).map(lambda yuan: yuan * 100),
            st.sampled_from([0, 10**10 - 1, 10**10, 3 * 10**10]),
        ),
        lines=st.tuples(
            st.one_of(st.integers(0, 3), st.integers(0, 60), st.integers(0, 10**6)),
            st.one_of(st.integers(0, 3), st.integers(0, 400), st.integers(0, 10**6)),
            st.integers(0, 5_000),
            st.integers(0, 200_000),
            st.integers(0, 3_000_000),
            st.integers(0, 20_000_000),
            st.integers(0, 10_000_000),
        ),
    )
    def check(version, special, sales_fen, pool, lines):
        special_on = special and version.special is not None
        winners = dict(enumerate(lines if special_on else lines[:-1], start=1))
        asked = {"sales_fen": sales_fen, "pool_before_fen": pool, "special_on": special_on}
        ours = prize_tables.compute(version, winners=winners, **asked)
        found = priced(version, winners=winners, **asked)
        assert found.prize_fen == ours.prize_fen
        assert (found.prize_money_fen, found.pools[0][2]) == (
            ours.prize_money_fen,
            ours.pool_after_fen,
        )
        assert (found.fund_paid_fen, found.rounding_fen, found.special_next) == (
            ours.fund_paid_fen,
            ours.rounding_to_fund_fen,
            ours.special_on_next,
        )

    check()


# Strictness: anything but the one spelling is refused, with its line.

GOOD = ticket(1, [SINGLE])
NOT_CANONICAL = {
    "a space more": f"{GOOD} ",
    "a carriage return": f"{GOOD}\r",
    "a NUL": f"{GOOD}\x00",
    "an empty line": "",
    "a field more": f"{GOOD}\tx",
    "a field less": GOOD.rpartition("\t")[0],
    "another version": ticket(1, [SINGLE], version="2"),
    "another draw": ticket(1, [SINGLE], draw="ssq-2026111"),
    "a short code": ticket(1, [SINGLE], code="ABC"),
    "a code in small letters": ticket(1, [SINGLE], code=pieces.code(1).lower()),
    "a pseudonym in capitals": ticket(1, [SINGLE], owner="A" * 32),
    "a short salt": ticket(1, [SINGLE], salt="a" * 31),
    "a price with a leading zero": GOOD.replace("\t200\t", "\t0200\t"),
    "a price of nothing": GOOD.replace("\t200\t", "\t0\t"),
    "a wrong price": GOOD.replace("\t200\t", "\t400\t"),
    "a time before the beginning": ticket(1, [SINGLE], sold_at="-1"),
    "a time with a fraction": ticket(1, [SINGLE], sold_at="1.5"),
    "a channel in capitals": ticket(1, [SINGLE], channel="WEB"),
    "letters beyond ASCII": ticket(1, [SINGLE], channel="ｗeb"),
}
BAD_SELECTIONS = [
    "",
    "single",
    "single|01,02,03,04,05,06+07|x1|own|",
    "single|01,02,03,04,05,06+07|x1|Own",
    "single|01,02,03,04,05,06+07|x1|",
    "single|01,02,03,04,05,06+07|1|own",
    "single|01,02,03,04,05,06+07|x01|own",
    "single|01,02,03,04,05,06+07|x0|own",
    "single|01,02,03,04,05,06+07|x100|own",
    "single|1,02,03,04,05,06+07|x1|own",
    "single|02,01,03,04,05,06+07|x1|own",
    "single|01,01,03,04,05,06+07|x1|own",
    "single|00,02,03,04,05,06+07|x1|own",
    "single|01,02,03,04,05,34+07|x1|own",
    "single|01,02,03,04,05,06+17|x1|own",
    "single|01,02,03,04,05,06+00|x1|own",
    "single|01,02,03,04,05,06,07+07|x1|own",
    "single|01,02,03,04,05+07|x1|own",
    "single|01,02,03,04,05,06|x1|own",
    "single|01,02,03,04,05,06+07+08|x1|own",
    "single|01#02,03,04,05,06+07|x1|own",
    "multiple|01,02,03,04,05,06+07|x1|own",
    "multiple|01#02,03,04,05,06,07,08+07|x1|own",
    "banker|01,02,03,04,05,06,07+07|x1|own",
    "banker|01#02,03,04,05,06+07|x1|own",
    "banker|01,02#02,03,04,05,06,07+07|x1|own",
    "banker|02,01#03,04,05,06,07+07|x1|own",
    "banker|01,02,03,04,05,06#07,08+07|x1|own",
    "banker|01##02,03,04,05,06,07+07|x1|own",
    "banker|#02,03,04,05,06,07,08+07|x1|own",
    "multiple|" + ",".join(f"{n:02}" for n in range(1, 34)) + "+07|x1|own",
    "system|01,02,03,04,05,06+07|x1|own",
]


@pytest.mark.parametrize("wrong", NOT_CANONICAL)
def test_a_line_in_another_spelling_is_refused_with_its_number(tmp_path, wrong):
    sealed = pieces.sealed_file([*TICKETS, NOT_CANONICAL[wrong]])

    done = count(tmp_path, sealed)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("the sealed file, line 8: ")
    assert done.stderr.count("\n") == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["input", "sealed", "sheet"]


@pytest.mark.parametrize("text", BAD_SELECTIONS)
def test_a_selection_in_another_spelling_is_refused_with_its_line(tmp_path, text):
    sealed = pieces.sealed_file([TICKETS[0], ticket(9, [SINGLE, text], price=400)])

    with pytest.raises(pieces.part("strict").Wrong, match=r"^the sealed file, line 3: "):
        in_process(tmp_path, sealed)


@settings(max_examples=20, deadline=None, database=None, derandomize=True)
@given(chance=CHANCE)
def test_what_the_house_spells_the_verifier_reads_and_counts_alike(chance):
    texts = [random_selection(chance) for _ in range(20)]
    reader = pieces.part("lines").Reader(
        pieces.part("sheet").read_sheet(rule_sheet(RULE)), draw=DRAW, numbers=NUMBERS
    )

    for text in texts:
        chosen = bets.parse(text)
        assert bets.canonical(chosen) == text
        kind, lines, stake, wins = reader.selection(text.encode())
        assert kind == chosen.bet_type
        assert lines == sum(1 for _ in brute_force.lines(RULE, chosen))
        assert stake == lines * chosen.multiplier * RULE.price_fen
        hits = pieces.hits_of(RULE, chosen, NUMBERS, special_on=False)
        assert dict(wins) == {tier: count * chosen.multiplier for tier, count in hits.items()}


@settings(max_examples=20, deadline=None, database=None, derandomize=True)
@given(chance=CHANCE)
def test_the_quick_way_for_single_lines_is_the_long_way(chance):
    reader = pieces.part("lines").Reader(
        pieces.part("sheet").read_sheet(rule_sheet(RULE)), draw=DRAW, numbers=NUMBERS
    )
    quick = reader._single

    for _ in range(100):
        reds = sorted(chance.sample(range(1, 14), 6))
        text = "single|{}+{:02}|x{}|own".format(
            ",".join(f"{n:02}" for n in reds), chance.randint(1, 16), chance.randint(1, 99)
        ).encode()
        assert quick(text) == reader.selection(text)


def test_one_ticket_cannot_stand_twice(tmp_path):
    many = [ticket(number, [SINGLE]) for number in range(3_000)]

    done = count(tmp_path, pieces.sealed_file([*many, many[1_234]]), program=pieces.FOLDER)

    assert done.returncode == 2
    told = f"line 3002: ticket {pieces.code(1_234)} stands in line 1236 already"
    assert done.stderr == f"the sealed file, {told}\n"


@pytest.mark.parametrize(
    ("sealed", "failure"),
    [
        (b"", "the sealed file, line 1: "),
        (b"sealed-file\t2\tx\ty\t" + b"0" * 64 + b"\n", "the sealed file, line 1: "),
        (pieces.sealed_file(TICKETS)[:-1], "the sealed file, line 7: is not ended"),
        (pieces.sealed_file(TICKETS) + b"\n", "the sealed file, line 8: "),
        (b"\x00" * 3_000_000, "the sealed file, line 1: "),
        (pieces.sealed_file([]) + b"1\t" * 2_000_000, "the sealed file, line 2: is not ended"),
        (pieces.sealed_file(TICKETS, digest="0" * 64), "the rule sheet is not the one"),
        (pieces.sealed_file([], draw="ssq-2026109"), "the sealed file is of draw ssq-2026109"),
    ],
)
def test_a_wrong_sealed_file_is_one_line_of_reason(tmp_path, sealed, failure):
    done = count(tmp_path, sealed)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(failure)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "wrong",
    [
        {"numbers": [[1, 2, 3, 4, 5], [7]]},
        {"numbers": [[1, 2, 3, 4, 5, 5], [7]]},
        {"numbers": [[1, 2, 3, 4, 5, 34], [7]]},
        {"numbers": [[1, 2, 3, 4, 5, True], [7]]},
        {"numbers": [[1, 2, 3, 4, 5, 6], [0]]},
        {"numbers": [[1, 2, 3, 4, 5, 6]]},
        {"numbers": "1"},
        {"special_on": 1},
        {"pool_before_fen": -1},
        {"pool_before_fen": 1.5},
        {"pool_before_fen": True},
        {"format": "settlement-input/2"},
        {"more": 1},
    ],
)
def test_a_wrong_input_is_one_line_of_reason(tmp_path, wrong):
    done = count(tmp_path, pieces.sealed_file(TICKETS), given=pieces.settlement_input(**wrong))

    assert (done.returncode, done.stdout) == (2, "")
    assert "the settlement input" in done.stderr


def test_an_altered_rule_sheet_is_refused(tmp_path):
    """F071: whoever changes one prize of the sheet is found before a line is counted."""
    sheet = rule_sheet(RULE).replace(b'"fixed_fen":300000', b'"fixed_fen":300100')

    done = count(tmp_path, pieces.sealed_file(TICKETS), sheet=sheet, program=pieces.FOLDER)

    assert done.returncode == 2
    assert done.stderr == "the rule sheet is not the one the sealed file names\n"


def test_any_bytes_in_a_sealed_file_are_a_sentence(request, tmp_path, full):
    sealed = pieces.sealed_file(TICKETS)
    wrong = pieces.part("strict").Wrong

    @brute_force.random_cases(request, ordinary=300 if full else 100, deep=50_000)
    @given(
        st.integers(0, len(sealed) - 1),
        st.integers(0, 12),
        st.one_of(st.binary(max_size=8), st.text("0123456789,+|#x\t\n single", max_size=6)),
    )
    def try_one(start, length, new):
        raw = new.encode() if isinstance(new, str) else new
        altered = sealed[:start] + raw + sealed[start + length :]
        try:
            found = in_process(tmp_path, altered)
        except wrong:
            return
        assert found == pieces.expected_result(altered)

    try_one()


# One file, little memory, quick start.


def test_the_one_file_gives_the_same_bytes(tmp_path):
    """F230: bundled, in an empty folder, without the environment."""
    bundle = tmp_path / "one" / "verify.py"
    bundle.parent.mkdir()
    for _ in range(2):
        made = subprocess.run(  # noqa: S603
            [sys.executable, "-I", str(pieces.FOLDER / "bundle.py"), str(bundle)],
            capture_output=True,
            check=True,
        )
        assert made.stdout == b""
    sealed = pieces.sealed_file(TICKETS)

    folder = count(tmp_path, sealed, program=pieces.FOLDER)
    first = (tmp_path / "out").read_bytes()
    (tmp_path / "out").unlink()
    single = count(tmp_path, sealed, program=bundle)

    assert (
        (folder.returncode, folder.stdout)
        == (single.returncode, single.stdout)
        == (0, folder.stdout)
    )
    assert (tmp_path / "out").read_bytes() == first
    assert [path.name for path in bundle.parent.iterdir()] == ["verify.py"]


def test_the_one_file_uses_the_standard_library_only():
    """N04, F230: no import but what every Python has, and none that reaches a network."""
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-I", str(pieces.FOLDER / "bundle.py")],
        capture_output=True,
        text=True,
        check=True,
    )
    imported = {
        line.split()[1].partition(".")[0]
        for line in done.stdout.splitlines()
        if line.startswith(("import ", "from "))
    }

    assert imported <= set(sys.stdlib_module_names)
    assert not imported & {"socket", "ssl", "http", "urllib", "asyncio", "subprocess", "ctypes"}
    compile(done.stdout, "verify.py", "exec")


PEAK = """
import pathlib, runpy, sys
sys.argv = sys.argv[1:]
try:
    runpy.run_path(sys.argv[0], run_name="__main__")
finally:
    kept = pathlib.Path("/proc/self/status").read_text().partition("VmHWM:")[2]
    sys.stderr.write(kept.split()[0])
"""


def peak_kib(folder: Path, tickets: int) -> int:
    lines = (
        ticket(number, [f"single|01,02,03,04,05,06+{number % 16 + 1:02}|x1|own"] * 5, price=1_000)
        for number in range(tickets)
    )
    (folder / "sealed").write_bytes(pieces.sealed_file(lines))
    (folder / "sheet").write_bytes(rule_sheet(RULE))
    (folder / "input").write_bytes(pieces.settlement_input())
    options = [
        word
        for name in ("sealed", "sheet", "input", "out")
        for word in (f"--{name}", str(folder / name))
    ]
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-I", "-c", PEAK, str(pieces.FOLDER), "count", *options],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return int(done.stderr)


@pytest.mark.slow
@pytest.mark.thorough
def test_memory_does_not_grow_with_the_tickets(tmp_path):
    """F071: every ticket here wins, so the winners' file grows; the program does not."""
    small, large = peak_kib(tmp_path, 1_000), peak_kib(tmp_path, 40_000)

    assert large - small < 4 * 1024
    assert large < 40 * 1024
