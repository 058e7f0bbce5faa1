"""The connection to an S3 bucket: django-storages' client, set up so that nothing is guessed or made public."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from storages.backends.s3 import S3Storage

from recordings.storage.base import SIGNED_URL_LIMIT, StorageUnavailable


class Connection(S3Storage):  # type: ignore[misc]  # django-storages has no types
    """django-storages with one client for all threads, as it would make one (5 MB, 50 ms) for each."""

    @cached_property
    def connection(self) -> Any:
        return super().connection


def connect(
    bucket: str, region: str, *, endpoint: str, location: str, read_timeout: float = 60, attempts: int = 3
) -> Connection:
    """The bucket, with keys below `location`. Credentials come from the SDK's own chain.

    Safe to share between threads, not between processes. With an `endpoint`, buckets are addressed by path.
    """
    return Connection(
        bucket_name=bucket,
        location=location,
        region_name=region,
        endpoint_url=endpoint or None,
        # None leaves the choice to the SDK; django-storages would else hand it fixed ones.
        access_key=None,
        secret_key=None,
        security_token=None,
        session_profile=None,
        default_acl=None,
        file_overwrite=False,
        custom_domain=None,
        querystring_auth=True,
        querystring_expire=int(SIGNED_URL_LIMIT.total_seconds()),
        gzip=False,
        object_parameters={},
        client_config=Config(
            signature_version="s3v4",
            s3={
                "addressing_style": "path" if endpoint else "virtual",
                # TLS protects the bytes on their way; without it boto3 signs them whatever is said here.
                "payload_signing_enabled": False,
                "us_east_1_regional_endpoint": "regional",
            },
            # The SDK's default checksum costs five times the CPU and many compatible servers refuse it.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            connect_timeout=5,
            read_timeout=read_timeout,
            retries={"mode": "standard", "total_max_attempts": attempts},
            max_pool_connections=64,
            tcp_keepalive=True,
        ),
    )


def code(error: ClientError) -> str:
    """What S3 calls the error."""
    return str(error.response.get("Error", {}).get("Code", ""))


@contextmanager
def passing() -> Iterator[None]:
    """Every failure of the SDK is taken for a passing one: wrong credentials are mended, bytes lost are not."""
    try:
        yield
    except ClientError as error:
        answer = error.response.get("Error", {})
        text = f"{answer.get('Code')} {answer.get('Message', '')}".strip()
        raise StorageUnavailable(f"The object store refused {error.operation_name}: {text}.") from error
    except (BotoCoreError, OSError) as error:
        raise StorageUnavailable(f"The object store does not answer: {error}") from error
