"""Rule sheets before the verifier: what it does not know, or what contradicts itself, it names."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from games.rules.sheet import rule_sheet
from tests.audit import verifier_games as games
from tests.audit import verifier_pieces as pieces
from tests.audit.test_verifier_hostile import NASTY, leaves_of, put
from tests.audit.verifier_games import CURRENT, VERSIONS
from tests.games import brute_force

SHEETS = {code: json.loads(rule_sheet(version)) for code, version in VERSIONS.items()}


def read(facts):
    return pieces.part("sheet").read_sheet(pieces.canonical(facts))


def refusal(facts):
    """Why the verifier does not take this sheet; empty when it does."""
    try:
        read(facts)
    except pieces.part("strict").Wrong as exc:
        return str(exc)
    return ""


def at(facts, path):
    for step in path:
        facts = facts[step]
    return facts


def places_in(facts):
    """The places of a sheet, one of each sort; the calendar is not the verifier's."""
    seen: dict[tuple[str, ...], tuple[object, ...]] = {}
    for path in leaves_of(facts):
        if "schedule" not in path:
            seen.setdefault(tuple(step for step in path if isinstance(step, str)), path)
    return list(seen.values())


def objects_of(facts):
    return [path for path in places_in(facts) if isinstance(at(facts, path), dict)]


@pytest.mark.parametrize("code", VERSIONS)
def test_a_key_that_is_not_known_is_refused_by_its_name(code):
    """F071: it might mean money."""
    for path in objects_of(SHEETS[code]):
        altered = put(SHEETS[code], path, {**at(SHEETS[code], path), "bonus": 1})
        assert "has “bonus”, which does not belong there" in refusal(altered), path


@pytest.mark.parametrize("code", [game.code for game in CURRENT.values()])
def test_a_key_that_is_missing_is_refused_by_its_name(code):
    for path in objects_of(SHEETS[code]):
        for name in at(SHEETS[code], path):
            short = {key: value for key, value in at(SHEETS[code], path).items() if key != name}
            told = refusal(put(SHEETS[code], path, short))
            assert f"“{name}”" in told, (path, name, told)


@pytest.mark.parametrize("code", VERSIONS)
def test_a_word_that_is_not_known_is_refused_by_its_name(code):
    """F071: a new way to share, to cut, to match is refused, not taken for an old one."""
    words = {"kind", "pattern", "left_over", "cut", "deficit_paid_by", "rounding_goes_to"}
    names = {"play", "place", "fact"}
    sheet, met = SHEETS[code], set()

    for path in places_in(sheet):
        if path and path[-1] in words | names:
            told = refusal(put(sheet, path, "otherwise"))
            assert f"“{path[-1]}” is “otherwise”, which this program does not know" in told, path
            met.add(path[-1])
    assert met >= {"pattern", "deficit_paid_by", "rounding_goes_to", "play", "place", "fact"}


def changed(code, *path, to):
    return lambda: put(SHEETS[code], ("version", *path), to)


