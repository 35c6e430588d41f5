"""How the log's hashes of this room are computed again from its rows."""

from audit import logged_rows

logged_rows.register(
    logged_rows.Source("entry", "SELECT e.reference, finance_entry_hash(e.id) FROM finance_entry e")
)
