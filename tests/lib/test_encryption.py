"""Personal data at rest (F016)."""

import uuid

import pytest
from cryptography.exceptions import InvalidTag
from django.conf import settings
from django.db import connection, models
from django.test.utils import isolate_apps

from lottery_portal.lib import encryption
from lottery_portal.lib.ids import uuid7

PLACE = "accounts_person|citizen_id|0191"


def test_what_is_encrypted_opens_only_in_its_place():
    """F016."""
    stored = encryption.encrypt("110101199003074514", purpose="citizen_id", place=PLACE)

    assert "110101" not in stored
    assert encryption.decrypt(stored, purpose="citizen_id", place=PLACE) == "110101199003074514"
    for purpose, place in [("phone", PLACE), ("citizen_id", PLACE + "2")]:
        with pytest.raises(InvalidTag):
            encryption.decrypt(stored, purpose=purpose, place=place)


def test_the_same_value_is_never_stored_twice_alike():
    """F016."""
    one, two = (encryption.encrypt("a", purpose="name", place=PLACE) for _ in range(2))

    assert one != two


def test_a_new_key_opens_what_the_old_one_closed(settings):
    """F016: rotation: the current key writes, every key of the ring reads."""
    stored = encryption.encrypt("text", purpose="name", place=PLACE)
    settings.FIELD_KEYS = {"k2": b"9" * 32, **settings.FIELD_KEYS}

    assert encryption.decrypt(stored, purpose="name", place=PLACE) == "text"
    assert encryption.encrypt("text", purpose="name", place=PLACE).startswith("v1.k2.")


def test_a_blind_index_meets_its_equal_and_tells_nothing():
    """F004."""
    index = encryption.blind_index("phone", "+8613800000000")

    assert index == encryption.blind_index("phone", "+8613800000000")
    assert index != encryption.blind_index("email", "+8613800000000")
    assert b"138" not in index
    assert len(settings.INDEX_KEY) == 32


@pytest.mark.parametrize(
    ("purpose", "plain", "shown"),
    [
        ("citizen_id", "110101199003074514", "**************4514"),
        ("phone", "+8613800000000", "+86*******0000"),
        ("email", "someone@example.org", "s***@example.org"),
        ("name", "陈晓明", "陈**"),
        ("birth", "1990-03-07", "****-**-**"),
        ("bank", "6222020000000000001", "***************0001"),
    ],
)
def test_a_mask_shows_too_little_to_use(purpose, plain, shown):
    """F016."""
    assert encryption.masked(purpose, plain) == shown


def test_a_masked_value_prints_as_its_mask():
    """F016: neither a log nor a template can leak by accident."""
    stored = encryption.encrypt("陈晓明", purpose="name", place=PLACE)
    value = encryption.Masked(stored, purpose="name", place=PLACE)

    assert f"{value}" == "陈**"
    assert repr(value) == "<Masked name>"
    assert value.reveal() == "陈晓明"


def test_bytes_open_only_in_their_place_and_with_a_key_of_the_ring(settings):
    """F016: scans and photos."""
    scan = bytes(range(256)) * 3 + b"."
    stored = encryption.encrypt_bytes(scan, purpose="scan", place=PLACE)
    again = encryption.encrypt_bytes(scan, purpose="scan", place=PLACE)

    assert scan[:64] not in stored
    assert stored != again
    assert stored.startswith(b"b1.k1.")
    settings.FIELD_KEYS = {"k2": b"9" * 32, **settings.FIELD_KEYS}
    assert encryption.decrypt_bytes(stored, purpose="scan", place=PLACE) == scan
    assert encryption.encrypt_bytes(b"", purpose="scan", place=PLACE).startswith(b"b1.k2.")
    for purpose, place in [("photo", PLACE), ("scan", PLACE + "2")]:
        with pytest.raises(InvalidTag):
            encryption.decrypt_bytes(stored, purpose=purpose, place=place)
    with pytest.raises(InvalidTag):
        encryption.decrypt_bytes(stored[:-1] + b"?", purpose="scan", place=PLACE)
    with pytest.raises(ValueError, match="Unknown format"):
        encryption.decrypt_bytes(b"b9" + stored[2:], purpose="scan", place=PLACE)


@pytest.mark.django_db
@isolate_apps("accounts")
def test_a_column_of_bytes_is_ciphertext_bound_to_its_row():
    """F016."""

    class Scan(models.Model):
        row_uuid = models.UUIDField(default=uuid7)
        content = encryption.EncryptedBytesField(purpose="scan")

        class Meta:
            app_label = "accounts"

        def __str__(self) -> str:
            return str(self.row_uuid)

    field = Scan._meta.get_field("content")

    def stored_by(row):
        """What lies in the table, by way of the driver."""
        prepared = field.get_db_prep_value(field.pre_save(row, add=True), connection)
        with connection.cursor() as cursor:
            cursor.execute("SELECT %s::bytea", [prepared])
            return cursor.fetchone()[0]

    def read(row_uuid, stored):
        from_table = field.from_db_value(stored, None, connection)
        return Scan.from_db("default", ["id", "row_uuid", "content"], [1, row_uuid, from_table])

    row = Scan(content=b"%PDF-1.7 a whole scan")
    stored = stored_by(row)

    assert b"scan" not in stored
    assert repr(row.content) == "<Sealed scan>"
    assert read(row.row_uuid, stored).content.reveal() == b"%PDF-1.7 a whole scan"
    assert bytes(stored_by(read(row.row_uuid, stored))) == bytes(stored)
    with pytest.raises(InvalidTag):
        read(uuid.uuid4(), stored).content.reveal()
    assert field.deconstruct()[3]["purpose"] == "scan"
