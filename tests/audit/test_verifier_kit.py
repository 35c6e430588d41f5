"""The regulator's kit: a whole one passes on a clean machine, an altered one says what it is."""

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.audit import verifier_pieces as pieces
from tests.audit.verifier_pieces import (
    DRAW,
    INDEPENDENT,
    KEYS,
    LOG,
    OPERATIONS,
    RECEIPT,
    TICKETS,
    Draw,
    Signer,
    check_kit,
    packed,
    run,
    signed_members,
)
from tests.samples import one_in

SEALED = f"{DRAW}.seal"
STRANGER = Signer("OPERATIONS", b"s" * 32)
SHENZHEN = pieces.ticket(5, ["single|01,02,03,04,05,06+07|x99|quick"])


def changed(facts: bytes, **values: object) -> bytes:
    return pieces.canonical({**json.loads(facts), **values})


def with_member(name: str, change: Callable[[bytes], bytes]) -> bytes:
    """A kit whose member was altered and which was then signed as a whole kit is."""
    members = Draw().members()
    members[name] = change(members[name])
    return packed(signed_members(members))


def after_signing(change: Callable[[dict[str, bytes]], object]) -> bytes:
    members = signed_members(Draw().members())
    change(members)
    return packed(members)


def flipped(raw: bytes, at: int = -40) -> bytes:
    flat = bytearray(raw)
    flat[at] ^= 1
    return bytes(flat)


def digit_for_digit(raw: bytes, old: bytes, new: bytes) -> bytes:
    assert old in raw
    return raw.replace(old, new, 1)


def first_entry(raw: bytes, number: int, **values: object) -> bytes:
    facts = json.loads(raw)
    facts["entries"][number].update(values)
    return pieces.canonical(facts)


def without_entry(raw: bytes, of: str) -> bytes:
    facts = json.loads(raw)
    facts["entries"] = [entry for entry in facts["entries"] if entry["of"] != of]
    return pieces.canonical(facts)


def without_cosignature(raw: bytes) -> bytes:
    facts = json.loads(raw)
    for point in facts["checkpoints"]:
        point["text"] = "\n".join(point["text"].splitlines()[:-1]) + "\n"
    return pieces.canonical(facts)


def signed_by(role: str, signer: Signer) -> Callable[[bytes], bytes]:
    """The signatures of the seal with that of `role` replaced by another's."""

    def change(raw: bytes) -> bytes:
        facts = json.loads(raw)
        statement = Draw().members()["statement.json"]
        facts["signatures"] = [
            {**signer.sign(statement), "role": role} if one["role"] == role else one
            for one in facts["signatures"]
        ]
        return pieces.canonical(facts)

    return change


def resealed(tickets: tuple[str, ...]) -> bytes:
    """The operator makes all again with other tickets, after the draw; the witness does not."""
    old = Draw().members()
    new = Draw(tickets=tickets).members()
    facts = json.loads(new["signatures.json"])
    facts["signatures"][1] = json.loads(old["signatures.json"])["signatures"][1]
    new["signatures.json"] = pieces.canonical(facts)
    return packed(signed_members(new))


def result_file_but(old: bytes, new: bytes) -> bytes:
    """Both the kit and the log say what the falsified result file says."""
    right = Draw().members()["result_file.txt"]
    return Draw(result_file=digit_for_digit(right, old, new)).kit()


def twice(name: str) -> bytes:
    members = signed_members(Draw().members())
    with pytest.warns(UserWarning, match="Duplicate name"):
        return packed([*members.items(), (name, b"{}")])


def encrypted(kit: bytes) -> bytes:
    """The bit that says so, set in every header of the directory."""
    flat, at = bytearray(kit), -1
    while (at := kit.find(b"PK\x01\x02", at + 1)) >= 0:
        flat[at + 8] |= 1
    return bytes(flat)


