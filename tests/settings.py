"""What tests need otherwise: their own secrets, their own database, fast passwords."""

import base64
import json
import os
import tempfile
from pathlib import Path

import polib

_SECRETS = {
    "SECRET_KEY": "only-for-tests-" + "0" * 40,
    "FIELD_KEYS": json.dumps({"k1": base64.b64encode(b"1" * 32).decode()}),
    "INDEX_KEY": base64.b64encode(b"2" * 32).decode(),
    "RECEIPT_KEY": base64.b64encode(b"3" * 32).decode(),
    "SEAL_KEY": base64.b64encode(b"4" * 32).decode(),
    "LOG_KEY": base64.b64encode(b"7" * 32).decode(),
    "WITNESS_URL": os.environ.get("PORTAL_TEST_WITNESS", "http://127.0.0.1:1"),
    "SANDBOX_BANK_KEY": base64.b64encode(b"5" * 32).decode(),
    "PUBLIC_URL": "http://localhost",
    "ALLOWED_HOSTS": "localhost,127.0.0.1,testserver",
    "STATE_DIR": tempfile.mkdtemp(prefix="portal-test-"),
    "PORTAL_MODE": "embedded",
    "DEMO": "1",
    "DEBUG": "0",
}
os.environ.update(_SECRETS)
for _name in ("DATABASE_URL", "OWNER_DATABASE_URL"):
    os.environ.setdefault(_name, "postgresql://nobody@127.0.0.1:1/none")
os.environ.setdefault("REDIS_URL", "redis://127.0.0.1:1/0")

for _source in Path(__file__).parent.parent.glob("locale/*/LC_MESSAGES/*.po"):
    _made = _source.with_suffix(".mo")  # before Django reads any: it keeps what it has read
    if not _made.exists() or _made.stat().st_mtime < _source.stat().st_mtime:
        polib.pofile(str(_source)).save_as_mofile(str(_made))

from lottery_portal.settings import *  # noqa: E402, F403 - after the environment is set

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
JOBS_RAISE = True
CELERY_TASK_ALWAYS_EAGER = False
AXES_ENABLED = True
UNDECLARED_URLS_RAISE = True
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
STATIC_ROOT = STATE_DIR  # noqa: F405 - of the portal's settings
