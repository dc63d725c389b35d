"""The configuration of the gateway page, which people copy: a client writes none of the headers that the server sends."""

import re
from pathlib import Path

PAGE = (Path(__file__).parents[2] / "docs" / "cookbook" / "gateway.md").read_text()


def test_every_header_of_the_server_is_set_by_nginx() -> None:
    """Each header that says who it is has the server's value, and its spelling with `_` is empty."""
    (who,) = re.findall(r"who = \{(.+?)\}", PAGE)
    names = re.findall(r'"([\w-]+)": token', who)
    (block,) = re.findall(r"location /orders/ \{(.+?)\n\}", PAGE, re.DOTALL)
    taken = dict(re.findall(r"auth_request_set +\$(\w+) +\$upstream_http_(\w+);", block))
    sent = dict(re.findall(r"proxy_set_header +(\S+) +(\S+);", block))
    assert {"X-Subject", "X-Issuer"} == set(names)
    for name in names:
        respelled = name.replace("-", "_")
        assert respelled.lower() == taken[sent[name].removeprefix("$")]
        assert '""' == sent[respelled]
        assert f"`{name}`" in PAGE
