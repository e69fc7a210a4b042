"""Files in S3: a bucket per branch, opened with a key that opens no other.

The deployment's own keys make buckets and ask for session credentials; every object is read and
written with the session of one placement, so a mix-up of branches is refused by the store itself.
"""

from collections.abc import AsyncIterator, Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache, cached_property
from http import HTTPStatus
from importlib import import_module
from threading import Lock
from typing import Any, BinaryIO, NamedTuple

from anyio import CapacityLimiter, to_thread
from botocore.exceptions import BotoCoreError, ClientError
from cachetools import LRUCache

from pinakes.platform.config import Settings, settings
from pinakes.platform.errors import Fault, NotFound, Unavailable
from pinakes.platform.placement import Placement, policy

LIFE = timedelta(hours=1)  # of a session credential
MARGIN = timedelta(minutes=5)  # a session is renewed this long before its end
OPEN_SESSIONS = 512  # an open one holds a client with its connections
THREADS = 32
CHUNK = 1 << 20
SENTINEL = "pinakes-sentinel"
HOME_REGION = "us-east-1"  # the only one whose buckets are made without naming it


class ObjectMissing(NotFound):
    code = "object_missing"
    title = "There is no such file"


class StoreRefused(Fault):
    code = "store_refused"
    title = "The object store refused"


class StoreUnavailable(Unavailable):
    code = "store_unavailable"
    title = "The object store does not answer"


@dataclass(frozen=True, slots=True)
class Keys:
    """What opens a store; *token* belongs to a session."""

    key: str
    secret: str
    token: str | None = None


class Session(NamedTuple):
    client: Any
    ends: datetime


class Objects:
    """The object store of a deployment, held by the deployment's own keys."""

    def __init__(
        self,
        endpoint: str,
        keys: Keys,
        *,
        sts: str | None = None,
        role: str | None = None,
        region: str = HOME_REGION,
    ) -> None:
        self.endpoint = endpoint
        self.keys = keys
        self.sts = sts  # who gives session credentials, where it is not the store itself
        self.role = role  # the ARN to assume where the store has no GetFederationToken
        self.region = region
        self.sessions: LRUCache[Placement, Session] = LRUCache(OPEN_SESSIONS)
        self._lock = Lock()
        self._threads = CapacityLimiter(THREADS)

    async def make_bucket(self, placement: Placement) -> None:
        """Make the bucket of *placement*, empty; once is as good as twice."""
        await self.run(self._make_bucket, placement)

    def store(self, placement: Placement) -> "Store":
        """The files of one branch, and no others."""
        return Store(self, placement)

    async def run[**P, R](self, call: Callable[P, R], *args: P.args, **named: P.kwargs) -> R:
        """Run a blocking *call* beside the event loop, its errors in our words."""

        def told() -> R:
            with our_words():
                return call(*args, **named)

        return await to_thread.run_sync(told, limiter=self._threads)

    def check(self) -> str:
        """Read an object, as a store may list buckets before it has found its files.

        Answers what the store calls itself.
        """
        sentinel = {"Bucket": SENTINEL, "Key": SENTINEL}
        with our_words():
            try:
                answer = self._own.get_object(**sentinel)
            except (self._own.exceptions.NoSuchBucket, self._own.exceptions.NoSuchKey):
                self._make_bucket(Placement(SENTINEL))
                self._own.put_object(**sentinel, Body=b"here")
                answer = self._own.get_object(**sentinel)
            answer["Body"].read()
        return str(answer["ResponseMetadata"]["HTTPHeaders"].get("server", ""))

    def client(self, placement: Placement) -> Any:
        """A client that the store lets into *placement* only (blocks)."""
        with self._lock:
            session = self.sessions.get(placement)
            if session is None or session.ends - MARGIN < datetime.now(UTC):
                session = self.sessions[placement] = self._open(placement)
        return session.client

    @cached_property
    def _own(self) -> Any:
        return self._client("s3", self.endpoint, self.keys)

    @cached_property
    def _boto(self) -> Any:
        boto3: Any = import_module("boto3")  # takes half a second: only who needs it waits
        return boto3.session.Session()

    def _client(self, service: str, endpoint: str, keys: Keys) -> Any:
        config: Any = import_module("botocore.config")
        return self._boto.client(
            service,
            endpoint_url=endpoint,
            region_name=self.region,
            aws_access_key_id=keys.key,
            aws_secret_access_key=keys.secret,
            aws_session_token=keys.token,
            config=config.Config(
                max_pool_connections=2 * THREADS,
                connect_timeout=3,
                retries={"max_attempts": 3, "mode": "standard"},
                s3={"addressing_style": "path"},
            ),
        )

    def _owners(self, endpoint: str) -> Any:
        """A client with the deployment's own keys; making one costs more than making a bucket."""
        if endpoint != self.endpoint:
            return self._client("s3", endpoint, self.keys)
        with self._lock:
            return self._own

    def _make_bucket(self, placement: Placement) -> None:
        own = self._owners(placement.endpoint or self.endpoint)
        home = {} if self.region == HOME_REGION else {"LocationConstraint": self.region}
        try:
            own.create_bucket(
                Bucket=placement.bucket, **({"CreateBucketConfiguration": home} if home else {})
            )
        except own.exceptions.BucketAlreadyOwnedByYou:
            return

    def _open(self, placement: Placement) -> Session:
        endpoint = placement.endpoint or self.endpoint
        sts = self._client("sts", self.sts or endpoint, self.keys)
        told = {"Policy": policy(placement), "DurationSeconds": int(LIFE.total_seconds())}
        name = placement.bucket[-32:]
        if self.role is None:
            answer = sts.get_federation_token(Name=name, **told)["Credentials"]
        else:
            answer = sts.assume_role(RoleArn=self.role, RoleSessionName=name, **told)["Credentials"]
        keys = Keys(answer["AccessKeyId"], answer["SecretAccessKey"], answer["SessionToken"])
        return Session(self._client("s3", endpoint, keys), answer["Expiration"])


