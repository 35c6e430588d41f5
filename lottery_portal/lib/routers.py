"""Which database role may migrate: the owner, never the application (D2)."""

from typing import Any


class OwnerMigrates:
    """Migrations run on the alias `owner`; everything at run time on `default`."""

    def allow_migrate(self, db: str, _app_label: str, **_hints: Any) -> bool:
        return db == "owner"

    def allow_relation(self, _one: Any, _other: Any, **_hints: Any) -> bool:
        return True