CONTRADICTIONS = {
    "a format of next year": (
        lambda: {**SHEETS["dlt-2026.1"], "format": "rule-sheet/2"},
        "has format “rule-sheet/2”, not “rule-sheet/1”",
    ),
    "the stakes are given away twice": (
        changed("pl3-2014.1", "allocation", "prize", to=9_999),
        "does not give away the whole",
    ),
    "a play is of two pools": (
        changed("kl8-2025.1", "pools", 1, "plays", to=["pick10", "pick9"]),
        "a play is of no pool or of several",
    ),
    "a play is of no pool": (
        changed("kl8-2025.1", "pools", 1, "plays", to=["pick9"]),
        "a play is of no pool or of several",
    ),
    "a tier is paid from two pools": (
        changed("kl8-2025.1", "tiers", 6, "plays", to=["pick10", "pick5"]),
        "tier 7 is not paid from one pool",
    ),
    "a floating tier is paid from the second pool": (
        changed("kl8-2025.1", "pools", to=SHEETS["kl8-2025.1"]["version"]["pools"][::-1]),
        "tier 1 is not paid from one pool",
    ),
    "two tiers for the same hits": (
        changed("dlt-2026.1", "tiers", 2, "matches", to=[[5, 0], [5, 1]]),
        "has two tiers for the same hits",
    ),
    "two tiers for the same sum": (
        changed("fc3d-2016.1", "tiers", 21, "when", "numbers", to=[0, 26]),
        "has two tiers for the same hits",
    ),
    "a tier on top of a fixed one": (
        changed("dlt-2026.1", "tiers", 7, "on_top", "tier", to=3),
        "tier 8 is on top of none that it goes with",
    ),
    "a tier on top of one with other hits": (
        changed("dlt-2026.1", "tiers", 7, "on_top", "tier", to=2),
        "tier 8 is on top of none that it goes with",
    ),
    "a tier on top of nothing": (
        changed("dlt-2026.1", "tiers", 7, "on_top", "tier", to=77),
        "tier 8 is on top of none that it goes with",
    ),
    "a tier on top with an amount of its own": (
        changed("dlt-2026.1", "tiers", 7, "fixed_fen", to=1),
        "has no fixed amount, and one",
    ),
    "a floating amount is raised": (
        changed("dlt-2026.1", "tiers", 0, "raised", to=[{"pool_from_fen": 1, "fixed_fen": 1}]),
        "has no fixed amount, and one",
    ),
    "two raised amounts for one pool": (
        changed("dlt-2026.1", "tiers", 2, "raised", to=[{"pool_from_fen": 1, "fixed_fen": 1}] * 2),
        "has two amounts for one pool",
    ),
    "hits that no line can have": (
        changed("dlt-2026.1", "tiers", 2, "matches", to=[[6, 0]]),
        "hits are not one number a measure",
    ),
    "hits of one measure too many": (
        changed("dlt-2026.1", "tiers", 2, "matches", to=[[5, 0, 0]]),
        "hits are not one number a measure",
    ),
    "a floating tier gets no part": (
        changed("qxc-2021.1", "floating", "splits", 0, "parts", 1, "tier", to=1),
        "the parts do not share the whole among all floating tiers",
    ),
    "no part takes the pool": (
        changed("qxc-2021.1", "floating", "splits", 0, "parts", 0, "takes_pool", to=False),
        "not one takes the pool",
    ),
    "an unwon share goes to a fixed tier": (
        changed("dlt-2019.1", "floating", "splits", 3, "parts", 0, "unwon_to", to=5),
        "tier 5 is no floating tier",
    ),
    "a cap between two units": (
        changed("qxc-2021.1", "floating", "splits", 0, "parts", 0, "line_cap_fen", to=150),
        "“line_cap_fen” is not a multiple of “unit_fen”",
    ),
    "nothing for a small pool": (
        changed("qxc-2021.1", "floating", "splits", 0, "pool_from_fen", to=1),
        "does not say for every pool how the money is split",
    ),
    "floating tiers without floating money": (
        changed("qxc-2021.1", "floating", to=None),
        "tier 1 shares money that is not divided",
    ),
    "floating money without floating tiers": (
        lambda: put(
            SHEETS["pl5-2014.1"],
            ("version", "floating"),
            SHEETS["qxc-2021.1"]["version"]["floating"],
        ),
        "there is not in every draw a tier that shares this money",
    ),
    "a minimum without floating prizes": (
        changed("pl5-2014.1", "minimum", to={"factor": 2, "most_fen": 1}),
        "there are no floating prizes to be raised",
    ),
    "a special tier without a special rule": (
        changed("pl5-2014.1", "tiers", 0, "special_only", to=True),
        "has a tier for a special rule that it does not have",
    ),
    "a place with more numbers than two digits spell": (
        changed("kl8-2025.1", "zones", 0, "size", to=100),
        "“size” is not a whole number from 1 to 99",
    ),
    "a drum that comes later": (
        changed("qlc-2007.1", "zones", 0, "drum", to="special"),
        "“drum” is no zone before it",
    ),
    "a fact with the name of a zone": (
        changed("pl3-2014.1", "facts", 0, "code", to="d1"),
        "the name d1 stands twice",
    ),
    "a fact of nothing": (
        changed("pl3-2014.1", "facts", 0, "zones", to=[]),
        "there is nothing of which it could be worked out",
    ),
    "choices of a sum": (
        changed("fc3d-2016.1", "facts", 3, "choices", to=[{"kind": "run", "least": 0, "most": 0}]),
        "there is nothing of which it could be worked out",
    ),
    "a pattern of places with several numbers": (
        changed("dlt-2026.1", "plays", 0, "pattern", to="different"),
        "its places do not take one number each",
    ),
    "places left empty under a pattern of all": (
        changed("fc3d-2016.1", "plays", 3, "pattern", to="different"),
        "it leaves places empty, and has a pattern of all",
    ),
    "more places filled than there are": (
        changed("fc3d-2016.1", "plays", 3, "filled", to=4),
        "“filled” is not a whole number from 1 to 3",
    ),
    "as many bankers as a line has numbers": (
        changed("dlt-2026.1", "bet_types", 2, "ranges", 0, "bankers_most", to=5),
        "“bankers_most” is not a whole number from 0 to 4",
    ),
    "a bet type with a range too few": (
        changed("dlt-2026.1", "bet_types", 2, "ranges", to=[]),
        "“banker” stands twice or does not fit its places",
    ),
    "a ticket of millions of lines": (
        changed("pl3-2014.1", "price_fen", to=1),
        "a ticket of 2000000 fen has more than 100000 lines",
    ),
    "numbers that are true": (
        changed("fc3d-2016.1", "tiers", 21, "when", "numbers", to=[True]),
        "“numbers” are not different whole numbers",
    ),
}


