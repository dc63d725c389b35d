"""The command line, `jwseal`: keys, tokens and key sets without writing a program. Needs the extra `cli`.

Exit status 0 means done or valid, 1 means a token was refused, 2 means the command or a key could not be used.
Nothing in the library imports this package.
"""

import sys

__all__ = ["main"]


def main() -> None:
    """Run the command line; one sentence and status 2 if the packages it needs are not installed."""
    try:
        from jwseal.cli.app import app
    except ModuleNotFoundError as error:
        if error.name is None or error.name.split(".")[0] not in {"typer", "rich", "click", "shellingham"}:
            raise
        print("jwseal: the command line needs typer and rich: pip install 'jwseal[cli]'", file=sys.stderr)
        raise SystemExit(2) from None
    app()
