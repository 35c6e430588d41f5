"""Settings, read from the environment; something missing stops the start with a sentence.

`ENVIRONMENT` names every variable that is read. No secret has a default: the launcher makes them
once for the embedded mode, production hands them in.
"""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import django_stubs_ext
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.urls import reverse_lazy

from . import admin_theme

django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent

ENVIRONMENT = {
    "DATABASE_URL": "postgresql:// address with the application's role",
    "OWNER_DATABASE_URL": "the same with the owner's role; only where migrations run",
    "REDIS_URL": "redis:// address of cache and doorbell",
    "SECRET_KEY": "Django's secret",
    "FIELD_KEYS": 'key ring for personal data, JSON {"k2": base64, "k1": base64}, current first',
    "INDEX_KEY": "base64, 32 bytes: key of the blind indexes",
    "RECEIPT_KEY": "base64, 32 bytes: Ed25519 seed that signs receipts",
    "SEAL_KEY": "base64, 32 bytes: Ed25519 seed that signs seals",
    "LOG_KEY": "base64, 32 bytes: Ed25519 seed that signs the log's checkpoints",
    "WITNESS_URL": "http:// address of the witness",
    "SANDBOX_BANK_KEY": "base64, 32 bytes: shared with the sandbox bank, where DEMO=1; or empty",
    "ALIPAY": "JSON: app_id, seller_id, private_key, public_key of Alipay; empty switches it off",
    "WECHAT_PAY": "JSON: mchid, appid, serial, private_key, api_v3_key, platform_keys; or empty",
    "PUBLIC_URL": "https:// address players use",
    "ALLOWED_HOSTS": "host names, separated by commas",
    "PORTAL_MODE": "production or embedded",
    "DEBUG": "1 shows tracebacks; never in production",
    "DEMO": "1 allows the demo data",
    "STATE_DIR": "directory for sealed files and exports",
    "BRAND": "name of the house on pages",
    "OPERATOR": "name of the operator on reports",
    "SUPPORT_CONTACT": "how to reach support, shown to players",
    "MAIL_URL": "smtp://, smtp+tls:// or smtps:// address of the mail server, with its log-in",
    "MAIL_FROM": "sender of our e-mail",
    "SMS_GATEWAY": "JSON: access_key_id, access_key_secret, sign_name, template; or empty",
    "SMS_SENDER": "dotted path of the class that hands texts to the SMS gateway",
}


def needed(name: str) -> str:
    """The value of a variable that must be there."""
    try:
        return os.environ[name]
    except KeyError:
        message = f"The environment lacks {name}: {ENVIRONMENT[name]}."
        raise ImproperlyConfigured(message) from None


def key(name: str) -> bytes:
    """A secret of 32 bytes."""
    raw = base64.b64decode(needed(name))
    if len(raw) != 32:  # noqa: PLR2004 - AES-256, HMAC-SHA256 and Ed25519 all take 32 bytes
        message = f"{name} must be 32 bytes in base64."
        raise ImproperlyConfigured(message)
    return raw


def merchant(name: str, given: str, *fields: str, gateway: str) -> dict[str, Any]:
    """What a payment institution or gateway gave us, from JSON; empty where it is not used."""
    if not given:
        return {}
    known: dict[str, Any] = {"gateway": gateway, **json.loads(given)}
    if lacking := set(fields) - set(known):
        message = f"{name} lacks {', '.join(sorted(lacking))}."
        raise ImproperlyConfigured(message)
    return known


def database(url: str, **options: Any) -> dict[str, Any]:
    """Django's form of a postgresql:// address."""
    parts = urlsplit(url)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path.lstrip("/"),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": 300,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": options,
    }