ALTERED: dict[str, tuple[Callable[[], bytes], str]] = {
    "a ticket is edited": (
        lambda: after_signing(lambda m: m.update({SEALED: flipped(m[SEALED])})),
        f"{SEALED} was altered",
    ),
    "a ticket is edited and the manifest fitted, not signed": (
        lambda: after_signing(
            lambda m: m.update(
                {
                    **signed_members(
                        {
                            **Draw().members(),
                            SEALED: pieces.sealed_file([*TICKETS[:4], SHENZHEN, TICKETS[5]]),
                        }
                    ),
                    "kit.sig": m["kit.sig"],
                }
            )
        ),
        "kit.sig: the OPERATIONS signature by operations-e577275f does not fit",
    ),
    "a ticket is edited and the kit signed again": (
        lambda: with_member(
            SEALED, lambda _raw: pieces.sealed_file([*TICKETS[:4], SHENZHEN, TICKETS[5]])
        ),
        "the sealed file does not fit its statement: “file_digest” is ",
    ),
    "a ticket is edited and all is sealed again without the witness": (
        lambda: resealed((*TICKETS[:4], SHENZHEN, TICKETS[5])),
        "signatures.json: the INDEPENDENT signature by independent-93bca823 does not fit",
    ),
    "a ticket is taken out": (
        lambda: with_member(SEALED, lambda _raw: pieces.sealed_file(TICKETS[:-1])),
        "the sealed file does not fit its statement: “file_size” is ",
    ),
    "a ticket is put in": (
        lambda: with_member(
            SEALED,
            lambda raw: (
                raw
                + pieces.sealed_file(
                    [pieces.ticket(9, ["single|01,02,03,04,05,06+07|x1|own"])]
                ).partition(b"\n")[2]
            ),
        ),
        "the sealed file does not fit its statement: “file_size” is ",
    ),
    "a ticket stands twice": (
        lambda: Draw(tickets=(*TICKETS, TICKETS[0])).kit(),
        f"the sealed file, line 8: ticket {pieces.code(1)} stands in line 2 already",
    ),
    "a ticket does not cost what it says": (
        lambda: Draw(
            tickets=(pieces.ticket(1, ["single|01,02,03,04,05,06+07|x1|own"], price=400),)
        ).kit(),
        "the sealed file, line 2: says 400 fen, its selections cost 200",
    ),
    "the statement says one ticket more": (
        lambda: Draw(statement_changes={"tickets": 7}).kit(),
        "the sealed file does not fit its statement: “tickets” is 6, stated is 7",
    ),
    "the statement says other serial numbers": (
        lambda: Draw(statement_changes={"last_serial": 7}).kit(),
        "the sealed file does not fit its statement: “last_serial” is 6, stated is 7",
    ),
    "the statement says another stake": (
        lambda: Draw(statement_changes={"stake_fen": 1}).kit(),
        "the sealed file does not fit its statement: “stake_fen” is ",
    ),
    "the statement says other sums of a bet type": (
        lambda: Draw(
            statement_changes={
                "by_bet_type": {"single": {"selections": 1, "lines": 1, "stake_fen": 200}}
            }
        ).kit(),
        "the sealed file does not fit its statement: “by_bet_type” is ",
    ),
    "the statement names another root": (
        lambda: Draw(statement_changes={"root": "0" * 64}).kit(),
        "the sealed file does not fit its statement: “root” is ",
    ),
    "a digit of the statement is altered": (
        lambda: with_member(
            "statement.json", lambda raw: digit_for_digit(raw, b'"tickets":6', b'"tickets":5')
        ),
        "signatures.json: the OPERATIONS signature by operations-e577275f does not fit",
    ),
    "the statement is spelt otherwise": (
        lambda: with_member("statement.json", lambda raw: raw.replace(b'":"', b'": "', 1)),
        "statement.json is not canonical JSON",
    ),
    "the operator signs twice and nobody else": (
        lambda: Draw(
            independent=Signer("INDEPENDENT", OPERATIONS.seed),
            signers=[*KEYS, Signer("INDEPENDENT", OPERATIONS.seed)],
        ).kit(),
        "signatures.json: both are by one and the same key",
    ),
    "a key that nobody knows signed the seal": (
        lambda: with_member("signatures.json", signed_by("OPERATIONS", STRANGER)),
        f"signatures.json: no OPERATIONS key “{STRANGER.key_id}” is known",
    ),
    "the second signature is missing": (
        lambda: with_member(
            "signatures.json",
            lambda raw: changed(raw, signatures=json.loads(raw)["signatures"][:1]),
        ),
        "signatures.json: the INDEPENDENT signature is not there",
    ),
    "the key had been revoked": (
        lambda: Draw(
            signers=[replace(OPERATIONS, revoked_at="2026-11-21T12:00:19.999999Z"), *KEYS[1:]]
        ).kit(),
        "kit.sig: key operations-e577275f was not valid at",
    ),
    "the witness's key came later": (
        lambda: Draw(
            signers=[
                OPERATIONS,
                replace(INDEPENDENT, valid_from="2026-11-22T00:00:00.000000Z"),
                LOG,
            ]
        ).kit(),
        "signatures.json: key independent-93bca823 was not valid at",
    ),
    "a key has another name": (
        lambda: with_member(
            "keys.json",
            lambda raw: digit_for_digit(raw, b"independent-93bca823", b"independent-93bca824"),
        ),
        "“independent-93bca824” is not the id of its key",
    ),
    "the rule sheet pays more": (
        lambda: with_member(
            "rule_sheet.json",
            lambda raw: digit_for_digit(raw, b'"fixed_fen":300000', b'"fixed_fen":900000'),
        ),
        "the rule sheet does not have the digest that the statement gives",
    ),
    "the input has other numbers": (
        lambda: Draw(input_changes={"numbers": [[1, 2, 3, 4, 5, 7], [7]]}).kit(),
        "input.json does not have the numbers of result.json",
    ),
    "the input has another pool": (
        lambda: Draw(input_changes={"pool_before_fen": 1}).kit(),
        "result_file.txt, line 2: it says “money ",
    ),
    "the input has the special rule on": (
        lambda: Draw(input_changes={"special_on": True}).kit(),
        "result_file.txt, line 1: it says “result-file ",
    ),
    "the input is of another draw": (
        lambda: Draw(input_changes={"draw": "ssq-2026111"}).kit(),
        "input.json is of another draw",
    ),
    "one official entered the numbers twice": (
        lambda: with_member("result.json", lambda raw: raw.replace(b"b" * 32, b"a" * 32)),
        "result.json: the numbers were not entered by two different officials",
    ),
    "the officials disagree": (
        lambda: with_member(
            "result.json", lambda raw: first_entry(raw, 1, numbers=[[1, 2, 3, 4, 5, 7], [7]])
        ),
        "result.json: the two officials did not enter the same numbers",
    ),
    "the numbers were known before the seal": (
        lambda: Draw(published_at="2026-11-21T13:20:00.000001Z").kit(),
        "result.json: numbers were entered before the seal was published",
    ),
    "the minutes name other numbers": (
        lambda: Draw(minutes_changes={"numbers": [[1, 2, 3, 4, 5, 6], [8]]}).kit(),
        "minutes.json has other numbers",
    ),
    "the minutes name another seal": (
        lambda: Draw(minutes_changes={"root": "1" * 64}).kit(),
        "minutes.json names another seal",
    ),
    "one prize is altered in the result file": (
        lambda: result_file_but(b"\t4:3,5:2\t62000\n", b"\t4:3,5:2\t62001\n"),
        "result_file.txt, line 12: it says “won WXJ2G8QHCZJ1VAWRQ 4:3,5:2 62001”, counted again",
    ),
    "a tier pays more": (
        lambda: result_file_but(b"\t300000\n", b"\t300001\n"),
        "result_file.txt, line 5: it says “tier 3 ",
    ),
    "a winner is taken out": (
        lambda: Draw(
            result_file=b"".join(
                line
                for line in Draw().members()["result_file.txt"].splitlines(keepends=True)
                if pieces.code(1).encode() not in line
            )
        ).kit(),
        f"counted again it is “won {pieces.code(1)} 1:1 ",
    ),
    "the result file goes on": (
        lambda: Draw(result_file=Draw().members()["result_file.txt"] + b"won\tX\t1:1\t1\n").kit(),
        "counted again it is “nothing”",
    ),
    "the result file ends early": (
        lambda: Draw(result_file=Draw().members()["result_file.txt"][:-3]).kit(),
        "result_file.txt, line 13: it says “end ",
    ),
    "an engine logged another outcome": (
        lambda: Draw(logged_result_file=b"another").kit(),
        "checkpoints.json: what was logged of the engine-1 is not what is in this kit",
    ),
    "the log has no outcome of the second engine": (
        lambda: with_member("checkpoints.json", lambda raw: without_entry(raw, "engine-2")),
        "checkpoints.json: there is no entry of the engine-2",
    ),
    "a logged row is altered": (
        lambda: with_member("checkpoints.json", lambda raw: first_entry(raw, 0, row="{}")),
        "its row does not have the hash that was logged",
    ),
    "an entry is said to stand elsewhere": (
        lambda: with_member("checkpoints.json", lambda raw: first_entry(raw, 1, seq=5)),
        "is not in the log at the place where it is said to be",
    ),
    "an old entry of the log was rewritten": (
        lambda: Draw(leaf_changed=1).kit(),
        "the log did not only grow from 5 to 9 entries",
    ),
    "the checkpoints were not cosigned": (
        lambda: with_member("checkpoints.json", without_cosignature),
        "no cosignature of the witness fits",
    ),
    "the log cosigned itself": (
        lambda: Draw(
            log=Signer("LOG", INDEPENDENT.seed),
            signers=[OPERATIONS, INDEPENDENT, Signer("LOG", INDEPENDENT.seed)],
        ).kit(),
        "no cosignature of the witness fits",
    ),
    "a stranger signed the checkpoints": (
        lambda: Draw(log=Signer("LOG", b"x" * 32)).kit(),
        "the signature of the log does not fit",
    ),
    "the log's key came after the checkpoints": (
        lambda: Draw(
            signers=[*KEYS[:2], replace(LOG, valid_from="2026-11-21T12:02:01.000000Z")]
        ).kit(),
        f"key {LOG.key_id} was not valid at 2026-11-21 12:02:00 UTC",
    ),
    "the witness saw the seal after the numbers": (
        lambda: Draw(first_cosigned=1_795_267_300).kit(),
        "checkpoints.json: the witness saw the seal only after numbers were entered",
    ),
    "a file is missing": (
        lambda: after_signing(lambda m: m.pop("minutes.json")),
        "minutes.json is missing",
    ),
    "a file is put in": (
        lambda: after_signing(lambda m: m.update({"note.txt": b"hello"})),
        "note.txt is in the archive, but not in kit.json",
    ),
    "a file is put in and listed": (
        lambda: packed(signed_members({**Draw().members(), "note.txt": b"hello"})),
        "kit.json does not list exactly one sealed file",
    ),
    "a file stands twice": (
        lambda: twice("statement.json"),
        "the archive has statement.json twice",
    ),
    "the program is another": (
        lambda: after_signing(lambda m: m.update({"verify.py": b"print('PASS')\n"})),
        "verify.py was altered",
    ),
    "the manifest is altered": (
        lambda: after_signing(
            lambda m: m.update({"kit.json": m["kit.json"].replace(b'"edition":1', b'"edition":2')})
        ),
        "kit.sig: the OPERATIONS signature by operations-e577275f does not fit",
    ),
    "the manifest is signed by another role only": (
        lambda: packed(signed_members(Draw().members(), LOG)),
        "kit.sig: the OPERATIONS signature is not there",
    ),
    "a folder is left": (
        lambda: after_signing(lambda m: m.update({"../verify.py": b""})),
        "the archive has a member with the name “../verify.py”",
    ),
    "something stands before the archive": (
        lambda: b"#!/bin/sh\n" + Draw().kit(),
        "bytes that belong to no member",
    ),
    "something stands after the archive": (
        lambda: Draw().kit() + b"more",
        "bytes that belong to no member",
    ),
    "the archive is cut off": (lambda: Draw().kit()[:-30], "the kit is not a ZIP file"),
    "a packed byte is flipped": (lambda: flipped(Draw().kit(), 300), "cannot be unpacked"),
    "it is encrypted": (lambda: encrypted(Draw().kit()), "is encrypted"),
}


