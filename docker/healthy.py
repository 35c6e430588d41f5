"""Does the web server of this container answer? Asked as nginx would ask it."""

# ruff: noqa: INP001 - a program, not a package

import os
import sys
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit


def main() -> int:
    """0 if the first page answers."""
    host = urlsplit(os.environ["PUBLIC_URL"]).netloc
    connection = HTTPConnection("127.0.0.1", 8000, timeout=5)
    try:
        connection.request("GET", "/", headers={"Host": host, "X-Forwarded-Proto": "https"})
        return 0 if connection.getresponse().status < 400 else 1  # noqa: PLR2004 - HTTP
    except (OSError, HTTPException):
        return 1
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(main())
