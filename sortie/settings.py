"""Django's settings, all from the environment. README.md lists every variable."""

import os
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from celery.schedules import crontab
from csp.constants import NONE, SELF

from sortie import logs
from sortie.env import Environment

BASE_DIR = Path(__file__).resolve().parent.parent

_data = Environment().path("SORTIE_DATA", BASE_DIR / "var")
env = Environment(_data / "settings.env")

# --- Sortie ---------------------------------------------------------------------------------------------------
SORTIE_DATA = _data
SORTIE_VIDEO_RECORDING_ENABLED = env.boolean("SORTIE_VIDEO_RECORDING_ENABLED", default=False)
SORTIE_TERMINAL_RECORDING_ENABLED = env.boolean("SORTIE_TERMINAL_RECORDING_ENABLED", default=False)
SORTIE_RECORDING_STORAGE_BACKEND = env.choice("SORTIE_RECORDING_STORAGE_BACKEND", "local", ("local", "s3"))
# Relative paths count from SORTIE_DATA, so that the whole folder can be moved.
SORTIE_RECORDING_STORAGE_PATH = env.path(
    "SORTIE_RECORDING_STORAGE_PATH", Path("/data/recordings"), base=SORTIE_DATA
)
SORTIE_RECORDING_MAX_SIZE_MB = env.integer("SORTIE_RECORDING_MAX_SIZE_MB", 500, least=1)
SORTIE_RECORDING_RETENTION_DAYS = env.integer("SORTIE_RECORDING_RETENTION_DAYS", 0, least=0)
SORTIE_TERMINAL_RETENTION_DAYS = env.integer("SORTIE_TERMINAL_RETENTION_DAYS", 90, least=0)
SORTIE_STAGING_BACKEND = env.choice("SORTIE_STAGING_BACKEND", "local", ("local", "s3"))
SORTIE_STAGING_S3_PREFIX = env.text("SORTIE_STAGING_S3_PREFIX", "staging/")
SORTIE_UPLOAD_QUOTA_MB = env.integer("SORTIE_UPLOAD_QUOTA_MB", 20_000, least=1)
SORTIE_SILENT_CAPTURE_SECONDS = env.integer("SORTIE_SILENT_CAPTURE_SECONDS", 120, least=5)
SORTIE_SILENT_UPLOAD_HOURS = env.integer("SORTIE_SILENT_UPLOAD_HOURS", 24, least=1)
SORTIE_DELETED_KEEP_HOURS = env.integer("SORTIE_DELETED_KEEP_HOURS", 24, least=0)
SORTIE_RECORDING_S3_BUCKET = env.text("SORTIE_RECORDING_S3_BUCKET")
SORTIE_RECORDING_S3_REGION = env.text("SORTIE_RECORDING_S3_REGION", "us-east-1")
SORTIE_RECORDING_S3_ENDPOINT = env.url("SORTIE_RECORDING_S3_ENDPOINT", schemes=("http", "https"))
SORTIE_RECORDING_S3_PREFIX = env.text("SORTIE_RECORDING_S3_PREFIX", "recordings/")
SORTIE_X_ACCEL_REDIRECT = env.text("SORTIE_X_ACCEL_REDIRECT")
SORTIE_X_ACCEL_S3 = env.text("SORTIE_X_ACCEL_S3")
SORTIE_WEBHOOK_NETWORKS = env.networks("SORTIE_WEBHOOK_NETWORKS")
SORTIE_HTTPS = env.boolean("SORTIE_HTTPS", default=True)
SORTIE_BEHIND_PROXY = env.boolean("SORTIE_BEHIND_PROXY", default=False)
SORTIE_IN_PROCESS_WORKER = env.boolean("SORTIE_IN_PROCESS_WORKER", default=False)
SORTIE_ADMIN_USERNAME = env.text("SORTIE_ADMIN_USERNAME", "admin")
SORTIE_ADMIN_PASSWORD = env.text("SORTIE_ADMIN_PASSWORD")
SORTIE_HOST = env.text("SORTIE_HOST", "127.0.0.1")
SORTIE_PORT = env.integer("PORT", 8000, least=1, most=65_535)
SORTIE_LIVE_PORT = env.integer("SORTIE_LIVE_PORT", min(SORTIE_PORT + 1, 65_535), least=1, most=65_535)
SORTIE_LIVE_WORKERS = env.integer("SORTIE_LIVE_WORKERS", 1, least=1)
# Where browsers find the live process: empty at the pages' own address, `:8001` at another port of the same host.
SORTIE_LIVE_URL = env.text("SORTIE_LIVE_URL")
if SORTIE_LIVE_URL and not re.fullmatch(r":[0-9]{1,5}|wss?://[A-Za-z0-9.\-\[\]:]+/?", SORTIE_LIVE_URL):
    env.problem("SORTIE_LIVE_URL", "must be ws://host:port, wss://host or :port, or empty for the same address.")
