"""`python -m bulkimport` with its event loop's pauses measured from within.

python -m tests.bench.importing MEASURED_JSON ARGUMENT…       the arguments are the program's own

Light at the top, because worker processes load the main module too.
"""

import sys


def main() -> None:
    import json
    from collections.abc import Awaitable, Callable
    from dataclasses import asdict
    from pathlib import Path
    from typing import Any

    import anyio

    import bulkimport.__main__
    from tests.bench.pauses import measured_pauses

    measured = Path(sys.argv.pop(1))
    run = anyio.run

    def run_measured(function: Callable[..., Awaitable[Any]], *arguments: Any) -> Any:
        async def beside_it() -> Any:
            async with measured_pauses() as pauses:
                result = await function(*arguments)
            measured.write_text(json.dumps(asdict(pauses)))
            return result

        return run(beside_it)

    anyio.run = run_measured  # type: ignore[assignment]  # the only way into the program's loop that is not its own
    bulkimport.__main__.main()


if __name__ == "__main__":
    main()
