"""Options: one that takes a single value is given once, and a message names the option that it is about."""

from pathlib import Path

import pytest

from terminal import ANY, EXPECT, key_file, mint, run


def test_a_second_file_of_tokens_is_not_ignored_but_refused() -> None:
    """`--file a --file b` would verify one of them and report success for both."""
    token = mint(key_file())
    Path("forged.txt").write_text(token[:-4] + "AAAA")
    Path("sound.txt").write_text(token)
    for first, second in (("forged.txt", "sound.txt"), ("sound.txt", "forged.txt"), ("sound.txt", "sound.txt")):
        answer = run("verify", "--key", "key.pem", *EXPECT, "--file", first, "--file", second, status=2)
        assert "--file" in answer.stderr
        assert answer.stdout == ""


@pytest.mark.parametrize(
    "command",
    [
        ("sign", "--issuer", "a", "--key", "x"),
        ("sign", "--typ", "JWT", "--key", "x"),
        ("keygen", "--kid", "a", "--out", "x", "ES256"),
        ("convert", "--to", "pem", "x"),
        ("verify", "--leeway", "5", "--key", "x"),
        ("verify", "--max-token-size", "5", "--key", "x"),
    ],
)
def test_every_option_with_one_value_is_given_once(command: tuple[str, ...]) -> None:
    """Of two values the last would count, and the first be dropped without a word."""
    name, option, value, *others = command
    answer = run(name, option, value, *others, option, value, status=2)
    assert option in answer.stderr
    assert "twice" in answer.stderr


def test_options_that_repeat_are_repeated() -> None:
    """`--key`, `--claim` and their like take several values, and a flag given twice is the flag."""
    token = mint(key_file())
    run("verify", "--key", "key.pem", "--key", "key.pem", *ANY, "--json", "--json", token)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("--claim", "sub=alice"), ("--claim", "--subject")),
        (("--claim", "admin"), ("--claim",)),
        (("--claim", "=1"), ("--claim",)),
        (("--claim", "a=1", "--claim", "a=2"), ("--claim",)),
        (("--leeway", "soon"), ("--leeway",)),
        (("--leeway", "2h"), ("--leeway",)),
        (("--max-lifetime", "1y"), ("--max-lifetime",)),
        (("--max-age", "-5"), ("--max-age",)),
        (("--subject", ""), ("--subject",)),
        (("--require", ""), ("--require",)),
        (("--typ", ""), ("--typ",)),
        (("--now", "nan"), ("--now",)),
        (("--alg", "rs256"), ("--alg", "RS256")),
        (("--alg", "ES256", "--alg", "none"), ("--alg",)),
        (("--key", "https://id.example/jwks.json"), ("--key", "--jwks-url", "--alg")),
    ],
)
def test_a_message_names_the_option_it_is_about(arguments: tuple[str, ...], named: tuple[str, ...]) -> None:
    """A wrong value of an option is status 2, with the option's name and not the library's argument."""
    token = mint(key_file())
    answer = run("verify", "--key", "key.pem", *ANY, *arguments, token, status=2)
    assert all(option in answer.stderr for option in named), answer.stderr
    assert not any(f"{option[2:].replace('-', '_')}=" in answer.stderr for option in named)


@pytest.mark.parametrize(
    "command", [("sign", "--key", "key.pem", "-c", "a=1"), ("jwks", "lint", "set.json"), ("inspect", "TOKEN")]
)
def test_a_misspelt_algorithm_is_about_alg_in_every_command(command: tuple[str, ...]) -> None:
    """`--alg es256` is status 2, and the message is not about the key file."""
    key = key_file()
    Path("set.json").write_text(run("jwks", "make", "key.pem").stdout)
    told = run(*(mint(key) if word == "TOKEN" else word for word in command), "--alg", "es256", status=2).stderr
    assert told.startswith("jwseal: --alg: unknown algorithm: it must be one of HS256,")


def test_a_refused_claim_is_not_called_an_option() -> None:
    """The message of a refusal begins with the claim or with typ; `--claim` and `--typ` are options of the command."""
    key = key_file()
    for token, words in (
        (mint(key, exp=1), 'token_expired: claim "exp" says'),
        (mint(key, aud="other"), 'claim_mismatch: claim "aud"'),
    ):
        assert words in run("verify", "--key", "key.pem", *EXPECT, token, status=1).stderr
