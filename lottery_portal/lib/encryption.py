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
    _Base = models.TextField[Any, Any]
    _BytesBase = models.BinaryField[Any, Any]
else:
    _Base = models.TextField
    _BytesBase = models.BinaryField

NONCE = 12  # bytes, as GCM wants it


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


class Masked:
    """An encrypted value in memory: prints as its mask; `reveal` is the way to the text."""

    __slots__ = ("_place", "_purpose", "_stored")

    def __init__(self, stored: str, *, purpose: str, place: str) -> None:
        self._stored, self._purpose, self._place = stored, purpose, place

    def reveal(self) -> str:
        """The plain text. Callers write the trail before they ask."""
        return decrypt(self._stored, purpose=self._purpose, place=self._place)

    def __str__(self) -> str:
        return masked(self._purpose, self.reveal())

    def __repr__(self) -> str:
        return f"<Masked {self._purpose}>"

    @property
    def stored(self) -> str:
        """The ciphertext as it lies in the table."""
        return self._stored


class Ciphertext(str):
    """Text that came encrypted from a table, so that no typed text can pass for it."""

    __slots__ = ()


def _place_of(column: str | None, instance: models.Model) -> str:
    row: uuid.UUID = instance.row_uuid  # type: ignore[attr-defined]  # every row with such a field has one
    return f"{instance._meta.db_table}|{column}|{row}"  # noqa: SLF001 - Django's way


class EncryptedField(_Base):
    """A text column that is ciphertext in the database and `Masked` in Python.

    The model needs a `row_uuid`. Assign a plain string to write; it is encrypted on save.
    """

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
        return value.stored if isinstance(value, Masked) else value

    def from_db_value(self, value: str | None, _expression: Any, _connection: Any) -> Any:
        return Ciphertext(value) if value else value

    def place_of(self, instance: models.Model) -> str:
        return _place_of(self.column, instance)


class _Attribute:
    """Turns what is read from the row into `Masked`, and what is assigned into ciphertext."""

    def __init__(self, field: EncryptedField) -> None:
        self.field = field

    def __get__(self, instance: models.Model | None, owner: type | None = None) -> Any:
        if instance is None:
            return self
        name = self.field.attname
        if name not in instance.__dict__:
            instance.refresh_from_db(fields=[name])
        stored = instance.__dict__[name]
        if not stored:
            return stored
        place = self.field.place_of(instance)
        if not isinstance(stored, Ciphertext):
            stored = Ciphertext(encrypt(stored, purpose=self.field.purpose, place=place))
            instance.__dict__[name] = stored
        return Masked(stored, purpose=self.field.purpose, place=place)

    def __set__(self, instance: models.Model, value: Any) -> None:
        instance.__dict__[self.field.attname] = (
            Ciphertext(value.stored) if isinstance(value, Masked) else value
        )


class Sealed:
    """Encrypted bytes in memory: print as nothing; `reveal` is the way to them."""

    __slots__ = ("_place", "_purpose", "_stored")

    def __init__(self, stored: bytes, *, purpose: str, place: str) -> None:
        self._stored, self._purpose, self._place = stored, purpose, place

    def reveal(self) -> bytes:
        """The bytes in the clear. Callers write the trail before they ask."""
        return decrypt_bytes(self._stored, purpose=self._purpose, place=self._place)

    def __repr__(self) -> str:
        return f"<Sealed {self._purpose}>"

    @property
    def stored(self) -> bytes:
        """The ciphertext as it lies in the table."""
        return self._stored


class Cipherbytes(bytes):
    """Bytes that came encrypted from a table, so that no file can pass for them."""

    __slots__ = ()


class EncryptedBytesField(_BytesBase):
    """A bytes column that is ciphertext in the database and `Sealed` in Python.

    The model needs a `row_uuid`. Assign plain bytes to write; they are encrypted before they are
    saved, and opened in no other row or column.
    """

    def __init__(self, *args: Any, purpose: str, **kwargs: Any) -> None:
        self.purpose = purpose
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        return name, path, args, {**kwargs, "purpose": self.purpose}

    def contribute_to_class(self, cls: Any, name: str, private_only: bool = False) -> None:  # noqa: FBT001, FBT002 - Django's signature
        super().contribute_to_class(cls, name, private_only)
        setattr(cls, name, _BytesAttribute(self))

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:  # noqa: FBT001 - Django's signature
        value = getattr(model_instance, self.attname)
        return bytes(value.stored) if isinstance(value, Sealed) else value

    def from_db_value(self, value: Any, _expression: Any, _connection: Any) -> Any:
        return Cipherbytes(value) if value else value

    def place_of(self, instance: models.Model) -> str:
        return _place_of(self.column, instance)


class _BytesAttribute:
    """As `_Attribute`, for bytes."""

    def __init__(self, field: EncryptedBytesField) -> None:
        self.field = field

    def __get__(self, instance: models.Model | None, owner: type | None = None) -> Any:
        if instance is None:
            return self
        name = self.field.attname
        if name not in instance.__dict__:
            instance.refresh_from_db(fields=[name])
        stored = instance.__dict__[name]
        if not stored:
            return stored
        place = self.field.place_of(instance)
        if not isinstance(stored, Cipherbytes):
            sealed = encrypt_bytes(bytes(stored), purpose=self.field.purpose, place=place)
            stored = instance.__dict__[name] = Cipherbytes(sealed)
        return Sealed(stored, purpose=self.field.purpose, place=place)

    def __set__(self, instance: models.Model, value: Any) -> None:
        instance.__dict__[self.field.attname] = (
            Cipherbytes(value.stored) if isinstance(value, Sealed) else value
        )
