"""The sealed format, version 1: what a ticket is in bytes, and the tree over all of them.

**Line.** One ticket is one line of ASCII, nine fields parted by TAB (0x09):

    1  format version          `1`
    2  draw                    `ssq-2026110`
    3  ticket code             17 letters, stored form (no dashes)
    4  owner                   pseudonym, 32 hex digits, see below
    5  price                   fen, decimal
    6  channel                 `web`, `api` …
    7  sold at                 microseconds since 1970-01-01T00:00:00Z, decimal, by Postgres's clock
    8  salt                    16 random bytes, 32 hex digits
    9  selections              canonical texts of `games.bets`, in the order of the ticket, parted
                               by one space

The pseudonym is the first 16 bytes of SHA-256 over `owner/1 <draw> <player code>`: a player code
has 80 random bits, so who does not know it cannot find the owner, nor see that two draws have the
same one. The salt keeps a neighbour's numbers from being guessed out of the hashes of a proof.

**Leaf.** SHA-256(0x00 ‖ line), the line without its LF. **Node.** SHA-256(0x01 ‖ left ‖ right).
**Root.** The Merkle tree hash of RFC 6962 §2.1 over the leaves in the order of the file; of no
leaves at all it is SHA-256 of the empty string.

**File.** One header line, then one line a ticket in ascending order of the ticket's internal id,
each ended by LF (0x0A). A ticket that its owner took back before the close has no line. The header
has five fields parted by TAB: `sealed-file`, format version, draw, rule code, digest of the rule
sheet. Nothing follows the last ticket; how many there must be says the seal statement.

A change of any of this is a new format version beside this one: the version of a ticket stands in
its row, and old files stay readable.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from audit.tree import Root, leaf, node, root_of

__all__ = [
    "FORMAT_VERSION",
    "SALT_BYTES",
    "NotCanonical",
    "Root",
    "TicketLine",
    "decode",
    "header",
    "leaf",
    "microseconds",
    "node",
    "pseudonym",
    "root_of",
]

FORMAT_VERSION = 1
SALT_BYTES = 16

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_LINE = re.compile(
    rb"1\t[a-z0-9-]+\t[0-9A-Z]{17}\t[0-9a-f]{32}\t[1-9][0-9]{0,8}\t[a-z]+"
    rb"\t(?:0|[1-9][0-9]{0,18})\t[0-9a-f]{32}\t[!-~]+(?: [!-~]+)*"
)


class NotCanonical(ValueError):
    """The bytes are no line of this format."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketLine:
    """What the sealed file says of one ticket."""

    draw: str
    ticket: str
    owner: str
    price_fen: int
    channel: str
    sold_at: datetime
    salt: bytes
    selections: Sequence[str]

    def encode(self) -> bytes:
        """The bytes of the line, without LF."""
        return "\t".join(
            (
                str(FORMAT_VERSION),
                self.draw,
                self.ticket,
                self.owner,
                str(self.price_fen),
                self.channel,
                str(microseconds(self.sold_at)),
                self.salt.hex(),
                " ".join(self.selections),
            )
        ).encode("ascii")


def decode(line: bytes) -> TicketLine:
    """Read one line (without LF), or raise `NotCanonical`; there is one spelling only."""
    if _LINE.fullmatch(line) is None:
        raise NotCanonical(line)
    _version, draw, ticket, owner, price, channel, sold_at, salt, selections = line.decode(
        "ascii"
    ).split("\t")
    try:
        moment = _EPOCH + int(sold_at) * _MICROSECOND
    except OverflowError as exc:
        raise NotCanonical(line) from exc
    return TicketLine(
        draw=draw,
        ticket=ticket,
        owner=owner,
        price_fen=int(price),
        channel=channel,
        sold_at=moment,
        salt=bytes.fromhex(salt),
        selections=tuple(selections.split(" ")),
    )


def microseconds(moment: datetime) -> int:
    """Whole microseconds since the epoch; exact, no float on the way."""
    return (moment - _EPOCH) // _MICROSECOND


def pseudonym(*, draw: str, player: str) -> str:
    """The owner as the sealed file of `draw` names him."""
    return hashlib.sha256(f"owner/1 {draw} {player}".encode()).hexdigest()[:32]


def header(*, draw: str, rule: str, rule_digest: str) -> bytes:
    """The first line of a sealed file, without LF."""
    return f"sealed-file\t{FORMAT_VERSION}\t{draw}\t{rule}\t{rule_digest}".encode("ascii")
