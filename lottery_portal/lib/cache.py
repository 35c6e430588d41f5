"""The cache may hang or vanish; nobody waits for it longer than its time-out (D10)."""

from __future__ import annotations

import logging
import time
from typing import Any

from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

PAUSE_SECONDS = 5.0


class CacheThatMayFail(RedisCache):
    """Redis, and the memory of this process while Redis does not answer.

    After a failure Redis is left alone for a few seconds, so that one request in five seconds waits
    for it and not every one.
    """

    def __init__(self, server: Any, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._memory = LocMemCache("fallback", {})
        self._silent_until = 0.0

    def add(self, *args: Any, **kwargs: Any) -> Any:
        return self._either("add", *args, **kwargs)

    def get(self, *args: Any, **kwargs: Any) -> Any:
        return self._either("get", *args, **kwargs)

    def set(self, *args: Any, **kwargs: Any) -> Any:
        return self._either("set", *args, **kwargs)

    def touch(self, *args: Any, **kwargs: Any) -> Any:
        return self._either("touch", *args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        return self._either("delete", *args, **kwargs)

    def incr(self, *args: Any, **kwargs: Any) -> Any:
        return self._either("incr", *args, **kwargs)

    def has_key(self, *args: Any, **kwargs: Any) -> Any:
        return self._either("has_key", *args, **kwargs)

    def _either(self, name: str, *args: Any, **kwargs: Any) -> Any:
        if time.monotonic() >= self._silent_until:
            try:
                return getattr(super(), name)(*args, **kwargs)
            except (RedisError, OSError):
                self._silent_until = time.monotonic() + PAUSE_SECONDS
                logger.warning("Redis does not answer; using the memory of this process")
        return getattr(self._memory, name)(*args, **kwargs)
