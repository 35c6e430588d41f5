"""Personal data at rest: AES-256-GCM by purpose, bound to its row; blind indexes (D13, F016).

A stored text is `v1.<key id>.<nonce>.<ciphertext>` in base64url; stored bytes (scans, photos) are
`b1.<key id>.` with nonce and ciphertext as they are. The associated data is
`table|column|row uuid|key id`, so a value moved to another row or column does not open.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import uuid
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.db import models

if TYPE_CHECKING:
    _FieldBase = models.Field[Any, Any]
    _Text = models.TextField[Any, Any]
    _Bytes = models.BinaryField[Any, Any]
else:
    _FieldBase = object
    _Text = models.TextField
    _Bytes = models.BinaryField

NONCE = 12  # bytes, as GCM wants it


def _derived(key: bytes, purpose: str) -> bytes:
    return hmac.new(key, b"lottery-portal/" + purpose.encode(), hashlib.sha256).digest()


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _raw(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def encrypt(plaintext: str, *, purpose: str, place: str) -> str:
    """Encrypt with the current key of the ring for one purpose, bound to `place`."""
    key_id, key = next(iter(settings.FIELD_KEYS.items()))
    nonce = os.urandom(NONCE)
    sealed = AESGCM(_derived(key, purpose)).encrypt(
        nonce, plaintext.encode(), f"{place}|{key_id}".encode()
    )
    return f"v1.{key_id}.{_text(nonce)}.{_text(sealed)}"


def decrypt(stored: str, *, purpose: str, place: str) -> str:
    """Open a stored value; a wrong key, row or column raises cryptography's `InvalidTag`."""
    version, key_id, nonce, sealed = stored.split(".")
    if version != "v1":
        raise ValueError(f"Unknown format of an encrypted value: {version}")
    key = settings.FIELD_KEYS[key_id]
    return (
        AESGCM(_derived(key, purpose))
        .decrypt(_raw(nonce), _raw(sealed), f"{place}|{key_id}".encode())
        .decode()
    )


def encrypt_bytes(plaintext: bytes, *, purpose: str, place: str) -> bytes:
    """Encrypt bytes with the current key of the ring for one purpose, bound to `place`."""
    key_id, key = next(iter(settings.FIELD_KEYS.items()))
    nonce = os.urandom(NONCE)
    sealed = AESGCM(_derived(key, purpose)).encrypt(
        nonce, plaintext, f"{place}|{key_id}|bytes".encode()
    )
    return b"b1." + key_id.encode() + b"." + nonce + sealed


def decrypt_bytes(stored: bytes, *, purpose: str, place: str) -> bytes:
    """Open stored bytes; a wrong key, row or column raises cryptography's `InvalidTag`."""
    version, key_id, rest = bytes(stored).split(b".", 2)
    if version != b"b1":
        raise ValueError("Unknown format of encrypted bytes.")
    name = key_id.decode()
    return AESGCM(_derived(settings.FIELD_KEYS[name], purpose)).decrypt(
        rest[:NONCE], rest[NONCE:], f"{place}|{name}|bytes".encode()
    )


def blind_index(purpose: str, value: str) -> bytes:
    """A keyed digest of a normalised value: equal values meet, nothing can be read back."""
    return hmac.new(settings.INDEX_KEY, f"{purpose}|{value}".encode(), hashlib.sha256).digest()


def masked(purpose: str, plaintext: str) -> str:
    """The part of a value that may be shown: enough to recognise one's own, too little to use."""
    if purpose == "email":
        name, _, host = plaintext.partition("@")
        return f"{name[:1]}***@{host}"
    if purpose == "name":
        return plaintext[:1] + "*" * max(len(plaintext) - 1, 1)
    if purpose == "birth":
        return "****-**-**"
    keep_front = 3 if purpose == "phone" else 0
    hidden = max(len(plaintext) - keep_front - 4, 0)
    return plaintext[:keep_front] + "*" * hidden + plaintext[-4:]


class Encrypted:
    """An encrypted value in memory, with the place it is bound to; `stored` is its ciphertext."""

    __slots__ = ("_place", "_purpose", "stored")

    def __init__(self, stored: Any, *, purpose: str, place: str) -> None:
        self.stored, self._purpose, self._place = stored, purpose, place

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._purpose}>"


