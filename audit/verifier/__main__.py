"""`python -I audit/verifier …`: the modules beside this file as one program."""

import importlib.util
import sys
from pathlib import Path

NAME = "verifier"


def load() -> None:
    """Make the folder of this file a package, wherever it lies and whatever it is called."""
    here = Path(__file__).resolve().parent
    spec = importlib.util.spec_from_file_location(
        NAME, here / "__init__.py", submodule_search_locations=[str(here)]
    )
    if spec is None or spec.loader is None:
        raise ImportError(f"{here} is not the folder of the verifier")
    package = importlib.util.module_from_spec(spec)
    sys.modules[NAME] = package
    spec.loader.exec_module(package)


if __name__ == "__main__":
    load()
    sys.exit(importlib.import_module(f"{NAME}.command").main(sys.argv[1:]))