@pytest.mark.parametrize("case", CONTRADICTIONS)
def test_a_sheet_that_contradicts_itself_is_refused(case):
    """F071: before a ticket is looked at."""
    make, failure = CONTRADICTIONS[case]

    assert failure in refusal(make())


def test_two_tiers_that_only_this_draw_makes_one_are_refused():
    """Two digits may each have come once: a line cannot win both tiers."""
    sheet = json.loads(rule_sheet(VERSIONS["fc3d-2016.1"]))
    tiers = sheet["version"]["tiers"] = sheet["version"]["tiers"][:22]
    for tier, digit in ((tiers[20], 1), (tiers[21], 2)):
        tier["when"] = {"fact": "once", "numbers": [digit]}
    taken = read(sheet)

    pieces.part("lines").Reader(taken, draw="x", numbers=[[1], [3], [3]])
    with pytest.raises(pieces.part("strict").Wrong, match="for the same hits in this draw"):
        pieces.part("lines").Reader(taken, draw="x", numbers=[[1], [2], [3]])


def test_a_new_game_needs_no_new_program():
    """F071: a game that nobody plays, from its sheet alone: two drums, three of nine and a pair."""
    sheet = json.loads(rule_sheet(CURRENT["dlt"]))
    version = sheet["version"]
    version.update(game="new", code="new-2030.1", minimum=None, floating=None, bet_types=[], facts=[
        {"code": "all", "kind": "sum", "zones": ["left", "right"], "times": 0, "choices": []},
        {"code": "pairs", "kind": "times", "zones": ["left", "right"], "times": 2, "choices": []},
    ])  # fmt: skip
    laid = {"first": 1, "size": 9, "word": 1, "shift": 0, "per_word": 63}
    zone = {**laid, "picked": 3, "drawn": 3, "drum": ""}
    version["zones"] = [{**zone, "code": "left"}, {**zone, "code": "right"}]
    place = {**laid, "code": "mine", "picked": 2}
    pairs = {"code": "pairs", "against": [{"place": "mine", "fact": "pairs"}]}
    version["plays"] = [{
        "code": "both", "places": [place], "measures": [pairs], "filled": None,
        "pattern": "any", "extra_fen": 50,
    }]  # fmt: skip
    version["bet_types"] = [{
        "code": "some", "play": "both", "least_lines": 1, "least_bankers": 0,
        "same_numbers": False, "ranges": [
            {"numbers_least": 2, "numbers_most": 9, "bankers_least": 0, "bankers_most": 1}
        ],
    }]  # fmt: skip
    tier = {**version["tiers"][2], "matches": [[2]], "plays": [], "raised": []}
    version["tiers"] = [
        {**tier, "number": 1, "when": {"fact": "all", "numbers": [24]}},
        {**tier, "number": 2, "matches": [[1]]},
    ]
    numbers = [[1, 2, 3], [2, 3, 9]]  # 2 and 3 came twice; the sum is 20

    def counted(drawn):
        reader = pieces.part("lines").Reader(read(sheet), draw="x", numbers=drawn)
        return reader.selection(b"some|02#03,04,05|x2|own")

    assert counted(numbers) == ("some", 3, 3 * 2 * 250, ((2, 4),))
    assert counted([[1, 2, 3], [2, 3, 7]])[3] == ((2, 4),)
    assert counted([[2, 3, 6], [2, 3, 8]])[3] == ((1, 2), (2, 4))


