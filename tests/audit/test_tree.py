"""Trees: RFC 6962 by its own words, proofs that hold, and no proof of what is not so."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit import tree


def by_definition(leaves):
    """MTH of RFC 6962 §2.1, as it is written there."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    middle = 1
    while middle * 2 < len(leaves):
        middle *= 2
    left, right = by_definition(leaves[:middle]), by_definition(leaves[middle:])
    return hashlib.sha256(b"\x01" + left + right).digest()


LEAVES = [tree.leaf(str(number).encode()) for number in range(1200)]
SIZES = st.one_of(st.integers(1, 40), st.sampled_from([255, 256, 257, 511, 512, 513, 1023, 1200]))


def test_the_root_is_that_of_the_certificate_transparency_test_vectors():
    data = [
        b"",
        b"\x00",
        b"\x10",
        b"\x20\x21",
        b"\x30\x31",
        b"\x40\x41\x42\x43",
        bytes(range(0x50, 0x58)),
        bytes(range(0x60, 0x70)),
    ]
    leaves = [tree.leaf(one) for one in data]

    assert leaves[0].hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    assert tree.root_of(leaves).hex() == (
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"
    )


@pytest.mark.parametrize("size", [0, 1, 2, 3, 7, 255, 256, 257, 700, 1200])
def test_every_way_to_a_root_gives_that_of_the_definition(size):
    leaves = LEAVES[:size]
    kept, grower = tree.Kept(leaves), tree.Grower()
    list(grower.extend(leaves))

    expected = by_definition(leaves)

    assert tree.root_of(leaves) == kept.root() == grower.root() == expected
    assert tree.root_at(size=size, levels=tree.Kept(LEAVES)) == expected


def test_a_tree_of_more_than_two_levels_goes_on_where_it_was():
    leaves = [hashlib.sha256(str(number).encode()).digest() for number in range(66_000)]
    kept = tree.Kept(leaves[:65_900])

    again = tree.Grower(65_900, kept)
    done = list(again.extend(leaves[65_900:]))

    assert again.root() == tree.root_of(leaves)
    assert kept.hashes(2, 0, 1) == [tree.root_of(leaves[:65_536])]
    assert [(one.level, one.place) for one in done] == [(1, 257)] * bool(len(leaves) >= 258 * 256)


@given(size=SIZES, data=st.data())
def test_a_leaf_is_proved_in_its_place_and_nowhere_else(size, data):
    index = data.draw(st.integers(0, size - 1))
    kept = tree.Kept(LEAVES)
    path = tree.inclusion_path(index=index, size=size, levels=kept)
    root = by_definition(LEAVES[:size])

    def holds(**other):
        given_ = {"leaf_hash": LEAVES[index], "index": index, "size": size, "path": path}
        return tree.check_inclusion(**{**given_, "root": root, **other})

    assert holds()
    assert not holds(leaf_hash=tree.leaf(b"another"))
    assert not holds(root=tree.leaf(b"another"))
    assert not holds(path=[*path, root])
    if path:
        assert not holds(path=path[:-1])
        assert not holds(path=[tree.leaf(b"another"), *path[1:]])
        assert not holds(index=(index + 1) % size)


@pytest.mark.thorough
@given(new=SIZES, data=st.data())
def test_growth_is_proved_and_a_changed_past_is_not(new, data):
    old = data.draw(st.integers(0, new))
    kept = tree.Kept(LEAVES)
    path = tree.consistency_path(old=old, new=new, levels=kept)
    old_root, new_root = by_definition(LEAVES[:old]), by_definition(LEAVES[:new])
    forged = list(LEAVES[:new])
    forged[data.draw(st.integers(0, max(old - 1, 0)))] = tree.leaf(b"another")
    forged_tree = tree.Kept(forged)

    def holds(**other):
        given_ = {"old": old, "old_root": old_root, "new": new, "new_root": new_root, "path": path}
        return tree.check_consistency(**{**given_, **other})

    assert holds()
    assert not holds(old_root=tree.leaf(b"another"))
    assert not holds(path=[*path, new_root])
    if old:
        assert not holds(new_root=tree.leaf(b"another"))
        assert not holds(
            new_root=forged_tree.root(),
            path=tree.consistency_path(old=old, new=new, levels=forged_tree),
        )


def test_proofs_of_what_is_not_there_are_not_made():
    kept = tree.Kept(LEAVES[:3])
    with pytest.raises(ValueError, match="no such leaf"):
        tree.inclusion_path(index=3, size=3, levels=kept)
    with pytest.raises(ValueError, match="only grows"):
        tree.consistency_path(old=3, new=2, levels=kept)
    with pytest.raises(ValueError, match="levels"):
        tree.Grower(3)
    assert not tree.check_inclusion(leaf_hash=LEAVES[0], index=1, size=1, path=[], root=LEAVES[0])
    assert not tree.check_consistency(old=2, old_root=LEAVES[0], new=1, new_root=LEAVES[0], path=[])