SORTIE_WEB_WORKERS = env.integer("SORTIE_WEB_WORKERS", 1, least=1)
SORTIE_WEB_THREADS = env.integer("SORTIE_WEB_THREADS", 256, least=2)
SORTIE_LOG_FORMAT = env.choice("SORTIE_LOG_FORMAT", "text", ("text", "json"))
SORTIE_METRICS_TOKEN = env.text("SORTIE_METRICS_TOKEN")
if SORTIE_METRICS_TOKEN and not re.fullmatch(r"[\x21-\x7e]{16,}", SORTIE_METRICS_TOKEN):
    env.problem(
        "SORTIE_METRICS_TOKEN", "needs at least 16 random characters; make some with `openssl rand -hex 24`."
    )
SORTIE_PROBE_PORT = env.integer("SORTIE_PROBE_PORT", 0, least=0, most=65_535)

env.writable_directory("SORTIE_DATA", SORTIE_DATA)
for _name, _backend in (
    ("SORTIE_RECORDING_STORAGE_BACKEND", SORTIE_RECORDING_STORAGE_BACKEND),
    ("SORTIE_STAGING_BACKEND", SORTIE_STAGING_BACKEND),
):
    if _backend == "s3" and not SORTIE_RECORDING_S3_BUCKET:
        env.problem("SORTIE_RECORDING_S3_BUCKET", f"is needed when {_name} is s3.")
if SORTIE_RECORDING_STORAGE_BACKEND == "local" and (
    SORTIE_VIDEO_RECORDING_ENABLED or SORTIE_TERMINAL_RECORDING_ENABLED
):
    env.writable_directory("SORTIE_RECORDING_STORAGE_PATH", SORTIE_RECORDING_STORAGE_PATH)

# --- Django ---------------------------------------------------------------------------------------------------
DEBUG = env.boolean("DEBUG", default=False)
SECRET_KEY = env.text("SECRET_KEY")
if len(SECRET_KEY) < 32:
    env.problem("SECRET_KEY", "needs at least 32 random characters; make some with `openssl rand -base64 48`.")
# Keys that were in use before: what they have signed or encrypted still counts, and nothing new is.
SECRET_KEY_FALLBACKS = env.words("SECRET_KEY_FALLBACKS")
if any(len(_key) < 32 for _key in SECRET_KEY_FALLBACKS):
    env.problem("SECRET_KEY_FALLBACKS", "must be former values of SECRET_KEY, separated by commas.")
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", "127.0.0.1,localhost")
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS")
for _origin in CSRF_TRUSTED_ORIGINS:
    if "://" not in _origin:
        env.problem("CSRF_TRUSTED_ORIGINS", f"{_origin!r} must start with https:// or http://.")
REDIS_URL = env.url("REDIS_URL", schemes=("redis", "rediss", "unix"))

INSTALLED_APPS = [
    # First, as its commands take the place of Django's.
    "recordings",
    "recordings.apps.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "csp",
]
MIDDLEWARE = [
    "sortie.middleware.answer_probes",
    "sortie.watch.Watch",
    "sortie.middleware.lend_database_to_views_only",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "sortie.middleware.ContentPolicy",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "sortie.middleware.refuse_strange_types",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "sortie.urls"
WSGI_APPLICATION = "sortie.wsgi.application"
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
                "recordings.views.context.portal",
            ]
        },
    }
]

DATABASES: dict[str, dict[str, Any]] = {"default": env.database("DATABASE_URL", SORTIE_DATA / "sortie.sqlite3")}
_database_options = DATABASES["default"].setdefault("OPTIONS", {})
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["ENGINE"] = "sortie.sqlite3"  # whose threads share connections
    # Writers queue instead of failing, readers never wait, and a commit survives a power cut.
    _database_options |= {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
    }
else:
    _database_options |= {"pool": {"min_size": 1, "max_size": 16, "timeout": 10}}

AUTH_USER_MODEL = "recordings.User"
PASSWORD_HASHERS = ["recordings.hashing.Hasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "library"
LOGOUT_REDIRECT_URL = "login"

LANGUAGE_CODE = "en-gb"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = False

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = env.path("SORTIE_STATIC_PATH", SORTIE_DATA / "static")
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "sortie.static_files.HashedFiles"},
}

