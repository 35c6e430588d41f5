"""Statements of the books: figures read of one moment, laid out once, written as page, XLSX or PDF.

Doors: `catalogue.make` for a statement by its name, `sheets.sheet` for an account's own page,
`workbook.write` and `paper.render` for files, `charts` for the treasurer. Nothing is changed here.
"""
