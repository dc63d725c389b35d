"""From a token to a decision and to the attributes of a certificate, by a configuration in TOML.

    authorizer = Authorizer.from_file("signing.toml")
    decision = authorizer.authorize(token, worker="invoice")
    if decision.allowed:
        name = decision.subject_name()

A worker, which signs or validates, trusts the keys of authorization servers and does what is asked if the token is valid and a
rule matches its claims. Nothing is allowed that no rule allows; a rule that denies wins.
"""

from jwseal.authorizer.authorizer import Authorizer
from jwseal.authorizer.decision import Decision
from jwseal.authorizer.explanation import Explanation

__all__ = ["Authorizer", "Decision", "Explanation"]
