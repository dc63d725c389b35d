"""The list of commands; each lives with its kind, keys or tokens."""

from typing import Annotated

import typer

from jwseal import __version__
from jwseal.cli import key_commands, token_commands

app = typer.Typer(
    name="jwseal",
    help="Sign, verify and look into JWTs, and prepare the keys for it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit status: 0 done or valid, 1 a token was refused, 2 the command or a key cannot be used. "
    "A file named - is standard input or output.",
)


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"jwseal {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    del version


for _command in (
    key_commands.keygen,
    key_commands.convert,
    key_commands.thumbprint,
    key_commands.jwks,
    token_commands.sign,
    token_commands.verify,
    token_commands.inspect,
):
    app.command(no_args_is_help=_command is not token_commands.inspect)(_command)
