"""Commands of the authorizer: decide on a token, check, explain and import a configuration, read an audit log.

Exit status as everywhere: 0 allowed or done, 1 refused (or a line of a log that is wrong), 2 a configuration that cannot be used.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer import Argument, Option

from jwseal._encoding import read_json
from jwseal.authorizer import Authorizer
from jwseal.authorizer.audit_log import line_of, read_record
from jwseal.authorizer.schema import schema_text
from jwseal.authorizer.signserver import import_signserver
from jwseal.cli import arguments
from jwseal.cli.answer import REFUSED, UNUSABLE, answering, remark, write, write_json
from jwseal.cli.arguments import Json, Text, Token
from jwseal.cli.files import File

if TYPE_CHECKING:
    from jwseal.authorizer import Decision

# What is remarked on a configuration is logged when it is loaded; `policy check` prints it, and once is enough.
logging.getLogger("jwseal.authorizer").addHandler(logging.NullHandler())

policy = typer.Typer(
    name="policy", help="Check, explain and import configurations of the authorizer.", no_args_is_help=True
)

Configuration = Annotated[str, Option("--config", "-c", metavar="FILE", help="The configuration, TOML.")]
ConfigurationArgument = Annotated[str, Argument(metavar="FILE", help="The configuration, TOML.", show_default=False)]
WorkerOption = Annotated[Text, Option("--worker", "-w", metavar="NAME", help="The worker that asks.")]
RequestOption = Annotated[
    Text, Option("--request", "-r", metavar="JSON", help="What is to be done: a JSON object, or @FILE.")
]
Now = Annotated[float | None, Option("--now", metavar="SECONDS", help="Decide as of this time.")]


def authorize(
    config: Configuration,
    token: Token = None,
    worker: WorkerOption = None,
    request: RequestOption = None,
    now: Now = None,
    audit: Annotated[bool, Option("--audit", help="Print the audit record instead, as one line of JSON.")] = False,
    as_json: Json = False,
) -> None:
    """Decide whether a token allows an operation, and print the attributes that its claims give.

    Stores of used and revoked tokens are not asked. If keys cannot be fetched, the status is 2.

    Examples:
    jwseal authorize --config signing.toml --worker invoice TOKEN

    jwseal authorize -c signing.toml -w bound -r @request.json --json TOKEN
    """
    with answering(as_json=as_json):
        decision = _authorizer(config, now).authorize(arguments.token(token), worker=worker, request=_request(request))
        with suppress(BrokenPipeError):  # the status is the result, even if the output is not read
            if audit:
                write_json(decision.audit(), indent=None)
            elif as_json:
                write_json(_described(decision))
            elif decision.allowed:
                write_json(decision.attributes)
                remark(f"allowed: rule {decision.rule}, issuer {decision.issuer}")
            else:
                remark(f"refused: {decision.code} at {decision.stage}: {decision.reason}")
        if not decision.allowed:
            raise typer.Exit(_status(decision))


@policy.command(no_args_is_help=True)
def check(
    file: ConfigurationArgument,
    strict: Annotated[bool, Option("--strict", help="Status 1 if there is a remark.")] = False,
    as_json: Json = False,
) -> None:
    """Read a configuration and its keys, and remark what is probably not meant.

    Keys at URLs are not fetched. `jwseal authorize` fetches them.

    Examples:
    jwseal policy check signing.toml
    """
    with answering(as_json=as_json):
        authorizer = _authorizer(file, None)
        with suppress(BrokenPipeError):
            if as_json:
                facts = {"version": authorizer.version, "workers": authorizer.workers, "remarks": authorizer.warnings}
                write_json({"valid": True, **facts})
            else:
                write(f"valid: version {authorizer.version}")
                for sentence in authorizer.warnings:
                    remark(sentence)
        if strict and authorizer.warnings:
            raise typer.Exit(REFUSED)


@policy.command(no_args_is_help=True)
def explain(
    config: Configuration,
    token: Token = None,
    worker: WorkerOption = None,
    request: RequestOption = None,
    values: Annotated[bool, Option("--values", help="Show the claims' values too.")] = False,
    now: Now = None,
    as_json: Json = False,
) -> None:
    """Show each rule and condition with its outcome for a token.

    Examples:
    jwseal policy explain --config signing.toml --worker invoice TOKEN
    """
    with answering(as_json=as_json):
        explanation = _authorizer(config, now).explain(
            arguments.token(token), worker=worker, request=_request(request), values=values
        )
        with suppress(BrokenPipeError):
            if as_json:
                write_json({**_described(explanation.decision), "rules": explanation.rules})
            else:
                write(str(explanation))
        if not explanation.decision.allowed:
            raise typer.Exit(_status(explanation.decision))


@policy.command("import", no_args_is_help=True)
def import_(
    file: Annotated[str, Argument(metavar="FILE", help="SignServer's worker properties.", show_default=False)],
    out: Annotated[Text, Option("--out", "-o", metavar="FILE", help="Write the TOML to this file.")] = None,
    force: Annotated[bool, Option("--force", help="Replace an existing file.")] = False,
    as_json: Json = False,
) -> None:
    """Convert SignServer's worker properties, and report what is not carried over and what could be stricter.

    Examples:
    jwseal policy import worker.properties --out signing.toml
    """
    with answering(as_json=as_json):
        source = File(file)
        # Java writes such files in Latin-1, with escapes for other characters.
        imported = import_signserver(source.read().decode("latin-1"), name=file)
        if out is not None:
            File(out, "--out").write(imported.toml.encode(), force=force)
        with suppress(BrokenPipeError):
            if as_json:
                write_json({"toml": imported.toml, "report": imported.report})
            elif out is None:
                write(imported.toml.encode())
        if not as_json:
            for sentence in imported.report:
                remark(sentence)


@policy.command()
def schema() -> None:
    """Print the JSON Schema of the configuration."""
    with answering(as_json=False), suppress(BrokenPipeError):
        write(schema_text().encode())


def audit(
    file: Annotated[str, Argument(metavar="FILE", help="A log with one audit record a line.", show_default=False)],
    refused: Annotated[bool, Option("--refused", help="Show the refused ones only.")] = False,
    as_json: Json = False,
) -> None:
    """Check an audit log and show a line for each record.

    Examples:
    jwseal audit decisions.jsonl
    """
    with answering(as_json=as_json):
        counts = {"records": 0, "allowed": 0, "refused": 0, "wrong": 0}
        with File(file).open() as stream, suppress(BrokenPipeError):
            for number, line in enumerate(stream, 1):
                if not line.strip():
                    continue
                record = read_record(line)
                if isinstance(record, str):
                    counts["wrong"] += 1
                    remark(f"line {number} {record}")
                    continue
                counts["records"] += 1
                counts["allowed" if record["allowed"] else "refused"] += 1
                if not as_json and not (refused and record["allowed"]):
                    write(line_of(record))
            if as_json:
                write_json(counts)
        if not as_json:
            remark(", ".join(f"{count} {name}" for name, count in counts.items()))
        if counts["wrong"]:
            raise typer.Exit(REFUSED)


def _authorizer(name: str, now: float | None) -> Authorizer:
    return Authorizer.from_file(name, clock=None if now is None else lambda: now)


def _status(decision: Decision) -> int:
    """A token about which nothing could be found out is not a refused one, here as for `verify`."""
    return UNUSABLE if decision.http_status == 503 else REFUSED


def _request(argument: str | None) -> dict[str, Any] | None:
    if argument is None:
        return None
    content = File(argument[1:], "--request").read() if argument.startswith("@") else argument
    try:
        found = read_json(content)
    except ValueError as error:
        raise ValueError(f"--request: {error}") from None
    if not isinstance(found, dict):
        raise ValueError("--request must be a JSON object")  # noqa: TRY004  # the text is wrong, not the call
    return found


def _described(decision: Decision) -> dict[str, Any]:
    names = (
        "allowed",
        "code",
        "stage",
        "rule",
        "issuer",
        "kid",
        "alg",
        "subject",
        "attributes",
        "headers",
        "expires_at",
        "reason",
    )
    return {name: getattr(decision, name) for name in names}
