"""Does the witness of this container answer?"""

# ruff: noqa: INP001 - a program, not a package

import sys
from http.client import HTTPConnection, HTTPException


def main() -> int:
    """0 if it does."""
    connection = HTTPConnection("127.0.0.1", 8100, timeout=4)
    try:
        connection.request("GET", "/health")
        return 0 if connection.getresponse().status == 200 else 1  # noqa: PLR2004 - HTTP
    except (OSError, HTTPException):
        return 1
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(main())