def test_a_whole_kit_passes_on_a_machine_with_nothing_but_python(tmp_path):
    """F230, N19: outside of the environment, in an empty folder, from the one file in the kit."""
    bundle = subprocess.run(  # noqa: S603
        [sys.executable, "-I", str(pieces.FOLDER / "bundle.py")], capture_output=True, check=True
    ).stdout
    members = {**Draw().members(), "verify.py": bundle}
    (tmp_path / "kit.zip").write_bytes(packed(signed_members(members)))
    (tmp_path / "verify.py").write_bytes(bundle)

    done = subprocess.run(
        [sys.executable, "-I", "-S", "verify.py", "kit.zip"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={},
        check=False,
    )

    assert done.returncode == 0, done.stdout
    assert done.stdout.splitlines()[-1] == "PASS"
    assert done.stdout == run(tmp_path / "kit.zip").stdout
    assert done.stderr == ""
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kit.zip", "verify.py"]


@pytest.mark.parametrize("alteration", one_in(3, ALTERED))
def test_an_altered_kit_fails_and_says_exactly_why(tmp_path, alteration):
    """F230, N19."""
    make, failure = ALTERED[alteration]

    code, lines = check_kit(tmp_path, make())

    assert code == 1, lines
    assert lines[-1].startswith("FAIL: ")
    assert failure in lines[-1], lines[-1]
    assert "PASS" not in lines


def test_there_are_more_than_twenty_kinds_of_altered_kits():
    assert len(ALTERED) >= 20


def test_a_drill_may_be_seen_by_the_witness_later(tmp_path):
    kit = Draw(first_cosigned=1_795_267_300, statement_changes={"is_shadow": True}).kit()

    assert check_kit(tmp_path, kit)[0] == 0


def test_keys_are_compared_with_published_ones(tmp_path):
    published = tmp_path / "published.json"
    published.write_bytes(pieces.key_file())

    code, lines = check_kit(tmp_path, Draw().kit(), "--keys", published)

    assert code == 0
    assert "ok    the keys are the published ones" in lines
    assert not any("NOTE: the keys" in line for line in lines)


def test_without_published_keys_the_output_says_so(tmp_path):
    _code, lines = check_kit(tmp_path, Draw().kit())

    assert any(line.startswith("NOTE: the keys were taken from the kit") for line in lines)


def forged() -> bytes:
    """Everything made anew by somebody with keys of his own: it fits together in every part."""
    own = [Signer(one.role, bytes([number]) * 32) for number, one in enumerate(KEYS)]
    return Draw(operations=own[0], independent=own[1], log=own[2], signers=own).kit()


def test_a_kit_forged_with_other_keys_fails_against_published_ones(tmp_path):
    """F230: what holds together in itself is unmasked by a key from elsewhere."""
    published = tmp_path / "published.json"
    published.write_bytes(pieces.key_file())
    wanted = [word for key in KEYS for word in ("--fingerprint", fingerprint(key))]

    assert check_kit(tmp_path, forged())[0] == 0
    for options in (["--keys", published], wanted):
        code, lines = check_kit(tmp_path, forged(), *options)
        assert code == 1
        assert lines[-1].startswith("FAIL: key operations-")


def test_fingerprints_of_all_keys_pass(tmp_path):
    wanted = [word for key in KEYS for word in ("--fingerprint", fingerprint(key))]

    assert check_kit(tmp_path, Draw().kit(), *wanted)[0] == 0
    assert check_kit(tmp_path, Draw().kit(), "--fingerprint", fingerprint(RECEIPT))[0] == 1


def test_a_revocation_that_was_published_counts(tmp_path):
    published = tmp_path / "published.json"
    revoked = replace(INDEPENDENT, revoked_at="2026-11-01T00:00:00.000000Z")
    published.write_bytes(pieces.key_file([OPERATIONS, revoked, LOG, RECEIPT]))

    code, lines = check_kit(tmp_path, Draw().kit(), "--keys", published)

    assert code == 1
    assert "independent-93bca823 was not valid at" in lines[-1]


def fingerprint(signer: Signer) -> str:
    return f"{signer.role}:{hashlib.sha256(signer.public).hexdigest()}"