PORTAL_MODE = os.environ.get("PORTAL_MODE", "production")
EMBEDDED = PORTAL_MODE == "embedded"
DEBUG = os.environ.get("DEBUG") == "1"
DEMO = os.environ.get("DEMO") == "1"
SECRET_KEY = needed("SECRET_KEY")
FIELD_KEYS: dict[str, bytes] = {
    name: base64.b64decode(value) for name, value in json.loads(needed("FIELD_KEYS")).items()
}
INDEX_KEY = key("INDEX_KEY")
RECEIPT_KEY = key("RECEIPT_KEY")
SEAL_KEY = key("SEAL_KEY")
LOG_KEY = key("LOG_KEY")
WITNESS_URL = needed("WITNESS_URL").rstrip("/")
SANDBOX_BANK_KEY = key("SANDBOX_BANK_KEY") if os.environ.get("SANDBOX_BANK_KEY") else b""
if SANDBOX_BANK_KEY and not DEMO:
    SANDBOX_FOR_NOTHING = "SANDBOX_BANK_KEY gives money for nothing: leave it empty, or set DEMO=1."
    raise ImproperlyConfigured(SANDBOX_FOR_NOTHING)
PUBLIC_URL = needed("PUBLIC_URL").rstrip("/")
ALLOWED_HOSTS = [host for host in needed("ALLOWED_HOSTS").split(",") if host]
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
STATE_DIR = Path(needed("STATE_DIR"))
BRAND = os.environ.get("BRAND", "明彩")
OPERATOR = os.environ.get("OPERATOR", "明彩彩票运营有限公司")
SUPPORT_CONTACT = os.environ.get("SUPPORT_CONTACT", "kefu@mingcai.example" if EMBEDDED else "")

INSTALLED_APPS = [
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "rest_framework",
    "rest_framework.authtoken",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "axes",
    "csp",
    "lottery_portal.lib",
    "lottery_portal.jobs",
    "audit",
    "accounts",
    "games",
    "partners",
    "risk",
    "finance",
    "sales",
    "prizes",
    "events",
    "support",
    "lottery_portal.sandbox_bank",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "lottery_portal.lib.body_size.BodySizeMiddleware",
    "lottery_portal.admin_policy.AdminPolicyMiddleware",
    "lottery_portal.lib.plain_address.PlainAddressMiddleware",
    "django_permissions_policy.PermissionsPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "accounts.language.LanguageMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "lottery_portal.failures.WrongMethodMiddleware",
    "accounts.permission.PermissionMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "lottery_portal.urls"
WSGI_APPLICATION = "lottery_portal.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "lottery_portal.context.house",
            ],
        },
    }
]

# Databases: the application's role does everything at run time; the owner's migrates.
DATABASES = {
    "default": database(
        needed("DATABASE_URL"),
        options="-c lock_timeout=4s -c statement_timeout=30s"
        " -c idle_in_transaction_session_timeout=30s",
    )
}
if os.environ.get("OWNER_DATABASE_URL"):
    DATABASES["owner"] = database(os.environ["OWNER_DATABASE_URL"])
DATABASE_ROUTERS = ["lottery_portal.lib.routers.OwnerMigrates"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Redis holds cache and doorbell; nothing that must survive.
REDIS_URL = needed("REDIS_URL")
CACHES = {
    "default": {
        "BACKEND": "lottery_portal.lib.cache.CacheThatMayFail",
        "LOCATION": REDIS_URL,
        "OPTIONS": {"socket_timeout": 0.05, "socket_connect_timeout": 0.05},
    }
}
CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_TIME_LIMIT = 120
CELERY_TASK_SOFT_TIME_LIMIT = 100
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 30
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 300,
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
    "socket_timeout": 5,
    "socket_connect_timeout": 3,
    "socket_keepalive": True,
    "health_check_interval": 10,
}
CELERY_TASK_PUBLISH_RETRY_POLICY = {
    "max_retries": 1,
    "interval_start": 0,
    "interval_step": 0.1,
    "interval_max": 0.2,
}
JOBS_RAISE = False

