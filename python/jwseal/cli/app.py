"""The list of commands: about keys in `key_commands`, about JWK Sets in `jwks_commands`, about tokens in `token_commands`."""

from importlib import metadata
from platform import python_version
from typing import Annotated

import typer

from jwseal import __version__, _native
from jwseal.cli import issuer_command, jwks_commands, key_commands, policy_commands, token_commands
from jwseal.cli.answer import answering, write, write_json
from jwseal.cli.arguments import OnceCommand
from jwseal.cli.inspect_command import inspect

app = typer.Typer(
    name="jwseal",
    help="Sign, verify and inspect JWTs, and manage their keys.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit status: 0 done or valid, 1 a token was refused, 2 the command, a file or a key cannot be used. "
    "A file named - is standard input or output.",
)


@app.callback(invoke_without_command=True)
def _options(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="With --version: print it as JSON, with the versions it runs on.")
    ] = False,
) -> None:
    with answering(as_json=as_json):
        if version and as_json:
            versions = {
                "jwseal": __version__,
                "python": python_version(),
                "cryptography": metadata.version("cryptography"),
            }
            native = {"portable": _native.portable, "prepared_algorithms": _native.prepared_algorithms}
            write_json({**versions, **native})
        elif version:
            write(f"jwseal {__version__}")
        elif as_json:
            raise ValueError("--json goes after the command: jwseal COMMAND --json")
        if version or context.invoked_subcommand is None:
            raise typer.Exit


for _command in (
    key_commands.keygen,
    key_commands.convert,
    key_commands.thumbprint,
    token_commands.sign,
    token_commands.verify,
    policy_commands.authorize,
    policy_commands.audit,
    inspect,
    issuer_command.serve_jwks,
):
    app.command(cls=OnceCommand, no_args_is_help=_command not in (inspect, issuer_command.serve_jwks))(_command)
app.add_typer(jwks_commands.group, name="jwks")
app.add_typer(policy_commands.policy)
