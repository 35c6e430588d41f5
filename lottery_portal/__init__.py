"""The wiring of the house: settings, addresses, Celery, embedded services.

Nothing is imported here, so that the launcher can read this package before Django is installed.
"""