# Strokes of the clock: kind of job and seconds between two rows of it.
TICKS: dict[str, int] = {
    "sales.advance_draws": 5,
    "sales.check_rolling": 30,
    "sales.ask_plans": 5,
    "games.plan_calendar": 3600,
    "games.ask_monitors": 30,
    "finance.poll_deposits": 60,
    "finance.poll_withdrawals": 60,
    "finance.poll_returns": 60,
    "finance.watch_providers": 15,
    "accounts.sweep_tries": 3600,
    "accounts.watch_first_posts": 3600,
    "games.remind_licences": 3600,
    "sales.follow_notices": 15,
    "finance.roll_up": 15,
    "finance.make_periods": 86_400,
    "finance.make_dues": 3600,
    "finance.escalate_cases": 3600,
    "finance.match_statements": 3_600,
    "finance.prove_funds": 86_400,
    "finance.check_money": 180,
    "finance.check_everything": 86_400,
    "finance.prove_solvency": 3600,
    "audit.expire_approvals": 60,
    "audit.make_partitions": 86_400,
    "audit.verify_log": 86_400,
    "audit.check_release": 86_400,
    "audit.check_catalogue": 3600,
    "prizes.settle_confirmed": 5,
    "prizes.publish_due": 5,
    "prizes.make_kits": 60,
    "prizes.forfeit_due": 3600,  # the first round after midnight in Shanghai finds what lapsed
    "prizes.remind_winners": 3600,
    "prizes.close_statistics": 86_400,
    "prizes.examine_claims": 3600,
    "prizes.watch_centre": 3600,  # who did not come, what was not paid by the day promised
    "jobs.sweep": 3600,
}
CELERY_BEAT_SCHEDULE = {
    kind: {
        "task": "jobs.tick",
        "schedule": float(seconds),
        "kwargs": {"kind": kind, "seconds": seconds},
        "options": {"expires": seconds},
    }
    for kind, seconds in TICKS.items()
}

# People
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "accounts.login.LoginNameBackend",
]
PASSWORD_HASHERS = [
    "accounts.login.LightArgon2",
    "django.contrib.auth.hashers.Argon2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = reverse_lazy("accounts:login")
LOGIN_REDIRECT_URL = reverse_lazy("home")
LOGOUT_REDIRECT_URL = reverse_lazy("home")
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_USER_MODEL_EMAIL_FIELD = None
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
ACCOUNT_ADAPTER = "accounts.login.HouseAdapter"
ACCOUNT_RATE_LIMITS = {
    "login": "300/m/ip",  # many players may share one address; the lock counts names
    "login_failed": "60/m/ip,3/30m/key",
    "reauthenticate": "10/m/user",
}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = False
MFA_TOTP_ISSUER = BRAND
MFA_TOTP_TOLERANCE = 1  # steps of 30 s: who types slowly, or whose clock is off; each opens once
MFA_ADAPTER = "accounts.second_factor.HouseMFAAdapter"
MFA_FORMS = {
    "activate_totp": "accounts.forms.FirstCodeForm",
    "authenticate": "accounts.forms.LogInByCodeForm",
    "reauthenticate": "accounts.forms.StepUpByCodeForm",
}
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = EMBEDDED
AXES_FAILURE_LIMIT = 3
AXES_COOLOFF_TIME = 0.5  # hours
AXES_LOCKOUT_PARAMETERS = ["username"]
SILENCED_SYSTEM_CHECKS = ["axes.W006"]  # the name is locked from wherever it is tried (F008)
AXES_RESET_ON_SUCCESS = True
AXES_VERBOSE = False
AXES_ENABLE_ADMIN = False
AXES_LOCKOUT_CALLABLE = "accounts.login.locked_out"
AXES_USERNAME_CALLABLE = "accounts.login.counted_name"
AXES_CLIENT_IP_CALLABLE = "accounts.login.client_ip"
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False  # nobody keeps another locked for ever
AXES_SENSITIVE_PARAMETERS = ["username", "login", "code", "ip_address", "csrfmiddlewaretoken"]
IDENTITY_PROVIDER = "accounts.identity.NumberProvider"

# Money: the adapters that are switched on; the register of institutions says which are in force.
ALIPAY = merchant(
    "ALIPAY",
    os.environ.get("ALIPAY", ""),
    "app_id",
    "seller_id",
    "private_key",
    "public_key",
    gateway="https://openapi.alipay.com/gateway.do",
)
WECHAT_PAY = merchant(
    "WECHAT_PAY",
    os.environ.get("WECHAT_PAY", ""),
    "mchid",
    "appid",
    "serial",
    "private_key",
    "api_v3_key",
    "platform_keys",
    gateway="https://api.mch.weixin.qq.com",
)
PAYMENT_PROVIDERS: dict[str, str] = {
    name: path
    for name, path, is_on in (
        ("sandbox", "finance.providers.sandbox.SandboxBank", bool(SANDBOX_BANK_KEY)),
        ("alipay", "finance.providers.alipay.Alipay", bool(ALIPAY)),
        ("wechat", "finance.providers.wechat.WeChatPay", bool(WECHAT_PAY)),
    )
    if is_on
}
SMS_GATEWAY = merchant(
    "SMS_GATEWAY",
    os.environ.get("SMS_GATEWAY", ""),
    "access_key_id",
    "access_key_secret",
    "sign_name",
    "template",
    gateway="https://dysmsapi.aliyuncs.com",
)
# Which way texts go: as asked for, else by the gateway we have, else by none.
_WITHOUT_GATEWAY = "accounts.sms.OutboxFile" if EMBEDDED else "accounts.sms.NoGateway"
SMS_SENDER = os.environ.get("SMS_SENDER") or (
    "accounts.sms.AliyunSms" if SMS_GATEWAY else _WITHOUT_GATEWAY
)

# Mail: kept as files by the embedded mode, sent through a server in production.
EMAIL_BACKEND = (
    "lottery_portal.lib.mail_folder.MailFolder"
    if EMBEDDED
    else "django.core.mail.backends.smtp.EmailBackend"
)
_mail = urlsplit(os.environ.get("MAIL_URL", "smtp://localhost:25"))
EMAIL_HOST, EMAIL_PORT = _mail.hostname or "localhost", _mail.port or 25
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = unquote(_mail.username or ""), unquote(_mail.password or "")
EMAIL_USE_TLS, EMAIL_USE_SSL = _mail.scheme == "smtp+tls", _mail.scheme == "smtps"
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = os.environ.get("MAIL_FROM", "noreply@localhost")

SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_AGE = 8 * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = not EMBEDDED
SESSION_COOKIE_NAME = "session" if EMBEDDED else "__Host-session"
CSRF_COOKIE_SECURE = not EMBEDDED
CSRF_COOKIE_NAME = "csrf" if EMBEDDED else "__Host-csrf"
CSRF_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_NAME = "language"

# Language and time
LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "中文"), ("en", "English")]
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = "lottery_portal.formats"
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Asia/Shanghai"

