"""jwseal in a process of its own, for JWSEAL_PORTABLE=1: AWS-LC computes every verdict, and no key is prepared.

Called with a JSON file of keys and tokens, it reads one command a line, `<contender> <verb> <alg> <rounds>`, and answers the
nanoseconds of processor time. `peers.py` starts it.
"""

import base64
import json
import sys
from pathlib import Path

from race import Contender, Unsupported
from tokens import Case, decoded


def main() -> None:
    import contenders
    import first_use

    makers = {
        "jwseal-portable verify": contenders.verify_jwseal,
        "jwseal-portable-lazy verify": contenders.verify_jwseal_lazy,
        "AWS-LC's-path first": first_use.first_verify,
    }
    cases = read_cases(Path(sys.argv[1]))
    made: dict[str, Contender | None] = {}
    for line in sys.stdin:
        name, alg, rounds = line.rsplit(maxsplit=2)
        if (key := f"{name} {alg}") not in made:
            try:
                made[key] = makers[name](cases[alg])
            except (KeyError, Unsupported):
                made[key] = None
        contender = made[key]
        print(contender.block(int(rounds)) if contender else "unsupported", flush=True)


def read_cases(path: Path) -> dict[str, Case]:
    """What `tokens.case_file` wrote."""
    octets = base64.b64decode
    cases = {}
    for alg, one in json.loads(path.read_text())["cases"].items():
        claims = [json.loads(decoded(token.split(".")[1])) for token in one["tokens"]]
        keys = [octets(one[name]) for name in ("secret", "spki", "pkcs8")]
        pems = [one[name].encode() for name in ("public_pem", "private_pem")]
        cases[alg] = Case(alg, *keys, *pems, claims, one["tokens"])
    return cases


if __name__ == "__main__":
    main()
