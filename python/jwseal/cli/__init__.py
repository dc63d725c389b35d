"""The command line, `jwseal`: work with keys, tokens and key sets without writing a program. Needs the extra `cli`.

Exit status: 0 for done or valid, 1 for a refused token, 2 for a command, file or key that cannot be used.
Nothing in the library imports this package.
"""

import sys

__all__ = ["main"]


def main() -> None:
    """Run the command line. Without typer and rich, print one sentence and exit with status 2."""
    try:
        from jwseal.cli.app import app
    except ModuleNotFoundError as error:
        if error.name is None or error.name.split(".")[0] not in {"typer", "rich", "click", "shellingham"}:
            raise
        print("jwseal: the command line needs typer and rich: pip install 'jwseal[cli]'", file=sys.stderr)
        raise SystemExit(2) from None
    app()
