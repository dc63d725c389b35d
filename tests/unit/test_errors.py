"""The tree of exceptions: names, codes, bases, pickling (`jwseal.errors`)."""

import copy
import inspect
import pickle

import pytest

from jwseal import errors

# class: code, base. This table is a public promise: a change to it is a change of major version.
TREE = {
    "JOSEError": ("jose_error", Exception),
    "InvalidToken": ("invalid_token", errors.JOSEError),
    "MissingToken": ("missing_token", errors.InvalidToken),
    "MalformedToken": ("malformed_token", errors.InvalidToken),
    "TokenTooLarge": ("token_too_large", errors.MalformedToken),
    "UnsupportedHeader": ("unsupported_header", errors.InvalidToken),
    "WrongTyp": ("wrong_typ", errors.InvalidToken),
    "AlgorithmNotAllowed": ("algorithm_not_allowed", errors.InvalidToken),
    "KeyNotFound": ("key_not_found", errors.InvalidToken),
    "InvalidSignature": ("invalid_signature", errors.InvalidToken),
    "ClaimError": ("claim_error", errors.InvalidToken),
    "MissingClaim": ("missing_claim", errors.ClaimError),
    "InvalidClaim": ("invalid_claim", errors.ClaimError),
    "TokenExpired": ("token_expired", errors.ClaimError),
    "TokenNotYetValid": ("token_not_yet_valid", errors.ClaimError),
    "ClaimMismatch": ("claim_mismatch", errors.ClaimError),
    "TokenTooOld": ("token_too_old", errors.ClaimError),
    "Replayed": ("replayed", errors.ClaimError),
    "Revoked": ("revoked", errors.ClaimError),
    "InsufficientScope": ("insufficient_scope", errors.ClaimError),
    "ConditionNotMet": ("condition_not_met", errors.ClaimError),
    "InsufficientAuthentication": ("insufficient_authentication", errors.ClaimError),
    "SenderMismatch": ("sender_mismatch", errors.ClaimError),
    "Unavailable": ("unavailable", errors.JOSEError),
    "KeySourceUnavailable": ("key_source_unavailable", errors.Unavailable),
    "StateUnavailable": ("state_unavailable", errors.Unavailable),
    "InvalidKey": ("invalid_key", errors.JOSEError),
    "PolicyError": ("invalid_policy", errors.JOSEError),
}


def make(cls: type[errors.JOSEError]) -> errors.JOSEError:
    """An instance of the class, as the binding would make it."""
    return cls("a sentence", "exp") if issubclass(cls, errors.ClaimError) else cls("a sentence")


@pytest.mark.parametrize("name", TREE)
def test_name_code_and_base(name: str) -> None:
    """Each class has the promised code and stands below the promised base."""
    code, base = TREE[name]
    cls = getattr(errors, name)
    assert code == cls.code
    assert base in cls.__bases__


@pytest.mark.parametrize("name", TREE)
def test_http_status(name: str) -> None:
    """A token that grants too little is a 403, every other refusal a 401, what could not be judged a 503, the program's own
    mistake a 500."""
    cls = getattr(errors, name)
    forbidden = name in {"InsufficientScope", "ConditionNotMet"}
    expected = (
        403
        if forbidden
        else 401
        if issubclass(cls, errors.InvalidToken)
        else 503
        if issubclass(cls, errors.Unavailable)
        else 500
    )
    assert expected == cls.http_status == make(cls).http_status


def test_the_tree_is_complete() -> None:
    """`__all__`, the classes of the module and the promised table are the same names."""
    classes = {name for name, value in vars(errors).items() if inspect.isclass(value)}
    assert set(TREE) == classes == set(errors.__all__)


def test_every_code_is_in_the_docstring() -> None:
    """The drawn tree shows every class with its code."""
    for name, (code, _) in TREE.items():
        assert any(name in line and code in line for line in (errors.__doc__ or "").splitlines()), name


def test_codes_are_unique() -> None:
    """A code leads back to one class."""
    assert len(TREE) == len({code for code, _ in TREE.values()})


@pytest.mark.parametrize("name", TREE)
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_pickling(name: str, protocol: int) -> None:
    """A worker process can hand any of them back whole."""
    error = make(getattr(errors, name))
    restored = pickle.loads(pickle.dumps(error, protocol))
    assert type(error) is type(restored)
    assert "a sentence" == str(restored)
    assert error.code == restored.code
    assert getattr(error, "claim", None) == getattr(restored, "claim", None)


@pytest.mark.parametrize("name", TREE)
def test_copying(name: str) -> None:
    """A copy is of the same class and says the same."""
    error = make(getattr(errors, name))
    assert str(error) == str(copy.copy(error))
    assert type(error) is type(copy.deepcopy(error))


def test_claim_error_names_its_claim() -> None:
    """`claim` is the claim's name and not part of the sentence."""
    error = errors.TokenExpired("a sentence", "exp")
    assert "exp" == error.claim
    assert "a sentence" == str(error)


def test_a_claim_error_may_name_no_claim() -> None:
    """Where no single claim is at fault, `claim` is None."""
    error = errors.ConditionNotMet("a sentence")
    assert error.claim is None
    assert pickle.loads(pickle.dumps(error)).claim is None


def test_insufficient_authentication_says_what_would_do() -> None:
    """It carries the values and the age that the challenge of RFC 9470 names, pickled too."""
    error = errors.InsufficientAuthentication("a sentence", "acr", acr_values=("high",), max_age=300)
    assert ("acr", ("high",), 300) == (error.claim, error.acr_values, error.max_age)
    again = pickle.loads(pickle.dumps(error))
    assert ("acr", ("high",), 300) == (again.claim, again.acr_values, again.max_age)
    assert ((), None) == (
        errors.InsufficientAuthentication("a").acr_values,
        errors.InsufficientAuthentication("a").max_age,
    )


def test_policy_error_is_a_value_error() -> None:
    """Code that expects ValueError for wrong arguments gets one."""
    assert issubclass(errors.PolicyError, ValueError)


def test_refusals_of_tokens_are_no_program_errors() -> None:
    """`except InvalidToken` catches neither a wrong key, nor a wrong policy, nor a missing key source."""
    for cls in (errors.InvalidKey, errors.PolicyError, errors.Unavailable):
        assert not issubclass(cls, errors.InvalidToken)