# Bodies of recordings go straight to staging; these bound everything else that is sent to us.
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 200
DATA_UPLOAD_MAX_NUMBER_FILES = 1
# No page takes a file: with a handler, anybody's would be kept on disk while it comes, before we know who it is.
FILE_UPLOAD_HANDLERS: list[str] = []

# --- Security -------------------------------------------------------------------------------------------------
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SORTIE_HTTPS
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_NAME = "__Host-sortie" if SORTIE_HTTPS else "sortie"
CSRF_COOKIE_NAME = "__Host-csrf" if SORTIE_HTTPS else "sortie-csrf"
CSRF_FAILURE_VIEW = "recordings.views.errors.csrf_failure"
SECURE_HSTS_SECONDS = 31_536_000 if SORTIE_HTTPS else 0
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
if SORTIE_BEHIND_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
_object_store = SORTIE_RECORDING_S3_ENDPOINT or (
    f"https://{SORTIE_RECORDING_S3_BUCKET}.s3.{SORTIE_RECORDING_S3_REGION}.amazonaws.com"
)
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        # A page may play what it just recorded (blob:) and what the object store serves by signed URL.
        "media-src": [SELF, "blob:", *([_object_store] if SORTIE_RECORDING_STORAGE_BACKEND == "s3" else [])],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}

# --- HTTP API -------------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "recordings.api.authentication.BearerAuthentication",
        "recordings.api.authentication.CookieAuthentication",
    ],
    # A view says who may call it; one that forgets to is closed to everybody.
    "DEFAULT_PERMISSION_CLASSES": ["recordings.api.authentication.Nobody"],
    "DEFAULT_PARSER_CLASSES": ["recordings.api.negotiation.Json"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "recordings.api.negotiation.AnyAccept",
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "recordings.api.schema.Operation",
    "EXCEPTION_HANDLER": "recordings.api.errors.handle",
    "URL_FORMAT_OVERRIDE": None,
    "FORMAT_SUFFIX_KWARG": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Sortie",
    "DESCRIPTION": "Record work sessions, keep them safe, find and watch them.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/",
    "LICENSE": {"name": "Apache-2.0"},
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "recordings.api.description.complete",
    ],
    "ENUM_NAME_OVERRIDES": {
        "RecordingKind": "recordings.models.recording.Kind",
        "RecordingStatus": "recordings.models.recording.Status",
        "SessionKind": "recordings.models.session.SessionKind",
        "SessionStatus": "recordings.models.session.SessionStatus",
    },
}

# --- Background work: the job table is the queue, Celery only rings the bell ------------------------------------
CELERY_BROKER_URL = REDIS_URL or "memory://localhost"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
# Workers and beat try for ever; who publishes, a request perhaps, has an error within a second and goes on.
CELERY_BROKER_TRANSPORT_OPTIONS = (
    {"socket_connect_timeout": 1, "socket_timeout": 1, "max_retries": 0} if REDIS_URL else {"polling_interval": 0.2}
)
CELERY_TASK_PUBLISH_RETRY = False
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
# Threads: jobs wait for disks and object stores, hashing lets go of the GIL, and one pool of database connections
# serves the process, where prefork would open one a child. A job that hangs is taken over when its lease ends.
CELERY_WORKER_POOL = "threads"
CELERY_WORKER_CONCURRENCY = 4
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BEAT_SCHEDULER = "celery.beat:Scheduler"
CELERY_BEAT_SCHEDULE = {
    "sweep": {"task": "recordings.tasks.sweep", "schedule": 5.0, "options": {"expires": 5}},
    "retention": {
        "task": "recordings.tasks.retention",
        "schedule": crontab(minute="7"),
        "options": {"expires": 3000},
    },
}

# --- Sight ------------------------------------------------------------------------------------------------------
LOGGING = logs.configuration(
    SORTIE_LOG_FORMAT,
    secrets=(
        SECRET_KEY,
        *SECRET_KEY_FALLBACKS,
        SORTIE_METRICS_TOKEN,
        SORTIE_ADMIN_PASSWORD,
        str(DATABASES["default"].get("PASSWORD") or ""),
        urlsplit(REDIS_URL).password or "",
        os.environ.get("AWS_SECRET_ACCESS_KEY", ""),
    ),
)

env.complain()

if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    SORTIE_DATA.mkdir(mode=0o700, parents=True, exist_ok=True)
