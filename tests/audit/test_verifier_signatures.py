"""The verifier's own Ed25519 and trees, against RFC 8032, RFC 6962 and `cryptography`."""

import base64
import hashlib
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from tests.audit import verifier_pieces as pieces
from tests.games import brute_force

ORDER = 2**252 + 27742317777372353535851937790883648493
PRIME = 2**255 - 19

# RFC 8032, section 7.1: secret key, public key, message, signature.
RFC_8032 = [
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        (
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
            "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
        ),
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        (
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
            "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
        ),
    ),
    (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        (
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
            "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
        ),
    ),
    (
        "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
        hashlib.sha512(b"abc").hexdigest(),
        (
            "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b589"
            "09351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704"
        ),
    ),
]
# Points of order 1, 2, 4 and 8, and their other spellings.
SMALL = [
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
]


def is_signed(key: bytes, message: bytes, signature: bytes) -> bool:
    return bool(pieces.part("ed25519").is_signed(key=key, message=message, signature=signature))


@pytest.mark.parametrize(("seed", "public", "message", "signature"), RFC_8032)
def test_the_vectors_of_the_standard(seed, public, message, signature):
    key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(seed)).public_key()
    assert key.public_bytes_raw().hex() == public

    good = bytes.fromhex(public), bytes.fromhex(message), bytes.fromhex(signature)

    assert is_signed(*good)
    assert not is_signed(good[0], good[1] + b"x", good[2])