# Pages
STATIC_URL = "/static/"
STATIC_ROOT = STATE_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        # Compressing takes a minute: worth it once per release, not before the first page.
        "BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"
        if EMBEDDED
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000_000
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1000

# Headers
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SECURE_SSL_REDIRECT = not EMBEDDED
SECURE_HSTS_SECONDS = 0 if EMBEDDED else 31_536_000
SECURE_HSTS_INCLUDE_SUBDOMAINS = not EMBEDDED
SECURE_HSTS_PRELOAD = not EMBEDDED
if not EMBEDDED:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
PERMISSIONS_POLICY: dict[str, list[str]] = {
    name: [] for name in ("camera", "geolocation", "microphone", "payment", "usb")
}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "rest_framework.authentication.SessionAuthentication",
        "lottery_portal.lib.token_authentication.HashedTokenAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["lottery_portal.lib.api.ShallowJSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "lottery_portal.lib.api.explain",
    "COERCE_DECIMAL_TO_STRING": False,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Lottery portal",
    "DESCRIPTION": "Games, draws, quotes, purchases, tickets and the wallet of who is logged in.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "lottery_portal.lib.api.document_refusals",
    ],
}

UNFOLD: dict[str, Any] = admin_theme.unfold(brand=BRAND)

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {
        "axes": {"level": "WARNING"},
        "django.db.backends": {"level": "WARNING"},
        # Where a mail lies is told by workers, too, which are else quiet below a warning.
        "lottery_portal.lib.mail_folder": {
            "handlers": ["console"],
            "level": "INFO",
            "propagate": False,
        },
    },
}