@pytest.mark.parametrize("game", CURRENT)
def test_any_value_anywhere_in_a_sheet_is_a_sentence(request, game, full):
    """N19: refused, or counted and priced to an end; never a crash, never endless."""
    code = CURRENT[game].code
    draw = games.draw_of(code)
    lines = [line.encode() for line in draw.tickets]
    wrong = pieces.part("strict").Wrong
    ordinary = 400 if full else 40

    @brute_force.random_cases(request, ordinary=ordinary, deep=20_000)
    @given(st.data())
    def try_one(data):
        where = data.draw(st.sampled_from(leaves_of(SHEETS[code])))
        try:
            sheet = read(put(SHEETS[code], where, data.draw(NASTY)))
            reader = pieces.part("lines").Reader(sheet, draw=draw.code, numbers=draw.numbers)
            won = {}
            for line in lines:
                won.update(reader.ticket(line)[2])
            settlement = pieces.part("sheet").SettlementInput(
                draw=draw.code,
                numbers=draw.numbers,
                special_on=False,
                pools_before_fen=(games.POOL_FEN,) * len(sheet.pools),
            )
            priced = pieces.part("pricing").price(
                sheet, settlement, sales=reader.sales(), lines=won
            )
        except wrong:
            return
        money_in = priced.prize_money_fen + priced.fund_paid_fen
        money_in += sum(before for _code, before, _after in priced.pools)
        paid = sum(count * priced.prize_fen[tier] for tier, count in priced.lines.items())
        kept = sum(after for _code, _before, after in priced.pools)
        assert money_in == paid + kept + priced.rounding_fen

    try_one()


def as_large_as_it_may_be():
    """A sheet with everything at its bound."""
    sheet = json.loads(rule_sheet(CURRENT["fc3d"]))
    version = sheet["version"]
    laid = {"first": 0, "size": 99, "word": 1, "shift": 0, "per_word": 63}
    version["zones"] = [
        {**laid, "code": f"z{n}", "picked": 0, "drawn": 99, "drum": ""} for n in range(8)
    ]
    zones = [zone["code"] for zone in version["zones"]]
    version["facts"] = [
        {"code": f"f{n}", "kind": "times", "zones": zones, "times": 8, "choices": []}
        for n in range(64)
    ]
    places = [{**laid, "code": f"p{n}", "picked": 99} for n in range(8)]
    against = [{"place": f"p{n % 8}", "fact": f"f{n}"} for n in range(16)]
    version["plays"] = [
        {
            "code": f"play{n}", "places": places, "filled": None, "pattern": "any", "extra_fen": 0,
            "measures": [{"code": f"m{m}", "against": against} for m in range(8)],
        }
        for n in range(64)
    ]  # fmt: skip
    wide = {"numbers_least": 99, "numbers_most": 99, "bankers_least": 0, "bankers_most": 98}
    version["bet_types"] = [
        {
            "code": f"bet{n}", "play": f"play{n % 64}", "ranges": [wide] * 8, "least_lines": 1,
            "least_bankers": 0, "same_numbers": False,
        }
        for n in range(256)
    ]  # fmt: skip
    tier = {**version["tiers"][0], "plays": []}
    version["tiers"] = [
        {**tier, "number": n + 1, "matches": [[n, *[m] * 7] for m in range(3)]} for n in range(99)
    ]
    return sheet


