"""The two commands: a portal with its own PostgreSQL and Valkey, on a machine with only Python.

Standard library only: this runs before anything is installed. `commands.main` is the door that the
script `portal` opens; nothing of Django is imported here, and no room imports this.
"""
