"""Forms are read strictly."""

import pytest
from authlib.oauth2.rfc6749 import InvalidRequestError
from hypothesis import given
from hypothesis import strategies as st

from idp import clock
from idp.oidc.request_guard import (
    FORM_TYPE,
    MAX_FIELDS,
    MachineRequest,
    UnsupportedMediaError,
    form,
    legible,
    parse_form,
)


def request(body=b"", *, content_type=FORM_TYPE, query=""):
    return MachineRequest("POST", "/token", clock.now(), query, content_type, body=body)


def test_parameters_are_read_once_each():
    """Names and values are form-decoded; a value left out is a parameter left out."""
    parameters = form(request(b"grant_type=refresh_token&scope=a+b%2Bc&empty="))

    assert parameters == {"grant_type": "refresh_token", "scope": "a b+c"}


def test_resource_alone_may_repeat():
    """RFC 8707 §2 allows several resources."""
    parameters = parse_form(b"resource=https://a&resource=https://b&resource=")

    assert parameters.resources == ("https://a", "https://b")


@pytest.mark.parametrize("body", [b"code=a&code=b", b"code=a&code=", b"code=&code="])
def test_a_parameter_given_twice_is_refused(body):
    """Even an empty repetition is one (RFC 6749 §3.2)."""
    with pytest.raises(InvalidRequestError, match="code"):
        parse_form(body)


@pytest.mark.parametrize("body", [b"code=\xff", b"code=%ff", b"%ff=a"])
def test_bad_utf8_is_refused(body):
    """Raw or percent-encoded, bytes that are not UTF-8 are refused."""
    with pytest.raises(InvalidRequestError, match="UTF-8"):
        parse_form(body)


def test_too_many_parameters_are_refused():
    """A form has a bounded number of fields."""
    body = "&".join(f"p{i}=1" for i in range(MAX_FIELDS + 1)).encode()

    with pytest.raises(InvalidRequestError, match="too many"):
        parse_form(body)


def test_parameters_in_the_url_are_refused():
    """What logs would keep must not be sent in the URL."""
    with pytest.raises(InvalidRequestError, match="URL"):
        form(request(b"grant_type=x", query="client_secret=s"))


@pytest.mark.parametrize(
    "content_type", ["", "application/json", "multipart/form-data"]
)
def test_other_content_types_are_refused(content_type):
    """Only form-urlencoded bodies are read."""
    with pytest.raises(UnsupportedMediaError):
        form(request(b"grant_type=x", content_type=content_type))


def test_an_empty_body_needs_no_type():
    """Nothing was sent, so nothing is of a wrong type."""
    assert form(request(content_type="")) == {}


def test_a_charset_parameter_is_accepted():
    """The media type may carry parameters."""
    assert form(request(b"a=b", content_type=f"{FORM_TYPE}; charset=UTF-8"))


@given(st.text())
def test_what_is_told_is_legal(text):
    """RFC 6749 §5.2 characters only, whatever came in."""
    assert all(
        0x20 <= ord(char) <= 0x7E and char not in '"\\' for char in legible(text)
    )


@given(st.binary(max_size=300))
def test_any_body_is_read_or_refused(body):
    """No body causes another error than a refusal."""
    try:
        parameters = parse_form(body)
    except InvalidRequestError:
        return
    assert all(parameters.values())