@pytest.mark.thorough
def test_the_largest_sheet_is_read_in_seconds():
    """N19: what a sheet can ask for is bounded."""
    large = as_large_as_it_may_be()
    numbers = [list(range(99))] * 8
    line = b"bet0|" + b"+".join([b",".join(b"%02d" % n for n in range(99))] * 8) + b"|x1|own"
    before = time.process_time()

    sheet = read(large)
    reader = pieces.part("lines").Reader(sheet, draw="x", numbers=numbers)

    assert reader.selection(line)[1] == 1
    assert time.process_time() - before < 10


@pytest.mark.parametrize(
    ("path", "many", "failure"),
    [
        (("zones",), 9, "“zones” is not a list of 1 to 8"),
        (("facts",), 65, "“facts” is not a list of 0 to 64"),
        (("plays",), 65, "“plays” is not a list of 1 to 64"),
        (("plays", 0, "places"), 9, "“places” is not a list of 1 to 8"),
        (("plays", 0, "measures"), 9, "“measures” is not a list of 1 to 8"),
        (("plays", 0, "measures", 0, "against"), 17, "“against” is not a list of 1 to 16"),
        (("bet_types",), 257, "“bet_types” is not a list of 1 to 256"),
        (("tiers",), 100, "“tiers” is not a list of 1 to 99"),
        (("tiers", 0, "matches"), 513, "“matches” is not a list of 1 to 512"),
        (("pools",), 9, "“pools” is not a list of 1 to 8"),
    ],
)
def test_more_than_the_program_takes_is_refused_at_once(path, many, failure):
    sheet = SHEETS["fc3d-2016.1"]
    first = at(sheet["version"], path)[0]

    assert failure in refusal(put(sheet, ("version", *path), [first] * many))


def test_more_ways_to_win_than_can_be_looked_through_are_refused():
    large = as_large_as_it_may_be()
    for tier in large["version"]["tiers"]:
        tier["matches"] = [[tier["number"] - 1, *[m] * 7] for m in range(4)]

    assert "has more than 20000 ways to win" in refusal(large)


@pytest.mark.parametrize(("pattern", "picked"), [("any", 9), ("different", 1), ("one_pair", 1)])
def test_a_selection_of_too_many_lines_is_refused_before_it_is_written_out(pattern, picked):
    """N19: places multiply; nothing is expanded that a ticket could not hold."""
    large = as_large_as_it_may_be()
    version = large["version"]
    version["plays"], version["bet_types"] = version["plays"][:1], version["bet_types"][:1]
    version["plays"][0]["pattern"] = pattern
    for place in version["plays"][0]["places"]:
        place["picked"] = picked
    for one in version["bet_types"][0]["ranges"]:
        one.update(numbers_least=picked, bankers_most=0)
    version["tiers"] = [{**version["tiers"][0], "matches": [[1] * 8]}]
    reader = pieces.part("lines").Reader(read(large), draw="x", numbers=[list(range(99))] * 8)
    line = b"bet0|" + b"+".join([b",".join(b"%02d" % n for n in range(99))] * 8) + b"|x1|own"
    before = time.process_time()

    with pytest.raises(pieces.part("strict").Wrong, match=r"has a selection of [0-9]+ lines"):
        reader.selection(line)
    assert time.process_time() - before < 1


def test_a_ticket_that_costs_more_than_it_says_is_not_read_to_its_end():
    """N19: what is written out is bounded by the price of the ticket."""
    rule = CURRENT["kl8"]
    dear = "pick5_multi|" + ",".join(f"{number:02}" for number in range(1, 18)) + "|x1|own"
    line = pieces.ticket(1, [dear] * 5_000, price=200, rule=rule, draw="kl8-1")
    reader = pieces.part("lines").Reader(
        games.sheet_of(rule.code), draw="kl8-1", numbers=[list(range(1, 21))]
    )
    before = time.process_time()

    with pytest.raises(pieces.part("strict").Wrong, match="says 200 fen, its selections cost"):
        reader.ticket(line.encode())
    assert time.process_time() - before < 1