class Store:
    """The files of one branch; keys are relative to its placement."""

    def __init__(self, objects: Objects, placement: Placement) -> None:
        self._objects = objects
        self._placement = placement

    async def put(
        self, key: str, body: bytes | BinaryIO, kind: str = "application/octet-stream"
    ) -> None:
        """Keep *body* under *key*; a file is read to its end, in parts when it is large."""
        if isinstance(body, bytes):
            await self._call("put_object", key, Body=body, ContentType=kind)
        else:
            await self._objects.run(self._upload, key, body, kind)

    async def get(self, key: str) -> bytes:
        """The whole object, in memory; ``stream`` is for what may be large."""
        answer = await self._call("get_object", key)
        return await self._objects.run(answer["Body"].read)

    async def stream(self, key: str, chunk: int = CHUNK) -> AsyncIterator[bytes]:
        """The object in pieces of *chunk* bytes."""
        body = (await self._call("get_object", key))["Body"]
        try:
            while piece := await self._objects.run(body.read, chunk):
                yield piece
        finally:
            body.close()

    async def delete(self, key: str) -> None:
        """Forget *key*; that it was not there is no error."""
        await self._call("delete_object", key)

    async def _call(self, verb: str, key: str, **told: Any) -> Any:
        return await self._objects.run(self._blocking, verb, key, **told)

    def _blocking(self, verb: str, key: str, **told: Any) -> Any:
        call = getattr(self._objects.client(self._placement), verb)
        return call(Bucket=self._placement.bucket, Key=self._placement.prefix + key, **told)

    def _upload(self, key: str, body: BinaryIO, kind: str) -> None:
        self._objects.client(self._placement).upload_fileobj(
            body,
            self._placement.bucket,
            self._placement.prefix + key,
            ExtraArgs={"ContentType": kind},
        )


@contextmanager
def our_words() -> Generator[None]:
    """Say the vendor's errors in ours, without keys or addresses in them."""
    try:
        yield
    except ClientError as error:
        answer: Any = error.response
        code = str(answer["Error"]["Code"])
        if code in {"NoSuchKey", "NoSuchBucket"}:
            raise ObjectMissing("The file asked for is not in the object store") from error
        if answer["ResponseMetadata"]["HTTPStatusCode"] >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise StoreUnavailable(f"The object store says {code}; try again later") from error
        raise StoreRefused(f"The object store says {code}") from error
    except BotoCoreError as error:
        raise StoreUnavailable("The object store cannot be reached; try again later") from error


@cache
def objects() -> Objects:
    """The object store of this process."""
    return objects_of(settings())


def objects_of(told: Settings) -> Objects:
    """The object store that the settings name."""
    keys = Keys(told.objects_key, told.objects_secret.get_secret_value())
    return Objects(
        told.objects,
        keys,
        sts=told.objects_sts,
        role=told.objects_role,
        region=told.objects_region,
    )
