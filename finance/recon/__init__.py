"""Reconciliation: what banks and providers say of our accounts beside the books (F113, F121).

Doors: `statements.take`, `matching.run`, `differences`, `proof.take`. Readers of files:
`csv_files`, `mt940_files`, `camt_files`. Nothing here pays anything.
"""