class Masked(Encrypted):
    """Encrypted text in memory: prints as its mask; `reveal` is the way to the text."""

    __slots__ = ()

    def reveal(self) -> str:
        """The plain text. Callers write the trail before they ask."""
        return decrypt(self.stored, purpose=self._purpose, place=self._place)

    def __str__(self) -> str:
        return masked(self._purpose, self.reveal())


class Sealed(Encrypted):
    """Encrypted bytes in memory: print as nothing; `reveal` is the way to them."""

    __slots__ = ()

    def reveal(self) -> bytes:
        """The bytes in the clear. Callers write the trail before they ask."""
        return decrypt_bytes(self.stored, purpose=self._purpose, place=self._place)


class Ciphertext(str):
    """Text that came encrypted from a table, so that no typed text can pass for it."""

    __slots__ = ()

    @classmethod
    def of(cls, value: Any, *, purpose: str, place: str) -> Ciphertext:
        """Encrypt what was assigned."""
        return cls(encrypt(value, purpose=purpose, place=place))


class Cipherbytes(bytes):
    """Bytes that came encrypted from a table, so that no file can pass for them."""

    __slots__ = ()

    @classmethod
    def of(cls, value: Any, *, purpose: str, place: str) -> Cipherbytes:
        """Encrypt what was assigned."""
        return cls(encrypt_bytes(bytes(value), purpose=purpose, place=place))


class _EncryptedColumn(_FieldBase):
    """A column that is ciphertext in the database and an `Encrypted` in Python.

    The model needs a `row_uuid`. Assign the plain value to write; it is encrypted before it is
    saved, and opens in no other row or column.
    """

    kept_as: type[Ciphertext | Cipherbytes]
    shown_as: type[Encrypted]
    plain: type[str | bytes]  # as the driver takes it

    def __init__(self, *args: Any, purpose: str, **kwargs: Any) -> None:
        self.purpose = purpose
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        return name, path, args, {**kwargs, "purpose": self.purpose}

    def contribute_to_class(self, cls: Any, name: str, private_only: bool = False) -> None:  # noqa: FBT001, FBT002 - Django's signature
        super().contribute_to_class(cls, name, private_only)
        setattr(cls, name, _Attribute(self))

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:  # noqa: FBT001 - Django's signature
        value = getattr(model_instance, self.attname)
        return self.plain(value.stored) if isinstance(value, Encrypted) else value

    def from_db_value(self, value: Any, _expression: Any, _connection: Any) -> Any:
        return self.kept_as(value) if value else value

    def place_of(self, instance: models.Model) -> str:
        row: uuid.UUID = instance.row_uuid  # type: ignore[attr-defined]  # every row with such a field has one
        return f"{instance._meta.db_table}|{self.column}|{row}"  # noqa: SLF001 - Django's way


class EncryptedField(_EncryptedColumn, _Text):
    """A text column that is ciphertext in the database and `Masked` in Python."""

    kept_as, shown_as, plain = Ciphertext, Masked, str


class EncryptedBytesField(_EncryptedColumn, _Bytes):
    """A bytes column that is ciphertext in the database and `Sealed` in Python."""

    kept_as, shown_as, plain = Cipherbytes, Sealed, bytes


class _Attribute:
    """Turns what is read from the row into `Encrypted`, and what is assigned into ciphertext."""

    def __init__(self, field: _EncryptedColumn) -> None:
        self.field = field

    def __get__(self, instance: models.Model | None, owner: type | None = None) -> Any:
        if instance is None:
            return self
        field, name = self.field, self.field.attname
        if name not in instance.__dict__:
            instance.refresh_from_db(fields=[name])
        stored = instance.__dict__[name]
        if not stored:
            return stored
        bound = {"purpose": field.purpose, "place": field.place_of(instance)}
        if not isinstance(stored, field.kept_as):
            stored = instance.__dict__[name] = field.kept_as.of(stored, **bound)
        return field.shown_as(stored, **bound)

    def __set__(self, instance: models.Model, value: Any) -> None:
        field = self.field
        is_ours = isinstance(value, Encrypted)
        instance.__dict__[field.attname] = field.kept_as(value.stored) if is_ours else value
