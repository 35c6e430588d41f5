"""An archive from a stranger: a ZIP file that holds its members and nothing else.

Nothing is ever unpacked by name: small members are read into memory, large ones into temporary
files without one, and none further than its announced size.
"""

from __future__ import annotations

import hashlib
import re
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from .strict import MOST_JSON_BYTES, Wrong, shown

MOST_MEMBERS = 64
MOST_MEMBER_BYTES = 64 << 30
MOST_RATIO = 100

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}")
_ENCRYPTED, _SIZE_COMES_LATER = 1, 8
_LOCAL_HEADER = struct.Struct("<4s22xHH")
_LOCAL_MARK, _END_MARK = b"PK\x03\x04", b"PK\x05\x06"
_END_BYTES = 22
_SMALL = 1 << 20
_BLOCK = 1 << 20
# What zipfile and zlib say of archives that are not as they should be.
_UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    OverflowError,
    ValueError,
)


class Archive:
    """An opened archive with its members by name."""

    def __init__(self, file: IO[bytes], packed: zipfile.ZipFile) -> None:
        self._packed = packed
        self.members = _members(file, packed)

    def digest(self, name: str) -> tuple[int, str]:
        """Unpacked size and SHA-256 of a member."""
        size, hashed = 0, hashlib.sha256()
        for block in self._blocks(name):
            size += len(block)
            hashed.update(block)
        return size, hashed.hexdigest()

    def read(self, name: str) -> bytes:
        """A small member, whole."""
        if self._member(name).file_size > MOST_JSON_BYTES:
            raise Wrong(f"{name} is larger than {MOST_JSON_BYTES} bytes")
        return b"".join(self._blocks(name))

    @contextmanager
    def opened(self, name: str) -> Iterator[IO[bytes]]:
        """A member of any size as a file to read and go back in."""
        with tempfile.TemporaryFile() as file:
            for block in self._blocks(name):
                file.write(block)
            file.seek(0)
            yield file

    def _member(self, name: str) -> zipfile.ZipInfo:
        if name not in self.members:
            raise Wrong(f"{shown(name)} is not in the archive")
        return self.members[name]

    def _blocks(self, name: str) -> Iterator[bytes]:
        member = self._member(name)
        left = member.file_size
        try:
            with self._packed.open(member) as source:
                while block := source.read(min(_BLOCK, left + 1)):
                    left -= len(block)
                    if left < 0:
                        raise Wrong(f"{name} is longer than the archive says")
                    yield block
        except _UNREADABLE as exc:
            raise Wrong(f"{name} cannot be unpacked: it was damaged or altered") from exc
        if left:
            raise Wrong(f"{name} is shorter than the archive says")


@contextmanager
def open_archive(file: IO[bytes]) -> Iterator[Archive]:
    """The archive in `file`, or what is wrong with it."""
    try:
        packed = zipfile.ZipFile(file)
    except _UNREADABLE as exc:
        raise Wrong("the kit is not a ZIP file, or it was damaged") from exc
    with packed:
        yield Archive(file, packed)


def _members(file: IO[bytes], packed: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    infos = packed.infolist()
    if len(infos) > MOST_MEMBERS:
        raise Wrong(f"the archive has {len(infos)} members, more than {MOST_MEMBERS}")
    members: dict[str, zipfile.ZipInfo] = {}
    for info in infos:
        name = info.filename
        if not _NAME.fullmatch(name) or info.orig_filename != name:
            raise Wrong(f"the archive has a member with the name “{shown(name)}”")
        if name in members or name.lower() in {known.lower() for known in members}:
            raise Wrong(f"the archive has {name} twice")
        if info.flag_bits & (_ENCRYPTED | _SIZE_COMES_LATER):
            raise Wrong(f"{name} is encrypted, or its size comes after it")
        if info.comment:
            raise Wrong(f"{name} has a comment in the archive")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise Wrong(f"{name} is packed in a way that is not allowed")
        most = min(MOST_MEMBER_BYTES, _SMALL + MOST_RATIO * info.compress_size)
        if info.file_size > most:
            raise Wrong(f"{name} would unpack to {info.file_size} bytes: that is no honest file")
        members[name] = info
    _refuse_hidden_bytes(file, packed, infos)
    return members


def _refuse_hidden_bytes(
    file: IO[bytes], packed: zipfile.ZipFile, infos: list[zipfile.ZipInfo]
) -> None:
    """Member follows member from the first byte on, and the directory ends the file."""
    place = 0
    for info in sorted(infos, key=lambda info: info.header_offset):
        file.seek(place)
        raw = file.read(_LOCAL_HEADER.size)
        if info.header_offset != place or len(raw) != _LOCAL_HEADER.size:
            raise Wrong(f"the archive has bytes that belong to no member, before {info.filename}")
        mark, name_bytes, extra_bytes = _LOCAL_HEADER.unpack(raw)
        if mark != _LOCAL_MARK or file.read(name_bytes) != info.filename.encode("ascii"):
            raise Wrong(f"{info.filename} has another name inside the archive")
        place += _LOCAL_HEADER.size + name_bytes + extra_bytes + info.compress_size
    end = file.seek(0, 2)
    file.seek(max(end - _END_BYTES, 0))
    if place != packed.start_dir or packed.comment or not file.read().startswith(_END_MARK):
        raise Wrong("the archive has bytes that belong to no member, at its end")
