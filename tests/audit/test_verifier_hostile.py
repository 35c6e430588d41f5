"""Kits from hostile hands: whatever comes, a sentence and exit 1; no traceback, no flood."""

import base64
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.audit import verifier_pieces as pieces
from tests.audit.verifier_pieces import Draw, check_here, check_kit, packed, signed_members
from tests.games import brute_force
from tests.samples import one_in


@pytest.mark.thorough
def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path):
    members = signed_members(Draw().members())
    kit = packed({**members, "statement.json": b" " * 300_000_000})

    code, lines = check_kit(tmp_path, kit)

    assert code == 1
    assert lines == ["FAIL: statement.json would unpack to 300000000 bytes: that is no honest file"]


HOSTILE_JSON = [
    b"",
    b"null",
    b"[]",
    b"{",
    b"[" * 100_000,
    b'{"a":' * 50_000,
    b'{"format":1e999}',
    b'{"format":NaN}',
    b'{"format":"x","format":"x"}',
    b'{"format":' + b"9" * 10_000 + b"}",
    b'{"format":"\\ud800"}',
    "\ufeff{}".encode(),
    b"\xff\xfe",
    b'{"format":{"a":[{}]}}',
]
JSON_MEMBERS = [
    name for name in signed_members(Draw().members()) if name.endswith((".json", ".sig"))
]


@pytest.mark.parametrize("name", one_in(4, JSON_MEMBERS))
def test_wrong_json_is_a_sentence(tmp_path, name):
    for raw in HOSTILE_JSON:
        if name in ("kit.json", "kit.sig"):
            kit = packed({**signed_members(Draw().members()), name: raw})
        else:
            kit = packed(signed_members({**Draw().members(), name: raw}))
        code, line = in_process(kit, tmp_path)
        assert code == 1
        assert line.startswith("FAIL: ")
        assert "could not be read" not in line


def in_process(kit: bytes, tmp_path: Path) -> tuple[int, str]:
    code, lines = check_here(tmp_path, kit)
    return code, lines[-1]


def leaves_of(value: object, path: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
    """Every place in some JSON."""
    inner = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    return [path, *(place for key, part in inner for place in leaves_of(part, (*path, key)))]


def put(value: Any, path: tuple[Any, ...], new: object) -> object:
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = put(copy[path[0]], path[1:], new)
    return copy


NASTY = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**30), 10**30),
    st.sampled_from(
        ["", "0" * 64, "\n", "Ed25519", "x" * 500, "—", "\x00", "9999-99-99T99:99:99.999999Z"]
    ),
    st.text(max_size=20),
    st.just([]),
    st.just({}),
    st.lists(st.integers(-5, 40), max_size=8),
    st.recursive(st.none(), lambda inner: st.lists(inner, max_size=3), max_leaves=10),
)


@pytest.mark.thorough
def test_any_value_anywhere_is_a_sentence(request, tmp_path):
    """Every value of every JSON member replaced by anything, then signed again."""
    members = Draw().members()
    names = [name for name in JSON_MEMBERS if name not in ("kit.json", "kit.sig")]

    @brute_force.random_cases(request, ordinary=150, deep=10_000)
    @given(st.data())
    def try_one(data):
        name = data.draw(st.sampled_from(names))
        facts = json.loads(members[name])
        where = data.draw(st.sampled_from(leaves_of(facts)))
        new = pieces.canonical(put(facts, where, data.draw(NASTY)))
        code, line = in_process(packed(signed_members({**members, name: new})), tmp_path)
        assert "could not be read" not in line, (name, where, line)
        assert (code, line.partition(" ")[0]) in ((0, "PASS"), (1, "FAIL:"))

    try_one()


def test_any_bytes_anywhere_are_a_sentence(request, tmp_path):
    """Bytes of the archive itself overwritten, taken out or doubled."""
    kit = Draw().kit()

    @brute_force.random_cases(request, ordinary=200, deep=20_000)
    @given(
        st.integers(0, len(kit) - 1),
        st.integers(0, 40),
        st.binary(max_size=40),
    )
    def try_one(start, length, new):
        altered = kit[:start] + new + kit[start + length :]
        code, line = in_process(altered, tmp_path)
        if altered == kit:
            assert (code, line) == (0, "PASS")
        else:
            assert "could not be read" not in line, line
            assert line.partition(" ")[0] in ("FAIL:", "PASS")
            if code == 0:
                assert members_of(altered) == members_of(kit)

    try_one()


def members_of(kit: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(kit)) as archive:
        return {info.filename: archive.read(info) for info in archive.infolist()}


def test_a_flipped_bit_of_any_signature_or_key_is_found(tmp_path):
    """Every bit of what was signed with: signatures and public keys, one bit at a time, sampled."""
    members = Draw().members()
    facts = json.loads(members["signatures.json"])
    for number in range(2):
        raw = base64.b64decode(facts["signatures"][number]["signature"])
        for bit in range(0, 512, 37):
            wrong = bytearray(raw)
            wrong[bit // 8] ^= 1 << bit % 8
            altered = json.loads(members["signatures.json"])
            altered["signatures"][number]["signature"] = base64.b64encode(wrong).decode()
            kit = packed(signed_members({**members, "signatures.json": pieces.canonical(altered)}))
            code, line = in_process(kit, tmp_path)
            assert code == 1
            assert "does not fit" in line