def test_it_says_what_cryptography_says(request):
    """Good ones, and ones with any bytes of key, message or signature altered."""

    @brute_force.random_cases(request, ordinary=60, deep=5_000)
    @given(
        st.binary(min_size=32, max_size=32),
        st.binary(max_size=80),
        st.sampled_from(["nothing", "key", "message", "signature"]),
        st.integers(0, 10_000),
    )
    def check(seed, message, where, bit):
        private = Ed25519PrivateKey.from_private_bytes(seed)
        given_ = {
            "key": private.public_key().public_bytes_raw(),
            "message": message,
            "signature": private.sign(message),
        }
        if where != "nothing" and given_[where]:
            wrong = bytearray(given_[where])
            wrong[bit // 8 % len(wrong)] ^= 1 << bit % 8
            given_[where] = bytes(wrong)
        try:
            Ed25519PublicKey.from_public_bytes(given_["key"]).verify(
                given_["signature"], given_["message"]
            )
            expected = True
        except (InvalidSignature, ValueError):
            expected = False
        assert is_signed(given_["key"], given_["message"], given_["signature"]) is expected

    check()


def test_a_signature_has_one_spelling():
    """S and S + L solve the same equation; only the one below the order is taken."""
    private = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
    key, signature = private.public_key().public_bytes_raw(), private.sign(b"draw")
    scalar = int.from_bytes(signature[32:], "little")

    other = signature[:32] + (scalar + ORDER).to_bytes(32, "little")

    assert is_signed(key, b"draw", signature)
    assert not is_signed(key, b"draw", other)


@pytest.mark.parametrize("point", SMALL)
def test_a_key_of_small_order_signs_nothing(point):
    """Under such a key R = S = 0 would fit many messages."""
    key = bytes.fromhex(point)
    trivial = bytes.fromhex(SMALL[0]) + bytes(32)

    assert not pieces.part("ed25519").is_key(key)
    assert not any(is_signed(key, b"message %d" % number, trivial) for number in range(20))


@pytest.mark.parametrize(
    "number", [PRIME, PRIME + 1, 2**255 - 1, PRIME + 1 + 2**255, 1 + 2**255, 2]
)
def test_what_is_no_point_in_its_one_spelling_is_no_key(number):
    """y not below the prime, the zero x with a sign, and a y off the curve."""
    assert not pieces.part("ed25519").is_key(number.to_bytes(32, "little"))


def test_the_first_half_of_a_signature_has_one_spelling():
    """R is the neutral point and S fits it; the same point spelt with a sign is not taken."""
    seed = b"k" * 32
    key = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    clamped = bytearray(hashlib.sha512(seed).digest()[:32])
    clamped[0] &= 248
    clamped[31] = clamped[31] & 127 | 64
    secret = int.from_bytes(clamped, "little")

    def signed(first: int) -> bytes:
        half = first.to_bytes(32, "little")
        factor = int.from_bytes(hashlib.sha512(half + key + b"draw").digest(), "little")
        return half + (factor * secret % ORDER).to_bytes(32, "little")

    assert is_signed(key, b"draw", signed(1))
    assert not is_signed(key, b"draw", signed(1 + 2**255))
    assert not is_signed(key, b"draw", signed(1 + PRIME))


@pytest.mark.parametrize("length", [0, 31, 33, 63, 65])
def test_other_lengths_are_no_key_and_no_signature(length):
    key = Ed25519PrivateKey.from_private_bytes(b"k" * 32).public_key().public_bytes_raw()

    assert not is_signed(key, b"", bytes(length))
    assert not is_signed(bytes(length), b"", bytes(64))


# Trees.

LEAVES = [pieces.leaf(b"leaf %d" % number) for number in range(70)]


def test_the_root_is_that_of_the_standard():
    """RFC 6962: of nothing, and of every size up to 70, by its recursive definition."""
    tree = pieces.part("merkle").Tree()

    for size in range(71):
        assert tree.root() == pieces.root(LEAVES[:size])
        if size < 70:
            tree.add(LEAVES[size])


def test_every_inclusion_proof_leads_to_the_root_and_to_no_other_place():
    lead = pieces.part("merkle").root_by_path
    for size in range(1, 40):
        wanted = pieces.root(LEAVES[:size])
        for place in range(size):
            path = pieces.inclusion(place, LEAVES[:size])
            assert lead(leaf=LEAVES[place], index=place, size=size, path=path) == wanted
            others = {
                lead(leaf=LEAVES[place], index=other, size=size, path=path)
                for other in range(size + 2)
                if other != place
            }
            assert wanted not in others
            assert lead(leaf=LEAVES[place], index=place, size=size, path=[*path, wanted]) is None
            if path:
                assert lead(leaf=LEAVES[place], index=place, size=size, path=path[1:]) != wanted
                assert lead(leaf=LEAVES[place], index=place, size=size, path=path[:-1]) is None


def test_every_consistency_proof_holds_and_none_for_another_history():
    holds = pieces.part("merkle").is_consistent
    for new in range(40):
        new_root = pieces.root(LEAVES[:new])
        for old in range(new + 1):
            old_root = pieces.root(LEAVES[:old])
            path = pieces.consistency(old, LEAVES[:new])
            asked = {"old": old, "new": new, "new_root": new_root}
            assert holds(old_root=old_root, path=path, **asked)
            assert not holds(old_root=pieces.leaf(b"other"), path=path, **asked)
            assert not holds(old_root=old_root, path=[*path, new_root], **asked)
            if path:
                assert not holds(old_root=old_root, path=path[:-1], **asked)
                wrong = [pieces.leaf(b"other"), *path[1:]]
                assert not holds(old_root=old_root, path=wrong, **asked)


def test_a_proof_for_another_size_does_not_hold():
    """Two leaves are no three, though the hashes would fit."""
    asked = {"old": 1, "old_root": LEAVES[0], "path": [LEAVES[1]]}
    new_root = pieces.root(LEAVES[:2])

    assert pieces.part("merkle").is_consistent(new=2, new_root=new_root, **asked)
    assert not pieces.part("merkle").is_consistent(new=3, new_root=new_root, **asked)


def test_a_smaller_tree_does_not_follow_a_larger_one():
    assert not pieces.part("merkle").is_consistent(
        old=3, old_root=LEAVES[0], new=2, new_root=LEAVES[1], path=[]
    )


# Notes, as c2sp.org writes them.

PUBLISHED_EXAMPLE = (
    "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
    "— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2"
    "q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
    "— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2"
    "oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n"
)


def read(note: str) -> Any:
    return pieces.part("notes").read_checkpoint(note, what="it")


def test_the_published_example_is_read():
    found = read(PUBLISHED_EXAMPLE)

    assert (found.origin, found.size) == ("example.com/behind-the-sofa", 20_852_163)
    assert [line.name for line in found.signatures] == [
        "example.com/behind-the-sofa",
        "witness.example.com/w1",
    ]
    assert found.signatures[0].key_hash.hex() == "033de0ae"
    assert int.from_bytes(found.signatures[1].body[:8], "big") == 1_679_315_147


def test_signature_and_cosignature_belong_to_their_text_and_key():
    note = pieces.checkpoint(LEAVES[:5], second=1_000)
    found = read(note)
    other = read(note.replace("\n5\n", "\n6\n"))

    assert found.is_signed_by(pieces.LOG.public)
    assert found.cosigned_at(pieces.INDEPENDENT.public) == 1_000
    assert not found.is_signed_by(pieces.INDEPENDENT.public)
    assert found.cosigned_at(pieces.LOG.public) is None
    assert not other.is_signed_by(pieces.LOG.public)
    assert other.cosigned_at(pieces.INDEPENDENT.public) is None


def test_the_time_of_a_cosignature_is_signed_too():
    note = pieces.checkpoint(LEAVES[:5], second=1_000)
    line = note.splitlines()[-1]
    raw = bytearray(base64.b64decode(line.rpartition(" ")[2]))
    raw[11] ^= 1

    altered = read(note.replace(line.rpartition(" ")[2], base64.b64encode(raw).decode()))

    assert altered.is_signed_by(pieces.LOG.public)
    assert altered.cosigned_at(pieces.INDEPENDENT.public) is None


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "\n\n",
        "a\n1\nx\n\n",
        PUBLISHED_EXAMPLE[:-1],
        PUBLISHED_EXAMPLE.replace("\n20852163\n", "\n020852163\n"),
        PUBLISHED_EXAMPLE.replace("\n20852163\n", "\n-1\n"),
        PUBLISHED_EXAMPLE.replace("\n20852163\n", "\n٣\n"),
        PUBLISHED_EXAMPLE.replace("\n20852163\n", "\n" + "9" * 30 + "\n"),
        PUBLISHED_EXAMPLE.replace("CsUY", "CsU"),
        PUBLISHED_EXAMPLE.replace("— ", "- "),
        PUBLISHED_EXAMPLE.replace("Az3g", "Az+"),
        PUBLISHED_EXAMPLE.replace("20852163", "20852163\r"),
        PUBLISHED_EXAMPLE.replace("behind", "be\x00hind"),
        PUBLISHED_EXAMPLE + "— a AAAAAAAA\n" * 100,
        "x" * 100_000,
    ],
)
def test_what_is_no_checkpoint_is_refused(wrong):
    with pytest.raises(pieces.part("strict").Wrong):
        read(wrong)
